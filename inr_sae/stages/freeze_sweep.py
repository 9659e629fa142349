"""Stage 3: fit held-out signals behind every freeze boundary, and by STRAINER's recipe (Secs. 3.1, 4.1)."""

from inr_sae.errors import InputError, UserError
from inr_sae.machine.progress import Progress
from inr_sae.measure import lpips
from inr_sae.measure.boundaries import best_taus, rule_layer
from inr_sae.protocols import PROTOCOLS
from inr_sae.report.budget import Budget
from inr_sae.report.parts import study as parts
from inr_sae.rows.transfer import FitRow, SweepSummaryRow
from inr_sae.run import checks, drawn, fits, summaries, sweep, trained
from inr_sae.signals.split import SPLITS
from inr_sae.stages import cohort, rank

NEEDS, USES = ("cohort", "rank"), ()
READS = (*cohort.READS, "fit", "metrics", "ablation.test_signals")
WRITES = ("freeze_sweep",)
NEW = ("backbone", "torch")  # laws of what starts anew
LEAST_SIDE = 11  # of SSIM's window


def check(config):
    """Refuse protocols, boundaries, rates and metrics that cannot be, and signals that are none or too small."""
    check_fits(config)
    check_boundaries(config, config.inr)
    checks.some("fit.splits", config.fit.splits)
    for split in config.fit.splits:
        checks.one_of("fit.splits", split, SPLITS)
        check_split("signals", config.signals, split, f"fit.splits has {split!r}")
    check_size("signals", drawn.read("signals", config.signals), config.metrics)


def check_split(key, signals, split, asked, trained_on=True):
    """Raise UserError where a split has no signals, or an encoder is trained on them; none is on this set's if not
    `trained_on`. key: of the config group `signals`; asked: which key has the split fitted, a sentence's beginning."""
    if signals[f"n_{split}"] < 1:
        raise UserError(f"{asked}, and {key}.n_{split} is {signals[f'n_{split}']}: there is nothing to fit; raise it")
    if trained_on and split == signals.train_on == "validation":
        raise UserError(f"{asked}, and by {key}.train_on an encoder is trained on these; change one of them")


def check_fits(config):
    """Raise UserError naming what is wrong with the test-time fits or their metrics."""
    checks.positive(config, "fit.steps", "fit.seeds", "fit.log_every")
    for key, value in {"pixels": config.fit.pixels, **config.fit.budget.to_dict()}.items():
        if value < 0:
            name = key if key == "pixels" else f"budget.{key}"
            raise UserError(f"fit.{name} is {value}; it is a number, or 0")
    checks.one_of("fit.new", config.fit.new, NEW)
    if not config.fit.protocols:
        raise UserError(f"fit.protocols is empty; there are {', '.join(PROTOCOLS)}")
    for name in config.fit.protocols:
        if name not in PROTOCOLS:
            raise UserError(f"fit.protocols has {name!r}; there are {', '.join(PROTOCOLS)}")
    checks.rate("fit.learning_rate", config.fit.learning_rate)
    for rate in config.fit.other_rates:
        checks.rate("fit.other_rates", rate)
    if config.fit.batch < 0:
        raise UserError(f"fit.batch is {config.fit.batch}; it is a number of fits, or 0 for as many as memory allows")
    if config.metrics.lpips:
        checks.local("metrics.lpips_weights", config.metrics.lpips_weights)
        try:
            lpips.network(config.metrics.lpips_weights)
        except InputError as error:
            said = error.sentence("metrics.lpips_")
            raise UserError(f"metrics.lpips is on: {said}, or set metrics.lpips=False") from error


def check_boundaries(config, inr):
    """Raise UserError naming boundaries that an encoder of the group `inr` does not have."""
    for key, values in boundaries_of(config).items():
        checks.units(key, values, inr.backbone, trained.n_units(inr))


def boundaries_of(config):
    """{key: boundaries} of every key that names some, for all protocols or for one."""
    own = {f"fit.boundaries.{name}": values for name, values in config.fit.boundaries.items()}
    return {"fit.taus": config.fit.taus, **own}


def check_size(key, signals, metrics):
    """Raise UserError if a set's signals are too small for SSIM, or for LPIPS where that is on."""
    if min(signals.cohort.shape[1:3]) < LEAST_SIDE:
        raise UserError(f"the signals are smaller than SSIM's window of 11x11; set a larger {key}.size")
    if metrics.lpips and min(signals.cohort.shape[1:3]) < lpips.LEAST_SIDE:
        raise UserError(
            f"LPIPS needs {lpips.LEAST_SIDE} pixels a side; set a larger {key}.size, or metrics.lpips=False"
        )


def run(config, store):
    """Writes freeze_sweep/<target>/fits.csv, curves.csv, summary.csv, and the first signals' fits under example/."""
    encoder = cohort.load(config, store)
    sweeps = {split: sweep_of(config, store, encoder, split) for split in config.fit.splits}
    n, cost = map(sum, zip(*(each.work for each in sweeps.values())))
    with Progress(store.label(f"freeze sweep {config.inr.backbone}"), n, total_cost=cost) as progress:
        for split, each in sweeps.items():
            rows = marked(sweep.run(each, progress), config, rule_layer(rank.load(store)))
            store.write_rows(f"{folder(config, split)}/summary.csv", SweepSummaryRow, rows)


def sweep_of(config, store, encoder, split):
    """The `run.sweep.Sweep` of a split's signals with the study's encoder."""
    signals, dataset = encoder.signals, config.signals.dataset
    of_split = [getattr(part, split) for part in (signals, signals.names, signals.subjects)]
    n_examples = max(1, config.ablation.test_signals)  # the report shows the first one
    target = target_of(config, split)
    return sweep.Sweep(
        config, store, folder(config, split), dataset, encoder.encoder, target, *of_split, n_examples=n_examples
    )


def target_of(config, split):
    """What rows call the signals of a split: the data set, `own` where the encoder was trained on them."""
    return {"test": config.signals.dataset, "cohort": "own"}.get(split, split)


def folder(config, split="test"):
    """The folder of a split's sweep."""
    return f"freeze_sweep/{target_of(config, split)}"


def marked(fits, config, layer_of_rule):
    """SweepSummaryRows of FitRows: is_best, the freeze boundary that `boundaries.best_taus` has at the main rate, and
    is_rule, the one that the stable rank picks."""
    summary = summaries.summarise(fits)
    frozen = [row for row in summaries.of_main_rate(summary, config) if row.protocol == "freeze"]
    best = {row.best_tau for row in best_taus(summaries.of_main_rate(fits, config), [])}
    return [
        SweepSummaryRow(
            *row,
            int(row.protocol == "freeze" and row.tau == layer_of_rule),
            int(row in frozen and row.tau in best),
        )
        for row in summary
    ]


def example(config, store, way, index, split="test"):
    """(params, output, target) of the fit of image `index`, first seed, by a (protocol, tau) that was kept; None if
    there is none, or the split is not fitted now: what is left of it may be of another encoder."""
    if split not in config.fit.splits:
        return None
    file = sweep.example(folder(config, split), sweep.Way(*way, config.fit.learning_rate), index)
    return sweep.load_example(store, file) if store.exists(file) else None


def sections(config, store, exhibits):
    """Which layers transfer, for every split that was fitted."""
    return [parts.sweep_section(exhibits, shown(config, store, split)) for split in config.fit.splits]


def budget_of(config):
    """What a report tells of the budgets of the protocols of a config."""
    return Budget(fits.budgets(config), "epochs" if config.fit.pixels else "steps")


def shown(config, store, split):
    """What the report shows of a split's sweep."""
    ways = [(way.protocol, way.tau) for way in sweep.ways(config) if way.rate == config.fit.learning_rate]
    examples = {way: example(config, store, way, 0, split) for way in ways}
    found = {way: fitted for way, fitted in examples.items() if fitted is not None}
    return parts.Sweep(
        summary=store.read_rows(f"{folder(config, split)}/summary.csv", SweepSummaryRow),
        fits=store.read_rows(f"{folder(config, split)}/fits.csv", FitRow),
        rule_layer=rule_layer(rank.load(store)),
        learning_rate=config.fit.learning_rate,
        budget=budget_of(config),
        lpips=config.metrics.lpips,
        label=trained.backbone_of(config.inr).LABEL,
        target=next((target for _, _, target in found.values()), None),
        outputs={way: output for way, (_, output, _) in found.items()},
        split=split,
    )
