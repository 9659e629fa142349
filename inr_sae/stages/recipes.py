"""Which unreported choices give published numbers back: every candidate recipe held against every published cell, and
what becomes of the paper's claims under each.

A cohort is trained for each range of coordinates and number of steps, in recipes/<name>/, a study of its own; fits are
shared by all recipes that differ in what is read off them alone: the number of steps, and whether output is clipped.
"""

import itertools
from pathlib import Path

import numpy as np

from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.machine.progress import Progress
from inr_sae.measure import boundaries, image
from inr_sae.measure.cap import capped
from inr_sae.paper import budgets, claims, deviations, published, recipe, transfer_claims, transfer_evidence
from inr_sae.paper.reference import TAUS
from inr_sae.report import sentences
from inr_sae.report.page import Heading
from inr_sae.report.parts import recipes as parts
from inr_sae.rows.claims import DeviationRow, PublishedRow, RecipeClaimRow
from inr_sae.rows.common import MADE
from inr_sae.rows.transfer import CurveRow, EncoderRankRow
from inr_sae.run import checks, drawn, sweep, trained
from inr_sae.run.once import run_stage
from inr_sae.signals.load import n_trained
from inr_sae.stages import claims as verdicts
from inr_sae.stages import cohort, encoders, freeze_sweep, rank

NEEDS, USES = (), ()
READS = (*cohort.READS, "fit", "metrics", "sets", "recipes")
WRITES = ("recipes",)
STUDY = (cohort, rank)


def check(config):
    """Refuse candidates that cannot be, and published numbers that cannot be read."""
    freeze_sweep.check_fits(config)
    for key in ("coordinates", "pixels", "steps", "rates", "new", "clipped", "targets"):
        checks.some(f"recipes.{key}", config.recipes[key])
    check_lengths(config)
    for ends in config.recipes.coordinates:
        cohort.check_coordinates(ends, "recipes.coordinates")
    for rate in config.recipes.rates:
        checks.rate("recipes.rates", rate)
    for new in config.recipes.new:
        checks.one_of("recipes.new", new, freeze_sweep.NEW)
    encoders.check_names(config)
    for steps in config.recipes.steps:
        if not 0 < steps or steps % config.fit.log_every:
            raise UserError(f"recipes.steps has {steps}; each is a multiple of fit.log_every = {config.fit.log_every}")
    for name in config.fit.protocols:
        budget = config.fit.budget[name]
        if budget and budget not in config.recipes.steps:
            raise UserError(
                f"fit.budget.{name} is {budget}, and recipes.steps are {tuple(config.recipes.steps)}, at which PSNR is "
                "compared; take one of these, or 0"
            )
    for name in config.recipes.targets:
        key = "signals" if name == config.signals.dataset else f"sets.{name}"
        if key != "signals" and name not in config.sets:
            known = ", ".join((config.signals.dataset, *config.sets))
            raise UserError(f"recipes.targets has {name!r}; there are {known}")
        freeze_sweep.check_split(key, signals_of(config, name), "test", f"recipes.targets has {name!r}")
        signals = drawn.read(key, signals_of(config, name))
        n_pixels = int(np.prod(signals.test.shape[1:3]))
        for pixels in config.recipes.pixels:
            if not 0 <= pixels < n_pixels:
                raise UserError(f"recipes.pixels has {pixels}; of {name}'s {n_pixels} a step takes fewer, or 0 for all")
        freeze_sweep.check_size(key, signals, config.metrics)
        drawn.hold_apart("signals", drawn.read("signals", config.signals), key, signals, "test")
    numbers(config)
    n_units, published_units = trained.n_units(config.inr), len(TAUS)
    if not config.recipes.published and n_units != published_units:
        raise UserError(
            f"the paper's numbers are of {published_units} layers, and {config.inr.backbone} has {n_units} here; name "
            "others in recipes.published"
        )
    for own in cohorts(config).values():
        for stage in STUDY:
            stage.check(own)


def check_lengths(config):
    """Refuse lengths of the cohort's training that cannot be, or that it would not have."""
    steps, stop = config.recipes.cohort_steps, config.cohort.stop_psnr_db
    for n in steps:
        checks.positive_value("recipes.cohort_steps", n)
    if not steps:
        return
    checks.some("recipes.cohort_steps", steps)
    if config.external.file:
        raise UserError("recipes.cohort_steps is given, and the encoder of external.file is trained already")
    if stop is not None:
        raise UserError(f"recipes.cohort_steps is given, and cohort.stop_psnr_db = {stop} may end a training before")


def numbers(config):
    """The PublishedRows that recipes are held against."""
    if not config.recipes.published:
        return published.rows()
    named = f"recipes.published {config.recipes.published}"
    file = Path(checks.local("recipes.published", config.recipes.published))
    try:
        rows = Store(file.parent).read_rows(file.name, PublishedRow)
    except UserError as error:
        raise UserError(
            f"{named}: {file} cannot be read ({error.__cause__}); its columns are {','.join(PublishedRow._fields)}"
        ) from error
    for row in rows:
        checks.one_of(f"{named}: quantity", row.quantity, deviations.QUANTITIES)
        if not np.isfinite(row.value) or row.value == 0:
            raise UserError(
                f"{named}: a {row.quantity} has the value {row.value:g}, from which nothing is a share away"
            )
    return rows


def signals_of(config, name):
    """The config group of a target's signals."""
    return config.signals if name == config.signals.dataset else config.sets[name]


def lengths(config):
    """Every number of steps that the cohort is trained for."""
    return config.recipes.cohort_steps or (config.cohort.steps,)


def cohorts(config):
    """{folder: config of the study} of every range of coordinates and length of the cohort's training."""
    found = {}
    for (low, high), steps in itertools.product(config.recipes.coordinates, lengths(config)):
        own = config.copy_and_resolve_references()
        own.inr.coordinates, own.cohort.steps = (float(low), float(high)), steps
        found[f"recipes/{low:.9g}_{high:.9g}_cohort_{steps}"] = own
    return found


def fitted(own):
    """{name: config} of the kinds of fits of one cohort: pixels a step, rate, law of what is new."""
    kinds = itertools.product(own.recipes.pixels, own.recipes.rates, own.recipes.new)
    found = {}
    for pixels, rate, new in kinds:
        kind = own.copy_and_resolve_references()
        kind.fit.update(dict(steps=max(own.recipes.steps), pixels=pixels, learning_rate=rate, other_rates=(), new=new))
        found[f"pixels_{pixels}_rate_{rate:.9g}_{new}"] = kind
    return found


def run(config, store):
    """Writes recipes/<cohort>/ of every cohort, recipes/deviations.csv: every recipe and every cell that it speaks to,
    and recipes/claims.csv: every claim under every recipe and budget that speaks to it."""
    rows, judged, of_publication = [], [], numbers(config)
    for folder, own in cohorts(config).items():
        sub = store.sub(folder)
        for stage in STUDY:
            run_stage(stage, own, sub)
        encoder = cohort.load(own, sub)
        sweeps = {name: sweeps_of(kind, store, sub, encoder, name) for name, kind in fitted(own).items()}
        every = [each for of_kind in sweeps.values() for each in of_kind]
        n, cost = (sum(part) for part in zip(*(each.work for each in every)))
        with Progress(f"recipes {own.inr.coordinates}, cohort {own.cohort.steps}", n, total_cost=cost) as progress:
            for of_kind in sweeps.values():
                measured = measurements(own, sub, encoder, of_kind, progress)
                for reading in readings(of_kind[0].config):
                    rows += deviations.of_recipe(reading, measured, of_publication)
                judged += claims_of(of_kind, measured)
    store.write_rows("recipes/deviations.csv", DeviationRow, rows)
    store.write_rows("recipes/claims.csv", RecipeClaimRow, judged)


def sweeps_of(kind, store, sub, encoder, name):
    """The `run.sweep.Sweep` of every target by one kind of fits."""
    found = []
    for target in kind.recipes.targets:
        key = "signals" if target == kind.signals.dataset else f"sets.{target}"
        signals = drawn.draw(key, signals_of(kind, target), store, f"recipes/signals_{target}.csv")
        of_test = [part.test for part in (signals, signals.names, signals.subjects)]
        at = f"fits/{name}/{target}"
        found.append(sweep.Sweep(kind, sub, at, kind.signals.dataset, encoder.encoder, target, *of_test))
    return found


def measurements(own, sub, encoder, sweeps, progress):
    """The `paper.deviations.Measurements` of one kind of fits."""
    fits, curves = [], []
    for each in sweeps:
        fits += sweep.run(each, progress)
        curves += sub.read_rows(f"{each.at}/curves.csv", CurveRow)
    outputs, signals = encoder.outputs(), encoder.signals.cohort
    cohort_psnr = {
        "cohort_psnr_db": float(np.mean(capped(image.psnr(outputs, signals)))),
        "cohort_psnr_clipped_db": float(np.mean(capped(image.psnr_clipped(outputs, signals)))),
    }
    return deviations.Measurements(own.signals.dataset, own.inr.backbone, rank.load(sub), cohort_psnr, fits, curves)


def readings(kind):
    """Every Recipe that one kind of fits can be read as."""
    trained_for = 0 if kind.external.file else kind.cohort.steps
    fixed = kind.inr.coordinates, trained_for, kind.fit.pixels
    every = itertools.product(budgets.candidates(kind.recipes.steps), kind.recipes.clipped)
    return [
        deviations.Recipe(*fixed, steps.others, steps.full, kind.fit.learning_rate, kind.fit.new, clipped)
        for steps, clipped in every
    ]


def claims_of(sweeps, measured):
    """[RecipeClaimRow] of one kind of fits, under every budget, of the claims that they speak to."""
    kind, frequency = sweeps[0].config, trained.frequency(sweeps[0].config.inr)
    encoder = measured.source, measured.backbone, frequency
    ranks = [EncoderRankRow(*encoder, *row) for row in measured.ranks]
    sets = [measured.source, *(each.target for each in sweeps)]
    datasets = {name: signals_of(kind, name).dataset for name in sets}
    rows = []
    for reading in dict.fromkeys(reading._replace(clipped=False) for reading in readings(kind)):
        fits = budgets.fits_at(reading.budgets, measured.fits, measured.curves)
        best, psnr = boundaries.best_taus(fits, ranks), {encoder: measured.cohort_psnr["cohort_psnr_db"]}
        given = dict.fromkeys(kind.fit.protocols, reading.steps) | {"full": reading.steps_full}
        found = transfer_evidence.of_matrix(fits, ranks, best, psnr, datasets, given)
        of_claims = [claim for claim in transfer_claims.TRANSFER if claim.name in found]
        judged = claims.table(of_claims, found, data_of(sweeps, reading.budgets))
        rows += [RecipeClaimRow(reading.name, *row) for row in judged]
    return rows


def data_of(sweeps, of_budgets):
    """The claims.Data of one kind of fits at some budgets."""
    kind = sweeps[0].config
    budget = {"fit.budget.full": of_budgets.full, "fit.budget.freeze": of_budgets.others}
    sets = [signals_of(kind, each.target).dataset for each in sweeps]
    images = [recipe.Images(name, each.images.shape[1:3], len(each.names)) for name, each in zip(sets, sweeps)]
    resting = verdicts.resting_on(kind, verdicts.OF_TRANSFER) | budget
    described = [verdicts.described_set(each.target, of_images) for each, of_images in zip(sweeps, images)]
    made_up = kind.signals.dataset in MADE or set(sets) <= set(MADE)
    return claims.Data(", ".join(described), recipe.all_differences([resting], images), made_up)


def load(store):
    """The DeviationRows of a study's folder."""
    return store.read_rows("recipes/deviations.csv", DeviationRow)


def sections(config, store, exhibits):
    """Which recipe comes nearest, and what becomes of the claims under each."""
    rows, judged = load(store), store.read_rows("recipes/claims.csv", RecipeClaimRow)
    return [
        parts.recipes_section(exhibits, rows, deviations.score(rows)),
        parts.claims_section(exhibits, judged),
    ]


def heading(config):
    """The title of a search over recipes."""
    label, size = trained.backbone_of(config.inr).LABEL, trained.size(config.inr)
    targets, steps = ", ".join(config.recipes.targets), " or ".join(map(str, lengths(config)))
    used = [config.signals.dataset, *(signals_of(config, name).dataset for name in config.recipes.targets)]
    training = "" if config.external.file else f", trained for {steps} steps, seed {config.seed}"
    return Heading(
        f"The recipe behind published numbers: {label} from {config.signals.dataset} to {targets}",
        f"{label}, {size}; cohort of {n_trained(config.signals)}{training}.",
        sentences.caveats(used, config.external.file),
    )
