"""What an atom's map looks like: how local it is, and whether it has the shape of an image. No threshold anywhere."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.sae import topk

SHIFTS = 3  # random displacements of every signal, for the null of content


class Locality(NamedTuple):
    """How local each of n atoms' maps is, each (n,), float64; nan for an atom that never fires."""

    row: np.ndarray  # centroid, in pixels, weighted by z^2
    column: np.ndarray
    spread: np.ndarray  # root mean squared distance from the centroid, weighted by z^2, in pixels
    spread_disc: np.ndarray  # of a disc of as many pixels as the map effectively has, (sum z^2)^2 / sum z^4
    spread_scattered: np.ndarray  # of as many pixels drawn at random over the image
    locality: np.ndarray  # (scattered - spread) / (scattered - disc): 1 like a disc, 0 like pixels at random


class Content(NamedTuple):
    """How much each of n atoms' maps looks like a signal, each (n,): largest |Pearson correlation| over a set of
    images.

    nan for an atom that never fires, or without signals to compare with. The sets compared with the cohort are as large
    as they can be made equal: held-out signals, and the cohort's own signals displaced at random.
    """

    content: np.ndarray  # with the cohort's signals, luminance
    content_gradient: np.ndarray  # with their gradient magnitude
    content_shuffled: np.ndarray  # null: with the signals displaced at random around a torus, luminance
    content_gradient_shuffled: np.ndarray  # null: with the gradients displaced
    content_held_out: np.ndarray  # with as many held-out signals, luminance: the kind of image, not this cohort's
    content_of_as_many: np.ndarray  # with as many cohort signals as there are held-out ones
    content_signal: np.ndarray  # which cohort signal it is most like


class Features(NamedTuple):
    """Maps that atoms are compared with: standardised, (N, F), and which columns are what."""

    maps: np.ndarray
    columns: dict  # {name: slice of the columns}
    height: int
    width: int


def features(cohort, held_out, rng):
    """The Features of cohort signals (M, H, W, C) and held-out ones (T, H, W, C), or None."""
    height, width = cohort.shape[1:3]
    grey = cohort.mean(axis=3)
    gradients = np.stack([np.hypot(*np.gradient(image)) for image in grey])
    other = grey[:0] if held_out is None else held_out.mean(axis=3)[: len(grey)]
    shifted, shifted_gradients = [], []
    for _ in range(SHIFTS):
        for image, gradient in zip(grey, gradients):
            # At least a quarter of the image each way: less would leave much of the alignment.
            by = [int(rng.integers(n // 4, n - n // 4 + 1)) for n in (height, width)]
            shifted.append(np.roll(image, by, (0, 1)))
            shifted_gradients.append(np.roll(gradient, by, (0, 1)))
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


@partial(jax.jit, static_argnums=(2, 4))
def _summed(params, h, k, weights, power):
    """Sum over a chunk of z^power times each column of weights (B, F), per atom: (n, F)."""
    values, indices = topk.encode(params, h, k)
    z = topk.dense(values, indices, params["w_dec"].shape[0])
    return jnp.matmul((z**power).T, weights, precision="highest")


def _sums(params, h, k, weights, power, rows=4096):
    h, weights = np.asarray(h), np.asarray(weights, np.float32)
    return sum(
        np.asarray(_summed(params, h[i : i + rows], k, weights[i : i + rows], power), np.float64)
        for i in range(0, len(h), rows)
    )


def moments(params, h, k, height, width):
    """Sums over the grid per atom, (n, 5): z^2 times 1, y, x, y^2 + x^2, and z^4; y, x in pixels from the middle."""
    y, x = np.mgrid[:height, :width]
    y, x = y.ravel() - (height - 1) / 2, x.ravel() - (width - 1) / 2
    of_square = _sums(params, h, k, np.stack([np.ones_like(y), y, x, y**2 + x**2], axis=1), 2)
    return np.concatenate([of_square, _sums(params, h, k, np.ones((len(y), 1)), 4)], axis=1)


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
    return Locality(
        y + (height - 1) / 2, x + (width - 1) / 2, spread, disc, scattered, np.where(n_pixels <= 1.5, 1.0, score)
    )


def correlations(params, h, k, maps):
    """Pearson correlation of every atom's map with every standardised column of maps (N, F): (n, F)."""
    n_pixels = maps.shape[0]
    with_maps = _sums(params, h, k, maps, 1)
    total = _sums(params, h, k, np.ones((n_pixels, 1)), 1)[:, 0]
    square = _sums(params, h, k, np.ones((n_pixels, 1)), 2)[:, 0]
    deviation = np.sqrt(np.maximum(square - total**2 / n_pixels, 0.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return with_maps / np.where(deviation > 0, deviation, np.nan)[:, None]


def content(correlation, features):
    """The Content of atoms from their `correlations` (n, F) with `features`."""
    absolute = np.abs(correlation)

    def largest(name, n=None):
        columns = absolute[:, features.columns[name]][:, :n]
        return columns.max(axis=1) if columns.shape[1] else np.full(len(absolute), np.nan)

    def null(name, of):
        """The mean over displacements of the largest over as many images as the cohort has."""
        m = features.columns[of].stop - features.columns[of].start
        return absolute[:, features.columns[name]].reshape(len(absolute), SHIFTS, m).max(axis=2).mean(axis=1)

    n_held_out = features.columns["held_out"].stop - features.columns["held_out"].start
    cohort = absolute[:, features.columns["cohort"]]
    best = np.where(np.isnan(cohort).any(axis=1), -1, np.argmax(np.nan_to_num(cohort), axis=1))
    return Content(
        largest("cohort"),
        largest("gradient"),
        null("shifted", "cohort"),
        null("shifted_gradient", "gradient"),
        largest("held_out"),
        largest("cohort", n_held_out),
        best,
    )


def summary(shapes, content):
    """The layer's columns of a metrics table: medians over alive atoms; nan where all are dead."""
    columns = {
        "locality": shapes.locality,
        "spread": shapes.spread,
        "content": content.content,
        "content_gradient": content.content_gradient,
        "content_shuffled": content.content_shuffled,
        "content_gradient_shuffled": content.content_gradient_shuffled,
        "content_held_out": content.content_held_out,
        "content_of_as_many": content.content_of_as_many,
    }
    known = {name: values[np.isfinite(values)] for name, values in columns.items()}
    return {f"{name}_median": float(np.median(v)) if v.size else float("nan") for name, v in known.items()}
