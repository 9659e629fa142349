import numpy as np
import pytest

from inr_sae.measure import blocks


@pytest.mark.parametrize("shape", [(24, 36), (25, 37), (5, 7)])
def test_folds_are_whole_blocks_and_about_as_large(shape, rng):
    found = blocks.folds(*shape, 4, rng)
    block = blocks.blocks(*shape, blocks.side_of(*shape))
    assert all(len(set(found[block == each])) == 1 for each in set(block))
    counts = np.bincount([found[block == each][0] for each in sorted(set(block))], minlength=4)
    assert counts.max() - counts.min() <= 1 and found.shape == (shape[0] * shape[1],)


@pytest.mark.parametrize("shape", [(24, 36), (25, 37)])
def test_shuffled_blocks_hold_each_coordinate_once_and_keep_neighbours(shape, rng):
    order = blocks.shuffled(*shape, rng)
    assert sorted(order) == list(range(shape[0] * shape[1])) and (order != np.arange(len(order))).mean() > 0.8
    side, grid = blocks.side_of(*shape), order.reshape(shape)
    np.testing.assert_array_equal(np.diff(grid[:side, :side], axis=1), 1)
    np.testing.assert_array_equal(np.diff(grid[:side, :side], axis=0), shape[1])
