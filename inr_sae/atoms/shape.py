"""What an atom's map looks like: how compact and how large it is, and whether it has the shape of an image. No
threshold anywhere."""

from functools import partial
from math import comb
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.atoms.statistics import parts
from inr_sae.measure import blocks

SHIFTS = 3  # random displacements of every signal, for the null of content
FAINT = 1e-2  # of a map's root mean square: of a deviation below it float32 sums say little
COUNTS = ("content_compared", "content_signal")  # fields of Content that are no likeness


class Locality(NamedTuple):
    """How local each of n atoms' maps is, each (n,), float64; nan for an atom that never fires.

    What is local is compact (locality near 1) and small (extent well below 1): a disc over half the image is compact.
    """

    row: np.ndarray  # centroid, in pixels, weighted by z^2
    column: np.ndarray
    spread: np.ndarray  # root mean squared distance from the centroid, weighted by z^2, in pixels
    spread_disc: np.ndarray  # of a disc of as many pixels as the map effectively has, (sum z^2)^2 / sum z^4
    spread_scattered: np.ndarray  # of as many pixels drawn at random over the image
    locality: np.ndarray  # (scattered - spread) / (scattered - disc): 1 like a disc, 0 like pixels at random
    extent: np.ndarray  # spread over that of the whole image evenly lit: 1 as wide as the image, near 0 for a spot


class Content(NamedTuple):
    """How much each of n atoms' maps looks like a signal, each (n,): largest |Pearson correlation| over a set of
    images, and what share that is of an exact copy's.

    nan for an atom that never fires, or without signals to compare with. A share is (atom - null) / (copy - null);
    `copy` is the mean over maps that are the cohort's signals themselves: 1 for these, 0 for what is no more like the
    cohort than the null is.
    """

    content: np.ndarray  # with the cohort's signals, luminance
    content_gradient: np.ndarray  # with their gradient magnitude
    content_shuffled: np.ndarray  # null: with the signals displaced at random around a torus, luminance
    content_gradient_shuffled: np.ndarray  # null: with the gradients displaced
    content_held_out: np.ndarray  # with `compared` held-out signals, luminance: the kind of image, not this cohort's
    content_of_as_many: np.ndarray  # with as many of the cohort's, the mean over every choice of that many
    content_share: np.ndarray  # of a copy's, with the displaced signals as the null: image-shaped, of whatever cohort
    content_share_cohort: np.ndarray  # of a copy's, with the held-out signals as the null: this cohort's own
    content_compared: np.ndarray  # signals of each side in the comparison with held-out ones; int
    content_signal: np.ndarray  # which cohort signal it is most like, -1 if none; int


class Features(NamedTuple):
    """Maps that atoms are compared with: standardised, (N, F), and which columns are what."""

    maps: np.ndarray
    columns: dict  # {name: slice of the columns}
    height: int
    width: int


def gradient(image):
    """The derivatives (2, H, W) of an image (H, W) down and right; 0 along an axis of one pixel."""
    return np.stack([np.gradient(image, axis=i) if n > 1 else np.zeros_like(image) for i, n in enumerate(image.shape)])


def features(cohort, held_out, rng):
    """The Features of cohort signals (M, H, W, C) and held-out ones (T, H, W, C), or None; of more than M the first."""
    height, width = cohort.shape[1:3]
    grey = cohort.mean(axis=3)
    gradients = np.stack([np.hypot(*gradient(image)) for image in grey])
    other = grey[:0] if held_out is None else held_out.mean(axis=3)[: len(grey)]
    shifted, shifted_gradients = [], []
    for _ in range(SHIFTS):
        for image, of_image in zip(grey, gradients):
            by = blocks.far(height, width, rng)
            shifted.append(np.roll(image, by, (0, 1)))
            shifted_gradients.append(np.roll(of_image, by, (0, 1)))
    groups = {
        "cohort": grey,
        "gradient": gradients,
        "shifted": np.stack(shifted),
        "shifted_gradient": np.stack(shifted_gradients),
        "held_out": other,
    }
    columns, start = {}, 0
    for name, images in groups.items():
        columns[name] = slice(start, start + len(images))
        start += len(images)
    maps = np.concatenate(list(groups.values())).reshape(start, -1).T.astype(np.float64)
    maps = maps - maps.mean(axis=0)
    norms = np.linalg.norm(maps, axis=0)
    return Features((maps / np.where(norms > 0, norms, 1.0)).astype(np.float32), columns, height, width)


@partial(jax.jit, static_argnums=3)
def _summed(dictionary, h, weights, power):
    """Sum over a chunk of z^power times each column of weights (B, F), per atom: (n, F)."""
    return jnp.matmul((dictionary.encode(h).dense() ** power).T, weights, precision="highest")


def _sums(dictionary, h, weights, power):
    weights = np.asarray(weights, np.float32)
    return sum(
        np.asarray(_summed(dictionary, chunk, of_chunk, power), np.float64)
        for chunk, of_chunk in parts(dictionary, h, weights)
    )


def moments(dictionary, h, height, width):
    """Sums over the grid per atom, (n, 5): z^2 times 1, y, x, y^2 + x^2, and z^4; y, x in pixels from the middle."""
    y, x = np.mgrid[:height, :width]
    y, x = y.ravel() - (height - 1) / 2, x.ravel() - (width - 1) / 2
    of_square = _sums(dictionary, h, np.stack([np.ones_like(y), y, x, y**2 + x**2], axis=1), 2)
    return np.concatenate([of_square, _sums(dictionary, h, np.ones((len(y), 1)), 4)], axis=1)


def locality(sums, height, width):
    """The Locality of atoms from their `moments`."""
    with np.errstate(invalid="ignore", divide="ignore"):
        energy = np.where(sums[:, 0] > 0, sums[:, 0], np.nan)
        y, x = sums[:, 1] / energy, sums[:, 2] / energy
        spread = np.sqrt(np.maximum(sums[:, 3] / energy - y**2 - x**2, 0.0))
        n_pixels = energy**2 / sums[:, 4]
        # A disc of area A has a mean squared radius of A / 2 pi; a pixel alone is a square of side 1 and has none.
        disc = np.sqrt(np.maximum(n_pixels - 1.0, 0.0) / (2 * np.pi))
        whole = (height**2 - 1) / 12 + (width**2 - 1) / 12
        scattered = np.sqrt(whole * (1.0 - 1.0 / n_pixels))
        score = (scattered - spread) / (scattered - disc)
    place = y + (height - 1) / 2, x + (width - 1) / 2
    return Locality(*place, spread, disc, scattered, np.where(n_pixels <= 1.5, 1.0, score), spread / np.sqrt(whole))


def correlations(dictionary, h, maps):
    """Pearson correlation of every atom's map with every standardised column of maps (N, F): (n, F); nan of maps that
    are as good as constant, as those of dead atoms."""
    n_pixels = maps.shape[0]
    with_maps = _sums(dictionary, h, maps, 1)
    total = _sums(dictionary, h, np.ones((n_pixels, 1)), 1)[:, 0]
    square = _sums(dictionary, h, np.ones((n_pixels, 1)), 2)[:, 0]
    deviation = np.sqrt(np.maximum(square - total**2 / n_pixels, 0.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return with_maps / np.where(deviation > FAINT * np.sqrt(square), deviation, np.nan)[:, None]


def content(correlation, features):
    """The Content of atoms from their `correlations` (n, F) with `features`."""
    atoms = likeness(correlation, features.columns)
    copies = likeness(features.maps[:, features.columns["cohort"]].T @ features.maps, features.columns)
    compared = min(width(features.columns[name]) for name in ("cohort", "held_out"))
    cohort = np.abs(correlation[:, features.columns["cohort"]])
    best = np.where(np.isnan(cohort).any(axis=1), -1, np.argmax(np.nan_to_num(cohort), axis=1))
    return Content(
        **atoms,
        content_share=share(atoms, copies, "content", "content_shuffled"),
        content_share_cohort=share(atoms, copies, "content_of_as_many", "content_held_out"),
        content_compared=np.full(len(correlation), compared),
        content_signal=best,
    )


def width(columns):
    """The number of columns of a slice."""
    return columns.stop - columns.start


def likeness(correlation, columns):
    """{field of Content: (n,)} of maps by their correlations (n, F) with all `Features`."""
    of = {name: np.abs(correlation[:, where]) for name, where in columns.items()}

    def null(name, of_cohort):
        """The mean over displacements of the largest over as many images as the cohort has."""
        return of[name].reshape(len(correlation), SHIFTS, of[of_cohort].shape[1]).max(axis=2).mean(axis=1)

    compared = min(of[name].shape[1] for name in ("cohort", "held_out"))
    return {
        "content": of["cohort"].max(axis=1),
        "content_gradient": of["gradient"].max(axis=1),
        "content_shuffled": null("shifted", "cohort"),
        "content_gradient_shuffled": null("shifted_gradient", "gradient"),
        "content_held_out": expected_largest(of["held_out"], compared),
        "content_of_as_many": expected_largest(of["cohort"], compared),
    }


def expected_largest(values, m):
    """The mean over all choices of m of the columns of values (n, M) of the largest among them, (n,); nan for m = 0."""
    n_columns = values.shape[1]
    if not m:
        return np.full(len(values), np.nan)
    # The largest but j is the largest of a choice that has it and m - 1 of those below it.
    weights = [comb(n_columns - 1 - j, m - 1) / comb(n_columns, m) for j in range(n_columns - m + 1)]
    return -np.sort(-values, axis=1)[:, : len(weights)] @ np.array(weights)


def share(atoms, copies, name, null):
    """(atom - null) / (copy - null), (n,), from the `likeness` of atoms and of copies of the cohort's signals; nan
    where a copy is no more like the cohort than like the null."""
    of_copy = np.mean(copies[name] - copies[null])
    return (atoms[name] - atoms[null]) / (of_copy if of_copy > 0 else np.nan)


def summary(shapes, content):
    """The layer's columns of a metrics table: medians over alive atoms, nan where all are dead; and how many signals
    were compared with as many held-out ones."""
    per_atom = shapes._asdict() | content._asdict()
    names = ("locality", "spread", "extent", *(name for name in content._fields if name not in COUNTS))
    known = {name: per_atom[name][np.isfinite(per_atom[name])] for name in names}
    medians = {f"{name}_median": float(np.median(v)) if v.size else float("nan") for name, v in known.items()}
    return medians | {"content_compared": int(content.content_compared[0])}
