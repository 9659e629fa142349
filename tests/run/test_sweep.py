"""The fits of a target: every one once, whatever cut the sweep off and however it was batched."""

import json

import jax
import numpy as np
import pytest

from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.inr import network
from inr_sae.machine import interrupts
from inr_sae.machine.interrupts import Stopped
from inr_sae.machine.progress import Progress
from inr_sae.measure import boundaries
from inr_sae.measure.cap import CAP_DB
from inr_sae.rows.transfer import CurveRow, FitRow
from inr_sae.run import fits, sweep, trained
from tests.helpers import Killed, dying_after
from tests.run.test_summaries import fit_row


def run(tiny):
    n, cost = tiny.work
    with Progress("x", n, total_cost=cost) as progress:
        rows = sweep.run(tiny, progress)
        assert progress.done == n and progress.cost_done == pytest.approx(cost)
    return rows


def test_a_fit_that_overflows_names_its_step_and_the_key_that_mends_it(tiny_sweep):
    tiny_sweep.config.fit.learning_rate = 1e30
    with pytest.raises(
        UserError, match=r"fit of t by full, rate 1e\+30: .* at step 1; lower that rate, of fit\.learning_rate"
    ):
        run(tiny_sweep)


def curves_of(tiny):
    return tiny.store.read_rows(f"{tiny.at}/curves.csv", CurveRow)


def key_of(row):
    (key,) = sweep.keys_of([row])
    return key


def test_every_different_fit_is_one_way(tiny_sweep):
    # Of units 0 and 2, the last: there warm is freeze, and thaw is full.
    assert [(way.protocol, way.tau) for way in tiny_sweep.ways[::2]] == [
        *[("full", None), ("freeze", 0), ("freeze", 2), ("warm", 0), ("thaw", 0)],
        *[("random", 0), ("random", 2), ("scratch", None)],
    ]
    assert [way.rate for way in tiny_sweep.ways] == [tiny_sweep.config.fit.learning_rate, 1e-2] * 8


def test_every_fit_has_one_row_and_its_curve(tiny_sweep):
    tiny_sweep.config.fit.protocols = ("full", "warm", "freeze", "random")
    rows = run(tiny_sweep)
    keys = [key_of(row) for row in rows]
    assert len(keys) == len(set(keys)) == 2 * 2 * 2 * (1 + 1 + 2 + 2)  # rates, images, seeds, protocols and boundaries
    assert {row.tau for row in rows if row.protocol == "full"} == {None}
    assert {row.lpips for row in rows} == {None}
    assert {(row.image, row.subject) for row in rows} == {("one", "first"), ("two", "second")}
    curves = curves_of(tiny_sweep)
    assert len(curves) == 3 * len(rows) and {row.step for row in curves} == {0, 3, 6}
    last = {key_of(row): row.psnr_db for row in curves if row.step == 6}
    assert all(last[key_of(row)] == row.psnr_db for row in rows)
    assert not tiny_sweep.store.exists(f"{tiny_sweep.at}/parts")


def test_a_curve_begins_at_the_fresh_network_and_rises(tiny_sweep, monkeypatch):
    begun, start = [], fits.start
    monkeypatch.setattr(fits, "start", lambda *of: begun.append(start(*of)) or begun[-1])
    tiny_sweep.config.fit.update(dict(protocols=("full",), other_rates=(), learning_rate=1e-2))
    run(tiny_sweep)
    psnr = [row.psnr_db for row in curves_of(tiny_sweep) if (row.image, row.seed) == ("one", 0)]
    states, h, _ = begun[0]  # of the first device, whose first fit it is
    backbone = trained.backbone_of(tiny_sweep.config.inr)
    fresh = network.outputs(backbone, jax.tree.map(lambda leaf: leaf[0], states.params), 0, h)
    mse = np.mean((np.asarray(fresh).ravel() - tiny_sweep.images[0].ravel()) ** 2)
    assert psnr[0] == pytest.approx(-10 * np.log10(mse), abs=1e-3)
    assert psnr[0] + 1 < psnr[1] < psnr[2]


def test_a_sweep_cut_off_anywhere_ends_at_the_same_bytes_and_fits_nothing_twice(tiny_sweep, tmp_path, monkeypatch):
    tiny_sweep.config.fit.update(dict(protocols=("full", "random"), other_rates=(), taus=(0,), batch=1))
    run(tiny_sweep)
    cut, calls, good = tiny_sweep._replace(store=Store(tmp_path / "cut")), [], sweep.fit_batch

    def counting(*args):
        part = good(*args)
        calls.append(args[1:3])
        return part

    monkeypatch.setattr(sweep, "fit_batch", dying_after(counting, 3))
    with pytest.raises(Killed):
        run(cut)
    assert not cut.store.exists(f"{cut.at}/fits.csv")
    parts = [cut.store.read_json(f"{cut.at}/parts/{name}")["fits"] for name in cut.store.names(f"{cut.at}/parts")]
    done = sorted((row["image"], row["protocol"], row["seed"]) for part in parts for row in part)
    first = [("one", protocol, seed) for protocol in ("full", "random") for seed in (0, 1)]
    assert done[:4] == first and len(done) == 6  # of the first image every fit, and then of the second
    monkeypatch.setattr(sweep, "fit_batch", counting)
    run(cut)
    assert len(calls) == len({str(call) for call in calls}) == 4
    for name in ("fits.csv", "curves.csv"):
        assert tiny_sweep.store.path(f"{cut.at}/{name}").read_bytes() == cut.store.path(f"{cut.at}/{name}").read_bytes()


def test_a_sweep_that_is_asked_to_stop_goes_on_from_its_parts(tiny_sweep, monkeypatch):
    tiny_sweep.config.fit.update(dict(protocols=("full",), other_rates=(), batch=1))
    good, calls = sweep.fit_batch, []

    def fit_and_ask(*args):
        calls.append(args)
        part = good(*args)
        monkeypatch.setattr(interrupts, "_asked", True)
        return part

    monkeypatch.setattr(sweep, "fit_batch", fit_and_ask)
    with pytest.raises(Stopped):
        run(tiny_sweep)
    monkeypatch.setattr(interrupts, "_asked", False)
    assert len(run(tiny_sweep)) == 4 and len(calls) == 2


def test_a_padded_batch_leaves_out_what_it_added(tiny_sweep):
    """Before the rows are put in order, where one too many would not be seen any more."""
    tiny_sweep.config.fit.update(dict(protocols=("full",), other_rates=(), seeds=3, log_every=2))
    (way,) = tiny_sweep.ways
    padded = sweep.fit_batch(tiny_sweep, way, tiny_sweep.pairs[:3], 2)  # on two devices: four places
    assert [(row["image"], row["seed"]) for row in padded["fits"]] == [("one", 0), ("one", 1), ("one", 2)]
    assert len(padded["curves"]) == 3 * 4
    full = sweep.fit_batch(tiny_sweep, way, tiny_sweep.pairs[:4], 2)
    assert full["fits"][:3] == padded["fits"] and len(full["fits"]) == 4


@pytest.mark.parametrize("batch", [1, 2])
def test_a_fit_does_not_depend_on_where_in_a_batch_it_is(batch, tiny_sweep):
    """Its bits: a batch's size is the program's, its place and its neighbours are not."""
    tiny_sweep.config.fit.update(dict(protocols=("freeze",), other_rates=(), taus=(0,)))
    (way,) = tiny_sweep.ways
    pairs = [(0, 0), (1, 0), (0, 1), (1, 1)][: 2 * batch]
    forth, back = (sweep.fit_batch(tiny_sweep, way, order, batch)["fits"] for order in (pairs, pairs[::-1]))
    assert forth == back[::-1]


def test_a_damaged_part_is_named(tiny_sweep):
    tiny_sweep.store.write_text(f"{tiny_sweep.at}/parts/x.json", '{"fits": [')
    with pytest.raises(UserError, match="x.json is gone or damaged"):
        run(tiny_sweep)


def test_examples_are_the_first_images_fits(tiny_sweep):
    tiny_sweep.config.fit.update(dict(protocols=("full", "freeze"), taus=(0,)))
    rows = run(tiny_sweep)
    way = sweep.Way("freeze", 0, tiny_sweep.config.fit.learning_rate)
    params, output, target = sweep.load_example(tiny_sweep.store, sweep.example(tiny_sweep.at, way, 0))
    assert output.shape == tiny_sweep.images.shape[1:]
    np.testing.assert_array_equal(target, tiny_sweep.images[0])
    for unit, frozen in (("hidden_0", True), ("hidden_1", False)):
        ours, theirs = (encoder["units"][unit]["w"] for encoder in (params["encoder"], tiny_sweep.encoder))
        assert np.array_equal(ours, theirs) == frozen
    row = next(row for row in rows if (row.protocol, row.tau, row.image, row.seed) == ("freeze", 0, "one", 0))
    assert row.psnr_db == pytest.approx(-10 * np.log10(np.mean((output - target) ** 2)), abs=1e-3)
    assert len(tiny_sweep.store.names(f"{tiny_sweep.at}/example")) == 2, "of the main rate and the first image alone"


def test_an_example_that_is_gone_is_fitted_again(tiny_sweep):
    tiny_sweep.config.fit.update(dict(protocols=("full",), other_rates=(), taus=(0,)))
    run(tiny_sweep)
    file = tiny_sweep.store.path(sweep.example(tiny_sweep.at, tiny_sweep.ways[0], 0))
    before = file.read_bytes()
    file.unlink()
    run(tiny_sweep)
    assert file.read_bytes() == before


def test_a_perfect_fit_comes_through_its_part_and_the_tables(tiny_ffmlp, tmp_path, rng):
    image = rng.uniform(size=(12, 11, 1)).astype(np.float32)
    found = sweep.scores(tiny_ffmlp.metrics, image, image)
    row = fit_row("a", 0, found["psnr_db"])._replace(**found, subject="x", protocol="freeze", backbone="siren")
    row = row._replace(source="s", target="t", psnr_db_last_50=found["psnr_db"], learning_rate=1e-4)
    store = Store(tmp_path)
    store.write_json("part.json", {"fits": [row._asdict()]})
    (again,) = [FitRow(**each) for each in store.read_json("part.json")["fits"]]
    store.write_rows("fits.csv", FitRow, [again])
    assert again == row and store.read_rows("fits.csv", FitRow)[0].psnr_db == pytest.approx(155.28, abs=0.01)
    (best,) = boundaries.best_taus([again], [])
    assert best.psnr_db == CAP_DB


def test_parts_are_json_that_a_person_can_read(tiny_sweep, monkeypatch):
    config = tiny_sweep.config
    config.fit.update(dict(protocols=("full",), other_rates=()))
    monkeypatch.setattr(sweep, "finish", lambda *args: None)
    with pytest.raises(UserError, match="fits.csv is gone"):
        run(tiny_sweep)
    (part,) = tiny_sweep.store.names(f"{tiny_sweep.at}/parts")
    assert part == f"full_rate_{config.fit.learning_rate:g}_00000.json"
    text = tiny_sweep.store.path(f"{tiny_sweep.at}/parts/{part}").read_text()
    assert json.loads(text)["fits"][0]["protocol"] == "full"


def test_no_two_ways_have_one_file(tiny_sweep):
    names = [way.name for way in tiny_sweep.ways]
    assert len(names) == len(set(names)) and "freeze_0_rate_0.01" in names and "full_rate_0.01" in names
    files = [sweep.example("x", way, 0) for way in tiny_sweep.ways if way.rate == 1e-2]
    assert len(files) == len(set(files))


def test_a_score_does_not_depend_on_how_many_there_are(tiny_ffmlp, rng):
    """A row's scores are those of its own output, whatever else is measured in the same study."""
    images = rng.uniform(size=(4, 48, 40, 1)).astype(np.float32)
    outputs = images + rng.normal(scale=0.1, size=images.shape).astype(np.float32)
    found = [sweep.scores(tiny_ffmlp.metrics, *pair) for pair in zip(outputs, images)]
    assert found == [sweep.scores(tiny_ffmlp.metrics, *pair) for pair in zip(outputs[::-1], images[::-1])][::-1]
    for scores, output, target in zip(found, outputs, images):
        assert scores["psnr_db"] == pytest.approx(-10 * np.log10(np.mean((output - target) ** 2)), abs=1e-3)
        assert 0 < scores["ssim"] < 1 and scores["lpips"] is None


def test_the_psnr_of_the_last_50_steps_is_a_median_in_db(tiny_sweep, monkeypatch):
    """Before them 0 dB; of them 25 of 40 dB, 24 of 20 dB and a spike: in the middle 20 and 40 dB meet."""
    losses = np.array([1.0] * 10 + [1e-2] * 24 + [1e-4] * 25 + [1e2], np.float32)
    fitted = fits.Fitted(losses[None], np.ones((1, 2)), np.array([True]), tiny_sweep.images[:1], {})
    monkeypatch.setattr(fits, "fit", lambda *_: fitted)
    part = sweep.fit_batch(tiny_sweep, sweep.Way("full", None, 1e-3), [(0, 1)], 1)
    assert [row["psnr_db_last_50"] for row in part["fits"]] == [pytest.approx(30.0, abs=1e-4)]


def test_only_the_clipped_psnr_and_not_the_psnr_is_blind_beyond_the_range(tiny_ffmlp):
    """Half of the pixels are 0.1 too bright for white, the others 0.1 too dark."""
    target = np.ones((12, 12, 1), np.float32)
    output = np.repeat([1.1, 0.9], 72).reshape(target.shape).astype(np.float32)
    found = sweep.scores(tiny_ffmlp.metrics, output, target)
    assert found["psnr_db"] == pytest.approx(20.0, abs=1e-3)
    assert found["psnr_clipped_db"] == pytest.approx(20.0 + 10 * np.log10(2), abs=1e-3)


def test_memory_and_the_config_say_how_many_fits_a_device_takes(tiny_sweep, monkeypatch):
    config = tiny_sweep.config
    config.fit.update(dict(seeds=5, batch=0))  # ten fits
    monkeypatch.setattr(sweep.devices, "memory", lambda: 10**12)
    assert sweep.batch_size(tiny_sweep) == 5, "two rounds of five, not one of eight and one of two"
    monkeypatch.setattr(sweep.devices, "memory", lambda: 1)
    assert sweep.batch_size(tiny_sweep) == 1
    config.fit.batch = 4
    assert sweep.batch_size(tiny_sweep) == 4
    config.fit.batch = 100
    assert sweep.batch_size(tiny_sweep) == 10


def test_fits_that_cost_more_count_for_more(tiny_sweep):
    cost = {(way.protocol, way.tau): tiny_sweep.cost(way) for way in tiny_sweep.ways}
    assert cost["full", None] == cost["scratch", None] == 3 / 2 * cost["freeze", 0]
    assert 0 < cost["freeze", 2] < 0.01 * cost["freeze", 0], "a head alone"


def test_a_protocol_has_its_own_budget_and_a_step_its_part_of_the_pixels(tiny_sweep):
    """Of 12 x 11 pixels 50 a step are 3 steps an epoch; STRAINER's recipe has fewer epochs."""
    config = tiny_sweep.config
    config.fit.update(dict(pixels=50, protocols=("full", "freeze"), taus=(0,), other_rates=(), seeds=1))
    config.fit.budget.full = 4
    rows = run(tiny_sweep)
    along = {}
    for row in curves_of(tiny_sweep):
        along.setdefault((row.protocol, row.image), []).append((row.epoch, row.step))
    full, freeze = [(0, 0), (3, 9), (4, 12)], [(0, 0), (3, 9), (6, 18)]
    assert along == {(p, i): at for p, at in (("full", full), ("freeze", freeze)) for i in ("one", "two")}
    assert all(np.isfinite(row.psnr_db_last_50) for row in rows)
