"""Radial kernels of an image: where they lie, how wide they are, and what a coordinate has of the nearest four."""

from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from scipy import ndimage
from scipy.spatial import cKDTree

NEAREST = 4  # kernels that a coordinate reads
LLOYD = 10  # steps of k-means
SHRINK = 0.5  # the cluster's covariance is divided by it
NARROWEST = 0.5  # standard deviation in pixels; the widest is a quarter of the longer side
AT_ONCE = 256  # coordinates whose distances to all kernels are held


def place(signals, n):
    """(centres (n, 2) in pixels, shapes (n, 2, 2) in 1/pixel^2) for signals (M, H, W, C), float64.

    k-means of the pixels, each weighted by the cohort's mean gradient magnitude (Sobel) over its mean. The first
    centres are drawn by these weights from a seed of their own, so the same signals have the same kernels. Shapes are
    the inverse of a cluster's covariance over SHRINK, clipped.
    """
    signals = np.asarray(signals, np.float32)
    return _placed(signals.tobytes(), signals.shape, n)


@lru_cache(maxsize=16)
def _placed(numbers, shape, n):
    # Kept: every fit of an image with a cohort's kernels, which it takes, draws its own as well.
    weights = edges(np.frombuffer(numbers, np.float32).reshape(shape)).ravel()
    shape = shape[1:3]
    pixels = np.stack(np.unravel_index(np.arange(weights.size), shape), axis=-1).astype(np.float64)
    rng = np.random.default_rng(0)
    centres = pixels[np.sort(rng.choice(len(pixels), n, replace=False, p=weights / weights.sum()))]
    for _ in range(LLOYD):
        cluster = cKDTree(centres).query(pixels)[1]
        total = np.bincount(cluster, weights, n)
        means = np.stack([np.bincount(cluster, weights * axis, n) for axis in pixels.T], axis=-1)
        centres = np.where(total[:, None] > 0, means / np.maximum(total, 1e-300)[:, None], centres)
    cluster = cKDTree(centres).query(pixels)[1]
    return centres, _shapes(pixels, weights, cluster, centres, max(shape))


def _shapes(pixels, weights, cluster, centres, side):
    """Inverses of the clusters' covariances over SHRINK; standard deviations are clipped."""
    away, n = pixels - centres[cluster], len(centres)
    total = np.maximum(np.bincount(cluster, weights, n), 1e-300)
    moments = [[np.bincount(cluster, weights * a * b, n) / total for a in away.T] for b in away.T]
    variances, axes = np.linalg.eigh(np.moveaxis(np.array(moments), -1, 0) / SHRINK)
    variances = np.clip(variances, NARROWEST**2, max(side / 4, NARROWEST) ** 2)
    return np.einsum("nij,nj,nkj->nik", axes, 1.0 / variances, axes)


def edges(signals):
    """(H, W) weights of pixels: mean gradient magnitude of signals (M, H, W, C) over its own mean, never 0."""
    grey = np.asarray(signals, np.float64).mean(axis=-1)
    magnitude = np.mean([np.hypot(ndimage.sobel(each, 0), ndimage.sobel(each, 1)) for each in grey], axis=0)
    mean = magnitude.mean()
    return np.ones_like(magnitude) if mean == 0 else magnitude / mean + 1e-3


def phi(x, centres, shapes):
    """1 / (1 + (x - c)^T S (x - c)) of x (..., 2): 1 at the centre, 1/2 at Mahalanobis distance 1."""
    away = x - centres
    return 1.0 / (1.0 + jnp.einsum("...i,...ij,...j->...", away, shapes, away))


def normalised(values):
    """Values over their sum along the last axis, through which no gradient flows."""
    return values / (lax.stop_gradient(values.sum(-1, keepdims=True)) + 1e-8)


def nearest(x, centres, shapes):
    """(numbers (N, 4) of the kernels nearest to x (N, 2), their normalised phi (N, 4)); all in pixels: what is near in
    coordinates that scale each axis on its own need not be in an image that is not square."""

    def of_one(point):
        numbers = lax.top_k(-jnp.square(point - centres).sum(-1), NEAREST)[1]
        return numbers, normalised(phi(point, centres[numbers], shapes[numbers]))

    return lax.map(of_one, x, batch_size=min(AT_ONCE, x.shape[0]))


def frequencies(low, high, n):
    """n numbers from low to high, evenly on a logarithmic scale."""
    return jnp.asarray(np.geomspace(low, high, n), jnp.float32)


def uniform(key, shape, bound):
    """U(+-bound)."""
    return jax.random.uniform(key, shape, jnp.float32, -bound, bound)
