"""The fits of a target: every one once, whatever cut the sweep off and however it was batched."""

import json
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from inr_sae.errors import UserError
from inr_sae.inr import fit, network
from inr_sae.output.progress import Progress
from inr_sae.output.store import Store
from inr_sae.stages import batch, sweep

ALL = ("full", "freeze", "warm", "thaw", "random", "scratch")


@pytest.fixture
def matter(tiny_ffmlp, rng):
    """(config, encoder, Target) of two images."""
    tiny = tiny_ffmlp
    tiny.fit.update(dict(protocols=ALL, other_rates=(1e-2,), taus=(0, 2), steps=6, log_every=3))
    encoder = network.backbone(tiny.inr.backbone).init(jax.random.key(0), tiny.inr)
    images = rng.uniform(size=(2, 12, 11, 1)).astype(np.float32)
    return tiny, encoder, sweep.Target("t", images, ("one", "two"))


def run(config, encoder, target, folder):
    n, cost = sweep.work(config, target)
    store = Store(folder)
    with Progress("x", n, total_cost=cost) as progress:
        rows = sweep.run(config, store, "s", encoder, target, progress, n_examples=1)
        assert progress.done == n and progress.cost_done == pytest.approx(cost)
    return store, rows


def test_every_fit_has_one_row_and_its_curve(matter, tmp_path):
    config, encoder, target = matter
    store, rows = run(config, encoder, target, tmp_path)
    keys = [sweep.row_key(row) for row in rows]
    assert len(keys) == len(set(keys)) == 2 * 2 * 2 * (1 + 2 + 1 + 1 + 2 + 1)  # rates, images, seeds, cells
    assert {row["lpips"] for row in rows} == {None}
    curves = store.read_csv("freeze_sweep/t/curves.csv")
    assert len(curves) == 3 * len(rows) and {row["step"] for row in curves} == {0, 3, 6}
    last = {sweep.row_key(row): row["psnr_db"] for row in curves if row["step"] == 6}
    assert all(last[sweep.row_key(row)] == row["psnr_db"] for row in rows)
    assert not store.exists("freeze_sweep/t/parts")


def test_a_curve_begins_at_the_fresh_network_and_follows_the_loss(matter, tmp_path):
    config, encoder, target = matter
    config.fit.protocols, config.fit.other_rates = ("full",), ()
    store, _ = run(config, encoder, target, tmp_path)
    first = [row for row in store.read_csv("freeze_sweep/t/curves.csv") if row["step"] == 0][0]
    cell = sweep.cells(config)[0]
    task = SimpleNamespace(seed=config.seed, inr=config.inr, cell=cell, rows=10**6)
    states, h, data = batch.start(task, encoder, target.images[:1], [("one", 0)])
    backbone = network.backbone(config.inr.backbone)
    mse = fit.signal_mse(backbone, jax.tree.map(lambda leaf: leaf[0], states.params), None, data)
    assert first["psnr_db"] == pytest.approx(float(-10 * np.log10(mse[0])), abs=1e-3)


def test_a_sweep_cut_off_anywhere_ends_at_the_same_bytes_and_fits_nothing_twice(matter, tmp_path, monkeypatch):
    config, encoder, target = matter
    config.fit.update(dict(protocols=("full", "random"), other_rates=(), taus=(0,), batch=1))
    whole, _ = run(config, encoder, target, tmp_path / "whole")
    calls, good = [], sweep.fit_batch

    def dying(*args):
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append(args[5:7])
        return good(*args)

    monkeypatch.setattr(sweep, "fit_batch", dying)
    with pytest.raises(KeyboardInterrupt):
        run(config, encoder, target, tmp_path / "cut")
    parts = list((tmp_path / "cut/freeze_sweep/t/parts").iterdir())
    assert len(parts) == 3 and not (tmp_path / "cut/freeze_sweep/t/fits.csv").exists()
    monkeypatch.setattr(sweep, "fit_batch", lambda *args: calls.append(args[5:7]) or good(*args))
    cut, _ = run(config, encoder, target, tmp_path / "cut")
    assert len(calls) == len({str(call) for call in calls}) == 4
    for name in ("fits.csv", "curves.csv"):
        assert whole.path(f"freeze_sweep/t/{name}").read_bytes() == cut.path(f"freeze_sweep/t/{name}").read_bytes()


def test_a_padded_batch_leaves_out_what_it_added(matter, tmp_path):
    config, encoder, target = matter
    config.fit.update(dict(protocols=("full",), other_rates=(), seeds=3, batch=4))
    _, rows = run(config, encoder, target, tmp_path)
    assert len(rows) == 6


def test_a_damaged_part_is_named(matter, tmp_path):
    config, encoder, target = matter
    (tmp_path / "freeze_sweep/t/parts").mkdir(parents=True)
    (tmp_path / "freeze_sweep/t/parts/x.json").write_text('{"fits": [')
    with pytest.raises(UserError, match="x.json is gone or damaged"):
        run(config, encoder, target, tmp_path)


def test_examples_are_the_first_images_fits(matter, tmp_path):
    config, encoder, target = matter
    store, rows = run(config, encoder, target, tmp_path)
    params, output = sweep.load_example(store, "t", "freeze", 0)
    assert output.shape == target.images.shape[1:]
    np.testing.assert_array_equal(params["encoder"]["hidden_0"]["w"], encoder["hidden_0"]["w"])
    row = next(r for r in rows if (r["protocol"], str(r["tau"]), r["image"], r["seed"]) == ("freeze", "0", "one", 0))
    psnr = -10 * np.log10(np.mean((output - target.images[0]) ** 2))
    assert row["psnr_db"] == pytest.approx(psnr, abs=1e-3)


def test_summary_of_known_numbers():
    keys = dict(source="s", target="t", backbone="b", frequency=1.0, protocol="freeze", tau=0, learning_rate=1e-4)
    rows = [
        keys | dict(image=image, seed=seed, psnr_db=psnr, psnr_clipped_db=psnr, ssim=0.5, lpips=None)
        for image, seed, psnr in (("a", 0, 20.0), ("a", 1, 22.0), ("b", 0, 30.0), ("b", 1, 32.0))
    ]
    (row,) = sweep.summarise(rows)
    assert row["psnr_db_mean"] == 26.0 and row["psnr_db_std"] == pytest.approx(np.std([20, 22, 30, 32], ddof=1))
    assert row["n"] == 4 and row["n_images"] == 2 and np.isnan(row["lpips_mean"])
    (single,) = sweep.summarise(rows[:1])
    assert np.isnan(single["psnr_db_std"])


def test_parts_are_json_that_a_person_can_read(matter, tmp_path, monkeypatch):
    config, encoder, target = matter
    config.fit.update(dict(protocols=("full",), other_rates=()))
    monkeypatch.setattr(sweep, "finish", lambda *args: None)
    with pytest.raises(UserError, match="fits.csv is gone"):
        run(config, encoder, target, tmp_path)
    (part,) = (tmp_path / "freeze_sweep/t/parts").iterdir()
    assert part.name == f"full_rate_{config.fit.learning_rate:g}_00000.json"
    assert json.loads(part.read_text())["fits"][0]["protocol"] == "full"


def test_a_score_does_not_depend_on_what_is_measured_beside_it(tiny_ffmlp, rng):
    images = rng.uniform(size=(4, 48, 40, 1)).astype(np.float32)
    outputs = images + rng.normal(scale=0.1, size=images.shape).astype(np.float32)
    together = sweep.measure(tiny_ffmlp, outputs, images)
    assert together == [sweep.measure(tiny_ffmlp, *pair)[0] for pair in zip(outputs[:, None], images[:, None])]
