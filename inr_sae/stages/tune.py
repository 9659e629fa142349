"""Tuning a backbone's frequency, and the rate, on validation signals (App. D, Table 2): winners of a matrix' grid."""

from inr_sae.errors import UserError
from inr_sae.inr import network
from inr_sae.protocols import PROTOCOLS
from inr_sae.report.parts import matrix as parts
from inr_sae.rows.common import UNTRAINED
from inr_sae.rows.transfer import TuneRow, WinnerRow
from inr_sae.stages import transfer

NEEDS, USES = ("transfer",), ()
READS = transfer.READS
WRITES = ("tune",)


def check(config):
    """Refuse protocols and sets by which nothing can be judged."""
    if not {"full", "scratch"} & set(config.fit.protocols):
        raise UserError("stages has tune, which judges by the protocols full and scratch; add one to fit.protocols")
    disjoint = not set(config.transfer.sources) & set(config.transfer.targets)
    if "scratch" not in config.fit.protocols and disjoint:
        raise UserError("stages has tune, and no set is both in transfer.sources and transfer.targets")


def run(config, store):
    """Writes tune/grid.csv, mean PSNR of every point of the grid, and tune/winners.csv, the best one of each regime."""
    grid = points(transfer.load(store, "summary"))
    store.write_rows("tune/grid.csv", TuneRow, grid)
    store.write_rows("tune/winners.csv", WinnerRow, winners(grid))


def points(summary):
    """TuneRows: regime ("cohort" or "single-signal"), target, backbone, frequency, rate, mean PSNR.

    A cohort is judged on its own target by its protocol without a boundary, `full`; a single signal by `scratch`.
    """
    return [
        TuneRow(
            "cohort" if PROTOCOLS[row.protocol].prefix_of_cohort else "single-signal",
            *(row.target, row.backbone, row.frequency, row.learning_rate),
            *(row.psnr_db_mean, row.psnr_db_std, row.n, row.n_images),
        )
        for row in summary
        if not PROTOCOLS[row.protocol].has_boundary and row.source in (row.target, UNTRAINED)
    ]


def winners(grid):
    """The best point of every regime, target and backbone by mean PSNR; `at_edge`: a wider grid may do better."""
    groups = {}
    for row in grid:
        groups.setdefault((row.regime, row.target, row.backbone), []).append(row)
    rows = []
    for group in groups.values():
        best = max(group, key=lambda row: row.psnr_db_mean)
        edges = [at_edge(getattr(best, key), {getattr(row, key) for row in group}) for key in AXES]
        rows.append(WinnerRow(*best, int(any(edges))))
    return rows


AXES = ("frequency", "learning_rate")


def at_edge(value, values):
    """Whether a value is the least or the largest of several."""
    return len(values) > 1 and value in (min(values), max(values))


def sections(config, store, exhibits):
    """The winners of the tuning grid."""
    names = {name: network.backbone(name).FREQUENCY for name in config.transfer.backbones}
    grid, best = store.read_rows("tune/grid.csv", TuneRow), store.read_rows("tune/winners.csv", WinnerRow)
    untested = [name for name in config.transfer.targets if config.sets[name].n_test < 1]
    return [parts.tune_section(exhibits, grid, best, names, untested)]
