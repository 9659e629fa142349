"""Fitting a linear head alone (the last unit frozen): the loss is a quadratic whose matrices are computed once.

With theta = [w; b] and every pixel's activations extended by a 1, a = [h, 1], the mean squared error of one signal is
(<theta, G theta> - 2 <theta, c> + e) / C, where G = sum_n q_n a a^T, c = sum_n q_n a y^T, e = sum_n q_n |y|^2 and q_n
is the pixel's weight. A step then costs a (d+1, d+1) product and touches no pixel; the steps of Adam are the same up to
rounding.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax


class Quadratic(NamedTuple):
    """The matrices of M signals' losses."""

    gram: jax.Array  # (d+1, d+1), shared
    cross: jax.Array  # (M, d+1, C)
    energy: jax.Array  # (M,)


def quadratic(data):
    """The Quadratic of `fit.Tiles` whose h are the last unit's activations."""

    def add(total, tile):
        a = jnp.concatenate([tile.h, jnp.ones_like(tile.h[:, :1])], axis=1)
        weighted = a * tile.weight[:, None]
        share = Quadratic(
            a.T @ weighted,
            jnp.einsum("nd,mnc->mdc", weighted, tile.targets),
            jnp.einsum("mnc,n->m", jnp.square(tile.targets), tile.weight),
        )
        return jax.tree.map(jnp.add, total, share), None

    d, (_, m, _, c) = data.h.shape[-1], data.targets.shape
    nothing = Quadratic(jnp.zeros((d + 1, d + 1)), jnp.zeros((m, d + 1, c)), jnp.zeros(m))
    return lax.scan(add, nothing, data)[0]


def gradients(problem, params):
    """As `fit.gradients`, of params {"encoder", "heads"} with the whole encoder frozen."""

    def loss(heads):
        theta = jnp.concatenate([heads["w"], heads["b"][:, None]], axis=1)
        products = theta * (jnp.einsum("de,mec->mdc", problem.gram, theta) - 2.0 * problem.cross)
        mse = (products.sum((1, 2)) + problem.energy) / theta.shape[-1]
        return mse.sum(), mse

    heads, mse = jax.grad(loss, has_aux=True)(params["heads"])
    return {"encoder": jax.tree.map(jnp.zeros_like, params["encoder"]), "heads": heads}, mse
