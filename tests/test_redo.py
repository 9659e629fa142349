"""A study that goes on with another config: what is refused, what is done again, what is left alone."""

import shutil

import numpy as np
import pytest
from PIL import Image

from inr_sae import study
from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.run import sweep, training
from inr_sae.signals import load
from tests.helpers import COMPUTED, begun, changed, computed, n_lines, numbers, rows


@pytest.fixture
def copy(finished, tmp_path):
    """(config, folder) of a copy of the finished study."""
    return finished[0].copy_and_resolve_references(), shutil.copytree(finished[1], tmp_path / "copy")


def test_free_keys_may_change_and_only_the_report_is_made_again(copy):
    config, workdir = copy
    before, lines = numbers(workdir), n_lines(workdir)
    free = dict(runtime__checkpoint_seconds=5.0, runtime__keep=3, signals__root="elsewhere", runtime__cache_dir="")
    study.run(changed(config, report__title="another <title>", **free), workdir)
    assert "another &lt;title&gt;" in (workdir / "report/index.html").read_text()
    assert set(begun(workdir, lines)) <= {"explorer", "report"} and numbers(workdir) == before


def test_what_a_config_says_of_a_backbone_that_is_not_in_use_concerns_nothing(copy):
    config, workdir = copy
    assert config.inr.backbone == "ffmlp"
    lines = n_lines(workdir)
    other = dict(inr__siren__omega_0=20.0, single__siren__learning_rate=1.0, transfer__frequencies__siren=(1.0,))
    study.run(changed(config, **other), workdir)
    assert begun(workdir, lines) == []
    with pytest.raises(UserError, match="inr.ffmlp.sigma is 1.0 and was 10.0"):
        study.run(changed(config, inr__ffmlp__sigma=1.0, **other), workdir)


@pytest.mark.parametrize(
    "key, value, again",
    [
        ("fit.steps", 9, "freeze_sweep, ablation, explorer, report"),
        ("dictionary.topk.k", 3, "dictionary, ablation, explorer, report"),
        ("inr.width", 17, "cohort, dictionary, rank, freeze_sweep, ablation, explorer, report"),
        ("seed", 1, "cohort, dictionary, rank, freeze_sweep, ablation, explorer, report"),
        ("runtime.precision", "high", "cohort, dictionary, rank, freeze_sweep, ablation, explorer, report"),
    ],
)
def test_another_config_is_refused_by_its_key_with_the_stages_that_it_concerns(copy, key, value, again):
    config, workdir = copy
    was = config
    for part in key.split("."):
        was = was[part]
    before = {path: path.stat().st_mtime_ns for path in workdir.rglob("*") if path.name != ".lock"}
    with pytest.raises(UserError) as refused:
        study.run(changed(config, **{key.replace(".", "__"): value}), workdir)
    assert f"another config: {key} is {value!r} and was {was!r};" in str(refused.value)
    assert str(refused.value).endswith(f"or have {again} done again with --redo")
    assert {path: path.stat().st_mtime_ns for path in workdir.rglob("*") if path.name != ".lock"} == before


@pytest.mark.parametrize("gone", ["cohort/history.csv", "dictionary/layer_0/atoms.csv"])
def test_what_is_left_of_a_damaged_stage_is_of_the_config_that_made_it(gone, copy):
    config, workdir = copy
    (workdir / gone).unlink()
    for _ in range(2):
        with pytest.raises(UserError, match="dictionary.topk.k is 3 and was 4"):
            study.run(changed(config, dictionary__topk__k=3), workdir)
    if gone.startswith("cohort"):
        with pytest.raises(UserError, match="cohort.learning_rate is"):
            study.run(changed(config, cohort__learning_rate=0.5), workdir)


def test_redo_does_again_what_a_key_concerns_and_nothing_else(copy, finished):
    config, workdir = copy
    before, lines = numbers(finished[1]), n_lines(workdir)
    study.run(changed(config, ablation__top=1), workdir, redo=True)
    assert begun(workdir, lines) == ["ablation", "explorer", "report"]
    other = numbers(workdir)
    differ = {name.partition("/")[0] for name in before | other if before.get(name) != other.get(name)}
    assert differ == {"ablation", "report"}
    ablated = rows(workdir / "ablation/ablations.csv")
    assert {row["magnitude_rank"] for row in ablated if row["sample"] == "top"} == {"0"}
    study.run(changed(config, stages=COMPUTED), workdir, redo=True)
    assert computed(workdir) == computed(finished[1])


@pytest.mark.parametrize(
    "asked, left, name",
    [
        (("dictionary",), "cohort", "dictionary"),
        (("cohort", "rank", "dictionary", "ablation"), "freeze_sweep", "ablation"),
    ],
)
def test_what_is_redone_is_not_built_on_what_stages_leaves_out(copy, asked, left, name):
    config, workdir = copy
    before = numbers(workdir)
    words = f"stages leaves out {left}, which changed keys concern and {name} builds on; add it"
    with pytest.raises(UserError, match=words):
        study.run(changed(config, cohort__steps=9, stages=asked), workdir, redo=True)
    assert numbers(workdir) == before


def test_fits_that_a_key_does_not_touch_outlast_a_redo(copy, monkeypatch):
    config, workdir = copy
    fitted, good = [], sweep.fit_batch
    monkeypatch.setattr(sweep, "fit_batch", lambda *of: fitted.append(of[1].protocol) or good(*of))
    before, lines = rows(workdir / "freeze_sweep/phantom/fits.csv"), n_lines(workdir)
    own = changed(config, stages=COMPUTED, fit__protocols=(*config.fit.protocols, "scratch"))
    study.run(own, workdir, redo=True)
    assert begun(workdir, lines) == ["freeze_sweep", "ablation"] and set(fitted) == {"scratch"}
    after = rows(workdir / "freeze_sweep/phantom/fits.csv")
    assert [row for row in after if row["protocol"] != "scratch"] == before and len(after) > len(before)
    study.run(changed(config, stages=COMPUTED), workdir, redo=True)
    assert set(fitted) == {"scratch"} and rows(workdir / "freeze_sweep/phantom/fits.csv") == before


def test_trainings_that_more_test_images_do_not_touch_outlast_a_redo(tiny_ffmlp, tmp_path, rng, monkeypatch):
    (tmp_path / "images").mkdir()
    for i in range(7):
        Image.fromarray(rng.integers(0, 255, (16, 12), dtype=np.uint8)).save(tmp_path / "images" / f"{i}.png")
    tiny_ffmlp.signals.update(dict(dataset="folder", root=str(tmp_path / "images"), n_test=1))
    tiny_ffmlp.stages = ("cohort", "rank", "dictionary")
    more, trained, good = changed(tiny_ffmlp, signals__n_test=3), [], training.train

    def counting(store, folder, state, of, runtime):
        def run(n, state):
            trained.append(folder)
            return of.run(n, state)

        return good(store, folder, state, of._replace(run=run), runtime)

    monkeypatch.setattr(training, "train", counting)
    study.run(more, tmp_path / "alone")
    study.run(tiny_ffmlp, tmp_path / "run")
    assert {"cohort", "dictionary"} == set(trained)
    trained.clear()
    study.run(more, tmp_path / "run", redo=True)
    assert not trained and numbers(tmp_path / "run") == numbers(tmp_path / "alone")
    study.run(changed(more, dictionary__topk__k=3), tmp_path / "run", redo=True)
    assert set(trained) == {"dictionary"}
    trained.clear()
    name = rows(tmp_path / "run/cohort/signals.csv")[0]["name"]
    Image.fromarray(rng.integers(0, 255, (16, 12), dtype=np.uint8)).save(tmp_path / "images" / name)
    load.forget()
    study.run(tiny_ffmlp, tmp_path / "run", redo=True)
    assert set(trained) == {"cohort", "dictionary"}
    study.run(tiny_ffmlp, tmp_path / "again")
    assert numbers(tmp_path / "run") == numbers(tmp_path / "again")


def test_a_training_that_is_redone_begins_anew_and_leaves_nothing_of_the_old_one(tiny_ffmlp, tmp_path):
    tiny_ffmlp.stages = ("cohort",)
    for rate in (1e-3, 1e-4):
        study.run(changed(tiny_ffmlp, cohort__learning_rate=rate), tmp_path / "run", redo=True)
    study.run(changed(tiny_ffmlp, cohort__learning_rate=1e-4), tmp_path / "alone")
    assert numbers(tmp_path / "run") == numbers(tmp_path / "alone")
    assert "resumed" not in (tmp_path / "run/log.jsonl").read_text()
    assert not (tmp_path / "run/cohort/damaged_checkpoints").exists()


def without_key(workdir, key, only=None):
    """Make the folder one of a program that had no such key, or whose stage `only` did not read it."""
    store = Store(workdir)
    for path in workdir.glob("*/done.json"):
        name = path.relative_to(workdir).as_posix()
        done = store.read_json(name)
        if key in done["reads"] and only in (None, path.parent.name):
            del done["reads"][key]
            store.write_json(name, done)


@pytest.mark.parametrize("key", ["fit.batch", "fit.taus", "fit.other_rates"])  # tuples are lists in JSON
def test_a_key_that_is_new_in_the_program_refuses_nothing_at_its_default(copy, key):
    config, workdir = copy
    without_key(workdir, key)
    lines = n_lines(workdir)
    study.run(config, workdir, defaults={key: config.fit[key.partition(".")[2]]})
    assert begun(workdir, lines) == []


def test_a_key_that_is_new_in_the_program_is_heeded_elsewhere(copy, finished):
    config, workdir = copy
    without_key(workdir, "fit.batch")
    lines = n_lines(workdir)
    with pytest.raises(UserError, match="fit.batch is 3 and was 'not there'.*have freeze_sweep, ablation, explorer,"):
        study.run(config, workdir, defaults={"fit.batch": 0})
    assert begun(workdir, lines) == []
    study.run(changed(config, stages=COMPUTED), workdir, redo=True, defaults={"fit.batch": 0})
    assert begun(workdir, lines) == ["freeze_sweep", "ablation"]
    assert computed(workdir) == computed(finished[1])


def test_a_new_key_of_the_report_alone_is_heeded_without_being_asked(copy):
    config, workdir = copy
    without_key(workdir, "report.top")
    lines = n_lines(workdir)
    study.run(config, workdir, defaults={"report.top": config.report.top - 1})
    assert {"report"} <= set(begun(workdir, lines)) <= {"explorer", "report"}


def test_a_stage_may_be_added_and_what_uses_it_is_done_again(finished, tmp_path):
    config, workdir = finished
    without = tuple(stage for stage in COMPUTED if stage != "freeze_sweep")
    study.run(changed(config, stages=without), tmp_path / "run")
    assert {row["signal_role"] for row in rows(tmp_path / "run/ablation/ablations.csv")} == {"cohort"}
    lines = n_lines(tmp_path / "run")
    study.run(changed(config, stages=COMPUTED), tmp_path / "run")
    assert begun(tmp_path / "run", lines) == ["freeze_sweep", "ablation"]
    assert {row["signal_role"] for row in rows(tmp_path / "run/ablation/ablations.csv")} == {"cohort", "test"}
    assert numbers(tmp_path / "run") == computed(workdir)


def test_a_folder_of_an_earlier_version_is_refused_and_left_as_it_is(copy):
    config, workdir = copy
    store = Store(workdir)
    for name in ("cohort/done.json", "rank/done.json"):
        done = store.read_json(name)
        store.write_json(name, {"stage": done["stage"], "config_sha256": "0", "version": "0.1.0", "seconds": 1.0})
    before = {path: path.read_bytes() for path in workdir.rglob("*") if path.is_file()}
    for redo in (False, True):
        with pytest.raises(UserError, match=f"--workdir {workdir} was begun by an earlier version"):
            study.run(config, workdir, redo=redo)
    assert {path: path.read_bytes() for path in workdir.rglob("*") if path.is_file()} == before


def test_a_damaged_file_is_made_again_with_what_is_built_on_it(copy, finished):
    config, workdir = copy
    lines = n_lines(workdir)
    (workdir / "rank/stable_rank.csv").write_text("layer\n")
    study.run(changed(config, stages=COMPUTED), workdir)
    assert begun(workdir, lines) == ["rank", "freeze_sweep", "ablation"]
    assert computed(workdir) == computed(finished[1])
    assert not (workdir / "report/done.json").exists(), "it waits for its turn"


def test_as_many_checkpoints_are_kept_as_asked_for_and_that_may_change(copy):
    config, workdir = copy
    config.stages = ("cohort",)
    study.run(changed(config, runtime__keep=3), workdir)
    with pytest.raises(UserError, match="runtime.keep is 0"):
        study.run(changed(config, runtime__keep=0), workdir)
