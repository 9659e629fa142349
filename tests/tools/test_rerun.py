"""The determinism promise: kept by a rerun, broken by a number that is another, and what it says elsewhere."""

import json
import shutil

import numpy as np
import pytest

from inr_sae import stages
from inr_sae.errors import UserError
from inr_sae.folder import manifest
from inr_sae.folder.store import Store
from inr_sae.machine import devices
from inr_sae.rows.transfer import EncoderRankRow
from inr_sae.tools import rerun
from tests.helpers import Killed, dying_after, rows


@pytest.fixture
def copy(finished, tmp_path):
    return shutil.copytree(finished[1], tmp_path / "stored")


def change(copy, name, column, factor):
    """Store a csv file again with a column multiplied, as if the study had given that."""
    store = Store(copy)
    store.write_csv(name, [row | {column: row[column] * factor} for row in store.read_csv(name)])


def other_environment(monkeypatch, **keys):
    here = devices.fingerprint()
    monkeypatch.setattr(devices, "fingerprint", lambda: here | keys)


@pytest.fixture
def elsewhere(monkeypatch):
    """An environment with another jax."""
    other_environment(monkeypatch, packages=devices.fingerprint()["packages"] | {"jax": "9.9"})


@pytest.fixture(scope="module")
def again(finished, tmp_path_factory):
    """(whether the promise held, the report, the folder) of a rerun of the finished study, which was left alone."""
    config, workdir = finished
    fresh = tmp_path_factory.mktemp("again") / "run"
    before = {path: path.stat().st_mtime_ns for path in workdir.rglob("*")}
    held, text = rerun.check(config, workdir, fresh)
    assert {path: path.stat().st_mtime_ns for path in workdir.rglob("*")} == before
    return held, text, fresh


def test_a_rerun_gives_every_bit_again(again, finished):
    held, text, fresh = again
    assert held and "environment: as it was" in text and "promised: every array to the bit" in text
    assert {row["verdict"] for row in rows(fresh / "check.csv")} == {"identical"}
    compared = [stage for stage in finished[0].stages if f"\n{stage}: " in text]
    assert compared == [stage for stage in finished[0].stages if stage != "explorer"], "its numbers are in other files"
    assert f"the promise holds for {len(rows(fresh / 'check.csv'))} arrays\n" in text


def test_every_kind_of_number_is_compared(again, finished):
    compared = {(row["file"], row["array"]) for row in rows(again[2] / "check.csv")}
    assert ("freeze_sweep/phantom/fits.csv", "psnr_db") in compared
    assert ("dictionary/layer_0/maps.npz", "z") in compared
    assert ("cohort/checkpoints", "params/encoder/units/hidden_0/w") in compared
    assert ("report/figures/rank_profiles.png", "bytes") in compared
    files = {name for name in manifest.files(finished[1]) if name.endswith((".csv", ".npz", ".png"))}
    assert files == {file for file, _ in compared} - {"cohort/checkpoints", "dictionary/checkpoints"}


def test_the_folder_beside_the_study_of_a_promise_that_held_is_removed(finished, copy):
    held, text = rerun.check(finished[0], copy, names=["rank"])
    assert held and "all of it" not in text and not copy.with_name("stored-check").exists()


def test_one_number_that_differs_breaks_the_promise_and_is_named(finished, copy, tmp_path):
    change(copy, "rank/stable_rank.csv", "sr_weight", 1 + 1e-6)
    held, text = rerun.check(finished[0], copy, names=["rank"])
    assert not held and "does NOT hold for 1 arrays" in text
    assert f"all of it: {tmp_path / 'stored-check/check.csv'}" in text, "kept, because it did not hold"
    (row,) = [row for row in rows(tmp_path / "stored-check/check.csv") if row["verdict"] != "identical"]
    assert (row["file"], row["array"], row["verdict"]) == ("rank/stable_rank.csv", "sr_weight", "different")
    assert row["promise"] == "the same bits" and 0 < float(row["difference"]) < 1e-4
    for file in ("rank/stable_rank.csv", "digests.jsonl"):
        shutil.copy(finished[1] / file, copy / file)
    held, _ = rerun.check(finished[0], copy, names=["rank"])
    assert held and not (tmp_path / "stored-check").exists(), "another check begins anew"


def test_some_stages_alone_build_on_what_is_stored(finished, copy, tmp_path):
    held, text = rerun.check(finished[0], copy, tmp_path / "again", ["dictionary"])
    assert held and "\ndictionary: " in text and "\ncohort: " not in text
    log = map(json.loads, (tmp_path / "again/log.jsonl").read_text().splitlines())
    assert [line["stage"] for line in log if line["event"] == "stage begins"] == ["dictionary"]


def test_where_nothing_can_be_compared_no_promise_is_said_to_hold(finished, tmp_path):
    held, text = rerun.check(finished[0], finished[1], tmp_path / "again", ["explorer"])
    assert not held and "nothing is promised here of anything that was compared" in text
    assert rows(tmp_path / "again/check.csv") == []


@pytest.mark.parametrize("factor, held", [(1 + 1e-3, True), (1.2, False), (1e9, False)])
def test_elsewhere_what_is_listed_holds_within_its_tolerance(factor, held, finished, copy, elsewhere):
    change(copy, "rank/stable_rank.csv", "sr_weight", factor)
    change(copy, "dictionary/layer_0/atoms.csv", "mean_magnitude", 2.0)  # of which nothing is promised
    found, text = rerun.check(finished[0], copy, names=["rank", "dictionary"])
    assert found == held
    assert "packages" in text and "'jax': '9.9'" in text and "dictionary/layer_0/atoms.csv" in text
    assert "within 0.1 of the value" in text
    assert ("of 1 arrays nothing is promised here" in text) == held


def test_another_git_revision_relaxes_nothing(finished, copy, monkeypatch):
    other_environment(monkeypatch, git_revision="another")
    change(copy, "rank/stable_rank.csv", "sr_weight", 1 + 1e-6)
    held, text = rerun.check(finished[0], copy, names=["rank"])
    assert not held and "git_revision" in text and "promised: every array to the bit" in text


@pytest.mark.parametrize("of", ["a column", "a file", "a row", "all NaN", "a new stage's file"])
def test_elsewhere_too_what_is_missing_or_no_number_fails(of, finished, copy, elsewhere, tmp_path):
    store, name = Store(copy), "rank/stable_rank.csv"
    table = store.read_csv(name)
    if of == "a column":
        store.write_csv(name, [{key: value for key, value in row.items() if key != "sr_activation"} for row in table])
    elif of == "a file":
        store.remove(name)
    elif of == "a row":
        store.write_csv(name, table[:-1])
    elif of == "all NaN":
        store.write_csv(name, [row | {"sr_activation": float("nan")} for row in table])  # nothing is promised of it
    else:
        store.write_csv("rank/other.csv", table)
    held, text = rerun.check(finished[0], copy, tmp_path / "again", ["rank"])
    verdicts = {row["verdict"] for row in rows(tmp_path / "again/check.csv")}
    expected = {"a row": "misshapen", "all NaN": "not finite"}.get(of, "missing")
    assert not held and expected in verdicts and "does NOT hold" in text


def verdict(x, y, exact=False, tolerance=None):
    x, y = (None if value is None else np.asarray(value) for value in (x, y))
    return rerun.verdict_of("x", x, y, exact, tolerance)[0]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("tolerance", [None, (0.1, False)])
def test_what_is_the_same_and_what_cannot_be_the_same_is_so_everywhere(exact, tolerance):
    rules = (exact, tolerance)
    assert verdict([1.0, np.nan], [1.0, np.nan], *rules) == "identical"
    assert verdict(["a"], ["a"], *rules) == "identical"
    assert verdict(None, [1.0], *rules) == verdict([1.0], None, *rules) == "missing"
    assert verdict([1.0], [1.0, 2.0], *rules) == verdict(["1"], [1.0], *rules) == "misshapen"
    assert verdict([1.0], [np.nan], *rules) == verdict([np.inf], [1.0], *rules) == "not finite"
    assert verdict([np.nan, np.nan], [1.0, np.nan], *rules) == "not finite"


@pytest.mark.parametrize(
    "x, y, exact, elsewhere, listed",
    [
        ([1.0], [1.05], "different", "not promised", "within"),
        ([1.0], [1.2], "different", "not promised", "different"),
        ([1.0], [1e9], "different", "not promised", "different"),
        ([3], [4], "different", "not promised", "different"),
        (["a"], ["b"], "different", "not promised", "different"),
    ],
)
def test_verdicts_on_what_differs(x, y, exact, elsewhere, listed):
    assert verdict(x, y, exact=True) == verdict(x, y, exact=True, tolerance=(0.1, False)) == exact
    assert verdict(x, y) == elsewhere
    assert verdict(x, y, tolerance=(0.1, False)) == listed


def test_of_a_picture_the_bytes_are_compared():
    one, other = np.frombuffer(b"one", np.uint8), np.frombuffer(b"another", np.uint8)
    assert rerun.verdict_of("bytes", one, one, True, None)[0] == "identical"
    assert rerun.verdict_of("bytes", one, other, True, None) == ("different", None)
    assert rerun.verdict_of("bytes", one, other, False, None) == ("not promised", None)


def comparisons(*verdicts):
    return [rerun.Comparison("rank", "a.csv", "x", 1, verdict, None, "") for verdict in verdicts]


def test_only_what_was_promised_can_hold():
    assert rerun.holds(comparisons("identical", "within", "not promised"))
    assert not rerun.holds(comparisons("not promised", "not promised")) and not rerun.holds([])
    for verdict in rerun.FAILS:
        assert not rerun.holds(comparisons("identical", verdict))


@pytest.mark.parametrize(
    "file, array, tolerance",
    [
        ("cohort/signals.csv", "sha256_of_pixels", (0.0, False)),
        ("encoders/x/cohort/signals.csv", "name", (0.0, False)),
        ("transfer/signals_heads.csv", "name", (0.0, False)),
        ("rank/stable_rank.csv", "sr_weight", (0.1, True)),
        ("conditions/cohort-siren/rank/stable_rank.csv", "sr_weight_init", (1e-5, True)),
        ("transfer/ranks.csv", "sr_weight", (0.1, True)),
        ("freeze_sweep/phantom/summary.csv", "psnr_db_mean", (2.5, False)),
        ("conditions/y/dictionary/layer_0/metrics.csv", "r2", (0.005, False)),
        ("size_sweep/metrics.csv", "alive_fraction", (0.05, False)),
        ("freeze_sweep/phantom/fits.csv", "psnr_db", None),
        ("freeze_sweep/phantom/summary.csv", "psnr_db_std", None),
        ("dictionary/layer_0/atoms.csv", "mean_magnitude", None),
        ("cohort/checkpoints", "params/encoder/units/hidden_0/w", None),
    ],
)
def test_tolerances_are_found_at_any_depth(file, array, tolerance):
    assert rerun.tolerance_of(file, array) == tolerance


def test_every_tolerance_is_of_something_that_is_written(again):
    compared = {(row["file"], row["array"]) for row in rows(again[2] / "check.csv")}
    compared |= {("transfer/ranks.csv", field) for field in EncoderRankRow._fields}
    for line in rerun.TOLERANCES:
        assert any(rerun.tolerance_of(*which) == line[2:] for which in compared), line


def test_a_table_without_rows_is_compared(tmp_path):
    """As a matrix has them whose protocols take nothing from a cohort."""
    store = Store(tmp_path)
    store.write_rows("none.csv", EncoderRankRow, [])
    store.write_rows("one.csv", EncoderRankRow, [EncoderRankRow("s", "b", None, 0, 1.0, 1.0, 1.0, 1.0)])
    none, one = (store.path(f"{name}.csv") for name in ("none", "one"))
    assert rerun.a_and_b(none, none) == {}
    found = [rerun.compare(("x", "x", name), x, y, True) for name, (x, y) in rerun.a_and_b(none, one).items()]
    assert [compared.array for compared in found] == list(EncoderRankRow._fields)
    assert {compared.verdict for compared in found} == {"missing"}


def test_on_a_gpu_bits_are_promised_with_the_flag_alone(monkeypatch):
    for flags, exact in (("", False), ("--xla_gpu_deterministic_ops=true", True)):
        monkeypatch.setattr(devices, "fingerprint", lambda flags=flags: {"backend": "gpu", "xla_flags": flags})
        assert rerun.repeats() == exact


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
    assert rerun.distance(np.array(x), np.array(y), tolerance, relative) == expected


def test_nan_against_a_number_is_different():
    largest, within = rerun.distance(np.array([np.nan]), np.array([1.0]), 1.0, False)
    assert not within and not largest <= 1.0


def test_what_cannot_be_checked_is_refused(finished, copy, tmp_path):
    config = finished[0].copy_and_resolve_references()
    with pytest.raises(UserError, match="no study's folder"):
        rerun.check(config, tmp_path / "nowhere")
    with pytest.raises(UserError, match="in the folder of the study, which is only read"):
        rerun.check(config, copy, copy / "again")
    for names in (["transfer"], ["rank", "typo"]):
        with pytest.raises(UserError, match=f"--check_stages has '{names[-1]}'; the study has cohort"):
            rerun.check(config, copy, names=names)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.tex").write_text("")
    with pytest.raises(UserError, match="full is not empty"):
        rerun.check(config, copy, tmp_path / "full", ["rank"])
    (copy / "rank/stable_rank.csv").write_text("layer\n")
    with pytest.raises(UserError, match="stable_rank.csv is not what was written"):
        rerun.check(config, copy)
    (copy / "rank/done.json").unlink()
    with pytest.raises(UserError, match="has not done the stage 'rank'"):
        rerun.check(config, copy)
    config.seed = 1
    with pytest.raises(UserError, match="has another config, in seed;"):
        rerun.check(config, copy)


def test_stages_are_taken_over_with_what_says_that_they_are_done(finished, tmp_path):
    stored, fresh = Store(finished[1]), Store(tmp_path / "run")
    rerun.take_over(stored, fresh, ["freeze_sweep"], ["cohort", "freeze_sweep", "report"])
    names = manifest.files(fresh.root)
    grounds = {name for name in names if name.endswith(manifest.GROUND)}
    assert {"cohort/done.json", "report/done.json", "config.json"} <= names.keys() and grounds
    assert {manifest.stage_of(name, stages.writes()) for name in names.keys() - grounds} == {"cohort", "report", None}
    theirs = manifest.files(stored.root)
    assert all(theirs[name] == digest for name, digest in names.items() if name != rerun.ASKED)


def test_a_copy_that_was_cut_off_is_not_taken_for_what_was_run_again(finished, tmp_path, monkeypatch):
    stored, fresh = Store(finished[1]), Store(tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(Store, "take", dying_after(Store.take, 40))
        with pytest.raises(Killed):
            rerun.take_over(stored, fresh, ["rank"], finished[0].stages)
    assert fresh.exists("cohort/done.json") and not fresh.exists("config.json")
    rerun.take_over(stored, fresh, finished[0].stages, finished[0].stages)
    assert not list(fresh.root.glob("*/done.json"))
    shutil.rmtree(fresh.root)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/check.json").write_text("somebody else's")
    with pytest.raises(UserError, match="run is not empty"):
        rerun.take_over(stored, fresh, ["rank"], finished[0].stages)


def test_what_is_taken_over_is_not_run_again_where_other_numbers_come_out(finished, copy, tmp_path, monkeypatch):
    """As in another environment: what is built on the stage is another question."""
    rank = stages.stage("rank")
    good = rank.run

    def otherwise(config, store):
        good(config, store)
        store.write_text("rank/a.csv", "a\n1\n")

    monkeypatch.setattr(rank, "run", otherwise)
    rerun.check(finished[0], copy, tmp_path / "again", ["rank"])
    log = map(json.loads, (tmp_path / "again/log.jsonl").read_text().splitlines())
    assert [line["stage"] for line in log if line["event"] == "stage begins"] == ["rank"]


def test_a_study_is_never_compared_with_a_copy_of_itself(finished, copy, tmp_path, monkeypatch):
    """Not with the folder that it is in, and not with what another check took over from it."""
    config, fresh = finished[0], tmp_path / "again"
    rerun.check(config, copy, fresh, ["rank"])
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    ours, read = "name another folder for the rerun", "the study, which is only read; name another"
    for workdir, names, words in ((fresh, ["dictionary"], ours), (fresh, None, ours), (copy, ["rank"], read)):
        with pytest.raises(UserError, match=words):
            rerun.check(config, copy, workdir, names)
    assert rerun.check(config, copy, fresh, ["rank"])[0], "the same check goes on, or is told again"
    other_environment(monkeypatch, git_revision="another")
    with pytest.raises(UserError, match="no rerun of these stages by this program"):
        rerun.check(config, copy, fresh, ["rank"])
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before


def test_what_an_earlier_config_left_is_not_missing(finished, copy, tmp_path):
    (path,) = (copy / "freeze_sweep").glob("*/fits.csv")
    for left in ("cohort/damaged_checkpoints/3/a.csv", "freeze_sweep/own/fits.csv", "freeze_sweep/own/ground.json"):
        Store(copy).take(left, path.with_name(left.rpartition("/")[2] if left.endswith("json") else "fits.csv"))
    held, text = rerun.check(finished[0], copy, tmp_path / "again", ["cohort", "freeze_sweep"])
    assert held, text
    (path,) = (copy / "freeze_sweep").glob("*/summary.csv")
    Store(copy).take("freeze_sweep/phantom/other.csv", path)
    assert not rerun.check(finished[0], copy, tmp_path / "third", ["freeze_sweep"])[0]


def test_a_column_of_numbers_is_one_however_they_are_written(tmp_path):
    """1.0 is written as 1: a share of all atoms and one of most are of one kind."""
    for name, share in (("a", 1.0), ("b", 0.998)):
        Store(tmp_path).write_csv(f"{name}/metrics.csv", [{"alive_fraction": share, "label": "x"}])
    pairs = rerun.a_and_b(*(tmp_path / f"{name}/metrics.csv" for name in "ab"))
    compared = rerun.compare(
        ("dictionary", "dictionary/layer_0/metrics.csv", "alive_fraction"), *pairs["alive_fraction"], False
    )
    assert (compared.verdict, compared.difference) == ("within", pytest.approx(0.002))
    assert rerun.arrays(tmp_path / "a/metrics.csv")["label"].dtype.kind == "U"
