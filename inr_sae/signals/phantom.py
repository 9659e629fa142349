"""A procedural cohort of template-aligned head slices: no download, any size, from a seed.

Every signal shares the layout (scalp, skull, cerebrospinal fluid, folded grey matter, white matter, ventricles, deep
grey nuclei) and has its own anatomy (proportions, folds, ventricle size, asymmetry) and contrast.
"""

import re
from typing import NamedTuple

import numpy as np

from inr_sae.errors import InputError, argument
from inr_sae.signals.subjects import each_alone as subjects  # noqa: F401  (a data set is its three functions)

LABELS = ("air", "scalp", "bone", "fluid", "grey", "white", "deep")  # the tissues, by the numbers of `labels`
SUPERSAMPLING = 2  # per axis; edges are smooth already, this tames the thin folds at small sizes


def find(root, n):
    """Names of `n` phantoms; there are as many as are asked for, and `root` is not used."""
    return [f"phantom_{i:04d}" for i in range(n)]


def read(root, name, rules):
    """The phantom (height, width, 1) of `rules["size"]`, drawn from `rules["seed"]` and its number.

    Raises InputError where there is no size.
    """
    return head_slice(generator(name, rules), *rules["size"])


def labels(root, name, rules):
    """The tissue that most of each pixel of a phantom shows, (height, width) uint8: a number of LABELS."""
    shares = paint_slice(generator(name, rules), *rules["size"]).tissue
    return np.stack([averaged(shares == number) for number in range(len(LABELS))]).argmax(axis=0).astype(np.uint8)


def generator(name, rules):
    """The random generator of a phantom. Raises InputError where there is no size."""
    if not rules["size"]:
        raise InputError(f"{argument('size')} is not set; the phantom needs (height, width)")
    return np.random.default_rng([rules["seed"], int(re.search(r"\d+$", name)[0])])


class Canvas(NamedTuple):
    """What is painted, at SUPERSAMPLING times the size: the image, and which tissue is uppermost where."""

    image: np.ndarray
    tissue: np.ndarray
    values: dict  # {tissue: its grey value}
    edge: float  # width of the edge of what is painted

    def paint(self, inside, tissue):
        """Blend a tissue's value into the image where the signed distance `inside` is positive."""
        alpha = np.clip(0.5 + inside / self.edge, 0.0, 1.0)
        self.image[...] += alpha * (self.values[tissue] - self.image)
        self.tissue[alpha > 0.5] = LABELS.index(tissue)


def head_slice(rng, height, width):
    """One head slice (height, width, 1) float32 in [0, 1], its anatomy and contrast drawn from `rng`."""
    image = averaged(paint_slice(rng, height, width).image)
    return np.clip(image, 0.0, 1.0).astype(np.float32)[:, :, None]


def averaged(fine):
    """The mean over the SUPERSAMPLING squared parts of every pixel."""
    height, width = (n // SUPERSAMPLING for n in fine.shape)
    return fine.reshape(height, SUPERSAMPLING, width, SUPERSAMPLING).mean(axis=(1, 3))


def paint_slice(rng, height, width):
    """The Canvas of one head slice."""
    fine = (height * SUPERSAMPLING, width * SUPERSAMPLING)
    y, x = np.meshgrid(*(np.linspace(-1.05, 1.05, n) for n in fine), indexing="ij")
    y, x = _deform(rng, y, x)
    skull = {"y": rng.normal(0.97, 0.015), "x": rng.normal(0.79, 0.02)}
    theta = np.arctan2(x, -y)
    rho = np.hypot(x / skull["x"], y / skull["y"])
    values = dict(
        scalp=rng.normal(0.80, 0.05),
        bone=rng.normal(0.13, 0.03),
        fluid=rng.normal(0.20, 0.03),
        grey=rng.normal(0.48, 0.03),
        white=rng.normal(0.72, 0.03),
        deep=rng.normal(0.56, 0.03),
    )
    canvas = Canvas(np.zeros(fine), np.zeros(fine, np.uint8), values, 3.0 / min(fine))
    canvas.paint(1.0 - rho, "scalp")
    canvas.paint(0.94 - rho, "bone")
    canvas.paint(0.875 - rho, "fluid")
    folds = _folds(rng, theta)
    canvas.paint(0.85 - rho - 0.05 * np.clip(folds, 0, None), "grey")
    canvas.paint(0.715 - rho - 0.10 * folds - 0.04 * _folds(rng, theta), "white")
    fissure = 0.012 - np.abs(x) + 0.02 * (rho > 0.45) - 0.05 * (rho < 0.32) - 1.0 * (rho > 0.86)
    canvas.paint(fissure, "fluid")
    _nuclei_and_ventricles(rng, canvas, x, y)
    texture = (canvas.image > 0.3) * 0.035 * _texture(rng, y, x)
    return canvas._replace(image=canvas.image + texture)


def _deform(rng, y, x):
    """A smooth small displacement of the template, different for each subject."""
    for _ in range(3):
        a, b, phase = rng.normal(0, 0.012, 2), rng.uniform(1.0, 3.0, 2), rng.uniform(0, 2 * np.pi, 2)
        y, x = (y + a[0] * np.sin(b[0] * np.pi * x + phase[0]), x + a[1] * np.sin(b[1] * np.pi * y + phase[1]))
    return y, x


def _folds(rng, theta):
    """The depth of the cortex' folds by angle, about -1 to 1: gyri of the template, phases of the subject."""
    waves = [(11, 0.40), (17, 0.35), (25, 0.25)]
    return sum(a * np.sin(n * theta + phase) for (n, a), phase in zip(waves, rng.normal(0.0, 1.0, len(waves))))


def _texture(rng, y, x):
    """Smooth tissue texture of about unit variance."""
    waves = [(rng.normal(0, 9, 2), rng.uniform(0, 2 * np.pi)) for _ in range(12)]
    return sum(np.sin(k[0] * y + k[1] * x + phase) for k, phase in waves) / np.sqrt(6.0)


def _ellipse(x, y, center, radii, turn):
    """An approximate signed distance to an ellipse, positive inside; center and radii as (x, y)."""
    c, s = np.cos(turn), np.sin(turn)
    u, v = c * (x - center[0]) + s * (y - center[1]), -s * (x - center[0]) + c * (y - center[1])
    return (1.0 - np.hypot(u / radii[0], v / radii[1])) * min(radii)


def _nuclei_and_ventricles(rng, canvas, x, y):
    """Thalami, caudates and the two lateral ventricles, each side a little different, and the third ventricle."""
    size = rng.normal(1.0, 0.14)
    for side in (-1, 1):
        stretch = rng.normal(1.0, 0.05)
        thalamus = _ellipse(x, y, (side * 0.14, 0.10), (0.10 * stretch, 0.15), side * 0.35)
        caudate = _ellipse(x, y, (side * 0.20, -0.20), (0.06, 0.13 * stretch), -side * 0.30)
        front = _ellipse(x, y, (side * 0.105, -0.19), (0.050 * size * stretch, 0.17 * size), -side * 0.35)
        back = _ellipse(x, y, (side * 0.17, 0.29), (0.048 * size, 0.14 * size * stretch), side * 0.55)
        for inside, tissue in ((thalamus, "deep"), (caudate, "deep"), (front, "fluid"), (back, "fluid")):
            canvas.paint(inside, tissue)
    canvas.paint(_ellipse(x, y, (0.0, 0.07), (0.022 * size, 0.13), 0.0), "fluid")
