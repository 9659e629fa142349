import numpy as np

from inr_sae.inr.coordinates import grid


def test_raster_order_row_then_column_end_points_included():
    x = np.asarray(grid(3, 2))
    np.testing.assert_array_equal(x, [[-1, -1], [-1, 1], [0, -1], [0, 1], [1, -1], [1, 1]])
    assert x.dtype == np.float32


def test_an_axis_runs_from_the_lowest_to_the_highest_coordinate():
    np.testing.assert_array_equal(grid(2, 3, 0.0, 1.0), [[0, 0], [0, 0.5], [0, 1], [1, 0], [1, 0.5], [1, 1]])


def test_an_axis_of_one_pixel_lies_in_the_middle():
    np.testing.assert_array_equal(grid(1, 2), [[0, -1], [0, 1]])
    np.testing.assert_array_equal(grid(1, 2, 0.0, 1.0), [[0.5, 0], [0.5, 1]])
