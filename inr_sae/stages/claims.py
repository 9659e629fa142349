"""The verdicts on the paper's claims, from what a matrix or the dictionaries of several encoders have measured."""

from inr_sae.errors import UserError
from inr_sae.measure import boundaries
from inr_sae.paper import (
    budgets,
    claims,
    convergence_claims,
    convergence_evidence,
    decomposition_claims,
    decomposition_evidence,
    dictionary_claims,
    dictionary_evidence,
    recipe,
    transfer_claims,
    transfer_evidence,
)
from inr_sae.report.parts import claims as parts
from inr_sae.rows.claims import ClaimRow
from inr_sae.rows.common import MADE
from inr_sae.run import summaries, trained
from inr_sae.run.once import flatten, is_done, matches
from inr_sae.stages import (
    cohort,
    conditions,
    convergence,
    decompositions,
    encoders,
    freeze_sweep,
    recovery,
    size_sweep,
    stability,
    transfer,
)

NEEDS, USES = (("transfer", "conditions", "decompositions"),), ("size_sweep", "stability", "recovery", "convergence")
READS = tuple(dict.fromkeys(("stages", *transfer.READS, *conditions.READS, "size_sweep", "decompositions")))
WRITES = ("claims", "report/claims.csv", "report/claims_equal.csv")
CHEAP = True
# What of a config the claims of a kind rest on.
OF_TRANSFER = ("inr.*", "external.*", "signals.*", "cohort.*", "fit.*", "transfer.*", "runtime.*")
OF_DICTIONARIES = ("inr.*", "external.*", "signals.*", "cohort.*", "dictionary.*", "ablation.*", "runtime.*")
OF_DICTIONARIES += ("fit.steps", "fit.budget.freeze", "fit.pixels", "fit.learning_rate", "conditions.*")


def check(config):
    """Refuse a matrix and dictionaries side by side, whose claims are told to rest on one set of data."""
    if {"transfer", "conditions"} <= set(config.stages):
        raise UserError("stages has transfer and conditions, whose claims are of two studies; take one of them")


def run(config, store):
    """Writes report/claims.csv: every claim with what was measured and the verdict; report/claims_equal.csv: those of
    a matrix of unequal budgets, at the least of them."""
    rows = []
    if is_done(store, "transfer"):
        rows += of_matrix(config, store)
    elif is_done(store, "conditions"):
        rows += of_dictionaries(config, store)
    if is_done(store, "decompositions"):
        rows += of_decompositions(config, store)
    store.write_rows("report/claims.csv", ClaimRow, rows)
    least = equal(config) if is_done(store, "transfer") else None
    if least and least.fit.steps % config.fit.log_every == 0:  # else curves have no point there
        curves = summaries.of_main_rate(transfer.curves(config, store), config)
        store.write_rows("report/claims_equal.csv", ClaimRow, of_matrix(least, store, curves))


def equal(config):
    """The config of a matrix whose protocols all have the least budget that one has here; None where they have it."""
    given = freeze_sweep.budget_of(config).of_protocol.values()
    least = min(given)
    if least == max(given):
        return None
    own = config.copy_and_resolve_references()
    own.fit.steps = least
    own.fit.budget.update(dict.fromkeys(own.fit.budget, 0))
    return own


def of_matrix(config, store, curves=()):
    """ClaimRows of a matrix; curves: CurveRows at the main rate, where its fits went on beyond the config's budget."""
    fits, ranks = summaries.of_main_rate(transfer.load(store, "fits"), config), transfer.load(store, "ranks")
    if curves:
        fits = budgets.fits_at(budgets.Budgets(config.fit.steps, config.fit.steps), fits, curves)
    best = boundaries.best_taus(fits, ranks)
    datasets = {name: of_set.dataset for name, of_set in config.sets.items()}
    given, psnr = freeze_sweep.budget_of(config).of_protocol, encoders.cohort_psnr(config, store)
    measured = transfer_evidence.of_matrix(fits, ranks, best, psnr, datasets, given)
    return claims.table(transfer_claims.TRANSFER, measured, data_of_matrix(config, store, fits, ranks))


def data_of_matrix(config, store, fits, ranks):
    """The claims.Data of a matrix; of the encoders and sets that its claims count."""
    names = (*config.transfer.sources, *config.transfer.targets)
    real = [name for name in dict.fromkeys(names) if config.sets[name].dataset not in MADE]
    phantom = not (set(real) & set(config.transfer.sources) and set(real) & set(config.transfer.targets))
    images, described = [], []
    for name in dict.fromkeys(names) if phantom else real:
        n = len({row.image for row in fits if row.target == name}) if name in config.transfer.targets else None
        size = transfer.draw(config, store, name).cohort.shape[1:3]
        images.append(recipe.Images(config.sets[name].dataset, size, n))
        described.append(described_set(name, images[-1]))
    counted = {(row.backbone, row.frequency) for row in transfer_evidence.of_published_networks(ranks)}
    used = [each.config for each in encoders.of_cohorts(config) if each.kind in counted]
    configs = [resting_on(own, OF_TRANSFER) for own in used]
    return claims.Data(", ".join(described), recipe.all_differences(configs, images), phantom)


def described_set(name, images):
    """As in "faces (celebahq) 109x89, 2 images"."""
    called = name if name == images.dataset else f"{name} ({images.dataset})"
    fitted = "" if images.n_test is None else f", {images.n_test} images"
    return f"{called} {recipe.by(images.size)}{fitted}"


def resting_on(config, patterns):
    """{"group.key": value} of the keys of a config that match."""
    return {key: value for key, value in flatten(config.to_dict()).items() if matches(key, patterns)}


def of_dictionaries(config, store):
    """ClaimRows of the dictionaries of several encoders."""
    shown = conditions.compared(config, store)
    cohorts = {which: each for which, each in conditions.of_study(config, store).items() if which.regime == "cohort"}
    sizes = {which: cohort.draw(own, sub).cohort.shape[1:3] for which, (own, sub) in cohorts.items()}
    measured = dictionary_evidence.of_conditions(
        shown.metrics,
        shown.atoms,
        shown.effects,
        stability.matches(store) if is_done(store, "stability") else [],
        size_sweep.load(store) if is_done(store, "size_sweep") else [],
        {
            which.backbone: dictionary_evidence.Encoder(trained.n_units(own.inr), height * width)
            for (which, (own, _)), (height, width) in zip(cohorts.items(), sizes.values())
        },
    )
    data = data_of_dictionaries(config, store, cohorts, sizes)
    return claims.table(dictionary_claims.DICTIONARIES, measured, data) + of_convergence(store, data)


def of_convergence(store, data):
    """ClaimRows of pairs of networks, where these were compared; data: the claims.Data."""
    if not is_done(store, "convergence"):
        return []
    tables = (convergence.table(store, name) for name in ("one_to_one", "one_to_many"))
    return claims.table(convergence_claims.CONVERGENCE, convergence_evidence.of_pairs(*tables), data)


def of_decompositions(config, store):
    """ClaimRows of other decompositions; those of a known dictionary rest on no images."""
    tables = [decompositions.load(store, name) for name in ("needed", "edges", "resolution")]
    last = {name: trained.n_units(own.inr) - 1 for name, own in decompositions.studies(config).items()}
    measured = decomposition_evidence.of_methods(*tables, last)
    sizes = {own.cohort.shape[1:3] for own in decompositions.signals(config, store).values()}
    described = ", ".join(
        described_set(config.signals.dataset, recipe.Images(config.signals.dataset, size, None)) for size in sizes
    )
    differences = dict.fromkeys(recipe.LABELS, ("the claim is another paper's",))
    data = claims.Data(described, differences, config.signals.dataset in MADE)
    known = decomposition_evidence.of_recovery(recovery.load(store)) if is_done(store, "recovery") else {}
    of_models = claims.Data("a known dictionary", differences, phantom=False)
    return claims.table(decomposition_claims.DECOMPOSITIONS, measured, data) + claims.table(
        decomposition_claims.OF_MODELS, known, of_models
    )


def data_of_dictionaries(config, store, cohorts, sizes):
    """The claims.Data of dictionaries; cohorts: {Condition: (config, store)}, sizes: {Condition: (height, width)}."""
    patterns = (*OF_DICTIONARIES, "size_sweep.*") if is_done(store, "size_sweep") else OF_DICTIONARIES
    dataset = config.signals.dataset
    images = [recipe.Images(dataset, size, None) for size in dict.fromkeys(sizes.values())]
    differences = recipe.all_differences(
        [resting_on(own, patterns) for own, _ in cohorts.values()], images, whole=False
    )
    alone = ("one cohort and one dictionary seed a condition, so no interval",)
    described = ", ".join(f"{described_set(dataset, each)}, cohort of {config.signals.n_cohort}" for each in images)
    differences = {name: (*said, *alone) for name, said in differences.items()}
    return claims.Data(described or dataset, differences, dataset in MADE)


def sections(config, store, exhibits):
    """The verdicts, before everything else."""
    rows = store.read_rows("report/claims.csv", ClaimRow)
    measured = [row for row in rows if row.tested_on]
    tested_on, differences = "nothing: no stage that ran measures any of them", {}
    if measured:
        said = {label: getattr(measured[0], f"short_of_{name}") for name, label in recipe.LABELS.items()}
        first, *others = dict.fromkeys(row.tested_on for row in measured)
        tested_on = "".join([first, *(f"; claims of other papers also on {other}" for other in others)])
        differences = {label: tuple(filter(None, text.split("; "))) for label, text in said.items()}
    note, beside = "", {}
    if is_done(store, "transfer"):
        at_equal, beside = verdicts_at_equal(config, store)
        note = f"Intervals are 95 %, over the subjects that images show.{at_equal}"
    return [parts.claims_section(exhibits, rows, tested_on, differences, note, beside)._replace(first=True)]


def verdicts_at_equal(config, store):
    """(what a page says of verdicts at equal budgets, {title of their column: {claim: text}}); nothing where a matrix
    has no others."""
    least = equal(config)
    if not least:
        return "", {}
    told = f"at {freeze_sweep.budget_of(least).told} each"
    said = f" Protocols had unequal budgets, of which the verdicts are; those {told} "
    if not store.exists("report/claims_equal.csv"):
        return f"{said}are not known: curves have no point there, or the claims were judged by an earlier version.", {}
    rows = store.read_rows("report/claims_equal.csv", ClaimRow)
    texts = {row.claim: f"{row.verdict}: {row.ours}" for row in rows}
    return f"{said}stand beside them, off the fits' curves.", {told: texts}
