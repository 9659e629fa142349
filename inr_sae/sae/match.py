"""Matching the atoms of two dictionaries one to one: how much of a dictionary another seed, or another cohort, gives
again."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import linear_sum_assignment

from inr_sae.sae import topk


class Matches(NamedTuple):
    """The best one-to-one assignment of atoms: which of the one, which of the other, and how alike they are."""

    ours: np.ndarray  # (A,) rows of the similarity
    theirs: np.ndarray  # (A,) columns
    similarity: np.ndarray  # (A,)


def one_to_one(similarity):
    """The Matches that make the sum of similarities (A, B) largest; every atom at most once."""
    ours, theirs = linear_sum_assignment(similarity, maximize=True)
    return Matches(ours, theirs, similarity[ours, theirs])


def cosines(w_dec, other):
    """Cosine of the rows of two dictionaries (A, d) and (B, d) -> (A, B). It compares directions of one space: two
    dictionaries of the same activations."""
    rows = [np.asarray(w, np.float64) for w in (w_dec, other)]
    a, b = (w / np.linalg.norm(w, axis=1, keepdims=True) for w in rows)
    return a @ b.T


@partial(jax.jit, static_argnums=3)
def _dense(params, h, atoms, k):
    values, indices = topk.encode(params, h, k)
    return topk.dense(values, indices, params["w_dec"].shape[0])[:, atoms]


def map_correlations(params, h, atoms, other, other_h, other_atoms, k, order=None, rows=4096):
    """Pearson correlation of the maps of two dictionaries' atoms over the same N coordinates -> (A, B).

    h, other_h (N, d): the activations that each reads, of one encoder or of two. order (N,): the coordinate at which
    the other's map is read instead of each, for a null; None is the coordinate itself. Atoms that never fire correlate
    0.
    """
    n, sums = len(h), None
    other_h = np.asarray(other_h) if order is None else np.asarray(other_h)[order]
    for start in range(0, n, rows):
        a = np.asarray(_dense(params, h[start : start + rows], jnp.asarray(atoms), k), np.float32)
        b = np.asarray(_dense(other, other_h[start : start + rows], jnp.asarray(other_atoms), k), np.float32)
        part = (a.T @ b, *(f(z.astype(np.float64)).sum(0) for z in (a, b) for f in (np.positive, np.square)))
        sums = part if sums is None else tuple(x + y for x, y in zip(sums, part))
    cross, sum_a, square_a, sum_b, square_b = sums
    covariance = cross / n - np.outer(sum_a, sum_b) / n**2
    deviations = [np.sqrt(np.maximum(sq / n - (s / n) ** 2, 0)) for s, sq in ((sum_a, square_a), (sum_b, square_b))]
    scale = np.outer(*deviations)
    return np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 0)


def displaced(height, width):
    """The `order` that reads a map of (height, width) half the image away, around a torus."""
    return np.roll(np.arange(height * width).reshape(height, width), (height // 2, width // 2), (0, 1)).ravel()


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
