"""Layers found among named tensors by the patterns of a layout, in float64, and whether they make up a network.

A pattern is a tensor's name with placeholders: {j} for a signal's number, {i} for a layer's.
"""

import logging
import re

import numpy as np

from inr_sae.errors import InputError
from inr_sae.exchange.layouts import NAMES

logger = logging.getLogger("inr_sae")

# What torch puts into names: DataParallel and averaged models, compile, sharded and checkpointed modules.
WRAPPERS = ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")


def unwrapped(tensors, layout):
    """The tensors without what torch's wrappers put into their names, unless the layout names it or names would clash;
    what is taken off is logged."""
    patterns = ".".join(layout[key] for key in NAMES if isinstance(layout[key], str)).split(".")
    parts = [part for part in WRAPPERS if part not in patterns and any(part in name.split(".") for name in tensors)]
    renamed = {".".join(part for part in name.split(".") if part not in parts): tensors[name] for name in tensors}
    if not parts or len(renamed) < len(tensors):
        return tensors
    logger.info("taken off the names of tensors: %s", ", ".join(f"{part}." for part in parts))
    return renamed


def layers(tensors, layout):
    """(hidden, heads): lists of float64 (w (d_in, d_out), b (d_out,)); one head may be (w (M, d, C), b (M, C)).

    tensors {name: array}; layout with every key. Raises InputError naming the tensor that is missing or does not fit.
    """
    hidden = _numbers(tensors, layout["hidden_w"])
    heads = _numbers(tensors, layout["head_w"])
    _refuse_gaps(layout["hidden_w"], [int(i) for _, i in hidden])
    if layout["head_w"] == layout["hidden_w"]:
        hidden, heads = hidden[:-1], hidden[-1:]
    if not hidden:
        raise InputError(f"there is no hidden layer {layout['hidden_w']!r}; {_there_are(tensors)}")
    signals, others = [int(j) for j, _ in heads], _others_of_heads(tensors, layout["head_w"])
    if len(set(signals)) < len(signals) or others:
        several = f"a head {layout['head_w']!r} has several layers, and here it is one"
        what = several if heads else f"there is no head {layout['head_w']!r}; {_there_are(others)}"
        raise InputError(f"{what}; with head_w null, the encoder is taken alone")
    _refuse_gaps(layout["head_w"], signals)
    hidden = _linears(tensors, layout, "hidden", hidden)
    # What comes before a sigmoid is not the image, so it is not offered as one.
    heads = [] if layout["final_sigmoid"] else _linears(tensors, layout, "head", heads)
    _check_shapes(hidden, heads)
    return [linear[1:] for linear in hidden], [linear[1:] for linear in heads]


def _others_of_heads(tensors, pattern):
    """The matrices beside a signal's head, under the same number {j}, that the head's pattern does not name."""
    before, of_signals, _ = (pattern or "").partition("{j}")
    if not of_signals:
        return []
    beside = re.compile(re.escape(before) + r"\d+\.")
    named = re.compile(re.sub(r"\\{[ij]\\}", r"\\d+", re.escape(pattern)))
    return [n for n, value in tensors.items() if beside.match(n) and np.ndim(value) > 1 and not named.fullmatch(n)]


def get(tensors, name, kinds=("float",)):
    """The tensor of a name, in float64. Raises InputError with names that there are, and for one of another kind or
    with values that are not finite."""
    if name not in tensors:
        raise InputError(f"there is no tensor {name!r}; {_there_are(tensors)}")
    value = np.asarray(tensors[name])
    if not any(kind in value.dtype.name for kind in kinds):
        raise InputError(f"tensor {name!r} is of {value.dtype.name}, not of floats")
    with np.errstate(over="ignore"):
        finite = np.isfinite(value.astype(np.float32)).all()
    if not finite:
        raise InputError(f"tensor {name!r} has values that are not finite in float32")
    return value.astype(np.float64)


def number(tensors, layout, key):
    """A number that a layout's key gives, or whose tensor it names. Raises InputError naming the key."""
    value = get(tensors, layout[key], ("float", "int")) if isinstance(layout[key], str) else layout[key]
    if not isinstance(value, int | float | np.ndarray) or np.size(value) != 1 or not np.isfinite(value) or value == 0:
        raise InputError(f"the layout's {key} is {layout[key]!r}; it is a number other than 0, or a tensor of one")
    return float(value)


def _linears(tensors, layout, kind, numbers):
    """[(name of w, w (..., d_in, d_out), b (..., d_out))] of hidden layers or heads, in float64."""
    pattern_w, pattern_b = layout[f"{kind}_w"], layout[f"{kind}_b"]
    for numbered in _numbers(tensors, pattern_b if pattern_w else None):
        get(tensors, _name(pattern_w, *numbered))  # a bias whose weight is missing
    names = [(_name(pattern_w, *numbered), _name(pattern_b, *numbered)) for numbered in numbers]
    biased = any(name in tensors for _, name in names)
    out = []
    for name_w, name_b in names:
        w = get(tensors, name_w)
        w = w.swapaxes(-1, -2) if layout["out_in"] and w.ndim > 1 else w
        shape_b = w.shape[:-2] + w.shape[-1:]
        b = get(tensors, name_b) if biased else np.zeros(shape_b)
        if w.ndim not in (2, 3) or b.shape != shape_b:
            raise InputError(
                f"tensor {name_w!r} {np.shape(tensors[name_w])} and its bias {b.shape} are no linear layer"
            )
        out.append((name_w, w, b))
    if pattern_b and not biased:
        _refuse_stray_bias(tensors, layout, pattern_b, [b.shape for _, _, b in out])
    return out


def _refuse_stray_bias(tensors, layout, pattern, shapes):
    """Raise InputError if a tensor that no key names has the shape of a bias: a slip in a name must not drop biases."""
    named = {_name(layout[key], *numbered) for key in NAMES for numbered in _numbers(tensors, layout[key])}
    floats = [name for name, value in tensors.items() if "float" in np.asarray(value).dtype.name]
    stray = [name for name in floats if np.shape(tensors[name]) in shapes and name not in named]
    if stray:
        raise InputError(f"no bias is named {pattern!r}, but the tensor {stray[0]!r} has the shape of one")


def _check_shapes(hidden, heads):
    """Raise InputError unless the layers feed each other, hidden ones are of one width, heads of as many channels."""
    name_0, w_0, _ = hidden[0]
    for name, w, _ in hidden[1:]:
        if w.shape != (w_0.shape[-1], w_0.shape[-1]):
            raise InputError(
                f"tensor {name!r} takes {w.shape[-2]} values and gives {w.shape[-1]}, but {name_0!r} gives "
                f"{w_0.shape[-1]}; the hidden layers of an encoder here have one width"
            )
    for name, w, _ in heads:
        if w.shape[-2] != w_0.shape[-1]:
            raise InputError(f"tensor {name!r} takes {w.shape[-2]} values, but the encoder gives {w_0.shape[-1]}")
        if w.shape[-1] != heads[0][1].shape[-1] or (w.ndim == 3 and len(heads) > 1):
            raise InputError(f"tensor {name!r} is not of as many channels as {heads[0][0]!r}")


def _refuse_gaps(pattern, numbers):
    if len({after - before for before, after in zip(numbers, numbers[1:])}) > 1:
        raise InputError(
            f"the tensors {pattern!r} are numbered {', '.join(map(str, numbers))}: one is missing, or the layers are "
            "not all followed by an activation"
        )


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
