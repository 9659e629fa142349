"""What decompositions measured, as the quantities that the claims on them are about."""

import numpy as np

from inr_sae.paper.claims import counted
from inr_sae.paper.decomposition_claims import HOLDS

HALF = 0.5  # of the known atoms, at which one model is sooner than another
POINTWISE, OPERATOR, CONVOLUTIONAL = "topk", "operator", "convolutional"


def of_methods(needed, edges, resolution, last):
    """{name of a claim: Measured} of NeededRows, EdgeRows and ResolutionRows; what was not run is left out.

    last: {backbone: its last layer}. What lies behind it is linear, and there no basis can need fewer directions than
    LIB, which has no more than there are outputs: it is left out, and so are interactions with these few.
    """
    found = {
        "lib_relevance": fewer([row for row in needed if row.layer != last[row.backbone]], "directions"),
        "lib_sparsity": fewer([row for row in edges if row.layer + 1 < last[row.backbone]], "interactions"),
        "operators_hold": holds(resolution),
    }
    return {name: m for name, m in found.items() if m is not None}


def at_best_rate(rows):
    """The RecoveryRows of every model, kind of atoms and optimiser at the rate by which its seeds are soonest to have
    half of the atoms: which of two is sooner at one rate says which of them that rate suits."""
    by_rate = {}
    for row in rows:
        way = row.model, row.lifted, row.modes, row.atoms, row.optimizer
        by_rate.setdefault(way, {}).setdefault(row.learning_rate, []).append(row)

    def lateness(of_rate):
        steps = list(steps_to_half(of_rate).values())
        reached = [step for step in steps if step < np.inf]
        return len(steps) - len(reached), sum(reached), -sum(row.cosine_mean for row in of_rate)

    return [row for of_way in by_rate.values() for row in min(of_way.values(), key=lateness)]


def of_recovery(rows):
    """{name of a claim: Measured} of RecoveryRows, of every model at its best rate."""
    rows = at_best_rate(rows)
    found = {"lifting_faster": lifting(rows), "few_modes_smooth": few_modes(rows)}
    return {name: m for name, m in found.items() if m is not None}


def fewer(rows, what):
    """Measured: where LIB needs fewer than PCA, of the layers that both know the number of."""
    ours, theirs = (
        {(row.backbone, row.layer): row.n_needed for row in rows if row.method == method} for method in ("lib", "pca")
    )
    pairs = {place: (ours[place], theirs.get(place)) for place in ours}
    pairs = {place: pair for place, pair in pairs.items() if None not in pair}
    listed = ", ".join(f"{ours} to {theirs}" for ours, theirs in pairs.values())
    return sooner(pairs.values(), [backbone for backbone, _ in pairs], f"{what}, LIB to PCA: {listed}")


def sooner(pairs, of, note):
    """Measured: of pairs of numbers where the first is less; null: where it is more. By chance it is so in half of
    them, in all together of what they are `of`."""
    m = counted([ours < theirs for ours, theirs in pairs], [0.5] * len(pairs), note=note, blocks=of)
    return m and m._replace(null=float(sum(ours > theirs for ours, theirs in pairs)))


def holds(rows):
    """Measured: where the operator keeps its codes on twice the grid and the convolutional SAE does not; null: where
    the pointwise SAE does, too."""
    change = {(row.backbone, row.layer, row.method): row.codes_change for row in rows if row.grid == "double"}
    places = dict.fromkeys((backbone, layer) for backbone, layer, method in change if method == OPERATOR)
    cases = [[change.get((*place, name)) for name in (OPERATOR, POINTWISE, CONVOLUTIONAL)] for place in places]
    cases = [case for case in cases if None not in case]
    if not cases:
        return None
    largest = np.max(cases, axis=0)
    note = "largest change: operator {:.2g}, pointwise {:.2g}, convolutional {:.2g}; ".format(*largest)
    note += "an INR's activation at a coordinate is the same on every grid, so a pointwise code is"
    m = counted([operator <= HOLDS < convolutional for operator, _, convolutional in cases], note=note)
    return m._replace(null=float(sum(max(operator, pointwise) <= HOLDS for operator, pointwise, _ in cases)))


def steps_to_half(rows):
    """{(model, lifted, modes, atoms, optimizer, seed): the step at which half of the atoms are recovered, inf for
    never}."""
    found = {}
    for row in sorted(rows, key=lambda row: row.step):
        key = (row.model, row.lifted, row.modes, row.atoms, row.optimizer, row.seed)
        found.setdefault(key, np.inf)
        if row.above_0_9_fraction >= HALF:
            found[key] = min(found[key], row.step)
    return found


def lifting(rows):
    """Measured: where a lifted model is sooner than the same without lifting."""
    steps = steps_to_half(rows)
    pairs = {key: (steps[key], steps.get((key[0], 0, *key[2:]))) for key in steps if key[1] == 1}
    pairs = {key: pair for key, pair in pairs.items() if None not in pair and min(pair) < np.inf}
    notes = []
    for optimizer in dict.fromkeys(key[4] for key in pairs):
        of_one = [pair for key, pair in pairs.items() if key[4] == optimizer]
        notes.append(f"{optimizer}: {sum(ours < theirs for ours, theirs in of_one)} of {len(of_one)}")
    return sooner(pairs.values(), [known(key) for key in pairs], "; ".join(notes))


def known(key):
    """What keys of `steps_to_half` share that are no cases of their own: a seed, of which smooth and rough atoms have
    the same codes, and every model its initial weights."""
    return key[5]


def few_modes(rows):
    """Measured: where an operator with few modes is sooner on smooth atoms than one with all."""
    steps = steps_to_half([row for row in rows if row.model == OPERATOR])
    if not steps:
        return None
    few, every = (choose(key[2] for key in steps) for choose in (min, max))
    pairs, beyond = {}, 0
    for key in steps:
        if key[2] == few and key[3] == "smooth" and few < every:
            other = (*key[:2], every, *key[3:])
            rough = (*key[:3], "rough", *key[4:])
            if min(steps[key], steps.get(other, np.inf)) < np.inf:
                pairs[key] = steps[key], steps.get(other, np.inf)
                beyond += steps.get(rough, 0) == np.inf
    m = sooner(pairs.values(), [known(key) for key in pairs], f"rough atoms are beyond few modes in {beyond}")
    return m and m._replace(null=float(beyond))
