"""Other conventions folded into the weights: scale, offset and order of coordinates, frequencies, the output's range.

All in float64. A coordinate x of a foreign network is scale * u + offset of ours, u, each axis on its own.
"""

import numpy as np

from inr_sae.errors import InputError
from inr_sae.exchange import layouts, naming


def coordinates(layout, shape, ours):
    """(scale (2,), offset (2,)), row then column, of images of a shape (height, width); ours: (low, high) of u."""
    low, high = layouts.interval(layout, "range", (2, 2)).T
    n = np.asarray(shape, np.float64)
    if n.shape != (2,) or n.min() < 2:
        raise InputError(f"the images' shape is {shape}; it is a height and a width of 2 pixels or more")
    step = (high - low) / n
    at_low, at_high = {"ends": (0.0, 0.0), "start": (0.0, 1.0), "centres": (0.5, 0.5)}[layout["pixels"]]
    first, last = low + at_low * step, high - at_high * step
    length = ours[1] - ours[0]
    return (last - first) / length, (first * ours[1] - last * ours[0]) / length


def siren(tensors, layout, linear, scale, offset):
    """(layer 0 on u and at the other layers' omega_0, constants) of omega_1 (x W + b)."""
    w, b = _two_rows(layout, linear[0], layout["hidden_w"]), linear[1]
    omega_0 = naming.number(tensors, layout, "omega_0")
    ratio = 1.0 if layout["first_omega_0"] is None else naming.number(tensors, layout, "first_omega_0") / omega_0
    return (ratio * scale[:, None] * w, ratio * (offset @ w + b)), {"omega_0": omega_0}


def ffmlp(tensors, layout, linear, scale, offset):
    """(layer 0, constants): frequencies in periods of u, of factor x B.

    With a = 2 pi u B and the offset's phase p, sin(a + p) = cos p sin a + sin p cos a and cos(a + p) = cos p cos a
    - sin p sin a: the rows of the weight turn by p, pair by pair.
    """
    matrix = naming.get(tensors, layout["fourier"])
    matrix = _two_rows(layout, matrix.T if layout["fourier_out_in"] else matrix, layout["fourier"])
    matrix = matrix * (naming.number(tensors, layout, "fourier_factor") / (2 * np.pi))
    w, b = linear
    if len(w) != 2 * matrix.shape[1]:
        raise InputError(
            f"layer 0 of {layout['hidden_w']!r} takes {len(w)} values, and {matrix.shape[1]} frequencies give "
            f"{2 * matrix.shape[1]}; are out_in and fourier_out_in right?"
        )
    w_sin, w_cos = np.split(w, 2) if layout["fourier_order"] == "sin_cos" else np.split(w, 2)[::-1]
    phase = 2 * np.pi * (offset @ matrix)[:, None]
    rows = [np.cos(phase) * w_sin - np.sin(phase) * w_cos, np.sin(phase) * w_sin + np.cos(phase) * w_cos]
    return (np.concatenate(rows), b), {"frequencies": scale[:, None] * matrix}


def heads(layout, linears):
    """{"w": (M, d, C), "b": (M, C)} that give [0, 1] where the linear layers give `output_range`; None of none."""
    if not linears:
        return None
    low, high = layouts.interval(layout, "output_range", (2,))
    w, b = linears[0] if linears[0][0].ndim == 3 else (np.stack(leaves) for leaves in zip(*linears))
    return {"w": w / (high - low), "b": (b - low) / (high - low)}


def _two_rows(layout, w, name):
    """A matrix that takes coordinates, its rows in the order row, column."""
    if w.ndim != 2 or len(w) != 2:
        raise InputError(
            f"{name!r}, transposed or not as the layout says, has the shape {w.shape}; the first is 2 here"
        )
    return w[::-1] if layout["coordinates"] == "column_row" else w
