"""TopK sparse autoencoder (Eqs. 5 and 6; Gao et al. 2024).

Parameters: {"w_enc": (n, d), "b_enc": (n,), "w_dec": (n, d) with unit rows, "b_pre": (d,)}. Row a of `w_dec` is atom a.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from inr_sae.sae import sparse


def init(key, n_atoms, mean):
    """Parameters for activations of mean `mean` (d,): unit atoms uniform on the sphere, w_enc = w_dec, b_pre = mean."""
    atoms = unit_rows(jax.random.normal(key, (n_atoms, mean.shape[0]), jnp.float32))
    # Copies: the state is donated while it trains, and one buffer cannot be donated twice.
    return {
        "w_enc": atoms,
        "b_enc": jnp.zeros(n_atoms),
        "w_dec": jnp.copy(atoms),
        "b_pre": jnp.copy(mean).astype(jnp.float32),
    }


def unit_rows(w):
    """Each row of w (n, d) divided by its norm; a row of zeros stays."""
    return w / jnp.maximum(jnp.linalg.norm(w, axis=1, keepdims=True), 1e-12)


def encode(params, h, k):
    """Sparse codes of activations h (B, d): (values (B, k) >= 0, indices (B, k)) (Eq. 5).

    TopK of the ReLU'd pre-activations. Where fewer than k are positive the others have value 0: they do not fire,
    and get no gradient.
    """
    pre = (h - params["b_pre"]) @ params["w_enc"].T + params["b_enc"]
    return lax.top_k(jax.nn.relu(pre), k)


def decode(params, values, indices):
    """Activations (B, d) of sparse codes (Eq. 6)."""
    return sparse.combine(values, indices, params["w_dec"]) + params["b_pre"]


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def reconstruct(params, h, k):
    """The autoencoder's reconstruction of activations h, (B, d) -> (B, d).

    Its gradient touches only the atoms that fire, k rows of each matrix for a row of h, instead of three products
    with dense (B, n) arrays.
    """
    return decode(params, *encode(params, h, k))


def _reconstruct_forward(params, h, k):
    codes = encode(params, h, k)
    return decode(params, *codes), (params, h, codes)


def _reconstruct_backward(k, saved, g):
    params, h, (values, indices) = saved
    n = params["w_enc"].shape[0]
    d_values = jnp.where(values > 0, sparse.dots(g, indices, params["w_dec"]), 0.0)
    d_b_enc = jnp.zeros(n, g.dtype).at[indices].add(d_values)
    d_centred = sparse.combine(d_values, indices, params["w_enc"])
    d_params = {
        "w_enc": sparse.outer(d_values, indices, h - params["b_pre"], n),
        "b_enc": d_b_enc,
        "w_dec": sparse.outer(values, indices, g, n),
        # b_pre is added back after decoding and taken off before encoding.
        "b_pre": g.sum(0) - d_b_enc @ params["w_enc"],
    }
    return d_params, d_centred


reconstruct.defvjp(_reconstruct_forward, _reconstruct_backward)


def dense(values, indices, n_atoms):
    """Codes (B, n) of sparse codes."""
    rows = jnp.arange(values.shape[0])[:, None]
    return jnp.zeros((values.shape[0], n_atoms), values.dtype).at[rows, indices].set(values)
