"""What the claims of convergent learning are judged by, from the rows of pairs of networks: units of one cohort's
encoder from several seeds."""

from scipy.stats import binom

from inr_sae.paper.claims import CHANCE, counted

KIND, UNITS, TRAINED = "encoder seeds", "units", "trained"
SOME = 0.3  # at least so many units have a partner: smooth maps that have nothing in common come to 0.25
OTHERS = 0.1  # and at least so many have none
AHEAD = 0.1  # R² by which many units must explain more than one does, and than nulls do
REACHED = 0.9  # of the R² that all of the path explains: how many units it takes to come so far
MORE_THAN_ONE = 1.5
SLIGHTLY = 1 / 8  # of a layer's units


def of_pairs(partners, from_many):
    """{name of a claim: Measured} of PartnersRows and FromManyRows; without one where nothing speaks for it."""
    layers, measured = by_layer(partners, from_many), {}
    known = {key: rows[TRAINED] for key, (rows, _) in layers.items()}
    known = {key: row for key, row in known.items() if row.beyond_null_fraction is not None}
    trained = list(known.values())
    shares = [row.beyond_null_fraction for row in trained]
    measured["some_units_shared"] = counted(
        [SOME <= share <= 1 - OTHERS and by_chance(row) <= CHANCE for row, share in zip(trained, shares)],
        [CHANCE] * len(trained),
        note=spread("shares", shares),
        blocks=[backbone for backbone, *_ in known],  # layers of a pair, and pairs that share a network, are one case
    )
    scores = {key: explained(of_many) for key, (_, of_many) in layers.items() if TRAINED in of_many}
    gains = [many - one for many, one, _ in scores.values()]
    measured["subspaces_shared"] = counted(
        [many - one >= AHEAD and many - null >= AHEAD for many, one, null in scores.values()],
        note=spread("R² of many above that of one", gains),
    )
    sizes = {}
    for key, (many, _, null) in scores.items():
        if many - null >= AHEAD:
            rows, of_many = layers[key]
            sizes[key] = (needed(of_many[TRAINED]), rows[TRAINED].n_units)
    measured["code_between"] = counted(
        [MORE_THAN_ONE < n <= SLIGHTLY * n_units for n, n_units in sizes.values()],
        note=spread("units it takes", [n for n, _ in sizes.values()]),
    )
    return {name: m for name, m in measured.items() if m is not None}


def by_chance(row):
    """The probability that as many pairs of a PartnersRow are beyond what 5 % of the null's are, were it like the
    null."""
    n = min(row.n_units, row.n_other)
    return float(binom.sf(round(row.beyond_null_fraction * n) - 1, n, 0.05))


def by_layer(partners, from_many):
    """{(backbone, other seed, layer): ({case: PartnersRow}, {case: FromManyRows})} of the pairs that count."""
    found = {}
    for row in (*partners, *from_many):
        if row.kind != KIND or row.of != UNITS:
            continue
        of_layer = found.setdefault((row.backbone, row.other_seed, row.layer), ({}, {}))
        if hasattr(row, "penalty"):
            of_layer[1].setdefault(row.case, []).append(row)
        else:
            of_layer[0][row.case] = row
    return {key: each for key, each in found.items() if TRAINED in each[0]}


def explained(of_many):
    """(R² of many units, of the one best, of many in the null where it is largest), held-out, each at its best
    penalty."""
    best = {case: max(row.r2_held_out for row in rows) for case, rows in of_many.items()}
    nulls = [value for case, value in best.items() if case != TRAINED]
    return best[TRAINED], of_many[TRAINED][0].r2_one_held_out, max([*nulls, 0.0])


def needed(rows):
    """The mean number of weights at the largest penalty that reaches REACHED of the best R²; rows: FromManyRows."""
    best = max(row.r2_held_out for row in rows)
    reached = [row for row in rows if row.r2_held_out >= REACHED * best]
    return max(reached, key=lambda row: row.penalty).n_weights_mean


def spread(what, values):
    """As in "shares 0.2 to 0.6"."""
    return f"{what} {min(values):.2f} to {max(values):.2f}" if values else ""
