"""How other programs name and mean the tensors of an INR: what `convert` must know to make them ours.

A layout is a plain dict (JSON) that says what differs from this program's own form. Its keys, with the values of that
form, are in `OWN`; a key that a layout lacks keeps the value there.

    backbone         "siren" or "ffmlp"; null: ffmlp if the Fourier matrix is among the tensors, else siren
    hidden_w, _b     names of the hidden layers' weights and biases; {i} stands for a layer's number, which may start
                     anywhere and go in equal steps (a torch Sequential also counts the activations)
    head_w, _b       names of the heads', {j} for a signal's number, {i} for a layer's number that is not known before;
                     one tensor (M, d, C) holds M heads. Where head_w is hidden_w, the last layer is the head
    fourier          name of the Fourier matrix
    out_in           weights are stored (outputs, inputs), as PyTorch does
    fourier_out_in   the Fourier matrix is stored (F, 2)
    omega_0          a number, or the name of a tensor that holds it
    first_omega_0    that of layer 0; null: as omega_0
    fourier_order    "sin_cos" or "cos_sin": which half of the features comes first
    fourier_factor   what x B is multiplied by before the sine
    coordinates      "row_column" or "column_row": which comes first
    range            [low, high] of both coordinates, or [[low, high] of rows, [low, high] of columns]
    pixels           where n pixels lie in that range: "ends" linspace with both ends, "start" linspace without the
                     high end, "centres" low + (i + 1/2) (high - low)/n
    output_range     [low, high] of the network's output that mean 0 and 1
    final_sigmoid    the network ends in a sigmoid, which a linear head cannot express: the heads are left out

Biases of which no tensor is there are zeros (bias=False). Tensors that no key names are ignored, of whatever kind they
are. Parts of names that torch's wrappers add (`naming.WRAPPERS`), as in module.net.0.weight, are taken off first.
"""

import math

import numpy as np

from inr_sae.errors import InputError

OWN = {
    "backbone": None,
    "hidden_w": "encoder/units/hidden_{i}/w",
    "hidden_b": "encoder/units/hidden_{i}/b",
    "head_w": "heads/w",
    "head_b": "heads/b",
    "fourier": "encoder/constants/frequencies",
    "out_in": False,
    "fourier_out_in": False,
    "omega_0": "encoder/constants/omega_0",
    "first_omega_0": None,
    "fourier_order": "sin_cos",
    "fourier_factor": 2 * math.pi,
    "coordinates": "row_column",
    "range": [-1.0, 1.0],
    "pixels": "ends",
    "output_range": [0.0, 1.0],
    "final_sigmoid": False,
}
NAMES = ("hidden_w", "hidden_b", "head_w", "head_b", "fourier")  # keys whose values are names of tensors, or None
CHOICES = {
    "backbone": (None, "siren", "ffmlp"),
    "out_in": (False, True),
    "fourier_out_in": (False, True),
    "fourier_order": ("sin_cos", "cos_sin"),
    "coordinates": ("row_column", "column_row"),
    "pixels": ("ends", "start", "centres"),
    "final_sigmoid": (False, True),
}
# Where training targets are images in [-1, 1], as the SIREN and STRAINER code normalises them, `output_range` says so.
_SIREN = {"backbone": "siren", "out_in": True, "omega_0": 30.0}
_FFMLP = {"backbone": "ffmlp", "fourier_out_in": True}
LAYOUTS = {
    "inr_sae": OWN,
    # Files that version 0.1 of this program wrote.
    "inr_sae_1": OWN
    | {
        "hidden_w": "encoder/hidden_{i}/w",
        "hidden_b": "encoder/hidden_{i}/b",
        "fourier": "encoder/fourier/b",
        "omega_0": "encoder/siren/omega_0",
    },
    # vsitzmann/siren, explore_siren.ipynb: class Siren with outermost_linear=True; get_mgrid, ImageFitting.
    "siren": _SIREN
    | {
        "hidden_w": "net.{i}.linear.weight",
        "hidden_b": "net.{i}.linear.bias",
        "head_w": "net.{i}.weight",
        "head_b": "net.{i}.bias",
        "output_range": [-1.0, 1.0],
    },
    # vsitzmann/siren, modules.py: class SingleBVPNet(type="sine"); dataio.py's get_mgrid and Implicit2DWrapper.
    "siren_modules": _SIREN
    | {
        "hidden_w": "net.net.{i}.0.weight",
        "hidden_b": "net.net.{i}.0.bias",
        "head_w": "net.net.{i}.0.weight",
        "head_b": "net.net.{i}.0.bias",
        "output_range": [-1.0, 1.0],
    },
    # kushalvyas/alpine, alpine/models/strainer.py: class Strainer with one `omegas`; get_coords_spatial.
    "strainer": _SIREN
    | {
        "hidden_w": "encoder.{i}.weight",
        "hidden_b": "encoder.{i}.bias",
        "head_w": "decoder.{j}.{i}.weight",
        "head_b": "decoder.{j}.{i}.bias",
    },
    # STRAINER's notebook (Vyas et al. 2024): class SharedINR, get_coords (x before y), zero_mean=True; read in copies
    # of it in public repositories.
    "strainer_notebook": _SIREN
    | {
        "hidden_w": "encoderINR.net.{i}.linear.weight",
        "hidden_b": "encoderINR.net.{i}.linear.bias",
        "head_w": "decoderINRs.{j}.net.{i}.weight",
        "head_b": "decoderINRs.{j}.net.{i}.bias",
        "coordinates": "column_row",
        "output_range": [-1.0, 1.0],
    },
    # tancik/fourier-feature-networks, Demo.ipynb: input_mapping, make_network. Its parameters are a list of (W, b) and
    # have no names: save the i-th pair as w_{i} and b_{i}, and B as it is.
    "ffmlp": _FFMLP
    | {
        "hidden_w": "w_{i}",
        "hidden_b": "b_{i}",
        "head_w": "w_{i}",
        "head_b": "b_{i}",
        "fourier": "B",
        "coordinates": "column_row",
        "range": [0.0, 1.0],
        "pixels": "start",
        "final_sigmoid": True,
    },
    # kushalvyas/alpine, alpine/models/ffn.py: class FFN; get_coords_spatial.
    "ffmlp_alpine": _FFMLP
    | {
        "out_in": True,
        "hidden_w": "model.{i}.weight",
        "hidden_b": "model.{i}.bias",
        "head_w": "model.{i}.weight",
        "head_b": "model.{i}.bias",
        "fourier": "model.0.B",
    },
}


def complete(layout, tensors):
    """The layout with every key, and the backbone that the names of the tensors tell.

    Raises InputError naming a key that is unknown or whose value cannot be.
    """
    for key in layout:
        if key not in OWN:
            raise InputError(f"the layout has an unknown key {key!r}; its keys are {', '.join(OWN)}")
    layout = OWN | layout
    for key, choices in CHOICES.items():
        if layout[key] not in choices:
            raise InputError(f"the layout's {key} is {layout[key]!r}; it is one of {', '.join(map(str, choices))}")
    for key in NAMES:
        if not isinstance(layout[key], str | None):
            raise InputError(f"the layout's {key} is {layout[key]!r}; it is a tensor's name or null")
    if layout["backbone"] is None:
        layout["backbone"] = "ffmlp" if layout["fourier"] in tensors else "siren"
    return layout


def interval(layout, key, shape):
    """[low, high] that a key gives, as an array of that shape, (2,) or (2, 2). Raises InputError naming the key."""
    try:
        pairs = np.broadcast_to(np.asarray(layout[key], np.float64), shape)
    except (TypeError, ValueError):
        pairs = np.full(shape, np.nan)
    if not np.isfinite(pairs).all() or (pairs[..., 0] == pairs[..., 1]).any():
        raise InputError(f"the layout's {key} is {layout[key]!r}; it is [low, high], which differ")
    return pairs
