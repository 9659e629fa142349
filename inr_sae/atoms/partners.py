"""Convergent learning, one to one: the units, or atoms, of two networks on the same coordinates (Li et al. 2016).

A unit is its map over the grid. Constant maps, and those of dead units, correlate with nothing: they are left out, and
how many is said.
"""

from typing import NamedTuple

import jax
import numpy as np

from inr_sae.atoms import matching, statistics
from inr_sae.measure.similarity import FAINTEST, same_coordinates

ROWS = 4096  # coordinates at once


class Maps(NamedTuple):
    """Maps of A units over N coordinates, each of mean 0 and standard deviation 1."""

    values: np.ndarray  # (N, A) float32
    numbers: np.ndarray  # (A,) which units they are
    n_excluded: int  # units that are constant or dead
    signed: bool  # whether a unit and its negative are the same: its correlations then have no sign


def maps_of(values, numbers=None, signed=None):
    """The Maps of values (N, A); numbers: which units these are, None for all of a network's.

    signed: None means that values of both signs make it so, as of an odd activation function; a unit that is never
    negative has no negative that is the same.
    """
    values = np.asarray(values, np.float32)
    numbers = np.arange(values.shape[1]) if numbers is None else np.asarray(numbers)
    total, squares, largest = 0.0, 0.0, 0.0
    for i in range(0, len(values), ROWS):
        part = values[i : i + ROWS].astype(np.float64)
        total, squares = total + part.sum(axis=0), squares + np.square(part).sum(axis=0)
        largest = np.maximum(largest, np.abs(part).max(axis=0))
    mean = total / len(values)
    deviation = np.sqrt(np.maximum(squares / len(values) - mean**2, 0.0))
    kept = deviation > FAINTEST * largest
    standard = values[:, kept]
    standard -= mean[kept].astype(np.float32)
    standard /= deviation[kept].astype(np.float32)
    signed = bool((values < 0).any()) if signed is None else signed
    return Maps(standard, numbers[kept], int((~kept).sum()), signed)


def maps_of_atoms(dictionary, h, most):
    """The Maps of the alive atoms of a Dictionary over activations h (N, d), at most so many, the strongest first."""
    atoms, _ = statistics.measure(dictionary, h)
    order = statistics.top_atoms(atoms, most)
    alive = order[atoms.alive[order]]
    signed = not statistics.fires(dictionary, h)
    found = maps_of(statistics.whole_codes(dictionary, h, alive), alive, signed)
    return found._replace(n_excluded=found.n_excluded + int((~atoms.alive).sum()))


def correlations(one, other, order=None):
    """Pearson correlation of every map of one with every map of the other, (A, B) float32, absolute where either is
    signed.

    order (N,): the coordinate at which the other's maps are read instead of each, for a null. Raises InputError where
    the two have not as many coordinates.
    """
    same_coordinates(one.values, other.values)
    n, total = len(one.values), 0.0
    order = np.arange(n) if order is None else order
    for i in range(0, n, ROWS):
        total = total + one.values[i : i + ROWS].T @ other.values[order[i : i + ROWS]]
    found = np.clip(total / n, -1.0, 1.0)
    return np.abs(found) if one.signed or other.signed else found


def pair_correlations(one, other, matches, rows):
    """Correlation of each pair of Matches over some coordinates alone, (A,), with its sign; 0 where a map is constant
    there."""
    a = np.asarray(one.values[rows][:, matches.ours], np.float64)
    b = np.asarray(other.values[rows][:, matches.theirs], np.float64)
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    scale = np.sqrt(np.square(a).sum(axis=0) * np.square(b).sum(axis=0))
    return np.divide((a * b).sum(axis=0), scale, out=np.zeros(len(scale)), where=scale > 0)


def at_rows(maps, rows):
    """The Maps over some coordinates alone, standardised there; one that is constant there correlates 0."""
    values = maps.values[rows]
    values = values - values.mean(axis=0)
    deviation = values.std(axis=0)
    scale = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > FAINTEST)
    return maps._replace(values=values * scale)


class OneToOne(NamedTuple):
    """How units of one network have partners in another, by their correlations (A, B)."""

    best: matching.Matches  # the best partner of each, which several may share (semi-matching)
    back: matching.Matches  # the same of the other network's units: theirs (B,), ours their partners
    matched: matching.Matches  # the assignment of the largest sum: no partner is shared
    overlap: float  # share of the matched whose partner is their best one too
    mutual: float  # share of units that are the best partner of their best partner


def one_to_one(correlation):
    """The OneToOne of correlations (A, B), both at least 1."""
    partner, back = correlation.argmax(axis=1), correlation.argmax(axis=0)
    here, there = (np.arange(n) for n in correlation.shape)
    best = matching.Matches(here, partner, correlation[here, partner])
    best_back = matching.Matches(back, there, correlation[back, there])
    matched = matching.one_to_one(correlation)
    overlap = float((partner[matched.ours] == matched.theirs).mean())
    return OneToOne(best, best_back, matched, overlap, float((back[partner] == here).mean()))


def summary(found):
    """Columns of a table of a OneToOne."""
    return {
        "best_mean": float(found.best.similarity.mean()),
        "matched_mean": float(found.matched.similarity.mean()),
        "above_0_7_fraction": float((found.matched.similarity > 0.7).mean()),
        "overlap_fraction": found.overlap,
        "mutual_fraction": found.mutual,
    }


def mean_max_cosine(cosines):
    """(mean over the rows of cosines (A, B) of the largest, the same over the columns)."""
    return float(cosines.max(axis=1).mean()), float(cosines.max(axis=0).mean())


def held_out(one, other, rows):
    """(A,) correlation of matched pairs that were chosen at the coordinates where rows (N,) is True, at the others.

    Where maps are signed it counts by the sign that it had where the pair was chosen: one that turns is no partner.
    """
    chosen = one_to_one(correlations(*(at_rows(each, rows) for each in (one, other)))).matched
    found = pair_correlations(one, other, chosen, ~rows)
    if one.signed or other.signed:
        found = found * np.sign(pair_correlations(one, other, chosen, rows))
    return found


def beyond(similarity, nulls):
    """Share of similarities above what 95 % of every null's are; nan without a null."""
    if not nulls:
        return float("nan")
    return float((similarity > max(np.quantile(null, 0.95) for null in nulls)).mean())


def readers(dictionary, h, atoms):
    """(A, d): the row that each atom reads h (N, d) by, which is its code's gradient where the code is largest; of a
    linear encoder its row of weights."""
    atoms, most, places = np.asarray(atoms), -np.inf, 0
    for start, chunk in zip(range(0, len(h), ROWS), statistics.chunks(h)):
        codes = np.abs(statistics.codes_of(dictionary, chunk, atoms))
        larger = codes.max(axis=0) > most
        most, places = np.maximum(most, codes.max(axis=0)), np.where(larger, start + codes.argmax(axis=0), places)
    parts = zip(statistics.chunks(np.asarray(h)[places], 64), statistics.chunks(atoms, 64))
    return np.concatenate([np.asarray(_gradients(dictionary, *part)) for part in parts])


@jax.jit
def _gradients(dictionary, places, atoms):
    def code(place, atom):
        return dictionary.encode(place[None]).of(atom[None])[0, 0]

    return jax.vmap(jax.grad(code))(places, atoms)
