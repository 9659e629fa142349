import itertools

import numpy as np
import pytest

from inr_sae.report.figures import sizes
from inr_sae.rows.dictionaries import SizeRow
from tests.report.builders import labelled, legend, make, titles


def rows(depth, ns=(16, 64), ks=(4, 32)):
    """PSNR is n + k + layer; no k is above its n."""
    keys = ((n, k, layer) for n, k, layer in itertools.product(ns, ks, range(depth)) if k <= n)
    numbers = dict(r2=0.5, alive_fraction=1.0, spatial_l0=0.25)
    return [
        make(SizeRow, n_atoms=n, k=k, layer=layer, psnr_substituted_db=float(n + k + layer), **numbers)
        for n, k, layer in keys
    ]


@pytest.mark.parametrize("depth", [3, 7])
def test_a_column_a_layer_and_first_their_mean(depth):
    fig = sizes.size_sweep(rows(depth), (64, 4))
    assert titles(fig)[: depth + 1] == ["mean over layers", *(f"layer {i}" for i in range(depth))]
    assert legend(fig) == ["n = 16", "n = 64"]
    mean, last = fig.axes[0], fig.axes[depth]
    assert labelled(last)["n = 64"].get_xydata().tolist() == [[4.0, 68.0 + depth - 1], [32.0, 96.0 + depth - 1]]
    assert labelled(mean)["n = 64"].get_ydata().tolist() == [68.0 + (depth - 1) / 2, 96.0 + (depth - 1) / 2]
    np.testing.assert_array_equal(labelled(mean)["n = 16"].get_ydata()[1], np.nan)
    stars = [line.get_xydata().tolist() for line in last.get_lines() if line.get_marker() == "*"]
    assert stars == [[[4.0, 68.0 + depth - 1]]]


def test_heatmaps_number_what_was_measured():
    fig = sizes.size_sweep(rows(1), (1, 1))
    heatmap = fig.axes[4 * 2 + 1]
    np.testing.assert_array_equal(heatmap.images[0].get_array().filled(np.nan), [[20.0, np.nan], [68.0, 96.0]])
    assert [text.get_text() for text in heatmap.texts] == ["20", "68", "96"]
    assert not any(line.get_marker() == "*" for ax in fig.axes for line in ax.get_lines())


def test_every_size_is_drawn_and_what_has_no_meaning_is_left_out():
    ns = tuple(range(10, 19))
    fig = sizes.size_sweep([row._replace(alive_fraction=None, spatial_l0=None) for row in rows(1, ns, (4,))], (10, 4))
    fig.draw_without_rendering()
    assert legend(fig) == [f"n = {n}" for n in ns]
