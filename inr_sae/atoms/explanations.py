"""Features of the image plane that an atom's map may be explained by: each a few columns over N coordinates.

A candidate is one explanation: its kind, its name, which signal it is of, and its columns, of which a map is a linear
function. Positions are on [-1, 1] in both axes. All choices of bases and bands are ours.
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from inr_sae.atoms.shape import gradient

POSITION, LUMINANCE, COLOUR, EDGES, FREQUENCY, TISSUE = KINDS = (
    "position",
    "luminance",
    "colour",
    "edges",
    "frequency",
    "tissue",
)
KNOTS = 8  # of a piecewise linear function of one variable
BANDS = ((1, 2), (2, 4), (4, 8))  # pixels: differences of Gaussians of these standard deviations
SMOOTHING = 1.0  # pixels, before gradients
GREY = (0.299, 0.587, 0.114)  # of red, green, blue (Rec. 601)


class Candidate(NamedTuple):
    """One explanation."""

    kind: str
    name: str
    signal: int  # of the cohort, -1 for none
    columns: np.ndarray  # (N, p)


def candidates(signals, labels=None, label_names=()):
    """Every Candidate for maps over the grid of signals (M, H, W, C); labels (M, H, W): what their pixels show."""
    height, width = signals.shape[1:3]
    found = positions(height, width)
    for j, signal in enumerate(signals):
        found += of_signal(j, signal)
        if labels is not None:
            found += tissues(j, labels[j], label_names)
    return found


def positions(height, width):
    """Candidates of place alone: x, y, the distance from the middle, and the angle about it."""
    y, x = (each.ravel() for each in np.meshgrid(*(np.linspace(-1, 1, n) for n in (height, width)), indexing="ij"))
    around = np.arctan2(y, x) / np.pi
    variables = {"x": hats(x), "y": hats(y), "radius": hats(np.hypot(y, x)), "angle": hats(around, periodic=True)}
    return [Candidate(POSITION, name, -1, columns) for name, columns in variables.items()]


def hats(values, periodic=False):
    """(N, KNOTS) piecewise linear functions that sum to 1, between the least and the largest of the values."""
    low, high = (-1.0, 1.0) if periodic else (values.min(), values.max())
    steps = KNOTS if periodic else KNOTS - 1
    place = (values - low) / (high - low) * steps if high > low else np.zeros_like(values)
    distance = np.abs(place[:, None] - np.arange(KNOTS))
    if periodic:
        distance = np.minimum(distance, KNOTS - distance)
    return np.maximum(1.0 - distance, 0.0)


def of_signal(j, signal):
    """Candidates of signal number j of a cohort, (H, W, C)."""
    grey = signal @ np.array(GREY) if signal.shape[2] == 3 else signal.mean(axis=2)
    found = [Candidate(LUMINANCE, "luminance", j, hats(grey.ravel()))]
    if signal.shape[2] == 3:
        red, green, blue = np.moveaxis(signal.astype(np.float64), 2, 0)
        for name, opponent in (("red-green", red - green), ("blue-yellow", blue - (red + green) / 2)):
            if np.ptp(opponent) > 0:
                found.append(Candidate(COLOUR, name, j, hats(opponent.ravel())))
    rows, columns = gradient(gaussian_filter(grey, SMOOTHING))
    magnitude, twice = np.hypot(rows, columns), 2 * np.arctan2(rows, columns)
    found.append(Candidate(EDGES, "gradient magnitude", j, hats(magnitude.ravel())))
    turned = np.stack([magnitude * np.cos(twice), magnitude * np.sin(twice)], axis=-1).reshape(-1, 2)
    found.append(Candidate(EDGES, "gradient orientation", j, turned))
    for low, high in BANDS:
        band = gaussian_filter(grey, low) - gaussian_filter(grey, high)
        of_band = np.stack([band, np.abs(band)], axis=-1).reshape(-1, 2)
        found.append(Candidate(FREQUENCY, f"band {low}-{high} px", j, of_band))
    return found


def tissues(j, labels, names):
    """Candidates of what the pixels of signal number j show, (H, W); a tissue that is nowhere, or everywhere, is
    none."""
    masks = ((name, labels.ravel() == number) for number, name in enumerate(names))
    return [Candidate(TISSUE, name, j, mask[:, None].astype(np.float64)) for name, mask in masks if 0 < mask.mean() < 1]
