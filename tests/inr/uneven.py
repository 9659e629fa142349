"""A backbone unlike all there are, to hold to the contract what is written once for all of them.

Its units differ in their leaves and widths, one of them has no matrix and another a complex one, its weights depend on
the signals, and its constants are nested.
"""

import jax
import jax.numpy as jnp

from inr_sae.inr import initial

LABEL = "Uneven"
DEFAULTS = {
    "pitch": 3.0,  # multiplies the coordinates
}
FREQUENCY = "pitch"


def unit_names(config):
    """`block_0` ... `block_{L-1}`."""
    return initial.unit_names(config["n_layers"], "block")


def init(key, config, signals):
    """Waves (d_in -> 2 width, and 2 (width + 2) every second time) at even places, gains (d -> d) at odd ones."""
    units, d = {}, 2
    for i, name in enumerate(unit_names(config)):
        keys = jax.random.split(jax.random.fold_in(key, i))
        if i % 2:
            units[name] = {"gain": jax.random.uniform(keys[0], (d,), minval=0.5), "scale": jnp.float32(1.5)}
            continue
        width = config["width"] + i % 4
        units[name] = {
            "real": initial.uniform_linear(keys[0], d, width, d**-0.5),
            "imaginary": initial.uniform_linear(keys[1], d, width, d**-0.5),
            "level": jnp.full(width, jnp.mean(signals)),
        }
        d = 2 * width
    return {"units": units, "constants": {"coordinates": {"pitch": jnp.float32(config["pitch"])}}}


def embed(params, x):
    """Coordinates times the pitch, (N, 2) -> (N, 2)."""
    return params["constants"]["coordinates"]["pitch"] * x


def apply(params, unit, h):
    """[sin, cos] of two linear maps, or tanh of a gain."""
    leaves = params["units"][unit]
    if "gain" in leaves:
        return jnp.tanh(leaves["scale"] * h * leaves["gain"])
    real, imaginary = (h @ leaves[part]["w"] + leaves[part]["b"] for part in ("real", "imaginary"))
    return jnp.concatenate([jnp.sin(real + leaves["level"]), jnp.cos(imaginary)], axis=-1)


def matrix(params, unit):
    """The complex matrix of the waves; None of a gain."""
    leaves = params["units"][unit]
    return None if "gain" in leaves else leaves["real"]["w"] + 1j * leaves["imaginary"]["w"]


def head_bound(config, d):
    """1/sqrt(d)."""
    return d**-0.5
