"""A procedural cohort of template-aligned head slices: no download, any size, from a seed.

Every signal shares the layout (scalp, skull, cerebrospinal fluid, folded grey matter, white matter, ventricles, deep
grey nuclei) and has its own anatomy (proportions, folds, ventricle size, asymmetry) and contrast.
"""

import re

import numpy as np

from inr_sae.errors import InputError, argument
from inr_sae.signals.subjects import each_alone as subjects  # noqa: F401  (a data set is its three functions)

SUPERSAMPLING = 2  # per axis; edges are smooth already, this tames the thin folds at small sizes


def find(root, n):
    """Names of `n` phantoms; there are as many as are asked for, and `root` is not used."""
    return [f"phantom_{i:04d}" for i in range(n)]


def read(root, name, rules):
    """The phantom (height, width, 1) of `rules["size"]`, drawn from `rules["seed"]` and its number.

    Raises InputError where there is no size.
    """
    if not rules["size"]:
        raise InputError(f"{argument('size')} is not set; the phantom needs (height, width)")
    number = int(re.search(r"\d+$", name)[0])
    return head_slice(np.random.default_rng([rules["seed"], number]), *rules["size"])


def head_slice(rng, height, width):
    """One head slice (height, width, 1) float32 in [0, 1], its anatomy and contrast drawn from `rng`."""
    fine = (height * SUPERSAMPLING, width * SUPERSAMPLING)
    y, x = np.meshgrid(*(np.linspace(-1.05, 1.05, n) for n in fine), indexing="ij")
    edge = 3.0 / min(fine)
    y, x = _deform(rng, y, x)
    skull = {"y": rng.normal(0.97, 0.015), "x": rng.normal(0.79, 0.02)}
    theta = np.arctan2(x, -y)
    rho = np.hypot(x / skull["x"], y / skull["y"])
    value = dict(
        scalp=rng.normal(0.80, 0.05),
        bone=rng.normal(0.13, 0.03),
        fluid=rng.normal(0.20, 0.03),
        grey=rng.normal(0.48, 0.03),
        white=rng.normal(0.72, 0.03),
        deep=rng.normal(0.56, 0.03),
    )

    image = np.zeros(fine)
    paint(image, 1.0 - rho, value["scalp"], edge)
    paint(image, 0.94 - rho, value["bone"], edge)
    paint(image, 0.875 - rho, value["fluid"], edge)
    folds = _folds(rng, theta)
    paint(image, 0.85 - rho - 0.05 * np.clip(folds, 0, None), value["grey"], edge)
    paint(image, 0.715 - rho - 0.10 * folds - 0.04 * _folds(rng, theta), value["white"], edge)
    fissure = 0.012 - np.abs(x) + 0.02 * (rho > 0.45) - 0.05 * (rho < 0.32) - 1.0 * (rho > 0.86)
    paint(image, fissure, value["fluid"], edge)
    _nuclei_and_ventricles(rng, image, x, y, value, edge)
    image += (image > 0.3) * 0.035 * _texture(rng, y, x)
    image = image.reshape(height, SUPERSAMPLING, width, SUPERSAMPLING).mean(axis=(1, 3))
    return np.clip(image, 0.0, 1.0).astype(np.float32)[:, :, None]


def paint(image, inside, value, edge):
    """Blend `value` into the image where the signed distance `inside` is positive, over an edge of the given width."""
    alpha = np.clip(0.5 + inside / edge, 0.0, 1.0)
    image += alpha * (value - image)


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


def _nuclei_and_ventricles(rng, image, x, y, value, edge):
    """Thalami, caudates and the two lateral ventricles, each side a little different, and the third ventricle."""
    size = rng.normal(1.0, 0.14)
    for side in (-1, 1):
        stretch = rng.normal(1.0, 0.05)
        thalamus = _ellipse(x, y, (side * 0.14, 0.10), (0.10 * stretch, 0.15), side * 0.35)
        caudate = _ellipse(x, y, (side * 0.20, -0.20), (0.06, 0.13 * stretch), -side * 0.30)
        front = _ellipse(x, y, (side * 0.105, -0.19), (0.050 * size * stretch, 0.17 * size), -side * 0.35)
        back = _ellipse(x, y, (side * 0.17, 0.29), (0.048 * size, 0.14 * size * stretch), side * 0.55)
        for inside, tissue in ((thalamus, "deep"), (caudate, "deep"), (front, "fluid"), (back, "fluid")):
            paint(image, inside, value[tissue], edge)
    paint(image, _ellipse(x, y, (0.0, 0.07), (0.022 * size, 0.13), 0.0), value["fluid"], edge)
