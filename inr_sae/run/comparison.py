"""A pair of networks, measured in every way of convergent learning, as rows; each beside its nulls."""

import itertools
from typing import NamedTuple

import numpy as np

from inr_sae.atoms import groups, matching, partners
from inr_sae.measure import similarity
from inr_sae.rows.comparisons import CosinesRow, FromManyRow, GroupsRow, LikenessRow, PartnersRow

UNITS, ATOMS = "units", "atoms"
TRAINED, DISPLACED, UNTRAINED = "trained", "displaced", "untrained"


class Loaded(NamedTuple):
    """What a pair compares of a Network, by layer."""

    h: dict  # (N, d)
    untrained: dict  # the same before training
    fitted: dict  # Dictionaries
    shape: tuple  # (height, width)


def cases(what, layer, pair, order, most):
    """{case: (Maps, Maps)} of a layer of a pair of Loaded, or of at most so many atoms of its dictionaries.

    order (N,): what displaces a map.
    """
    if what == UNITS:
        maps = [partners.maps_of(each.h[layer]) for each in pair]
        before = {UNTRAINED: tuple(partners.maps_of(each.untrained[layer]) for each in pair)}
    else:
        maps, before = [partners.maps_of_atoms(each.fitted[layer], each.h[layer], most) for each in pair], {}
    one, other = maps
    return {TRAINED: (one, other), DISPLACED: (one, other._replace(values=other.values[order]))} | before


def strong(maps, n):
    """The first n of Maps; atoms stand with the strongest first, and units in any order are as good."""
    return maps._replace(values=maps.values[:, :n], numbers=maps.numbers[:n])


def one_to_one(which, maps, rows):
    """(the trained case's OneToOne, PartnersRows)."""
    found = {case: partners.one_to_one(partners.correlations(*two)) for case, two in maps.items()}
    held = {case: partners.held_out(*two, rows) for case, two in maps.items()}
    nulls = [held[case] for case in held if case != TRAINED]
    table = []
    for case, (one, other) in maps.items():
        counts = (len(one.numbers), len(other.numbers), one.n_excluded, other.n_excluded)
        summary = partners.summary(found[case])
        scores = (float(held[case].mean()), partners.beyond(held[case], nulls))
        table.append(PartnersRow(*which, case, *counts, *summary.values(), *scores))
    return found[TRAINED], table


def one_to_many(which, maps, rows, n_targets):
    """FromManyRows: the other network's first units, each from all of the first's; and from its one best partner."""
    table = []
    for case, (one, other) in maps.items():
        targets = strong(other, n_targets)
        found = groups.one_to_many(one, targets, rows)
        # A weight may be negative, so the best partner may be one that falls where the target rises.
        fitted = [partners.at_rows(each, rows)._replace(signed=True) for each in (targets, one)]
        best = partners.one_to_one(partners.correlations(*fitted)).best
        alone = groups.one_to_one(one, targets, best.theirs, rows)
        weights = groups.used(found).mean(axis=0)
        for p, penalty in enumerate(found.penalties):
            scores = (found.r2[p], found.r2_held_out[p], alone, weights[p])
            table.append(FromManyRow(*which, case, penalty, len(targets.numbers), *map(float, scores)))
    return table


def many_to_many(which, maps):
    """GroupsRows."""
    table = []
    for case, (one, other) in maps.items():
        within, between, within_other = (partners.correlations(*p) for p in ((one, one), (one, other), (other, other)))
        found = groups.many_to_many(within, between, within_other)
        table.append(GroupsRow(*which, case, len(found.labels), **groups.shared(found)))
    return table


def likeness(keys, layers, pair, null):
    """LikenessRows of every layer against every other, and of each against its like the nulls; null: (which rows are
    fitted, order that displaces)."""
    (rows, order), table = null, []
    for layer, other_layer in itertools.product(layers, repeat=2):
        a, b = (np.asarray(each, np.float64) for each in (pair[0].h[layer], pair[1].h[other_layer]))
        found = {TRAINED: (a, b)}
        if layer == other_layer:
            found |= {DISPLACED: (a, b[order]), UNTRAINED: tuple(np.asarray(each.untrained[layer]) for each in pair)}
        for case, (x, y) in found.items():
            fitted, scored = (similarity.moments(x[part], y[part]) for part in (rows, ~rows))
            whole = similarity.moments(x, y)
            scores = (similarity.svcca(whole), similarity.svcca(fitted, scored))
            scores += (similarity.procrustes(whole), similarity.procrustes(fitted, scored))
            table.append(LikenessRow(*keys, layer, other_layer, UNITS, case, similarity.linear_cka(x, y), *scores))
    return table


def cosines(which, pair, layer, most, seed):
    """CosinesRows of two dictionaries of one encoder, by the directions that atoms add and by those that read them.

    There are none where either has no atom alive.
    """
    fitted, h = [each.fitted[layer] for each in pair], [each.h[layer] for each in pair]
    atoms = [partners.maps_of_atoms(*each, most).numbers for each in zip(fitted, h)]
    if any(not len(chosen) for chosen in atoms):
        return []
    added = [np.asarray(each.directions())[chosen] for each, chosen in zip(fitted, atoms)]
    ways = [("decoder", added)]
    if not any(each.method.FIELD for each in fitted):  # what reads a whole field has no row
        read = [partners.readers(*each) for each in zip(fitted, h, atoms)]
        ways.append(("encoder", read))
    table, signed = [], matching.signed(*zip(fitted, h))
    for by, (ours, theirs) in ways:
        random = np.random.default_rng(seed).normal(size=theirs.shape)
        alike, by_chance = (matching.cosines(ours, other, signed) for other in (theirs, random))
        found = partners.one_to_one(alike)
        null = partners.mean_max_cosine(by_chance)[0]
        above = float((found.best.similarity > 0.7).mean())
        table.append(CosinesRow(*which, by, *partners.mean_max_cosine(alike), above, found.mutual, null))
    return table


def partners_of(what, maps, found):
    """Arrays of a OneToOne of Maps: of every unit of the first network its best partner's number and how alike they
    are, the same of the other's ("back"), and of the assignment how alike its pairs are."""
    one, other = maps
    return {
        f"{what}_numbers": one.numbers,
        f"{what}_partner": other.numbers[found.best.theirs],
        f"{what}_best": found.best.similarity,
        f"{what}_back_numbers": other.numbers,
        f"{what}_back_partner": one.numbers[found.back.ours],
        f"{what}_back_best": found.back.similarity,
        f"{what}_matched": found.matched.similarity,
    }
