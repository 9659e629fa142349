"""SIREN: sin(omega_0 (W h + b)) in every layer (Sitzmann et al. 2020)."""

import jax.numpy as jnp

from inr_sae.inr.initial import uniform_layers
from inr_sae.inr.sine import sine


def weight_bound(i, d_in, config):
    """Half-width of the uniform law of weights: 1/d_in in layer 0, sqrt(6/d_in)/omega_0 beyond, head included."""
    return 1.0 / d_in if i == 0 else (6.0 / d_in) ** 0.5 / config["omega_0"]


def init(key, config):
    """`hidden_i` of a (2 -> width -> ... -> width) encoder and `siren`: {"omega_0": ()}, which is never trained.

    omega_0 travels with the parameters, so that an encoder can be evaluated from its checkpoint alone.
    """
    params = uniform_layers(key, 2, config, weight_bound)
    return params | {"siren": {"omega_0": jnp.float32(config["omega_0"])}}


def embed(params, x):
    """Coordinates as they are, (N, 2) -> (N, 2)."""
    return x


def layer(params, i, h):
    """sin(omega_0 (h W_i + b_i)), (N, d_in) -> (N, d); omega_0 multiplies the bias too."""
    w, b = params[f"hidden_{i}"]["w"], params[f"hidden_{i}"]["b"]
    return sine(params["siren"]["omega_0"] * (h @ w + b))
