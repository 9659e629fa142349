"""Levels of a grid and their one table; what a hash grid makes of them is in `backbones/test_hashgrid.py`."""

import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.inr import lookup


def test_scales_grow_by_one_factor_from_the_coarsest_level_to_the_finest():
    scale = lookup.scales(16, 256, 5)
    np.testing.assert_allclose(scale + 1, [16, 32, 64, 128, 256], rtol=1e-6)
    np.testing.assert_allclose(lookup.scales(16, 4, 3), [15, 15, 15])  # an image smaller than the coarsest level
    np.testing.assert_allclose(lookup.scales(16, 99, 1), [15])


def test_a_level_has_an_entry_a_node_and_no_more_than_it_may():
    levels = lookup.levels(np.float32([15, 31.5, 99]), 2000)
    np.testing.assert_array_equal(levels["side"], [16, 33, 100])
    np.testing.assert_array_equal(levels["size"], [256, 1089, 2000])
    np.testing.assert_array_equal(levels["offset"], [0, 256, 1345])
    assert lookup.n_entries(levels) == 3345


def test_more_entries_than_float32_counts_are_refused():
    with pytest.raises(ValueError, match="25010001 entries"):
        lookup.levels(np.float32([5000]), 2.0**30)


def test_interpolation_is_bilinear_by_hand():
    levels = {name: jnp.asarray(each) for name, each in lookup.levels(np.float32([3.0]), 100).items()}
    table = jnp.arange(16.0)[:, None] * jnp.array([1.0, -1.0])  # node (row, column) has 4 row + column
    x = jnp.array([[0.25, 0.5], [0.3, 0.1]])
    found = lookup.read(table, lookup.columns(x, levels))
    at = 3 * np.asarray(x) + 0.5
    np.testing.assert_allclose(found[:, 0], 4 * at[:, 0] + at[:, 1], rtol=1e-5)
    np.testing.assert_allclose(found[:, 1], -found[:, 0])


def test_coordinates_of_any_range_are_brought_to_the_unit_square():
    np.testing.assert_allclose(
        lookup.unit_square(jnp.array([[-1.0, 0.0], [1.0, 0.5]]), -1.0, 1.0), [[0, 0.5], [1, 0.75]]
    )
