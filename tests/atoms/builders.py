"""Dictionaries small enough to work out by hand."""

import jax.numpy as jnp

from inr_sae.dictionaries import topk
from tests.dictionaries import orthogonal
from tests.dictionaries.builders import dictionary


def axes(n, k=None):
    """Sparse atoms along the axes with no bias: z_a is what of h points along axis a."""
    params = {"w_enc": jnp.eye(n), "b_enc": jnp.zeros(n), "w_dec": jnp.eye(n), "b_pre": jnp.zeros(n)}
    return dictionary(topk, params, k=k or n)


def dead_axes(n):
    """The same atoms, of which none ever fires."""
    alive = axes(n)
    return alive.replace(params=alive.params | {"w_enc": jnp.zeros((n, n)), "b_enc": jnp.full(n, -1.0)})


def signed_axes(n):
    """Dense signed atoms along the axes: z_a is the coordinate of h along axis a."""
    return dictionary(orthogonal, {"mean": jnp.zeros(n), "directions": jnp.eye(n)}, n_atoms=n)
