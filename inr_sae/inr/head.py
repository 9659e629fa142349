"""Fitting a linear head alone (the last unit frozen): the loss is a quadratic whose matrices are computed once.

With theta = [w; b], theta_0 where the steps begin, delta = theta - theta_0, and every pixel's activations extended by a
1, a = [h, 1], the mean squared error of one signal is (<delta, G delta> - 2 <delta, c> + e) / C, where
G = sum_n q_n a a^T, c = sum_n q_n a r^T, e = sum_n q_n |r|^2, r = y - theta_0^T a and q_n the pixel's weight. A step
then costs a (d+1, d+1) product and touches no pixel; the steps of Adam are the same up to rounding. About theta_0 and
not about 0: there the terms of a good fit would cancel to an error below their rounding.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

EXACT = "highest"  # precision: what is rounded here biases every step alike


class Quadratic(NamedTuple):
    """The matrices of M signals' losses about theta_0."""

    start: jax.Array  # (M, d+1, C): theta_0
    gram: jax.Array  # (d+1, d+1), shared
    cross: jax.Array  # (M, d+1, C)
    energy: jax.Array  # (M,)


def stacked(heads):
    """theta (M, d+1, C) of heads {"w": (M, d, C), "b": (M, C)}."""
    return jnp.concatenate([heads["w"], heads["b"][:, None]], axis=1)


def quadratic(data, heads):
    """The Quadratic of `fit.Tiles` whose h are the last unit's activations, about some heads."""
    start = stacked(heads)

    def add(total, tile):
        a = jnp.concatenate([tile.h, jnp.ones_like(tile.h[:, :1])], axis=1)
        weighted, errors = a * tile.weight[:, None], tile.targets - jnp.matmul(a, start, precision=EXACT)
        share = (
            jnp.matmul(a.T, weighted, precision=EXACT),
            jnp.einsum("nd,mnc->mdc", weighted, errors, precision=EXACT),
            jnp.einsum("mnc,n->m", jnp.square(errors), tile.weight),
        )
        return jax.tree.map(jnp.add, total, share), None

    d, (_, m, _, c) = data.h.shape[-1], data.targets.shape
    nothing = (jnp.zeros((d + 1, d + 1)), jnp.zeros((m, d + 1, c)), jnp.zeros(m))
    return Quadratic(start, *lax.scan(add, nothing, data)[0])


def gradients(problem, params):
    """As `fit.gradients`, of params {"encoder", "heads"} with the whole encoder frozen."""

    def loss(heads):
        delta = stacked(heads) - problem.start
        products = delta * (jnp.einsum("de,mec->mdc", problem.gram, delta, precision=EXACT) - 2.0 * problem.cross)
        mse = (products.sum((1, 2)) + problem.energy) / delta.shape[-1]
        return mse.sum(), mse

    heads, mse = jax.grad(loss, has_aux=True)(params["heads"])
    return {"encoder": jax.tree.map(jnp.zeros_like, params["encoder"]), "heads": heads}, mse
