"""Matching the atoms of two dictionaries one to one: how much of a dictionary another seed, or another cohort, gives
again."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from inr_sae.atoms.statistics import chunks, codes_of, fires
from inr_sae.dictionaries.codes import Dictionary
from inr_sae.measure.similarity import FAINTEST

TINY = 1e-12  # in the place of a length of 0


class Matches(NamedTuple):
    """The best one-to-one assignment of atoms: which of the one, which of the other, and how alike they are."""

    ours: np.ndarray  # (A,) rows of the similarity
    theirs: np.ndarray  # (A,) columns
    similarity: np.ndarray  # (A,)


def one_to_one(similarity):
    """The Matches that make the sum of similarities (A, B) largest; every atom at most once."""
    ours, theirs = linear_sum_assignment(similarity, maximize=True)
    return Matches(ours, theirs, similarity[ours, theirs])


def cosines(directions, other, signed=False):
    """Cosine of directions (A, d) and (B, d) of one space, of two dictionaries of the same activations -> (A, B).

    signed: whether codes of either are, so that a direction and its opposite are one: then the absolute value. A
    direction of zeros has a cosine of 0.
    """
    rows = [np.asarray(w, np.float64) for w in (directions, other)]
    a, b = (w / np.maximum(np.linalg.norm(w, axis=1, keepdims=True), TINY) for w in rows)
    return np.abs(a @ b.T) if signed else a @ b.T


def signed(one, other):
    """Whether codes of either of two (Dictionary, h (N, d)) are."""
    return not (fires(*one) and fires(*other))


class Reading(NamedTuple):
    """Some atoms of a dictionary, and the activations that it reads."""

    dictionary: Dictionary
    h: np.ndarray  # (N, d)
    atoms: np.ndarray  # (A,)


def map_correlations(one, other, order=None):
    """Pearson correlation of the maps of two Readings' atoms over the same N coordinates -> (A, B).

    order (N,): the coordinate at which the other's map is read instead of each, for a null; None is the coordinate
    itself. Atoms that never fire, or everywhere alike, correlate 0. Of signed codes, whose sign is arbitrary, the
    absolute value.
    """
    n, sums = len(one.h), None
    for a, b in codes_of_both(one, other, np.arange(n) if order is None else order):
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        part = (a.T @ b, *(f(z).sum(0) for z in (a, b) for f in (np.positive, np.square)))
        sums = part if sums is None else tuple(x + y for x, y in zip(sums, part))
    cross, sum_a, square_a, sum_b, square_b = sums
    covariance = cross / n - np.outer(sum_a, sum_b) / n**2
    deviations = [varying(s / n, sq / n) for s, sq in ((sum_a, square_a), (sum_b, square_b))]
    scale = np.outer(*deviations)
    correlation = np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 0)
    return np.abs(correlation) if signed(one[:2], other[:2]) else correlation


def varying(mean, mean_square):
    """Standard deviations of maps from their means and mean squares; 0 where there is no more than rounding."""
    deviation = np.sqrt(np.maximum(mean_square - mean**2, 0))
    return np.where(deviation > FAINTEST * np.sqrt(mean_square), deviation, 0)


def codes_of_both(one, other, order):
    """Codes (B, A) and (B, B') of two Readings' atoms, chunk by chunk, the other's read at other coordinates."""
    h, other_h = np.asarray(one.h), np.asarray(other.h)
    if one.dictionary.method.FIELD or other.dictionary.method.FIELD:  # codes of the whole field come all at once
        z = codes_of(other.dictionary, other_h, other.atoms)[order]
        yield codes_of(one.dictionary, h, one.atoms), z
        return
    for chunk, other_chunk in zip(chunks(h), chunks(other_h[order])):
        yield codes_of(one.dictionary, chunk, one.atoms), codes_of(other.dictionary, other_chunk, other.atoms)


def summary(matches, null):
    """Columns of a table: how alike matched atoms are, and how alike they are by chance (the null's Matches)."""
    return {
        "n_matched": len(matches.similarity),
        "similarity_mean": float(matches.similarity.mean()),
        "similarity_median": float(np.median(matches.similarity)),
        "above_0_9_fraction": float((matches.similarity > 0.9).mean()),
        "above_0_7_fraction": float((matches.similarity > 0.7).mean()),
        "null_mean": float(null.similarity.mean()),
        "null_above_0_7_fraction": float((null.similarity > 0.7).mean()),
    }
