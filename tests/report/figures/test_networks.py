"""Figures of several networks are drawn of what there is, and show what was planted."""

import numpy as np
import pytest

from inr_sae.report.figures import networks, tuning
from inr_sae.rows.transfer import NetworkLayerRow, NetworkRow, TuneRow, WinnerRow
from tests.report.builders import make

KEYS = [("a", n, d, seed) for n in (2, 5) for d in (64, 128) for seed in (0, 1)]


@pytest.fixture
def rows():
    """NetworkRows and NetworkLayerRows of a backbone at two depths and widths, from two seeds; a number is missing."""
    of_networks = [
        make(NetworkRow, backbone=b, n_layers=n, width=d, seed=s, n_units=n, best_tau=1, tau_by_sr_weight=n - 1)
        for b, n, d, s in KEYS
    ]
    of_networks[0] = of_networks[0]._replace(best_tau=None, scratch_psnr_db=None)
    of_layers = [
        make(NetworkLayerRow, backbone=b, n_layers=n, width=d, seed=s, layer=i, sr_weight=float(i), dead_fraction=1 / d)
        for b, n, d, s in KEYS
        for i in range(n)
    ]
    of_layers[0] = of_layers[0]._replace(sr_weight=None)
    return of_networks, of_layers


def lines(ax):
    return {line.get_label(): line.get_xydata() for line in ax.get_lines()}


def test_every_figure_is_drawn(rows):
    of_networks, of_layers = rows
    assert len(networks.backbones(of_networks, {"a": "A"}).axes) == 1
    assert len(networks.layers(of_layers, {"a": "A"}).axes) == 3 * 4
    assert len(networks.width(of_layers, {}).axes) == 2


def test_boundaries_and_peaks_stand_at_their_layers(rows):
    (ax,) = networks.depth(rows[0], {}).axes
    drawn = lines(ax)
    assert set(drawn["d = 64, best τ"][:, 1]) == {1} and set(drawn["d = 128, argmax sr(W)"][:, 1]) == {1, 4}
    assert len(drawn["d = 64, best τ"]) == 3, "one had no boundary"


def test_dead_atoms_fall_with_the_width_as_planted(rows):
    ax = networks.width(rows[1], {}).axes[0]
    np.testing.assert_allclose(lines(ax)["a, L = 2"], [[64, 1 / 64], [128, 1 / 128]])


def test_a_tunings_winner_is_starred():
    key = dict(regime="cohort", target="t", backbone="a", psnr_db_std=0.1, n=2, n_images=2)
    points = [(10.0, 1e-3, 30.0), (10.0, 1e-2, 20.0), (None, 1e-3, 25.0)]
    names = ("frequency", "learning_rate", "psnr_db_mean")
    grid = [make(TuneRow, **key, **dict(zip(names, point))) for point in points]
    winner = make(WinnerRow, **key, **dict(zip(names, points[0])), at_edge=0)
    (ax,) = tuning.curves(grid, [winner], {"a": "omega"}).axes
    (star,) = [line for line in ax.get_lines() if line.get_marker() == "*"]
    np.testing.assert_allclose(star.get_xydata(), [[1e-3, 30.0]])
    np.testing.assert_allclose(lines(ax)["omega = 10"], [[1e-3, 30.0], [1e-2, 20.0]])
