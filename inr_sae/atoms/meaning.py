"""What atoms mean: the best explanation of every map, cross-validated over blocks of coordinates, beside its null.

Least squares of each map on each candidate's columns and a constant. All of it follows from second moments of each
fold, so that maps are read once, a chunk at a time.
"""

from typing import NamedTuple

import numpy as np

from inr_sae.atoms.statistics import chunks, whole_codes
from inr_sae.measure import blocks

FOLDS = 5
ATOMS = 1024  # whose maps are held at once
SHIFTS = 2  # nulls of every map
LEAST_R2 = 0.1  # below it a map is not explained, whatever its null [own]
RIDGE = 1e-8  # of a column's mean square: columns that never differ within a fold


class Design(NamedTuple):
    """All candidates' columns side by side, and where each one's are."""

    columns: np.ndarray  # (N, P) float64, the first a constant
    places: list  # for each candidate, indices of its columns with the constant's first
    kinds: tuple  # the kind of each
    names: tuple


class Scores(NamedTuple):
    """Cross-validated R² of each of A maps by each of K candidates; at most 1, below 0 where it is worse than the
    mean."""

    r2: np.ndarray  # (A, K)
    null: np.ndarray  # (A, SHIFTS, K): of maps that were moved


def design(candidates):
    """The Design of Candidates."""
    n = len(candidates[0].columns)
    places, start = [], 1
    for each in candidates:
        width = each.columns.shape[1]
        places.append(np.array([0, *range(start, start + width)]))
        start += width
    columns = np.concatenate([np.ones((n, 1)), *(each.columns for each in candidates)], axis=1)
    kinds, names = zip(*((each.kind, each.name) for each in candidates))
    return Design(columns, places, kinds, names)


def null_orders(names, shape, rng):
    """[{name of a candidate: order (N,)}] of SHIFTS nulls: how maps are read for the null of that candidate.

    A map that is moved around a torus keeps its texture and loses the image, and where its middle was. A function of x
    stays one, so that for x, and for y, the map is sheared along that axis.
    """
    found = []
    for i in range(SHIFTS):
        moved = blocks.displaced(*shape, rng)
        sheared = {name: blocks.sheared(*shape, axis, (-1) ** i) for name, axis in (("y", 0), ("x", 1))}
        found.append({name: sheared.get(name, moved) for name in dict.fromkeys(names)})
    return found


def scores(dictionary, h, atoms, of_candidates, shape, seed):
    """The Scores of some atoms (A,) of a dictionary over h (N, d) on a grid of shape (height, width).

    of_candidates: their Design. seed: of the folds, and of how maps are moved for their nulls.
    """
    parts = []
    for some in chunks(np.asarray(atoms), ATOMS):
        codes = whole_codes(dictionary, h, some)
        parts.append(scores_of_maps(codes, of_candidates, shape, np.random.default_rng(seed)))
    return Scores(*map(np.concatenate, zip(*parts)))


def scores_of_maps(maps, of_candidates, shape, rng):
    """The Scores of maps (N, A)."""
    fold = blocks.folds(*shape, FOLDS, rng)
    null = []
    for orders in null_orders(of_candidates.names, shape, rng):
        of_null = np.zeros((maps.shape[1], len(of_candidates.names)))
        for order in {id(order): order for order in orders.values()}.values():
            chosen = [k for k, name in enumerate(of_candidates.names) if orders[name] is order]
            of_null[:, chosen] = cross_validated(maps[order], of_candidates, fold, chosen)
        null.append(of_null)
    every = range(len(of_candidates.names))
    return Scores(cross_validated(maps, of_candidates, fold, every), np.stack(null, axis=1))


def cross_validated(maps, of_candidates, fold, chosen):
    """R² of maps (N, A) by each of the chosen candidates, (A, K), of coordinates whose fold (N,) was left out of the
    fit."""
    used = np.unique(np.concatenate([of_candidates.places[k] for k in chosen]))
    columns, places = of_candidates.columns[:, used], [np.searchsorted(used, of_candidates.places[k]) for k in chosen]
    parts = [np.flatnonzero(fold == number) for number in range(int(fold.max()) + 1)]
    grams = np.stack([columns[part].T @ columns[part] for part in parts])
    of_maps = [maps[part].astype(np.float64) for part in parts]
    crosses = np.stack([columns[part].T @ values for part, values in zip(parts, of_maps)])
    squares = np.stack([np.square(values).sum(axis=0) for values in of_maps])
    gram, cross = grams.sum(axis=0), crosses.sum(axis=0)
    mean_error = sum(held_out(each, gram, cross, np.array([0]), 0.0) for each in zip(grams, crosses, squares))
    found = []
    for place in places:
        error = sum(held_out(each, gram, cross, place, RIDGE) for each in zip(grams, crosses, squares))
        found.append(1.0 - np.divide(error, mean_error, out=np.ones_like(error), where=mean_error > 0))
    return np.stack(found, axis=1)


def held_out(of_fold, gram, cross, place, ridge):
    """Squared error (A,) in a fold of what the other folds fit on some columns; of_fold: its (gram, cross, squares)."""
    own_gram, own_cross, squares = of_fold
    inner = own_gram[np.ix_(place, place)]
    fitted = (gram - own_gram)[np.ix_(place, place)]
    fitted = fitted + ridge * np.trace(fitted) / len(place) * np.eye(len(place))
    weights = np.linalg.solve(fitted, cross[place] - own_cross[place])
    return squares - 2 * (weights * own_cross[place]).sum(axis=0) + (weights * (inner @ weights)).sum(axis=0)


class Meanings(NamedTuple):
    """The best explanation of each of A maps."""

    best: np.ndarray  # (A,) number of the candidate
    r2: np.ndarray  # (A,) its R²
    second: np.ndarray  # (A,) the best of another kind, -1 where there is none
    second_r2: np.ndarray  # (A,)
    null_r2: np.ndarray  # (A,) the best that the same map's nulls have, their mean
    explained: np.ndarray  # (A,) bool: R² of at least LEAST_R2, and above 95 % of the first null of all maps
    null_explained: float  # share of the other nulls that would count as explained


def meanings(found, kinds):
    """The Meanings of Scores, by the kind of each candidate.

    The threshold is what the first nulls of 95 % of all maps stay below, each by its own best candidate: as many are
    tried on a null as on the map. The other nulls did not choose it.
    """
    kinds = np.array(kinds)
    best = found.r2.argmax(axis=1)
    here = np.arange(len(best))
    r2, kind = found.r2[here, best], kinds[best]
    others = np.where(kinds[None] == kind[:, None], -np.inf, found.r2)
    second = others.argmax(axis=1)
    second_r2 = others[here, second]
    null_r2 = found.null.max(axis=2)
    threshold = max(LEAST_R2, float(np.quantile(null_r2[:, 0], 0.95)))
    return Meanings(
        best,
        r2,
        np.where(np.isfinite(second_r2), second, -1),
        second_r2,
        null_r2.mean(axis=1),
        r2 > threshold,
        float((null_r2[:, 1:] > threshold).mean()),
    )
