"""The matrix: every target fitted with every encoder under every protocol, and the statistics of it (Sec. 4.1).

Each encoder's fits lie in its own study, encoders/<name>/freeze_sweep/<target>/; what takes nothing from a cohort
(`random`, `scratch`) is fitted once a target, in encoders/untrained-<backbone>-<frequency>/.
"""

import itertools

from inr_sae.errors import UserError
from inr_sae.machine.progress import Progress
from inr_sae.measure import boundaries
from inr_sae.protocols import PROTOCOLS
from inr_sae.report.parts import matrix as parts
from inr_sae.rows.common import UNTRAINED
from inr_sae.rows.transfer import (
    AgreementRow,
    BestTauRow,
    CurveRow,
    EncoderRankRow,
    FitRow,
    MeanCurveRow,
    PairedRow,
    SummaryRow,
)
from inr_sae.run import checks, drawn, summaries, sweep, trained
from inr_sae.signals.split import SPLITS
from inr_sae.stages import cohort, encoders, freeze_sweep

NEEDS, USES = ("encoders",), ()
READS = (*encoders.READS, "fit", "metrics")
WRITES = ("transfer", "encoders/*/freeze_sweep")
TABLES = {
    "ranks": EncoderRankRow,
    "fits": FitRow,
    "curves": MeanCurveRow,  # means over fits
    "summary": SummaryRow,
    "best_tau": BestTauRow,
    "paired": PairedRow,
    "agreement": AgreementRow,
}


def check(config):
    """Refuse targets, fits and boundaries that cannot be."""
    freeze_sweep.check_fits(config)
    checks.one_of("transfer.split", config.transfer.split, SPLITS[1:])
    checks.some("transfer.targets", config.transfer.targets)
    for name in config.transfer.targets:
        if name not in config.sets:
            raise UserError(f"transfer.targets has {name!r}; config.sets has {', '.join(config.sets) or 'none'}")
        asked, is_source = f"transfer.split is {config.transfer.split!r}", name in config.transfer.sources
        freeze_sweep.check_split(f"sets.{name}", config.sets[name], config.transfer.split, asked, is_source)
        signals = read(config, name)
        freeze_sweep.check_size(f"sets.{name}", signals, config.metrics)
        for source in config.transfer.sources:
            others = read(config, source)
            drawn.hold_apart(f"sets.{source}", others, f"sets.{name}", signals, config.transfer.split)
    for encoder in encoders.of_cohorts(config):
        freeze_sweep.check_boundaries(config, encoder.config.inr)


def run(config, store):
    """Writes transfer/ranks.csv, fits.csv, curves.csv, summary.csv, best_tau.csv, paired.csv, agreement.csv."""
    sweeps = [each for encoder in of_protocols(config) for each in sweeps_of(config, store, encoder)]
    fits, curves = [], []
    with Progress(
        "matrix", sum(each.work[0] for each in sweeps), total_cost=sum(each.work[1] for each in sweeps)
    ) as progress:
        for each in sweeps:
            fits += (found := sweep.run(each, progress))
            along = each.store.read_rows(f"{each.at}/curves.csv", CurveRow)
            curves += boundaries.mean_curves(along, {row.image: row.subject for row in found})
    ranks = encoders.ranks(config, store) if with_cohort(config) else []
    main = summaries.of_main_rate(fits, config)
    best = boundaries.best_taus(main, ranks)
    tables = {
        "ranks": ranks,
        "fits": fits,
        "curves": curves,
        "summary": summaries.summarise(fits),
        "best_tau": best,
        "paired": boundaries.paired(fits, n_units(config), freeze_sweep.budget_of(config).of_protocol),
        "agreement": boundaries.agreement(best, main),
    }
    for name, rows in tables.items():
        store.write_rows(f"transfer/{name}.csv", TABLES[name], rows)


def with_cohort(config):
    """The protocols that run and take weights from a cohort."""
    return tuple(name for name in config.fit.protocols if PROTOCOLS[name].prefix_of_cohort)


def of_protocols(config):
    """Every Encoder that is fitted with: the cohorts' with the protocols that take weights from one, and untrained
    ones with the others."""
    without = tuple(name for name in config.fit.protocols if name not in with_cohort(config))
    found = []
    for every, names in ((encoders.of_cohorts, with_cohort(config)), (encoders.of_no_cohort, without)):
        for encoder in every(config) if names else ():
            encoder.config.fit.protocols = names
            found.append(encoder)
    return found


def sweeps_of(config, store, encoder):
    """The `run.sweep.Sweep` of every target with one encoder."""
    sub, params = store.sub(encoder.folder), None
    if encoder.source != UNTRAINED:
        params = cohort.load(encoder.config, sub).encoder
    for name in config.transfer.targets:
        signals = draw(config, store, name)
        of_split = [getattr(part, config.transfer.split) for part in (signals, signals.names, signals.subjects)]
        yield sweep.Sweep(encoder.config, sub, folder(name), encoder.source, params, name, *of_split)


def folder(target):
    """The folder of a target's sweep, in an encoder's study."""
    return f"freeze_sweep/{target}"


def curves(config, store):
    """The CurveRows of every fit."""
    of_each = itertools.product(of_protocols(config), config.transfer.targets)
    files = [f"{encoder.folder}/{folder(name)}/curves.csv" for encoder, name in of_each]
    return [row for file in files for row in store.read_rows(file, CurveRow)]


def read(config, name):
    """The Signals of a set's name."""
    return drawn.read(f"sets.{name}", config.sets[name])


def draw(config, store, name):
    """The same, held to what they were the first time."""
    return drawn.draw(f"sets.{name}", config.sets[name], store, f"transfer/signals_{name}.csv")


def n_units(config):
    """{backbone: number of its units}."""
    return {encoder.kind[0]: trained.n_units(encoder.config.inr) for encoder in encoders.of_cohorts(config)}


def load(store, name):
    """The rows of a table of transfer/."""
    return store.read_rows(f"transfer/{name}.csv", TABLES[name])


def matrix(config, store):
    """What the report shows of a matrix: at the main rate, but for the summary."""
    tables = {name: load(store, name) for name in TABLES}
    return parts.Matrix(
        ranks=tables["ranks"],
        fits=tables["fits"],
        curves=tables["curves"],
        summary=tables["summary"],
        best=tables["best_tau"],
        paired=tables["paired"],
        agreement=tables["agreement"],
        learning_rate=config.fit.learning_rate,
        main_rates={name: summaries.main_rate(config, name) for name in config.transfer.backbones},
        budget=freeze_sweep.budget_of(config),
        n_units=n_units(config),
        labels=labels(config),
        lpips=config.metrics.lpips,
    )


def labels(config):
    """{backbone: what people call it}."""
    return {encoder.kind[0]: trained.backbone_of(encoder.config.inr).LABEL for encoder in encoders.of_cohorts(config)}


def sections(config, store, exhibits):
    """Which layers transfer, and why."""
    shown = matrix(config, store)
    return [parts.boundary_section(exhibits, shown), parts.protocols_section(exhibits, shown)]
