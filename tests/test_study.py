"""A whole tiny study: what it leaves, what it refuses, that a kill changes nothing."""

import errno
import json
import os
import shutil

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict
from PIL import Image

from configs import base
from inr_sae import stages, study
from inr_sae.dictionaries.topk import training as dictionary_training
from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.inr import fit
from inr_sae.machine import processes
from inr_sae.run import once
from inr_sae.signals import load
from tests.conftest import tiny_study
from tests.helpers import COMPUTED, Killed, begun, dying_after, n_lines, numbers, rows


@pytest.fixture
def copy(finished, tmp_path):
    """(config, folder) of a copy of the finished study."""
    return finished[0].copy_and_resolve_references(), shutil.copytree(finished[1], tmp_path / "copy")


def test_every_stage_says_what_it_was_made_of(finished):
    config, workdir = finished
    for stage in config.stages:
        done = json.loads((workdir / stage / "done.json").read_text())
        assert done["stage"] == stage
        assert done.keys() == {"stage", "identity", "version", "jax", "seconds", "reads", "needs"}
        assert done["needs"].keys() == set(stages.needed(stage)) & set(config.stages)
    assert begun(workdir) == list(config.stages)
    environment = json.loads((workdir / "environment.json").read_text())
    assert environment["packages"]["jax"] and environment["devices"] and environment["matmul_precision"] == "highest"


def test_what_was_asked_for_is_kept_for_the_reader(tiny_ffmlp, tmp_path):
    tiny_ffmlp.stages = ("cohort",)
    study.run(tiny_ffmlp, tmp_path / "run", {"config_file": "configs/x.py", "overridden": {"cohort.steps": 20}})
    stored = json.loads((tmp_path / "run/config.json").read_text())
    assert (stored["config_file"], stored["overridden"]) == ("configs/x.py", {"cohort.steps": 20})
    assert stored["config"]["cohort"]["steps"] == 20


def test_a_second_start_does_nothing_again(copy):
    config, workdir = copy
    before = {path: path.stat().st_mtime_ns for path in workdir.rglob("*") if path.is_file()}
    lines = n_lines(workdir)
    study.run(config, workdir)
    assert begun(workdir, lines) == []
    after = {path: path.stat().st_mtime_ns for path in workdir.rglob("*") if path.is_file()}
    assert {path.name for path in after if after[path] != before.get(path)} <= {"log.jsonl", "digests.jsonl", ".lock"}


# (module, function, the call of it that a run dies at), one start after the other: before the first step, between
# checkpoints, within a batch of fits and between two, and within the dictionaries.
KILLS = (
    (fit, "fit_cohort", 0),
    (fit, "fit_cohort", 3),
    (fit, "fit_batch", 2),
    (fit, "fit_batch", 5),
    (dictionary_training, "steps_on_all_devices", 1),
    (dictionary_training, "steps_on_all_devices", 1),
)


@pytest.mark.parametrize("backbone", ("wire", "hashgrid"))  # complex layers, a grid; real ones are killed in faults/
def test_a_study_cut_off_anywhere_ends_at_the_same_bytes(backbone, tmp_path, monkeypatch):
    config = tiny_study(backbone)
    config.stages = COMPUTED
    for module, name, calls in KILLS:
        with monkeypatch.context() as patch:
            patch.setattr(module, name, dying_after(getattr(module, name), calls))
            with pytest.raises(Killed):
                study.run(config, tmp_path / "run")
    study.run(config, tmp_path / "run")
    study.run(config, tmp_path / "alone")
    ours, theirs = numbers(tmp_path / "run"), numbers(tmp_path / "alone")
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_a_loss_that_turns_nan_names_the_step_and_the_same_command_goes_on(tiny_ffmlp, tmp_path, monkeypatch):
    good = fit.fit_cohort

    def breaks_at_13(backbone, tau, rate, n, state, data):
        first = int(state.step)
        state, mse = good(backbone, tau, rate, n, state, data)
        return state, np.where(np.arange(first, first + n)[:, None] < 13, mse, np.nan)

    tiny_ffmlp.stages = ("cohort",)
    with monkeypatch.context() as patch:
        patch.setattr(fit, "fit_cohort", breaks_at_13)
        with pytest.raises(UserError, match=r"step 13; lower its rate, .*: cohort\.learning_rate or"):
            study.run(tiny_ffmlp, tmp_path / "run")
    assert [path.name for path in (tmp_path / "run/cohort/checkpoints").iterdir() if path.name == "10"]
    assert not (tmp_path / "run/cohort/checkpoints/15").exists() and not (tmp_path / "run/cohort/done.json").exists()
    study.run(tiny_ffmlp, tmp_path / "run")
    assert (tmp_path / "run/cohort/done.json").exists()


def test_images_that_changed_since_are_named(tiny_ffmlp, tmp_path, rng):
    (tmp_path / "images").mkdir()
    for i in range(6):
        Image.fromarray(rng.integers(0, 255, (16, 12), dtype=np.uint8)).save(tmp_path / "images" / f"{i}.png")
    tiny_ffmlp.signals.update(dict(dataset="folder", root=str(tmp_path / "images")))
    tiny_ffmlp.stages = ("cohort", "rank")
    study.run(tiny_ffmlp, tmp_path / "run")
    name = rows(tmp_path / "run/cohort/signals.csv")[1]["name"]
    Image.fromarray(np.zeros((16, 12), np.uint8)).save(tmp_path / "images" / name)
    load.forget()
    shutil.rmtree(tmp_path / "run/rank")
    with pytest.raises(UserError, match=f"{name} is not what"):
        study.run(tiny_ffmlp, tmp_path / "run")


def test_a_folder_of_something_else_is_refused(tiny_ffmlp, tmp_path):
    for name in ("thesis.tex", "download.partial"):
        (tmp_path / name).write_text("")
    with pytest.raises(UserError, match="no study's folder"):
        study.run(tiny_ffmlp, tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(UserError, match="no study's folder"):
        study.run(tiny_ffmlp, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "download.partial", "thesis.tex"]
    assert "bert" in (tmp_path / "config.json").read_text()


def test_a_link_to_a_folder_within_is_refused(finished, tmp_path):
    """What lies behind it would be neither cleared nor verified: a training would go on with the old one's end."""
    config, workdir = finished[0], shutil.copytree(finished[1], tmp_path / "run")
    shutil.move(workdir / "cohort", tmp_path / "elsewhere")
    (workdir / "cohort").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="cohort is a link to a folder"):
        study.run(config, workdir)
    (tmp_path / "elsewhere").rename(tmp_path / "back")
    (workdir / "cohort").unlink()
    (tmp_path / "back").rename(workdir / "cohort")
    (tmp_path / "link").symlink_to(workdir)
    study.run(config, tmp_path / "link")


@pytest.mark.parametrize("number, words", [(errno.EACCES, "give leave to"), (errno.ENOSPC, "make room")])
def test_what_may_not_be_written_is_a_sentence(number, words, tmp_path):
    with pytest.raises(UserError, match=f"{words}, and the same command goes on"), study.room(tmp_path):
        raise OSError(number, os.strerror(number), str(tmp_path))


def test_a_folder_that_is_in_use_is_not_looked_through(tiny_ffmlp, tmp_path, monkeypatch):
    """Folders come and go in it meanwhile."""
    monkeypatch.setattr(study, "refuse_links", lambda store: pytest.fail("looked through"))
    with Store(tmp_path / "run").lock(), pytest.raises(UserError, match="in use by another run"):
        study.run(tiny_ffmlp, tmp_path / "run")


def test_a_name_that_is_too_long_is_a_sentence(tiny_ffmlp, tmp_path):
    with pytest.raises(UserError, match="cannot be written .*; shorten its name"):
        study.run(tiny_ffmlp, tmp_path / ("a" * 300))


def test_what_a_config_of_the_users_own_lacks_or_has_none_of_is_named(tiny_ffmlp, tmp_path):
    with tiny_ffmlp.unlocked():
        tiny_ffmlp.sets.mine = ConfigDict({"dataset": "folder", "root": ""})
    with pytest.raises(UserError, match="the config has no 'sets.mine."):
        study.run(tiny_ffmlp, tmp_path / "run")
    with tiny_ffmlp.unlocked():
        del tiny_ffmlp.sets["mine"]
    tiny_ffmlp.dictionary.layers = None
    with pytest.raises(UserError, match=r"dictionary.layers is None; it is as in \(\), its default"):
        study.run(tiny_ffmlp, tmp_path / "run", defaults=once.flatten(base.get_config().to_dict()))
    assert not (tmp_path / "run").exists()


def test_nothing_is_built_on_what_damage_has_undone(copy):
    config, workdir = copy
    (workdir / "cohort/reconstructions.png").write_bytes(b"")
    config.stages = ("dictionary",)
    with pytest.raises(UserError, match="stages has dictionary without cohort, which it builds on; add it"):
        study.run(config, workdir)
    config.stages = ("cohort", "dictionary")
    study.run(config, workdir)
    assert json.loads((workdir / "dictionary/done.json").read_text())["needs"].keys() == {"cohort"}


def test_bad_data_leave_no_folder_behind(tiny_ffmlp, tmp_path):
    tiny_ffmlp.signals.update(dict(dataset="folder", root=str(tmp_path / "gone")))
    with pytest.raises(UserError, match="gone is no folder"):
        study.run(tiny_ffmlp, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "names, words",
    [
        ((), "stages is empty; there are ablation, "),
        (("cohort", "dream"), "stages names 'dream'; there are ablation, "),
        (("cohort", "ablation"), "stages has ablation without dictionary, which it builds on; add it"),
        (("cohort", "explorer"), "stages has explorer without ablation or conditions, which it builds on; add one"),
        (("report",), "stages has report without .*, which it builds on; add one"),
    ],
)
def test_stages_that_cannot_be_are_named(names, words, tiny_ffmlp, tmp_path):
    tiny_ffmlp.stages = names
    with pytest.raises(UserError, match=words):
        study.run(tiny_ffmlp, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_every_process_gets_the_precision_before_anything_is_computed(tiny_ffmlp, tmp_path, monkeypatch):
    tasks, together = [], processes.together
    monkeypatch.setattr(processes, "together", lambda *task: tasks.append(task[:2]) or together(*task))
    tiny_ffmlp.stages, tiny_ffmlp.runtime.precision = ("cohort",), "high"
    precision = jax.config.jax_default_matmul_precision
    try:
        study.run(tiny_ffmlp, tmp_path / "run")
        assert tasks[0] == (study.configure, {"precision": "high", "cache_dir": ""})
        assert jax.config.jax_default_matmul_precision == "high"
        tiny_ffmlp.runtime.precision = "double"
        with pytest.raises(UserError, match="'double'; it is one of highest, high, default"):
            study.run(tiny_ffmlp, tmp_path / "other")
    finally:
        jax.config.update("jax_default_matmul_precision", precision)
    assert not (tmp_path / "other").exists()


def test_what_was_given_and_nobody_reads_is_told():
    plan = ["encoders", "transfer", "report"]
    given = {
        "signals.n_test": 6,
        "report.top": 6,
        "sets.heads.n_test": 6,
        "fit.steps": 9,
        "seed": 1,
        "runtime.keep": 2,
        "stages": (),
    }
    assert study.unread(plan, given) == ["signals.n_test"]
    assert study.unread(["cohort"], {"signals.n_test": 6, "inr.siren.omega_0": 3.0}) == []
