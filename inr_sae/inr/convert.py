"""Encoders trained elsewhere as this program's parameters, and back; a layout of `layouts` says how they are named."""

import re

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.errors import UserError
from inr_sae.inr.layouts import OWN
from inr_sae.inr.network import n_layers

NAMES = ("hidden_w", "hidden_b", "head_w", "head_b", "fourier")
CHOICES = {
    "backbone": (None, "siren", "ffmlp"),
    "out_in": (False, True),
    "fourier_out_in": (False, True),
    "fourier_order": ("sin_cos", "cos_sin"),
    "coordinates": ("row_column", "column_row"),
    "pixels": ("ends", "start", "centres"),
    "final_sigmoid": (False, True),
}


def from_tensors(tensors, layout, shape):
    """Parameters {"encoder", "heads" or None} that give the same function of the pixel as a network trained elsewhere.

    tensors {name: array}; layout as `layouts` says, where ready ones are; shape (height, width) of the
    images that it was trained on. Everything is folded in float64 and rounded to float32 once: scale and order of the
    coordinates into layer 0 of a SIREN or into B; their offset into b_0, or, for Fourier features, into a rotation of
    each (sin, cos) pair of rows of layer 0's weight (orthogonal, so its singular values and its stable rank stay);
    first_omega_0 into W_0 and b_0; the output's range into the heads. The heads are None where there are none.

    Raises UserError naming the tensor or the layout's key that is missing or does not fit, and for what this program
    cannot express: hidden layers of different widths, a decoder of more than one linear layer.
    """
    layout = _complete(layout, tensors)
    (first, *rest), heads = _layers(tensors, layout)
    fold = _fold_siren if layout["backbone"] == "siren" else _fold_ffmlp
    first, constants = fold(tensors, layout, first, *_coordinates(layout, shape))
    hidden = {f"hidden_{i}": {"w": w, "b": b} for i, (w, b) in enumerate([first, *rest])}
    params = {"encoder": hidden | constants, "heads": _fold_heads(layout, heads)}
    return jax.tree.map(lambda value: jnp.asarray(np.asarray(value, np.float32)), params)


def to_tensors(params):
    """{name: float32 array} of parameters {"encoder", "heads" or None}, in the layout "inr_sae"."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(params)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): np.asarray(leaf) for path, leaf in leaves}


def facts_of(params):
    """What a config must say of parameters {"encoder", "heads" or None}; None for what they do not have."""
    encoder, heads = params["encoder"], params["heads"]
    siren = "siren" in encoder
    return {
        "backbone": "siren" if siren else "ffmlp",
        "width": encoder["hidden_0"]["w"].shape[1],
        "n_layers": n_layers(encoder),
        "n_fourier": None if siren else encoder["fourier"]["b"].shape[1],
        "omega_0": float(encoder["siren"]["omega_0"]) if siren else None,
        "n_signals": None if heads is None else heads["w"].shape[0],
        "channels": None if heads is None else heads["w"].shape[2],
    }


def _complete(layout, tensors):
    """The layout with every key of `OWN`, checked."""
    for key in layout:
        if key not in OWN:
            raise UserError(f"the layout has an unknown key {key!r}; its keys are {', '.join(OWN)}")
    layout = OWN | layout
    for key, choices in CHOICES.items():
        if layout[key] not in choices:
            raise UserError(f"the layout's {key} is {layout[key]!r}; it is one of {', '.join(map(str, choices))}")
    for key in NAMES:
        if not isinstance(layout[key], str | None):
            raise UserError(f"the layout's {key} is {layout[key]!r}; it is a tensor's name or null")
    if layout["backbone"] is None:
        layout["backbone"] = "ffmlp" if layout["fourier"] in tensors else "siren"
    return layout


def _layers(tensors, layout):
    """(hidden, heads): lists of float64 (w (d_in, d_out), b (d_out,)); one head may be (w (M, d, C), b (M, C))."""
    hidden = _numbers(tensors, layout["hidden_w"])
    heads = _numbers(tensors, layout["head_w"])
    _refuse_gaps(layout["hidden_w"], [int(i) for _, i in hidden])
    if layout["head_w"] == layout["hidden_w"]:
        hidden, heads = hidden[:-1], hidden[-1:]
    if not hidden:
        raise UserError(f"there is no hidden layer {layout['hidden_w']!r}; {_there_are(tensors)}")
    signals = [int(j) for j, _ in heads]
    if len(set(signals)) < len(signals):
        raise UserError(
            f"a head {layout['head_w']!r} has several layers, and here it is one; with head_w null, the encoder is "
            "taken alone"
        )
    _refuse_gaps(layout["head_w"], signals)
    hidden = _linears(tensors, layout, "hidden", hidden)
    # What comes before a sigmoid is not the image, so it is not offered as one.
    heads = [] if layout["final_sigmoid"] else _linears(tensors, layout, "head", heads)
    _check_shapes(hidden, heads)
    return [linear[1:] for linear in hidden], [linear[1:] for linear in heads]


def _linears(tensors, layout, kind, numbers):
    """[(name of w, w (..., d_in, d_out), b (..., d_out))] of hidden layers or heads, in float64."""
    pattern_w, pattern_b = layout[f"{kind}_w"], layout[f"{kind}_b"]
    for number in _numbers(tensors, pattern_b if pattern_w else None):
        _get(tensors, _name(pattern_w, *number))  # a bias whose weight is missing
    names = [(_name(pattern_w, *number), _name(pattern_b, *number)) for number in numbers]
    biased = any(name in tensors for _, name in names)
    out = []
    for name_w, name_b in names:
        w = _get(tensors, name_w)
        w = w.swapaxes(-1, -2) if layout["out_in"] and w.ndim > 1 else w
        shape_b = w.shape[:-2] + w.shape[-1:]
        b = _get(tensors, name_b) if biased else np.zeros(shape_b)
        if w.ndim not in (2, 3) or b.shape != shape_b:
            raise UserError(f"tensor {name_w!r} {np.shape(tensors[name_w])} and its bias {b.shape} are no linear layer")
        out.append((name_w, w, b))
    if pattern_b and not biased:
        _refuse_stray_bias(tensors, layout, pattern_b, [b.shape for _, _, b in out])
    return out


def _refuse_stray_bias(tensors, layout, pattern, shapes):
    """Raise UserError if a tensor that no key names has the shape of a bias: a slip in a name must not drop biases."""
    named = {_name(layout[key], *number) for key in NAMES for number in _numbers(tensors, layout[key])}
    stray = [name for name, value in tensors.items() if np.shape(value) in shapes and name not in named]
    if stray:
        raise UserError(f"no bias is named {pattern!r}, but the tensor {stray[0]!r} has the shape of one")


def _check_shapes(hidden, heads):
    """Raise UserError unless the layers feed each other, hidden ones are of one width and heads of as many channels."""
    name_0, w_0, _ = hidden[0]
    for name, w, _ in hidden[1:]:
        if w.shape != (w_0.shape[-1], w_0.shape[-1]):
            raise UserError(
                f"tensor {name!r} takes {w.shape[-2]} values and gives {w.shape[-1]}, but {name_0!r} gives "
                f"{w_0.shape[-1]}; the hidden layers of an encoder here have one width"
            )
    for name, w, _ in heads:
        if w.shape[-2] != w_0.shape[-1]:
            raise UserError(f"tensor {name!r} takes {w.shape[-2]} values, but the encoder gives {w_0.shape[-1]}")
        if w.shape[-1] != heads[0][1].shape[-1] or (w.ndim == 3 and len(heads) > 1):
            raise UserError(f"tensor {name!r} is not of as many channels as {heads[0][0]!r}")


def _refuse_gaps(pattern, numbers):
    if len({after - before for before, after in zip(numbers, numbers[1:])}) > 1:
        raise UserError(
            f"the tensors {pattern!r} are numbered {', '.join(map(str, numbers))}: one is missing, or the layers are "
            "not all followed by an activation"
        )


def _fold_siren(tensors, layout, linear, scale, offset):
    """Layer 0 on our coordinates u and at the other layers' omega_0, of omega_1 (x W + b) with x = scale u + offset."""
    w, b = _two_rows(layout, linear[0], layout["hidden_w"]), linear[1]
    omega_0 = _number(tensors, layout, "omega_0")
    ratio = 1.0 if layout["first_omega_0"] is None else _number(tensors, layout, "first_omega_0") / omega_0
    return (ratio * scale[:, None] * w, ratio * (offset @ w + b)), {"siren": {"omega_0": omega_0}}


def _fold_ffmlp(tensors, layout, linear, scale, offset):
    """Layer 0 and B in periods of our coordinates u, of factor x B with x = scale u + offset.

    With a = 2 pi u B and the offset's phase p, sin(a + p) = cos p sin a + sin p cos a and cos(a + p) = cos p cos a
    - sin p sin a: the rows of the weight turn by p, pair by pair.
    """
    matrix = _get(tensors, layout["fourier"])
    matrix = _two_rows(layout, matrix.T if layout["fourier_out_in"] else matrix, layout["fourier"])
    matrix = matrix * (_number(tensors, layout, "fourier_factor") / (2 * np.pi))
    w, b = linear
    if len(w) != 2 * matrix.shape[1]:
        raise UserError(
            f"layer 0 of {layout['hidden_w']!r} takes {len(w)} values, and {matrix.shape[1]} frequencies give "
            f"{2 * matrix.shape[1]}; are out_in and fourier_out_in right?"
        )
    w_sin, w_cos = np.split(w, 2) if layout["fourier_order"] == "sin_cos" else np.split(w, 2)[::-1]
    phase = 2 * np.pi * (offset @ matrix)[:, None]
    rows = [np.cos(phase) * w_sin - np.sin(phase) * w_cos, np.sin(phase) * w_sin + np.cos(phase) * w_cos]
    return (np.concatenate(rows), b), {"fourier": {"b": scale[:, None] * matrix}}


def _fold_heads(layout, heads):
    """{"w": (M, d, C), "b": (M, C)} of [0, 1] from heads of `output_range`; None of none."""
    if not heads:
        return None
    low, high = _range(layout, "output_range", (2,))
    w, b = heads[0] if heads[0][0].ndim == 3 else (np.stack(leaves) for leaves in zip(*heads))
    return {"w": w / (high - low), "b": (b - low) / (high - low)}


def _coordinates(layout, shape):
    """(scale (2,), offset (2,)), row then column: a coordinate there is scale * ours + offset."""
    low, high = _range(layout, "range", (2, 2)).T
    n = np.asarray(shape, np.float64)
    if n.shape != (2,) or n.min() < 2:
        raise UserError(f"the images' shape is {shape}; it is a height and a width of 2 pixels or more")
    step = (high - low) / n
    at_low, at_high = {"ends": (0.0, 0.0), "start": (0.0, 1.0), "centres": (0.5, 0.5)}[layout["pixels"]]
    first, last = low + at_low * step, high - at_high * step
    return (last - first) / 2, (last + first) / 2


def _two_rows(layout, w, name):
    """A matrix that takes coordinates, its rows in the order row, column."""
    if w.ndim != 2 or len(w) != 2:
        raise UserError(f"{name!r}, transposed or not as the layout says, has the shape {w.shape}; the first is 2 here")
    return w[::-1] if layout["coordinates"] == "column_row" else w


def _range(layout, key, shape):
    """(low, high) of a key, as an array of that shape."""
    try:
        pairs = np.broadcast_to(np.asarray(layout[key], np.float64), shape)
    except (TypeError, ValueError):
        pairs = np.full(shape, np.nan)
    if not np.isfinite(pairs).all() or (pairs[..., 0] == pairs[..., 1]).any():
        raise UserError(f"the layout's {key} is {layout[key]!r}; it is [low, high], which differ")
    return pairs


def _number(tensors, layout, key):
    """A number that the layout gives, or whose tensor it names."""
    value = _get(tensors, layout[key]) if isinstance(layout[key], str) else layout[key]
    if not isinstance(value, int | float | np.ndarray) or np.size(value) != 1 or not np.isfinite(value) or value == 0:
        raise UserError(f"the layout's {key} is {layout[key]!r}; it is a number other than 0, or a tensor of one")
    return float(value)


def _get(tensors, name):
    if name not in tensors:
        raise UserError(f"there is no tensor {name!r}; {_there_are(tensors)}")
    return np.asarray(tensors[name], np.float64)


def _there_are(tensors):
    names = sorted(tensors)
    return f"there are {', '.join(names[:6])}{' ...' * (len(names) > 6)}" if names else "there are no tensors at all"


def _numbers(tensors, pattern):
    """[(j, i)] as they stand in the names that fit a pattern, by number; "0" for a placeholder that it lacks."""
    letters = re.findall(r"\{([ij])\}", pattern or "")
    regex = re.compile(re.sub(r"\\\{[ij]\\\}", r"(\\d+)", re.escape(pattern or "")))
    found = [dict(zip(letters, match.groups())) for match in map(regex.fullmatch, tensors) if match]
    numbers = [(groups.get("j", "0"), groups.get("i", "0")) for groups in found]
    return sorted(numbers, key=lambda number: [int(digits) for digits in number])


def _name(pattern, j, i):
    return pattern and pattern.replace("{j}", j).replace("{i}", i)
