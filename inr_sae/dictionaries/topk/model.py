"""The autoencoder's functions: parameters as in `topk`, sparse codes as (values (B, k), indices (B, k))."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from inr_sae.dictionaries.topk import sparse


def tied(key, n_atoms, d):
    """(w_enc, w_dec): unit atoms uniform on the sphere, and the same once more."""
    atoms = unit_rows(jax.random.normal(key, (n_atoms, d), jnp.float32))
    return atoms, jnp.copy(atoms)  # a copy: the state is donated while it trains, and a buffer cannot be donated twice


def kaiming(key, n_atoms, d):
    """(w_enc, w_dec), each U(+-sqrt(6 / its inputs)), the decoder's rows then brought to unit norm."""
    key_enc, key_dec = jax.random.split(key)
    bounds = (6.0 / d) ** 0.5, (6.0 / n_atoms) ** 0.5
    w_enc, w_dec = (
        jax.random.uniform(each, (n_atoms, d), jnp.float32, -bound, bound)
        for each, bound in zip((key_enc, key_dec), bounds)
    )
    return w_enc, unit_rows(w_dec)


INITS = {"tied": tied, "kaiming": kaiming}


def init(key, n_atoms, mean, how="tied", second_bias=False):
    """Parameters for activations of mean `mean` (d,): weights by one of INITS, b_pre = mean, other biases 0."""
    w_enc, w_dec = INITS[how](key, n_atoms, mean.shape[0])
    params = {"w_enc": w_enc, "b_enc": jnp.zeros(n_atoms), "w_dec": w_dec}
    params["b_pre"] = jnp.copy(mean).astype(jnp.float32)
    return params | ({"b_post": jnp.zeros(mean.shape[0])} if second_bias else {})


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
    decoded = sparse.combine(values, indices, params["w_dec"]) + params["b_pre"]
    return decoded + params["b_post"] if "b_post" in params else decoded


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
    if "b_post" in params:
        d_params["b_post"] = g.sum(0)
    return d_params, d_centred


reconstruct.defvjp(_reconstruct_forward, _reconstruct_backward)
