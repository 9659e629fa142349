"""Tuning omega_0 or sigma, and the rate, on validation signals (App. D, Table 2): the winners of a matrix' grid."""

from inr_sae.inr.protocols import PROTOCOLS
from inr_sae.stages import transfer
from inr_sae.stages.sweep import UNTRAINED

PARTS = transfer.PARTS


def run(config, store):
    """Writes tune/grid.csv, mean PSNR of every point of the grid, and tune/winners.csv, the best one of each regime."""
    grid = points(store.read_csv("transfer/summary.csv"))
    store.write_csv("tune/grid.csv", grid)
    store.write_csv("tune/winners.csv", winners(grid))


def points(summary):
    """Rows of the grid: regime ("cohort" or "single-signal"), target, backbone, frequency, rate, mean PSNR.

    A cohort is judged on its own target by its protocol without a boundary, `full`; a single signal by `scratch`.
    """
    return [
        {
            "regime": "cohort" if PROTOCOLS[row["protocol"]].prefix_of_cohort else "single-signal",
            **{key: row[key] for key in ("target", "backbone", "frequency", "learning_rate")},
            **{key: row[key] for key in ("psnr_db_mean", "psnr_db_std", "n", "n_images")},
        }
        for row in summary
        if not PROTOCOLS[row["protocol"]].has_boundary and row["source"] in (row["target"], UNTRAINED)
    ]


def winners(grid):
    """The best point of every regime, target and backbone by mean PSNR; `at_edge`: a wider grid may do better."""
    groups = {}
    for row in grid:
        groups.setdefault((row["regime"], row["target"], row["backbone"]), []).append(row)
    rows = []
    for group in groups.values():
        best = max(group, key=lambda row: row["psnr_db_mean"])
        edges = [
            best[key] in (min(row[key] for row in group), max(row[key] for row in group))
            and len({row[key] for row in group}) > 1
            for key in ("frequency", "learning_rate")
        ]
        rows.append(best | {"at_edge": int(any(edges))})
    return rows
