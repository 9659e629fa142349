"""Kernels that act on a field of activations through its leading Fourier modes: the same operator at every resolution.

Symbols: x (N, D) coordinates in domain units, [0, 1] along each axis; k (M, D) modes, whole numbers; P the period, 1
and what is padded with zeros; theta = 2 pi k x / P. A field u (N, n) has coefficients sum_x q(x) u(x) e^(-i theta),
with q the area of a coordinate over P^D: the forward-normalised transform, whose numbers do not depend on how many
coordinates there are. A kernel (2, M, n) is the real and imaginary part of R, a number for every mode and column.

Only one of k and -k is kept, since fields are real. Sums over a few modes are matrix products: no FFT is needed, and
coordinates may lie anywhere.
"""

import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class Waves(NamedTuple):
    """cos and sin theta (N, M) of some coordinates, their areas q (N,), and how often each mode counts (M,)."""

    cos: jax.Array
    sin: jax.Array
    area: jax.Array
    times: jax.Array


def half_plane(n, axes):
    """Modes (M, axes) with each |k| below n, of k and -k one."""
    every = itertools.product(range(-n + 1, n), repeat=axes)
    return np.array([k for k in every if k >= tuple(-each for each in k)], np.float32).reshape(-1, axes)


def grid(shape, xp=jnp):
    """(x (N, D), areas (N,) that sum to 1) of a grid with its end points, in raster order.

    Coordinates at an end stand for half as much as those within: a sum is then an integral by trapezoids.
    """
    axes = [xp.linspace(0.0, 1.0, n) for n in shape]
    areas = [_trapezoids(n, xp) for n in shape]
    x = xp.stack([each.ravel() for each in xp.meshgrid(*axes, indexing="ij")], axis=-1)
    area = areas[0]
    for each in areas[1:]:
        area = (area[:, None] * each).ravel()
    return x, area


def _trapezoids(n, xp):
    inner = xp.ones(max(0, n - 2))
    return xp.concatenate([xp.full(1, 0.5), inner, xp.full(1, 0.5)]) / (n - 1)


def waves(x, area, modes, period, xp=jnp):
    """The Waves of coordinates x (N, D) of areas (N,), for modes (M, D)."""
    product = x @ modes.T if xp is np else jnp.matmul(x, modes.T, precision="highest")  # within a phase
    theta = 2 * np.pi * product / period
    times = xp.where(xp.any(modes != 0, axis=1), 2.0, 1.0)
    return Waves(xp.cos(theta), xp.sin(theta), area / period ** modes.shape[1], times)


def spread(kernel, u, of_grid):
    """The operator's field (N, n) from u (N, n): sum_k R(k) u^(k) e^(i theta), the real part."""
    weighted = u * of_grid.area[:, None]
    c, s = of_grid.cos.T @ weighted, of_grid.sin.T @ weighted  # u^ = c - i s
    a, b = kernel * of_grid.times[:, None]
    return of_grid.cos @ (a * c + b * s) + of_grid.sin @ (a * s - b * c)
