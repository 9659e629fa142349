"""The determinism promise: kept by a rerun, broken by a number that is another, and what it says elsewhere."""

import json
import shutil

import numpy as np
import pytest

from inr_sae import reproduce, runtime
from inr_sae.errors import UserError
from inr_sae.output.store import Store
from tests.helpers import rows


@pytest.fixture
def copy(finished, tmp_path):
    return shutil.copytree(finished[1], tmp_path / "stored")


def change(copy, name, column, factor):
    """Store a csv file again with a column multiplied, as if the study had given that."""
    store = Store(copy)
    store.write_csv(name, [row | {column: row[column] * factor} for row in store.read_csv(name)])


@pytest.fixture
def elsewhere(monkeypatch):
    """An environment with another jax."""
    here = runtime.fingerprint()
    there = here | {"packages": here["packages"] | {"jax": "9.9"}}
    monkeypatch.setattr(runtime, "fingerprint", lambda: there)


def test_a_rerun_gives_every_bit_again_and_leaves_the_stored_study_alone(finished):
    config, workdir = finished
    before = {path: path.stat().st_mtime_ns for path in workdir.rglob("*")}
    held, text = reproduce.check(config, workdir)
    assert held and "environment: as it was" in text and "the promise holds" in text
    assert "within" not in text.replace("0 within", "") and "different" not in text.replace("0 different", "")
    assert "all of it" not in text  # the temporary folder is gone
    for stage in ("cohort", "rank", "freeze_sweep", "dictionary", "ablation", "report"):
        assert f"\n{stage}: " in text
    assert {path: path.stat().st_mtime_ns for path in workdir.rglob("*")} == before


def test_every_kind_of_number_is_compared(finished, tmp_path):
    config, workdir = finished
    reproduce.check(config, workdir, tmp_path / "again")
    compared = {(row["file"], row["array"]) for row in rows(tmp_path / "again/check.csv")}
    assert ("freeze_sweep/phantom/fits.csv", "psnr_db") in compared
    assert ("dictionary/layer_0/maps.npz", "z") in compared
    assert ("cohort/checkpoints", "params/encoder/hidden_0/w") in compared
    assert ("report/figures/rank_profiles.png", "bytes") in compared


def test_one_number_that_differs_breaks_the_promise_and_is_named(finished, copy, tmp_path):
    change(copy, "rank/stable_rank.csv", "sr_weight", 1 + 1e-6)
    held, text = reproduce.check(finished[0], copy, tmp_path / "again")
    assert not held and "does NOT hold for 1 arrays" in text
    row = next(row for row in rows(tmp_path / "again/check.csv") if row["kept"] == "0")
    assert (row["file"], row["array"], row["verdict"]) == ("rank/stable_rank.csv", "sr_weight", "within")
    assert 0 < float(row["difference"]) < 1e-4


def test_some_stages_alone_build_on_what_is_stored(finished, copy, tmp_path):
    held, text = reproduce.check(finished[0], copy, tmp_path / "again", ["dictionary"])
    assert held and "\ndictionary: " in text and "\ncohort: " not in text
    began = [
        line["stage"]
        for line in map(json.loads, (tmp_path / "again/log.jsonl").read_text().splitlines())
        if line["event"] == "stage begins"
    ]
    assert began == ["dictionary"]


@pytest.mark.parametrize("factor, held", [(1 + 1e-3, True), (1.2, False)])
def test_elsewhere_what_is_listed_holds_within_its_tolerance(factor, held, finished, copy, elsewhere):
    change(copy, "rank/stable_rank.csv", "sr_weight", factor)
    change(copy, "dictionary/layer_0/atoms.csv", "mean_magnitude", 2.0)  # of which nothing is promised
    found, text = reproduce.check(finished[0], copy)
    assert found == held
    assert "packages" in text and "'jax': '9.9'" in text and "dictionary/layer_0/atoms.csv" in text
    assert "within 0.1 of the value" in text


def test_on_a_gpu_bits_are_promised_with_the_flag_alone(monkeypatch):
    for flags, exact in (("", False), ("--xla_gpu_deterministic_ops=true", True)):
        monkeypatch.setattr(runtime, "fingerprint", lambda flags=flags: {"backend": "gpu", "xla_flags": flags})
        assert reproduce.repeats() == exact


@pytest.mark.parametrize(
    "x, y, tolerance, relative, expected",
    [
        ([1.0, np.nan], [1.0, np.nan], 0.0, False, (0.0, True)),
        ([1.0, 2.0], [1.0, 2.5], 0.4, False, (0.5, False)),
        ([1.0, 2.0], [1.0, 2.5], 0.25, True, (0.25, True)),
        ([0.0], [1e-9], 0.1, True, (np.inf, False)),
    ],
)
def test_distance(x, y, tolerance, relative, expected):
    assert reproduce.distance(np.array(x), np.array(y), tolerance, relative) == expected


def test_nan_against_a_number_is_different():
    largest, within = reproduce.distance(np.array([np.nan]), np.array([1.0]), 1.0, False)
    assert not within and not largest <= 1.0


def test_what_cannot_be_checked_is_refused(finished, copy, tmp_path):
    config = finished[0].copy_and_resolve_references()
    with pytest.raises(UserError, match="no study's folder"):
        reproduce.check(config, tmp_path / "nowhere")
    for stages in (["transfer"], ["rank", "typo"]):
        with pytest.raises(UserError, match=f"has not done the stage '{stages[-1]}'"):
            reproduce.check(config, copy, stages=stages)
    (copy / "rank/stable_rank.csv").write_text("layer\n")
    with pytest.raises(UserError, match="stable_rank.csv is not what was written"):
        reproduce.check(config, copy)
    config.seed = 1
    with pytest.raises(UserError, match="seed is 1 and was 0"):
        reproduce.check(config, copy)
