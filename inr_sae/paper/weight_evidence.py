"""What readers of weights measured, as the quantities that the claims on class signal are about.

Only readers that are shown all of the offsets are compared: what a reader is not shown changes its accuracy, and not
the geometry of the weights.
"""

import numpy as np
from scipy import stats

from inr_sae.measure.paired import LEAST_CLUSTERS, clustered_interval
from inr_sae.paper.claims import NAN, Measured, counted, tail
from inr_sae.rows.weights import ALL_TOKENS, BIASES, BOTH, CONTROL, OFFSETS

LEAST_RUNS = 6  # of a correlation; and conditions, for an interval of it
CERTAIN = 1 - 1e-12  # a correlation of 1, whose interval has no width
BY_CHANCE = 0.5  # that a reader is worse under a loss that makes offsets purer by design, if it has no part in that


def of_readers(readings, flow, interventions, base):
    """{name of a claim: Measured} of ReadingRows, FlowRows and InterventionRows; what was not run is left out.

    base: the name of the condition that the others differ from.
    """
    accuracy = {(row.condition, row.seed): row.accuracy_test for row in readings if row.tokens == ALL_TOKENS}
    last = max((row.block for row in flow if row.block is not None), default=None)
    raw, shuffled = purity_of(flow, OFFSETS), purity_of(flow, OFFSETS, "purity_shuffled")
    late = {} if last is None else purity_of(flow, last)
    null, tracked = correlation(accuracy, shuffled), correlation(accuracy, raw)
    measured = {
        "geometry_untracked": tracked and tracked._replace(null=null.value if null else NAN),
        "late_blocks": only_late(accuracy, late, raw),
        "pressure_misleads": pressed(readings, flow, base),
        "bias_causal": causal(interventions, base),
        "bias_low_dimensional": dimensions([row for row in readings if row.condition == base]),
        "layers_interact": interaction(interventions, base, by_layer),
        "routes_interact": interaction(interventions, base, by_route),
        "biases_suffice": sufficient(readings, base),
    }
    return {name: m for name, m in measured.items() if m is not None}


def purity_of(flow, where, column="purity"):
    """{training: purity} at a place of the offsets, or after a block."""
    return {(row.condition, row.seed): getattr(row, column) for row in flow if where in (row.place, row.block)}


def correlation(one, other):
    """The correlation over trainings of two of their numbers; None of too few trainings, or where nothing varies.

    Its interval is Fisher's with conditions as the cases: trainings of one condition from several seeds are alike, and
    counted apart they would make a correlation of what has none. Without one for fewer than LEAST_RUNS conditions.
    """
    runs = [run for run in one if run in other]
    x, y = (np.array([of[run] for run in runs], np.float64) for of in (one, other))
    if len(runs) < LEAST_RUNS or not np.ptp(x) or not np.ptp(y):
        return None
    r, n = float(np.clip(stats.pearsonr(x, y).statistic, -CERTAIN, CERTAIN)), len({condition for condition, _ in runs})
    low, high = NAN, NAN
    if n >= LEAST_RUNS:
        half = stats.norm.ppf(0.975) / np.sqrt(n - 3)
        low, high = (float(np.tanh(np.arctanh(r) + side)) for side in (-half, half))
    return Measured(r, low, high, note=f"over {len(runs)} trainings of {n} conditions")


def only_late(accuracy, late, raw):
    """The correlation of accuracy with purity after the last block, or its lead over that with the raw offsets' purity:
    the one that lies below 0, or whose interval begins lower, since late blocks alone tell the accuracy only where both
    are above 0.

    The interval of a lead is Zou's for correlations that share a variable (Psychological Methods 12, 2007).
    """
    late = {run: late[run] for run in accuracy if run in late}  # of those readers alone
    one, other, between = correlation(accuracy, late), correlation(accuracy, raw), correlation(late, raw)
    if one is None or other is None or between is None:
        return one
    r, s, t = one.value, other.value, between.value
    alike = ((t - r * s / 2) * (1 - r * r - s * s - t * t) + t**3) / ((1 - r * r) * (1 - s * s))

    def half(a, b):
        return float(np.sqrt(max(a * a + b * b - 2 * alike * a * b, 0.0)))

    low, high = r - s - half(r - one.low, other.high - s), r - s + half(one.high - r, s - other.low)
    lead = Measured(r - s, low, high, note=f"the lead of {r:.2f}, {one.note}")
    return min(one, lead, key=lambda m: (m.high > 0, m.low))._replace(null=s)


def pressed(readings, flow, base):
    """In how many trainings under the contrastive loss neighbourhoods are purer, and the reader worse, than by the same
    seed without it: of the weight of that loss under which it is most of them, so that chance has as many tries as
    there are weights."""
    purity = {(row.condition, row.seed): row.purity for row in flow if row.place == OFFSETS}
    rows = {(row.condition, row.seed): row for row in readings}
    at_base = next((row for row in readings if row.condition == base), None)
    by_weight = {}
    for (condition, seed), row in rows.items():
        other = rows.get((base, seed))
        if other is None or condition == base or row.contrast <= at_base.contrast:
            continue
        purer = purity[condition, seed] - purity[base, seed]
        case = purer > 0 and row.accuracy_test < other.accuracy_test
        by_weight.setdefault(row.contrast, []).append((case, purer))
    if not by_weight:
        return None
    weight, found = max(by_weight.items(), key=lambda item: np.mean([case for case, _ in item[1]]))
    cases, purer = zip(*found)
    note = (
        f"weight {weight:g} of {', '.join(f'{each:g}' for each in by_weight)}, purity {np.mean(purer):+.3f} on average"
    )
    m = counted(cases, [BY_CHANCE] * len(cases), note=note)
    chance, of_all = (min(1.0, len(by_weight) * p) for p in (m.chance, m.chance_of_all))
    return m._replace(chance=chance, chance_of_all=of_all)


def of_seeds(values, null=NAN, note=""):
    """Measured: the mean of {seed: value}, from LEAST_CLUSTERS seeds on with its interval; None without one."""
    values = {seed: value for seed, value in values.items() if value is not None}
    if not values:
        return None
    interval = clustered_interval(list(values.values()), list(values))
    ends = (interval.low, interval.high) if len(values) >= LEAST_CLUSTERS else (NAN, NAN)
    note = note or f"{len(values)} seed{'s' * (len(values) != 1)}: {', '.join(f'{v:.3g}' for v in values.values())}"
    return Measured(interval.mean, *ends, null=null, note=note)


def drops(interventions, condition, kind, column):
    """{(place, layer): {seed: drop}} of a condition's interventions of a kind."""
    found = {}
    for row in interventions:
        if (row.condition, row.kind) == (condition, kind):
            found.setdefault((row.place, row.layer), {})[row.seed] = getattr(row, column)
    return found


def causal(interventions, base):
    """How much more accuracy is lost by biases from images of another class than by weight columns matched in norm."""
    found = drops(interventions, base, "swapped across", "accuracy_drop")
    biases, control = (found.get((place, None), {}) for place in (BIASES, CONTROL))
    if not control:
        return None
    return of_seeds({seed: biases[seed] - control[seed] for seed in biases}, float(np.mean(list(control.values()))))


def dimensions(readings):
    """The effective rank of the biases' offsets, of so many dimensions; null: the smaller of that of the pixels and of
    a weight column matched in norm, which carry the same images; chance: that as many seeds have one below these."""
    rows = [row for row in readings if None not in (row.bias_rank, row.pixel_rank, row.control_rank)]
    if not rows:
        return None
    pixels, column = (float(np.mean([getattr(row, of) for row in rows])) for of in ("pixel_rank", "control_rank"))
    below = sum(row.bias_rank < min(row.pixel_rank, row.control_rank) for row in rows)
    note = f"pixels {pixels:.3g}, a weight column matched in norm {column:.3g}; below in {below} seeds"
    m = of_seeds({row.seed: row.bias_rank for row in rows}, min(pixels, column), note)
    chance = tail([BY_CHANCE] * len(rows), below)
    return m._replace(value=round(m.value, 1), total=rows[0].bias_dimensions, chance=chance)


def by_layer(found):
    """{seed: log odds lost with the biases of all layers at 0, minus the sum of what each layer's alone costs}; of one
    layer none."""
    layers = [of_layer for (place, layer), of_layer in found.items() if place == BIASES and layer is not None]
    whole = found.get((BIASES, None), {})
    return {seed: whole[seed] - sum(of_layer[seed] for of_layer in layers) for seed in whole} if len(layers) > 1 else {}


def by_route(found):
    """{seed: log odds lost with biases and control at 0, minus the sum of what each alone costs}."""
    biases, control, both = (found.get((place, None), {}) for place in (BIASES, CONTROL, BOTH))
    return {seed: both[seed] - biases[seed] - control[seed] for seed in both}


def interaction(interventions, base, excess):
    """How far interventions together cost more log odds than one by one, by one of the functions above."""
    return of_seeds(excess(drops(interventions, base, "zeroed", "log_odds_drop")))


def sufficient(readings, base):
    """How much accuracy a reader that is shown the biases alone lacks."""
    whole = {row.seed: row for row in readings if row.condition == base}
    alone = {
        row.seed: row.accuracy_test
        for row in readings
        if row.tokens == BIASES and row.seed in whole and row.contrast == whole[row.seed].contrast
    }
    return of_seeds({seed: whole[seed].accuracy_test - alone[seed] for seed in alone})
