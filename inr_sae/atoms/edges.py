"""The graph of interactions between the features of two layers (arXiv 2405.10928): how strong each edge is, and how few
of them will do.

Bases are parameters as in `dictionaries.linear`; h (S, d) activations at some coordinates; step: the network from the
one layer to the next, a jax.tree_util.Partial.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from inr_sae.inr import program


class Between(NamedTuple):
    """Two layers, the step between them, and their bases."""

    step: object
    first: dict
    second: dict


def features(basis, h):
    """(S, r) of activations h (S, d)."""
    return (h - basis["mean"]) @ basis["encoder"]


def _next(between, z):
    """Features of the second layer (S, r') of those of the first (S, r)."""
    return features(between.second, between.step(z @ between.first["directions"] + between.first["mean"]))


def strengths(between, h):
    """(r', r): the mean over coordinates of the squared derivative of a feature by another, times its value."""
    step = program.as_computed(between.step, np.shape(between.first["mean"])[-1])
    return _strengths(between._replace(step=step), h)


@jax.jit
def _strengths(between, h):
    z = features(between.first, h)
    jacobian = jax.vmap(jax.jacrev(lambda row: _next(between, row[None])[0]))(z)
    return jnp.square(jacobian * z[:, None, :]).mean(axis=0)


def effective(strength):
    """How many edges there are in effect: the square of their sum over the sum of their squares."""
    strength = np.asarray(strength, np.float64)
    squares = np.square(strength).sum()
    return float(strength.sum() ** 2 / squares) if squares > 0 else 0.0


@jax.jit
def masked(between, h, mask):
    """Activations of the second layer (S, d') where each of its features sees, of the first layer's, only those that
    the mask (r', r) names; the others stand at their mean."""
    z = features(between.first, h)

    def one(row):
        number, seen = row
        return _next(between, z * seen)[:, number]

    after = lax.map(one, (jnp.arange(len(mask)), mask)).T
    return after @ between.second["directions"] + between.second["mean"]


def fewest(strength, psnr_of, drop_db):
    """The fewest of the strongest edges whose PSNR is within `drop_db` of that of all edges, by bisection.

    strength (r', r); psnr_of(mask) -> dB of the network run with these edges alone. Edges of strength 0 are none.
    """
    flat = np.asarray(strength).ravel()
    order = np.argsort(-flat, kind="stable")

    def enough(n):
        mask = np.zeros(flat.shape, bool)
        mask[order[:n]] = True
        return psnr_of(mask.reshape(np.shape(strength))) >= least

    least = psnr_of(np.ones(np.shape(strength), bool)) - drop_db
    low, high = -1, int((flat > 0).sum())  # not enough, and enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
