"""FINER: sin(omega a z) with a = |z| + 1, which raises the frequency with the pre-activation (Liu et al. 2024)."""

import jax
import jax.numpy as jnp

from inr_sae.inr import initial
from inr_sae.inr.sine import sine

LABEL = "FINER"
DEFAULTS = {
    "omega": 30.0,  # multiplies every layer's pre-activations, biases included; not the head
    "first_bias": 0.5**0.5,  # half-width k of the law of b_0; PyTorch's default here, 5 and 10 occur
}
FREQUENCY = "omega"
RATE = 5e-4  # the authors' for images, decayed there to a tenth; constant here


def unit_names(config):
    """`hidden_0` ... `hidden_{L-1}`."""
    return initial.unit_names(config["n_layers"])


def init(key, config, signals):
    """`hidden_i` {"w", "b"} of a (2 -> width -> ... -> width) encoder; W_0 ~ U(+-1/2), W_i ~ U(+-sqrt(6/d)/omega),
    b_0 ~ U(+-first_bias), b_i ~ U(+-1/sqrt(d)).
    """

    def bound(i, d_in):
        return 1.0 / d_in if i == 0 else head_bound(config, d_in)

    names = unit_names(config)
    units = initial.uniform_layers(key, 2, config["width"], names, bound)
    first = units[names[0]]  # its biases are drawn within PyTorch's default, 1/sqrt(2)
    units[names[0]] = first | {"b": first["b"] * (config["first_bias"] / DEFAULTS["first_bias"])}
    return {"units": units, "constants": {"omega": jnp.float32(config["omega"])}}


def embed(params, x):
    """Coordinates as they are, (N, 2) -> (N, 2)."""
    return x


def factor(z):
    """a = |z| + 1, through which no gradient flows, as in the authors' code."""
    return jax.lax.stop_gradient(jnp.abs(z) + 1.0)


def apply(params, unit, h):
    """sin(omega a z) of z = h W + b, (N, d_in) -> (N, d)."""
    z = h @ params["units"][unit]["w"] + params["units"][unit]["b"]
    return sine(params["constants"]["omega"] * (factor(z) * z))


def matrix(params, unit):
    """The layer's W (d_in, d)."""
    return params["units"][unit]["w"]


def head_bound(config, d):
    """sqrt(6/d)/omega, as of a hidden layer."""
    return (6.0 / d) ** 0.5 / config["omega"]
