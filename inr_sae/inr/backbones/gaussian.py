"""Gaussian network: exp(-(s z)^2) in every layer (Ramasinghe and Lucey 2022; s = 1/(a sqrt 2) of their a)."""

import jax.numpy as jnp

from inr_sae.inr import initial

LABEL = "Gaussian"
DEFAULTS = {
    "scale": 10.0,  # s, multiplies every layer's pre-activations, biases too; 10 to 30 occur; tuned, see docs/tuning
}
FREQUENCY = "scale"
RATE = 1e-3  # tuned on phantoms; 1e-4 to 5e-3 occur


def unit_names(config):
    """`hidden_0` ... `hidden_{L-1}`."""
    return initial.unit_names(config["n_layers"])


def init(key, config, signals):
    """`hidden_i` {"w", "b"} of a (2 -> width -> ... -> width) encoder, all U(+-1/sqrt(d_in)), PyTorch's default."""
    units = initial.uniform_layers(key, 2, config["width"], unit_names(config), lambda i, d_in: d_in**-0.5)
    return {"units": units, "constants": {"scale": jnp.float32(config["scale"])}}


def embed(params, x):
    """Coordinates as they are, (N, 2) -> (N, 2)."""
    return x


def apply(params, unit, h):
    """exp(-(s z)^2) of z = h W + b, (N, d_in) -> (N, d) in [0, 1]; 0 where it underflows."""
    z = h @ params["units"][unit]["w"] + params["units"][unit]["b"]
    return jnp.exp(-jnp.square(params["constants"]["scale"] * z))


def matrix(params, unit):
    """The layer's W (d_in, d)."""
    return params["units"][unit]["w"]


def head_bound(config, d):
    """1/sqrt(d), as of a hidden layer."""
    return d**-0.5
