"""What dictionaries measured, as the quantities that the claims on them are about.

The claims are on cohort encoders of SIREN and FFMLP; of several training seeds the first counts. A dictionary that
does not describe its activations (R² below LEAST_R2) says nothing on them: its layer is left out, and said to be; where
no layer of a backbone is left its numbers are shown, and nothing is testable. Of n atoms with k codes a coordinate an
alive one fires on a share k / (n * alive) of the pixels on average, whatever it is: what is no other than that is
arithmetic. Where nothing fixes a k, how many fire is measured.
"""

from math import factorial
from typing import NamedTuple

import numpy as np

from inr_sae.paper.claims import NAN, Measured, counted
from inr_sae.paper.dictionary_content import ffmlp_content, siren_content
from inr_sae.paper.dictionary_costs import costs_more, largest_drop
from inr_sae.rows.common import condition_of

LEAST_R2 = 0.8  # an untrained dictionary of white noise is below 0.2, a trained one of an encoder's layers above 0.85
AHEAD = 0.2  # by which locality is above another's
SMALL = 1 / 3  # of an even image's spread: a disc over about a tenth of the image
REPEATED = 0.8  # of the excess that two seeds of one encoder have over their null
LEAST_EXCESS = 0.05  # a layer where two seeds of one encoder hardly exceed their null has nothing to repeat
STEP = 0.95  # a fall by less than 5 % is none


class Encoder(NamedTuple):
    """What of a cohort encoder's shape bears on its dictionaries."""

    n_units: int
    n_pixels: int  # of its signals


def of_conditions(metrics, atoms, effects, matches, sizes, encoders):
    """{name of a claim: Measured}; what was not run, or has no such number, is left out.

    metrics: {Condition: [MetricsRow]}. atoms: {Condition: {layer: [AtomRow]}}. effects: {role of a signal: {Condition:
    [EffectRow]}}. matches: [MatchRow]. sizes: [SizeRow]. encoders: {backbone: Encoder}.
    """
    cohorts = {backbone: first_cohort(metrics, backbone) for backbone in ("siren", "ffmlp")}
    cohorts = {backbone: condition for backbone, condition in cohorts.items() if condition}
    rows = {backbone: described(metrics[condition]) for backbone, condition in cohorts.items()}
    tables = {
        backbone: {row.layer: atoms[condition][row.layer] for row in rows[backbone]}
        for backbone, condition in cohorts.items()
    }
    groups = []  # of claims, with the backbones that they are about
    if "siren" in cohorts:
        groups.append((of_siren(rows["siren"]) | siren_content(tables["siren"]), ("siren",)))
        matches = [row for row in matches if row.layer in tables["siren"]]
    if "ffmlp" in cohorts:
        found = of_ffmlp(rows["ffmlp"], encoders["ffmlp"]) | ffmlp_content(tables["ffmlp"])
        groups.append((found | {"ffmlp_largest_drop": largest_drop(effects, cohorts, tables)}, ("ffmlp",)))
    if len(cohorts) == 2:
        found = {"siren_local": more_local(rows["siren"], rows["ffmlp"])}
        groups.append((found | {"ffmlp_costs_more": costs_more(effects, cohorts, tables)}, tuple(cohorts)))
    groups.append(({"siren_tiling_repeats": tiling_repeats(matches)}, ("siren",) if "siren" in cohorts else ()))
    groups.append(({"l0_falls": l0_falls(sizes)}, ()))
    return {
        name: noted(m, [(cohorts[backbone], metrics[cohorts[backbone]]) for backbone in backbones])
        for found, backbones in groups
        for name, m in found.items()
        if m is not None
    }


def first_cohort(conditions, backbone):
    """The first Condition of a cohort encoder of a backbone, None if there is none."""
    return next((each for each in conditions if each.regime == "cohort" and each.backbone == backbone), None)


def described(rows):
    """The MetricsRows, or SizeRows, of dictionaries that describe their activations; all of them where none does."""
    return [row for row in rows if row.r2 >= LEAST_R2] or rows


def noted(m, of_conditions):
    """The Measured with a note on the layers that were left out, and whether any dictionary can speak for the claim;
    of_conditions: [(Condition, its MetricsRows)] of the encoders that it is about."""
    notes, testable = [m.note], m.testable
    for condition, rows in of_conditions:
        layers = [str(row.layer) for row in rows if not row.r2 >= LEAST_R2]  # nor where R² is undefined
        if len(layers) == len(rows):
            notes.append(f"no dictionary of {condition.name} has R² of {LEAST_R2}")
            testable = False
        elif layers:
            notes.append(f"without layers {', '.join(layers)} of {condition.name}, R² below {LEAST_R2}")
    return m._replace(note="; ".join(filter(None, notes)), testable=testable)


def known(rows, *columns):
    """The values of a column where the row has all these columns, as an array; of several columns, a list of arrays."""
    found = [[getattr(row, column) for column in columns] for row in rows]
    arrays = np.array([values for values in found if None not in values], np.float64).reshape(-1, len(columns)).T
    return arrays[0] if len(columns) == 1 else list(arrays)


def mean(rows, column):
    """Measured: the mean of a column over layers, None if no layer has it."""
    values = known(rows, column)
    return Measured(float(values.mean())) if values.size else None


def listed(rows, column):
    """A column by layer, as in "0.9, 0.8"."""
    return ", ".join(f"{value:.2f}" for value in known(rows, column))


def fired(row):
    """The share of the atoms that fire at a pixel: k of n by arithmetic; of dense codes, where k is n, as measured."""
    return row.k / row.n_atoms if row.k < row.n_atoms else (row.spatial_l0 or 0.0) * row.alive_fraction


def evenly(row):
    """The share of the pixels on which an alive atom fires on average."""
    return fired(row) / row.alive_fraction if row.alive_fraction else NAN


def of_siren(rows):
    """The claims on cohort SIREN's statistics, from its MetricsRows."""
    dead = known([row for row in rows if row.layer >= 1], "dead_fraction")
    return {
        "siren_alive": Measured(float(dead.max())) if dead.size else None,
        "siren_sparse": sparse(rows),
        "siren_flat": mean(rows, "concentration"),
    }


def sparse(rows):
    """Measured: the median active-pixel fraction, and what arithmetic gives, medians over layers: by their means one
    layer that is unlike all others would decide."""
    active = [row for row in rows if row.active_fraction_median is not None]
    if not active:
        return None
    value, null = np.median([(row.active_fraction_median, evenly(row)) for row in active], axis=0)
    return Measured(float(value), null=float(null))


def of_ffmlp(rows, encoder):
    """The claims on cohort FFMLP's statistics, likewise; its last layer may have no dictionary."""
    by_layer = {row.layer: row for row in rows}
    first, last = by_layer.get(0), by_layer.get(encoder.n_units - 1)
    measured = {"ffmlp_top_atom": mean([row for row in rows if row.layer >= 2], "concentration")}
    if last is None:
        return measured
    if last.dead_fraction is not None:
        never = (1 - fired(last)) ** encoder.n_pixels  # where each coordinate fires as many atoms at random
        measured["ffmlp_dies"] = Measured(last.dead_fraction, null=never)
    if last.active_fraction_median is None:
        return measured
    most = min(1.0, 2 * evenly(last))  # half of the alive atoms are as active as the median, or more
    note = f"no more than {most:.2g} is possible at this n, k and share of alive atoms"
    measured["ffmlp_dense"] = Measured(last.active_fraction_median, null=evenly(last), note=note)
    if first not in (None, last) and first.active_fraction_median and last.active_fraction_median > 0:
        fall, even = first.active_fraction_median / last.active_fraction_median, evenly(first) / evenly(last)
        measured["ffmlp_concentrates"] = Measured(fall, null=even)
    return measured


def more_local(siren, ffmlp):
    """Layers where SIREN's atoms are small, and more compact than FFMLP's; from the MetricsRows of both."""
    other, cases = {row.layer: row.locality_median for row in ffmlp}, []
    for row in siren:
        if None not in (row.locality_median, row.extent_median, other.get(row.layer)):
            cases.append(row.locality_median - other[row.layer] >= AHEAD and row.extent_median <= SMALL)
    note = f"SIREN {listed(siren, 'locality_median')}, of extent {listed(siren, 'extent_median')}"
    return counted(cases, note=f"{note}; FFMLP {listed(ffmlp, 'locality_median')}")


def tiling_repeats(matches):
    """Layers where SIREN's maps of two cohorts match, beyond their null, as those of two dictionary seeds do.

    Of the layers where two seeds match beyond their null at all; nan if there is none.
    """
    condition = first_cohort(map(condition_of, matches), "siren")
    rows = [row for row in matches if condition_of(row) == condition and row.by == "map"]
    of_seeds = excess_by_layer(row for row in rows if row.dictionary_seed is not None)
    of_cohorts = excess_by_layer(row for row in rows if (row.other_regime, row.other_backbone) == ("second", "siren"))
    both = [layer for layer in of_seeds if layer in of_cohorts]
    if not both:
        return None
    layers = [layer for layer in both if of_seeds[layer] >= LEAST_EXCESS]
    note = "above the null: cohorts " + ", ".join(f"{of_cohorts[layer]:.2f}" for layer in both)
    note += ", seeds " + ", ".join(f"{of_seeds[layer]:.2f}" for layer in both)
    found = counted([of_cohorts[layer] >= REPEATED * of_seeds[layer] for layer in layers], note=note)
    return found or Measured(NAN, note=note)


def excess_by_layer(rows):
    """{layer: mean similarity above the null} of MatchRows, over seeds."""
    groups = {}
    for row in rows:
        groups.setdefault(row.layer, []).append(row.similarity_mean - row.null_mean)
    return {layer: float(np.mean(values)) for layer, values in groups.items()}


def l0_falls(sizes):
    """(condition, layer, k) where spatial L0 falls with every larger n beyond arithmetic: over k / (n * alive).

    Its null: in how many L0 itself falls, as that does.
    """
    groups, kept = {}, described(sizes)
    for row in kept:
        if row.spatial_l0 is not None and row.alive_fraction:
            by_arithmetic = row.k / (row.n_atoms * row.alive_fraction)
            values = row.n_atoms, row.spatial_l0 / by_arithmetic, row.spatial_l0
            groups.setdefault((condition_of(row), row.layer, row.k), []).append(values)
    chains = [tuple(zip(*sorted(group))) for group in groups.values() if len(group) > 1]
    if not chains:
        return None
    beyond = [all(b <= STEP * a for a, b in zip(shares, shares[1:])) for _, shares, _ in chains]
    plain = sum(all(b < a for a, b in zip(l0, l0[1:])) for _, _, l0 in chains)
    note = f"L0 itself falls in {plain}"
    if len(kept) < len(sizes):
        note += f"; without {len(sizes) - len(kept)} dictionaries, R² below {LEAST_R2}"
    testable = all(row.r2 >= LEAST_R2 for row in kept)
    if not testable:
        note += f"; no dictionary has R² of {LEAST_R2}"
    chances = [1 / factorial(len(l0)) for _, _, l0 in chains]  # of that order among all
    blocks = [key[:2] for key, group in groups.items() if len(group) > 1]  # all of a layer start from the same draws
    return counted(beyond, chances, blocks=blocks)._replace(null=float(plain), testable=testable, note=note)
