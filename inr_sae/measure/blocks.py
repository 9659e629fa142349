"""Blocks of a grid of coordinates: what is fitted on some of them is scored on the others, as neighbours are alike."""

import numpy as np

ACROSS = 6  # blocks of a fold along the shorter side: larger than most blobs, or neighbours give a block away


def side_of(height, width, across=ACROSS):
    """The side of a block, in pixels, of which so many lie across the shorter side of a grid."""
    return max(1, min(height, width) // across)


def blocks(height, width, side):
    """The number of the block of each coordinate, (N,), in raster order; blocks are square but at the far edges."""
    rows, columns = np.arange(height) // side, np.arange(width) // side
    return (rows[:, None] * (columns[-1] + 1) + columns).ravel()


def folds(height, width, n_folds, rng):
    """The fold, 0 to n_folds - 1, of each coordinate, (N,): whole blocks, as many of them in each as can be."""
    block = blocks(height, width, side_of(height, width))
    n_blocks = int(block.max()) + 1
    return (rng.permutation(n_blocks) % n_folds)[block]


def displaced(height, width, rng):
    """(N,) which coordinate is read at each instead, for a null: the grid moved around a torus at random."""
    return moved(height, width, far(height, width, rng))


def far(height, width, rng):
    """[rows, columns] to move a grid by around a torus, at least a quarter of it each way, and a pixel where there are
    several: less would leave much of the alignment."""
    least = [max(n // 4, min(1, n - 1)) for n in (height, width)]
    return [int(rng.integers(low, n - low + 1)) for n, low in zip((height, width), least)]


def half_away(height, width):
    """(N,) which coordinate is read at each instead, for a null: the grid moved around a torus by half of itself."""
    return moved(height, width, (height // 2, width // 2))


def moved(height, width, by):
    """(N,) which coordinate is read at each when the grid is moved around a torus by so many rows and columns."""
    return np.roll(np.arange(height * width).reshape(height, width), by, (0, 1)).ravel()


def sheared(height, width, axis, sign):
    """(N,) which coordinate is read at each instead, for a null: rows move along themselves around a torus, by their
    whole length from the first to the last (axis 1), or columns do (axis 0).

    Neighbours stay near each other, and what depends on the coordinate of that axis alone does so no more.
    """
    rows, columns = np.mgrid[:height, :width]
    if axis == 1:
        columns = (columns + sign * (rows * width // height)) % width
    else:
        rows = (rows + sign * (columns * height // width)) % height
    return (rows * width + columns).ravel()
