"""FFMLP: a fixed random Fourier projection, then ReLU layers (Tancik et al. 2020)."""

import jax
import jax.numpy as jnp

from inr_sae.inr.initial import uniform_layers
from inr_sae.inr.sine import sin_cos


def weight_bound(i, d_in, config):
    """Half-width of the uniform law of layer i's weights, 1/sqrt(d_in): PyTorch's default for a linear layer."""
    return d_in**-0.5


def init(key, config):
    """`hidden_i` of a (2F -> width -> ... -> width) encoder and `fourier`: {"b": (2, F)}, never trained.

    B ~ N(0, sigma^2), in periods per unit of a coordinate.
    """
    key_layers, key_fourier = jax.random.split(key)
    b = config["sigma"] * jax.random.normal(key_fourier, (2, config["n_fourier"]), jnp.float32)
    return uniform_layers(key_layers, 2 * config["n_fourier"], config, weight_bound) | {"fourier": {"b": b}}


def embed(params, x):
    """[sin 2 pi x B, cos 2 pi x B], (N, 2) -> (N, 2F)."""
    # 'highest': the projection's error is multiplied by 2 pi sigma, and TF32 or bfloat16 would show in the picture.
    projected = jnp.matmul(x, params["fourier"]["b"], precision="highest")
    return jnp.concatenate(sin_cos(2.0 * jnp.pi * projected), axis=-1)


def layer(params, i, h):
    """ReLU(h W_i + b_i), (N, d_in) -> (N, d)."""
    return jax.nn.relu(h @ params[f"hidden_{i}"]["w"] + params[f"hidden_{i}"]["b"])
