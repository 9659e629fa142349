"""What is compared is the same work, and a step's time is that of one step of one fit."""

import jax
import numpy as np
import pytest

from inr_sae.inr import fit, network
from inr_sae.measure import image
from inr_sae.tools.bench import encoders, problem, timing
from tests.tools.bench.small import BACKBONE, SIZES, uncompiled

names = pytest.mark.parametrize("name", network.backbone_names())


def n_units(name):
    return len(network.backbone(name).unit_names(problem.settings(name, SIZES)))


@names
@pytest.mark.parametrize("which", ["full", "first", "last"])
def test_the_naive_sweep_arrives_where_the_fast_one_does(name, which):
    tau = {"full": None, "first": 0, "last": n_units(name) - 1}[which]
    backbone, state, data, x, targets = problem.problem(name, SIZES._replace(n_signals=1), tau)
    ours, _ = fit.fit_cohort(backbone, tau, problem.RATE, 4, state, data)
    naive = jax.jit(encoders.naive_steps, static_argnums=(0, 1, 2))(backbone, tau, 4, state, x, targets)
    assert jax.tree.structure(ours.params) == jax.tree.structure(naive)
    start, ours, naive = map(jax.tree.leaves, (state.params, ours.params, naive))
    assert max(np.abs(a - b).max() for a, b in zip(start, naive)) > 3 * problem.RATE  # it went somewhere
    for a, b in zip(ours, naive):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_cohort_is_timed_with_fewer_pixels_and_with_fewer_and_more_signals(monkeypatch):
    seen = uncompiled(monkeypatch)
    rows = encoders.cohort_rows(SIZES, network.backbone_names(), BACKBONE)
    plain = [f"cohort step, {name}" for name in network.backbone_names()]
    others = ["M=2, 24 pixels", "M=1, 96 pixels", "M=8, 96 pixels"]
    assert [row["name"] for row in rows] == [*plain, *(f"cohort step, {BACKBONE}, {other}" for other in others)]
    assert [mse.shape for (_, mse), *_ in seen] == [(n, m) for (_, n, _), m in zip(seen, [2] * len(plain) + [2, 1, 8])]
    quarter, one, more = (row["gflop"] for row in rows[-3:])
    assert quarter == pytest.approx(rows[plain.index(f"cohort step, {BACKBONE}")]["gflop"] / 4) and one < more


@names
def test_a_sweep_has_every_boundary_and_their_sum(name, monkeypatch):
    seen = uncompiled(monkeypatch)
    *rows, whole = encoders.sweep_rows(SIZES, name)
    boundaries = ["full", *(f"tau={tau}" for tau in range(n_units(name)))]
    assert [row["name"] for row in rows] == [f"test-time step, {name}, {boundary}" for boundary in boundaries]
    fast, naive = seen[::2], seen[1::2]
    assert [mse.shape for (_, mse), *_ in fast] == [(n, 1) for _, n, _ in fast]
    assert {len(shapes) for shapes, *_ in naive} == {2} and {n for _, n, _ in naive} == {2}  # encoder and heads
    ms = [row["ms"] for row in rows]
    assert ms == pytest.approx([6e3 / n for _, n, _ in fast]) and ms[-1] < min(ms[:-1])
    assert whole["ms"] == pytest.approx(sum(ms)) and whole["n_fits"] == len(boundaries)
    assert whole["ratio_to_naive"] == pytest.approx(sum(ms) / (3e3 * len(boundaries)))
    counted = [row["gflop"] for row in rows[1:-1]]
    assert counted == sorted(counted, reverse=True) and rows[-1]["gflop"] is None  # the deeper, the less is to do


def test_a_batch_of_fits_is_timed_per_fit(monkeypatch):
    seen = uncompiled(monkeypatch)
    rows = encoders.batch_rows(SIZES, BACKBONE)
    sizes = [mse.shape[0] for (_, mse), *_ in seen]
    assert sizes == [1, 4]
    assert [row["name"] for row in rows] == [f"step of a fit, {BACKBONE}, tau=1, {n} at a time" for n in sizes]
    assert [mse.size for (_, mse), *_ in seen] == [n for _, n, _ in seen]  # so many steps of so many fits
    assert [row["fits_per_s"] for row in rows] == pytest.approx([timing.STEPS * n / (6.0 * 500) for n in sizes])
    assert rows[0]["gflop"] == rows[1]["gflop"] > 0


def test_the_fits_of_a_batch_are_of_different_images():
    _, states, data, x = encoders.batch(SIZES, BACKBONE, 3)
    assert data.targets.shape[1] == 3 and all(leaf.shape[0] == 3 for leaf in jax.tree.leaves(states))
    assert not np.array_equal(data.targets[:, 0], data.targets[:, 1]) and x.shape == (96, 2)


def test_precisions_are_compared_on_the_same_cohort_after_training(monkeypatch):
    """On a CPU all three are float32, so they reach the same quality."""
    seen, starts = uncompiled(monkeypatch), []

    def watched(*args):
        starts.append(problem.problem(*args))
        return starts[-1]

    monkeypatch.setattr(encoders, "problem", watched)
    rows = encoders.precision_rows(SIZES._replace(height=16, width=16), [BACKBONE], n_steps=60)
    in_force = [precision for *_, precision in seen]
    assert [row["name"] for row in rows] == [f"cohort step, {BACKBONE}, precision {each}" for each in in_force]
    assert len(set(in_force)) == 3
    backbone, state, data, *_ = starts[0]
    untrained = float(image.psnr_from_mse(fit.signal_mse(backbone, state.params, None, data)).mean())
    psnr = [row["psnr_db"] for row in rows]
    assert psnr == pytest.approx([psnr[0]] * 3, abs=1e-3) and psnr[0] > untrained + 0.1
