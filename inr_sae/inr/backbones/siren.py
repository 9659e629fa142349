"""SIREN: sin(omega_0 (W h + b)) in every layer (Sitzmann et al. 2020)."""

import jax.numpy as jnp

from inr_sae.inr import initial
from inr_sae.inr.sine import sine

LABEL = "SIREN"
DEFAULTS = {
    "omega_0": 30.0,  # multiplies every layer's pre-activations, biases included; not the head
}
FREQUENCY = "omega_0"
KEY_AS_GIVEN = True


def unit_names(config):
    """`hidden_0` ... `hidden_{L-1}`."""
    return initial.unit_names(config["n_layers"])


def init(key, config, signals):
    """`hidden_i` {"w", "b"} of a (2 -> width -> ... -> width) encoder; W_0 ~ U(+-1/2), W_i ~ U(+-sqrt(6/d)/omega_0).

    omega_0 () travels with the parameters, so that an encoder can be evaluated from its checkpoint alone.
    """

    def bound(i, d_in):
        return 1.0 / d_in if i == 0 else head_bound(config, d_in)

    units = initial.uniform_layers(key, 2, config["width"], unit_names(config), bound)
    return {"units": units, "constants": {"omega_0": jnp.float32(config["omega_0"])}}


def embed(params, x):
    """Coordinates as they are, (N, 2) -> (N, 2)."""
    return x


def apply(params, unit, h):
    """sin(omega_0 (h W + b)), (N, d_in) -> (N, d); omega_0 multiplies the bias too."""
    w, b = params["units"][unit]["w"], params["units"][unit]["b"]
    return sine(params["constants"]["omega_0"] * (h @ w + b))


def matrix(params, unit):
    """The layer's W (d_in, d)."""
    return params["units"][unit]["w"]


def head_bound(config, d):
    """sqrt(6/d)/omega_0, as of a hidden layer."""
    return (6.0 / d) ** 0.5 / config["omega_0"]
