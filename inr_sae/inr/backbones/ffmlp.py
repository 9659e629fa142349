"""FFMLP: a fixed random Fourier projection, then ReLU layers (Tancik et al. 2020)."""

import jax
import jax.numpy as jnp

from inr_sae.inr import initial
from inr_sae.inr.sine import sin_cos

LABEL = "FFMLP"
DEFAULTS = {
    "sigma": 10.0,  # standard deviation of the Fourier frequencies, in periods per unit of a coordinate
    "n_fourier": 256,  # frequencies F; layer 0 has 2F inputs
}
FREQUENCY = "sigma"


def unit_names(config):
    """`hidden_0` ... `hidden_{L-1}`."""
    return initial.unit_names(config["n_layers"])


def init(key, config, signals):
    """`hidden_i` {"w", "b"} of a (2F -> width -> ... -> width) encoder, and the frequencies B (2, F), never trained.

    B ~ N(0, sigma^2), in periods per unit of a coordinate; weights U(+-1/sqrt(d_in)), PyTorch's default.
    """
    key_layers, key_fourier = jax.random.split(key)
    frequencies = config["sigma"] * jax.random.normal(key_fourier, (2, config["n_fourier"]), jnp.float32)
    units = initial.uniform_layers(
        key_layers, 2 * config["n_fourier"], config["width"], unit_names(config), lambda i, d_in: d_in**-0.5
    )
    return {"units": units, "constants": {"frequencies": frequencies}}


def embed(params, x):
    """[sin 2 pi x B, cos 2 pi x B], (N, 2) -> (N, 2F)."""
    # 'highest': the projection's error is multiplied by 2 pi sigma, and TF32 or bfloat16 would show in the picture.
    projected = jnp.matmul(x, params["constants"]["frequencies"], precision="highest")
    return jnp.concatenate(sin_cos(2.0 * jnp.pi * projected), axis=-1)


def apply(params, unit, h):
    """ReLU(h W + b), (N, d_in) -> (N, d)."""
    return jax.nn.relu(h @ params["units"][unit]["w"] + params["units"][unit]["b"])


def matrix(params, unit):
    """The layer's W (d_in, d)."""
    return params["units"][unit]["w"]


def head_bound(config, d):
    """1/sqrt(d), as of a hidden layer."""
    return d**-0.5
