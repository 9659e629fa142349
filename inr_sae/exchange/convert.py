"""Encoders trained elsewhere as this program's parameters, and back; a layout of `layouts` says how they are named."""

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.exchange import folding, layouts, naming
from inr_sae.inr.initial import unit_names

FOLD = {"siren": folding.siren, "ffmlp": folding.ffmlp}


def from_tensors(tensors, layout, shape, coordinates=(-1.0, 1.0)):
    """Parameters {"encoder", "heads" or None} that give the same function of the pixel as a network trained elsewhere.

    tensors {name: array}; layout as `layouts` says, where ready ones are; shape (height, width) of the images that it
    was trained on; coordinates (low, high) of the first and the last pixel here.

    Tensors come as float32 (`tensors.read`); they are folded in float64 and rounded again once: scale and order of the
    coordinates into layer 0 of a SIREN or into B; their offset into b_0, or, for Fourier features, into a rotation of
    each (sin, cos) pair of rows of layer 0's weight (orthogonal, so its singular values and its stable rank stay);
    first_omega_0 into W_0 and b_0; the output's range into the heads. The heads are None where there are none.

    Raises InputError naming the tensor or the layout's key that is missing or does not fit, and for what this program
    cannot express: hidden layers of different widths, a decoder of more than one linear layer.
    """
    tensors = naming.unwrapped(tensors, layouts.OWN | layout)
    layout = layouts.complete(layout, tensors)
    (first, *rest), heads = naming.layers(tensors, layout)
    affine = folding.coordinates(layout, shape, coordinates)
    first, constants = FOLD[layout["backbone"]](tensors, layout, first, *affine)
    hidden = [first, *rest]
    units = {name: {"w": w, "b": b} for name, (w, b) in zip(unit_names(len(hidden)), hidden)}
    params = {"encoder": {"units": units, "constants": constants}, "heads": folding.heads(layout, heads)}
    return jax.tree.map(lambda value: jnp.asarray(np.asarray(value, np.float32)), params)


def to_tensors(params):
    """{name: float32 array} of parameters {"encoder", "heads" or None}, in the layout "inr_sae"."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(params)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): np.asarray(leaf) for path, leaf in leaves}


def facts_of(params):
    """What a config must say of an encoder as `from_tensors` gives it: {"backbone", "width", "n_layers"}, and its
    "omega_0" or "n_fourier". Of other backbones nothing can be told: they too may have a constant of either's name."""
    units, constants = params["encoder"]["units"], params["encoder"]["constants"]
    if "omega_0" in constants:
        own = {"backbone": "siren", "omega_0": float(constants["omega_0"])}
    else:
        own = {"backbone": "ffmlp", "n_fourier": constants["frequencies"].shape[1]}
    return own | {"width": next(iter(units.values()))["w"].shape[1], "n_layers": len(units)}
