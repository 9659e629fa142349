"""A clock that goes backwards, inputs that may not be written, other file systems, strange and long names."""

import csv
import itertools
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inr_sae import study
from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.signals import load
from inr_sae.signals.names import shown
from inr_sae.tools.verify import verify
from tests.conftest import tiny_study
from tests.helpers import COMPUTED, computed, numbers, rows

FORMULAS = ("=1+2.png", "+cmd|' /C calc'!A0.png", "-2+3.png", "@SUM(A1).png", "'=quoted.png")
STRANGE = (
    *FORMULAS,
    "<script>alert(1)</script>.png",
    'a"b,c;d.png',
    "Ünïcödé 頭 🧠.png",
    "x" * 251 + ".png",
    "a|b.png",
    "$1^{$.png",
    "a\rb.png",
    "e\u0301.png",  # as macOS writes é
    os.fsdecode(b"M\xfcller.png"),  # Latin-1
)


def without_pages(finished):
    """(config, folder) of the finished study, of the stages that compute."""
    config = finished[0].copy_and_resolve_references()
    config.stages = COMPUTED
    return config, finished[1]


def assert_the_same(workdir, finished):
    """Every csv and npz of a study without pages is the finished one's."""
    assert numbers(workdir) == computed(finished)


def test_a_clock_that_goes_backwards(finished, tmp_path, monkeypatch):
    config, workdir = without_pages(finished)
    now = itertools.count(2_000_000_000, -3600)
    monkeypatch.setattr(time, "time", lambda: float(next(now)))
    study.run(config, tmp_path / "run")
    assert_the_same(tmp_path / "run", workdir)


@pytest.fixture
def folder_of_images(tmp_path, rng):
    """A config for a folder of images with strange names, and the folder."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name in STRANGE:
        path = folder / name.replace("/", "_")
        Image.fromarray(rng.integers(0, 256, (16, 12), dtype=np.uint8)).save(path, "png")
    config = tiny_study("ffmlp")
    config.signals.update(dict(dataset="folder", root=str(folder), n_cohort=8, n_test=6))
    config.fit.update(dict(seeds=1, taus=(1,)))
    return config, folder


def test_strange_names_come_through_and_run_nowhere(folder_of_images, tmp_path):
    config, folder = folder_of_images
    study.run(config, tmp_path / "run")
    names = {shown(path.name) for path in folder.iterdir()}
    drawn = Store(tmp_path / "run").read_csv("cohort/signals.csv")
    assert {row["name"] for row in drawn} == names and len(names) == len(STRANGE)
    fits = Store(tmp_path / "run").read_csv("freeze_sweep/folder/fits.csv")
    assert {row["image"] for row in fits} == {row["name"] for row in drawn if row["split"] == "test"}
    for path in (tmp_path / "run").rglob("*.csv"):
        for row in rows(path):
            for cell in row.values():
                assert cell == "" or cell[0] not in "=+@\t\r" and (cell[0] != "-" or float(cell) <= 0), (path, cell)
    page = (tmp_path / "run/report/index.html").read_text()
    assert "<script" not in page and "&lt;script&gt;" in page
    explorer = [path.read_text() for path in (tmp_path / "run/report/explorer/data").iterdir()]
    assert not any("<script>alert" in text for text in explorer)
    study.run(config, tmp_path / "run")  # what was read back is what was drawn
    assert_reports_without_images(config, folder, tmp_path / "run")


def assert_reports_without_images(config, folder, workdir):
    """A finished study whose images are gone does nothing again, and its report where that is asked for; what needs
    images says so, and goes on where they lie now."""
    moved = folder.rename(folder.with_name("moved"))
    load.forget()
    before = computed(workdir)
    study.run(config, workdir)
    config.report.title = "Another title"
    study.run(config, workdir)
    assert "Another title" in (workdir / "report/index.html").read_text() and computed(workdir) == before
    config.fit.steps += 4
    with pytest.raises(UserError, match="signals.root .*images is no folder"):
        study.run(config, workdir, redo=True)
    assert computed(workdir) == before
    config.fit.steps -= 4
    config.signals.root = str(moved)
    study.run(config, workdir)
    assert computed(workdir) == before


def test_inputs_that_may_not_be_written_are_not_touched(folder_of_images, tmp_path):
    config, folder = folder_of_images
    for path in (*folder.iterdir(), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}
    config.stages = ("cohort", "rank")
    study.run(config, tmp_path / "run")
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()} == before
    folder.chmod(0o755)


def test_a_finished_study_that_may_not_be_written_is_verified_and_not_touched(finished, tmp_path):
    copy = shutil.copytree(finished[1], tmp_path / "run")
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = {path: path.stat().st_mtime_ns for path in (copy, *copy.rglob("*"))}
    assert verify(copy) == []
    assert {path: path.stat().st_mtime_ns for path in (copy, *copy.rglob("*"))} == before
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755)


def test_a_workdir_on_another_file_system(finished, tmp_path):
    other = Path("/dev/shm")
    if not os.access(other, os.W_OK) or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("/dev/shm is no other file system here")
    workdir = other / f"inr_sae_{os.getpid()}"
    try:
        config, theirs = without_pages(finished)
        study.run(config, workdir)
        assert_the_same(workdir, theirs)
    finally:
        shutil.rmtree(workdir, ignore_errors=True)


def test_texts_that_look_like_formulas_survive_a_csv_file(tmp_path):
    store = Store(tmp_path)
    texts = [*FORMULAS, "'", "''", "'x", "'-1", "plain", "\tx", "-"]
    store.write_csv("a.csv", [{"text": text, "number": -1.5} for text in texts])
    assert [row["text"] for row in store.read_csv("a.csv")] == texts
    assert {row["number"] for row in store.read_csv("a.csv")} == {-1.5}
    with open(tmp_path / "a.csv", newline="") as file:
        assert not any(row["text"][0] in "=+-@\t" for row in csv.DictReader(file))
