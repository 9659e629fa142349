"""What the benchmark compares is the same work."""

import jax
import numpy as np
import pytest

from inr_sae import bench
from inr_sae.inr import fit, network


@pytest.mark.parametrize("name, tau", [("siren", None), ("siren", 1), ("ffmlp", 3)])
def test_the_naive_sweep_arrives_where_the_fast_one_does(name, tau, monkeypatch):
    monkeypatch.setattr(bench, "CONFIG", dict(width=8, n_layers=5, omega_0=30.0, sigma=2.0, n_fourier=4))
    backbone = network.backbone(name)
    state, data, x, targets = bench.problem(backbone, 1, tau, 48, 8)
    ours, _ = fit.steps(backbone, tau, bench.RATE, 4, state, data)
    naive, _ = bench.naive_steps(backbone, tau, 4, state, x, targets)
    for a, b in zip(jax.tree.leaves(ours.params), jax.tree.leaves(naive)):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_operations_of_a_step():
    """By hand: forward and weight gradient of every moving layer, input gradient of all but the first."""
    siren = network.backbone("siren")
    square = 2 * 100 * 256 * 256
    head = 2 * 100 * 256 * 30
    assert bench.step_operations(siren, 100, 30, None) == 2 * (2 * 100 * 2 * 256) + 3 * 4 * square + 3 * head
    assert bench.step_operations(siren, 100, 30, 2) == 2 * square + 3 * square + 3 * head


def test_precisions_are_compared_on_the_same_cohort():
    """On a CPU all three are float32, so they reach the same quality."""
    rows = bench.precision_rows(side=16, n_steps=20)
    assert len(rows) == 6
    for i in (0, 3):
        psnr = [row["psnr_db"] for row in rows[i : i + 3]]
        assert psnr == pytest.approx([psnr[0]] * 3, abs=1e-3) and psnr[0] > 5


def test_a_batch_of_fits_is_timed_per_fit():
    rows = bench.batch_rows(16, 12)
    assert [row["name"].endswith(f"{n} at a time") for row, n in zip(rows, (1, 4))] == [True, True]
    assert all(row["fits_per_s"] == pytest.approx(1e3 / row["ms"] / 500) for row in rows)
