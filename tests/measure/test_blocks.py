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
def test_what_is_moved_holds_each_coordinate_once(shape, rng):
    for order in (blocks.displaced(*shape, rng), *(blocks.sheared(*shape, axis, -1) for axis in (0, 1))):
        assert sorted(order) == list(range(shape[0] * shape[1])) and (order != np.arange(len(order))).mean() > 0.9


@pytest.mark.parametrize("axis", [0, 1])
def test_a_shear_ends_what_depends_on_one_coordinate_and_keeps_what_depends_on_the_other(axis):
    shape = (24, 36)
    along, across = (np.broadcast_to(np.sin(np.mgrid[:24, :36][a] * 0.5), shape) for a in (axis, 1 - axis))
    moved = [each.ravel()[blocks.sheared(*shape, axis, 1)].reshape(shape) for each in (along, across)]
    assert moved[0].mean(axis=1 - axis).std() < 0.15 * along.std()
    np.testing.assert_array_equal(moved[1], across)


@pytest.mark.parametrize("shape, side", [((24, 36), 4), ((36, 24), 4), ((25, 70), 4), ((5, 7), 1)])
def test_six_blocks_lie_across_the_shorter_side(shape, side):
    assert blocks.side_of(*shape) == side


def test_a_grid_is_displaced_by_a_quarter_of_each_axis_at_least(rng):
    """Every displacement between a quarter and the rest comes."""
    shape = (12, 10)
    at = [int(np.argmin(blocks.displaced(*shape, rng))) for _ in range(300)]  # where the first coordinate is read
    for places, n in zip(np.unravel_index(at, shape), shape):
        assert set(places) == set(range(n // 4, n - n // 4 + 1))


@pytest.mark.parametrize(
    "axis, sign, order",
    [
        (1, 1, [0, 1, 2, 4, 5, 3, 8, 6, 7]),
        (1, -1, [0, 1, 2, 5, 3, 4, 7, 8, 6]),
        (0, 1, [0, 4, 8, 3, 7, 2, 6, 1, 5]),
        (0, -1, [0, 7, 5, 3, 1, 8, 6, 4, 2]),
    ],
)
def test_a_shear_of_three_by_three_by_hand(axis, sign, order):
    np.testing.assert_array_equal(blocks.sheared(3, 3, axis, sign), order)


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (3, 40), (40, 2), (8, 9), (1, 5)])
def test_a_null_leaves_no_axis_in_place(shape, rng):
    for _ in range(200):
        for by, n in zip(blocks.far(*shape, rng), shape):
            assert n == 1 or min(by, n - by) >= max(1, n // 4)
