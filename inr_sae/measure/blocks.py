"""Blocks of a grid of coordinates: what is fitted on some of them is scored on the others, as neighbours are alike."""

import numpy as np


def side_of(height, width, across=12):
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


def shuffled(height, width, rng):
    """(N,) which coordinate is read at each instead, for a null: whole blocks change places, and what does not fill a
    block stays."""
    side = side_of(height, width)
    grid = np.arange(height * width).reshape(height, width)
    n_rows, n_columns = height // side, width // side
    inner = grid[: n_rows * side, : n_columns * side].reshape(n_rows, side, n_columns, side).swapaxes(1, 2)
    moved = inner.reshape(-1, side, side)[rng.permutation(n_rows * n_columns)]
    grid = grid.copy()
    moved = moved.reshape(n_rows, n_columns, side, side).swapaxes(1, 2)
    grid[: n_rows * side, : n_columns * side] = moved.reshape(n_rows * side, n_columns * side)
    return grid.ravel()
