"""TopK sparse autoencoder (Eqs. 5 and 6; Gao et al. 2024).

Parameters: {"w_enc": (n, d), "b_enc": (n,), "w_dec": (n, d) with unit rows, "b_pre": (d,)}. Row a of `w_dec` is atom a.
"""

import jax
import jax.numpy as jnp
from jax import lax


def init(key, n_atoms, mean):
    """Parameters for activations of mean `mean` (d,): unit atoms uniform on the sphere, w_enc = w_dec, b_pre = mean."""
    atoms = unit_rows(jax.random.normal(key, (n_atoms, mean.shape[0]), jnp.float32))
    # A copy: the state is donated while it trains, and one buffer cannot be donated twice.
    return {
        "w_enc": atoms,
        "b_enc": jnp.zeros(n_atoms),
        "w_dec": jnp.copy(atoms),
        "b_pre": jnp.asarray(mean, jnp.float32),
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
    return jnp.einsum("bk,bkd->bd", values, params["w_dec"][indices]) + params["b_pre"]


def reconstruct(params, h, k):
    """The autoencoder's reconstruction of activations h, (B, d) -> (B, d)."""
    return decode(params, *encode(params, h, k))


def dense(values, indices, n_atoms):
    """Codes (B, n) of sparse codes."""
    rows = jnp.arange(values.shape[0])[:, None]
    return jnp.zeros((values.shape[0], n_atoms), values.dtype).at[rows, indices].set(values)
