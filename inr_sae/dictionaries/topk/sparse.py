"""Products of sparse codes with the rows of a dictionary, without a dense (batch, n) array.

Codes are k slots a row: values (B, k) and indices (B, k). On a CPU one slot is done after another, so that what is
gathered stays in cache, and under `vmap` one dictionary after another, since batched gathers are several times slower
there; elsewhere all slots, and all dictionaries, at once.
"""

import jax.numpy as jnp
from jax import lax
from jax.custom_batching import sequential_vmap


def combine(values, indices, w):
    """sum_j values[b, j] w[indices[b, j]]: codes (B, k) times rows of w (n, d) -> (B, d)."""

    @sequential_vmap
    def slots(values, indices, w):
        def add(total, slot):
            value, index = slot
            return total + value[:, None] * w[index], None

        return lax.scan(add, jnp.zeros((values.shape[0], w.shape[1]), w.dtype), (values.T, indices.T))[0]

    def at_once(values, indices, w):
        return jnp.einsum("bk,bkd->bd", values, w[indices])

    return lax.platform_dependent(values, indices, w, cpu=slots, default=at_once)


def dots(g, indices, w):
    """<g[b], w[indices[b, j]]>: g (B, d) against the rows of w (n, d) that the codes name -> (B, k)."""

    @sequential_vmap
    def slots(g, indices, w):
        return lax.scan(lambda _, index: (None, (g * w[index]).sum(-1)), None, indices.T)[1].T

    def at_once(g, indices, w):
        return jnp.einsum("bd,bkd->bk", g, w[indices])

    return lax.platform_dependent(g, indices, w, cpu=slots, default=at_once)


def outer(values, indices, g, n):
    """sum_b values[b, j] g[b] added to row indices[b, j]: the transpose of dense codes times g (B, d) -> (n, d)."""

    @sequential_vmap
    def slots(values, indices, g):
        def add(total, slot):
            value, index = slot
            return total.at[index].add(value[:, None] * g), None

        return lax.scan(add, jnp.zeros((n, g.shape[1]), g.dtype), (values.T, indices.T))[0]

    def at_once(values, indices, g):
        return jnp.zeros((n, g.shape[1]), g.dtype).at[indices].add(values[:, :, None] * g[:, None, :])

    return lax.platform_dependent(values, indices, g, cpu=slots, default=at_once)


def rows(h, indices):
    """Rows h[indices] of h (N, d) -> (B, d)."""

    def take(h, indices):
        return h[indices]

    return lax.platform_dependent(h, indices, cpu=sequential_vmap(take), default=take)
