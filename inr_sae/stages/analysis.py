"""What a matrix of fits says: which boundary is best, whether beyond chance, and which rule names it. On table rows.

A cell is (source, target, backbone, frequency). `random` and `scratch` belong to no source and stand beside every one.
"""

import itertools

import numpy as np

from inr_sae.inr.protocols import PROTOCOLS, cell
from inr_sae.measure.paired import paired_interval
from inr_sae.stages.sweep import KEYS, UNTRAINED

CELL = ("source", "target", "backbone", "frequency")
RULES = {  # which column of the rank table a rule takes the argmax of
    "sr_weight": "sr_weight",
    "sr_activation": "sr_activation",
    "sr_activation_centred": "sr_activation_centred",
    "sr_weight_gain": "sr_weight - sr_weight_init",
}


def cell_of(row):
    """The cell of a row."""
    return tuple(row[key] for key in CELL)


def cells_of(rows):
    """Every cell of a trained source, in the rows' order."""
    return list(dict.fromkeys(cell_of(row) for row in rows if row["source"] != UNTRAINED))


def psnr(rows, of_cell, protocol, tau):
    """{(image, seed): PSNR in dB} of one protocol at one boundary (None where it has none) in a cell.

    The cell's own rows, or for `random` and `scratch` those of its target.
    """
    if not PROTOCOLS[protocol].prefix_of_cohort:
        of_cell = (UNTRAINED, *of_cell[1:])
    name = protocol if tau is None else str(tau)
    return {
        (row["image"], row["seed"]): row["psnr_db"]
        for row in rows
        if row["protocol"] == protocol and str(row["tau"]) == name and cell_of(row) == of_cell
    }


def rule_layers(ranks):
    """{rule: the layer it picks} from the rank rows of one encoder."""

    def argmax(value):
        return max(ranks, key=value)["layer"]

    return {
        "sr_weight": argmax(lambda row: row["sr_weight"]),
        "sr_activation": argmax(lambda row: row["sr_activation"]),
        "sr_activation_centred": argmax(lambda row: row["sr_activation_centred"]),
        "sr_weight_gain": argmax(lambda row: row["sr_weight"] - row["sr_weight_init"]),
    }


def best_taus(fits, ranks):
    """One row a cell: the best freeze boundary, its lead over the runner-up with a 95 % interval clustered by image,
    and which boundary each rule picks. `decided` is 1 where the interval excludes 0.

    fits: rows at one rate.
    """
    taus = sorted({int(row["tau"]) for row in fits if row["protocol"] == "freeze"})
    rows = []
    for of_cell in cells_of(fits) if taus else []:
        by_tau = {tau: psnr(fits, of_cell, "freeze", tau) for tau in taus}
        means = {tau: np.mean(list(values.values())) for tau, values in by_tau.items()}
        order = sorted(taus, key=lambda tau: -means[tau])
        row = dict(zip(CELL, of_cell)) | {"best_tau": order[0], "psnr_db": means[order[0]]}
        if len(order) > 1:
            lead = paired_interval(by_tau[order[0]], by_tau[order[1]])
            row |= {"runner_up_tau": order[1]} | interval_columns("lead_db", lead)
        mine = [r for r in ranks if (r["source"], r["backbone"], r["frequency"]) == (of_cell[0], *of_cell[2:])]
        rows.append(row | {f"tau_by_{rule}": layer for rule, layer in rule_layers(mine).items()})
    return rows


def interval_columns(name, interval):
    """The columns of an Interval."""
    return {
        name: interval.mean,
        f"{name}_low": interval.low,
        f"{name}_high": interval.high,
        "n_images": interval.n_clusters,
        "decided": int(interval.excludes_zero),
    }


def agreement(best):
    """One row a backbone and rule: in how many cells the rule names the best boundary, and in how many where that
    boundary leads beyond its interval."""
    rows = []
    for backbone, rule in itertools.product(dict.fromkeys(row["backbone"] for row in best), RULES):
        mine = [row for row in best if row["backbone"] == backbone]
        decided = [row for row in mine if row.get("decided")]
        rows.append(
            {
                "backbone": backbone,
                "rule": RULES[rule],
                "agrees": sum(row[f"tau_by_{rule}"] == row["best_tau"] for row in mine),
                "of": len(mine),
                "agrees_where_decided": sum(row[f"tau_by_{rule}"] == row["best_tau"] for row in decided),
                "of_decided": len(decided),
            }
        )
    return rows


def paired(fits, n_layers):
    """One row a cell, rate, pair of protocols and boundary: the mean PSNR difference with its interval.

    At every boundary all protocols that were run are compared; those without a boundary stand beside each.
    """
    names = [name for name in PROTOCOLS if any(row["protocol"] == name for row in fits)]
    taus = sorted({int(row["tau"]) for row in fits if str(row["tau"]).isdigit()}) or [0]
    index = {}
    for row in fits:
        key = (cell_of(row), row["learning_rate"], row["protocol"], str(row["tau"]))
        index.setdefault(key, {})[(row["image"], row["seed"])] = row["psnr_db"]

    def of(of_cell, rate, name, tau):
        name, tau = cell(name, tau, n_layers, names)
        source = of_cell[0] if PROTOCOLS[name].prefix_of_cohort else UNTRAINED
        return index.get(((source, *of_cell[1:]), rate, name, name if tau is None else str(tau)))

    rows, rates = [], dict.fromkeys(row["learning_rate"] for row in fits)
    for of_cell, rate, tau, (a, b) in itertools.product(cells_of(fits), rates, taus, itertools.combinations(names, 2)):
        ours, theirs = of(of_cell, rate, a, tau), of(of_cell, rate, b, tau)
        without_boundary = not (PROTOCOLS[a].has_boundary or PROTOCOLS[b].has_boundary)
        if ours and theirs and ours is not theirs and not (without_boundary and tau != taus[0]):
            keys = {"learning_rate": rate, "tau": "" if without_boundary else tau, "protocol": a, "minus": b}
            columns = interval_columns("difference_db", paired_interval(ours, theirs))
            rows.append(dict(zip(CELL, of_cell)) | keys | columns)
    return rows


def mean_curves(curves):
    """The mean PSNR over fits at every step of each cell, from rows of curves.csv."""
    groups = {}
    for row in curves:
        groups.setdefault((*(row[key] for key in KEYS), row["step"]), []).append(row["psnr_db"])
    return [
        dict(zip((*KEYS, "step"), key)) | {"psnr_db_mean": float(np.mean(values)), "n": len(values)}
        for key, values in groups.items()
    ]
