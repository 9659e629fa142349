"""The matrix: every target fitted with every encoder under every protocol, and the statistics of it (Sec. 4.1).

Each encoder's fits lie in its own study, encoders/<name>/freeze_sweep/<target>/; what takes nothing from a cohort
(`random`, `scratch`) is fitted once a target, in encoders/untrained-<backbone>-<frequency>/.
"""

from inr_sae.inr.protocols import protocol
from inr_sae.output.progress import Progress
from inr_sae.stages import analysis, cohort, encoders, sweep

PARTS = (*encoders.PARTS, "fit", "metrics")


def run(config, store):
    """Writes transfer/ranks.csv, fits.csv, curves.csv (means over fits), summary.csv, best_tau.csv, paired.csv,
    agreement.csv."""
    targets = {name: draw(config, store, name) for name in config.transfer.targets}
    studies = [*of_cohorts(config).items(), *of_no_cohort(config).items()]
    ranks, fits, curves = [], [], []
    work = [sweep.work(own, target) for _, (_, own) in studies for target in targets.values()]
    with Progress("matrix", sum(n for n, _ in work), total_cost=sum(cost for _, cost in work)) as progress:
        for name, (source, own) in studies:
            sub, encoder = store.sub(encoders.folder(name)), None
            keys = {"source": source, "backbone": own.inr.backbone, "frequency": sweep.frequency(own)}
            if source != sweep.UNTRAINED:
                channels = cohort.draw(own.signals, sub).cohort.shape[-1]
                encoder = cohort.trained(own, sub, channels)["encoder"]
                ranks += [keys | row for row in sub.read_csv("rank/stable_rank.csv")]
            for target in targets.values():
                fits += sweep.run(own, sub, source, encoder, target, progress, n_examples=0)
                curves += analysis.mean_curves(sub.read_csv(f"{sweep.folder(target.name)}/curves.csv"))
    summary = sweep.summarise(fits)
    best = analysis.best_taus(sweep.of_main_rate(fits, config), ranks)
    for name, rows in (
        ("ranks", ranks),
        ("fits", fits),
        ("curves", curves),
        ("summary", summary),
        ("best_tau", best),
        ("paired", analysis.paired(fits, config.inr.n_layers)),
        ("agreement", analysis.agreement(best)),
    ):
        if rows:
            store.write_csv(f"transfer/{name}.csv", rows)


def draw(config, store, name):
    """The Target of a set's name: its test signals, or its validation signals."""
    signals = cohort.draw(config.sets[name], store, f"transfer/signals_{name}.csv")
    split = config.transfer.split
    return sweep.Target(name, getattr(signals, split), getattr(signals.names, split))


def of_cohorts(config):
    """The studies of trained encoders, with those of the protocols that take weights from a cohort."""
    return with_protocols(encoders.trained(config), [p for p in config.fit.protocols if protocol(p).prefix_of_cohort])


def of_no_cohort(config):
    """The studies of untrained networks, with the other protocols."""
    names = [p for p in config.fit.protocols if not protocol(p).prefix_of_cohort]
    return with_protocols(encoders.untrained(config), names)


def with_protocols(studies, names):
    """The studies with these protocols in the place of all; none, if there are none."""
    for _, own in studies.values():
        own.fit.protocols = tuple(names)
    return studies if names else {}
