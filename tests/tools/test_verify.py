"""Holding a finished study's files against its list."""

import pytest

from inr_sae.errors import UserError
from inr_sae.folder import manifest
from inr_sae.folder.store import Store
from inr_sae.tools.verify import verify


@pytest.fixture
def listed(tmp_path):
    """The store of a study's folder with its list."""
    store = Store(tmp_path / "run")
    for name in ("config.json", "environment.json", "rank/done.json"):
        store.write_json(name, {})
    store.write_text("rank/stable_rank.csv", "layer\n0\n")
    store.log("start")
    manifest.write(store)
    return store


def test_every_kind_of_change_is_named(listed):
    assert verify(listed.root) == []
    listed.path("rank/stable_rank.csv").write_text("layer\n1\n")
    listed.path("rank/done.json").unlink()
    listed.path("rank/note.txt").write_text("mine")
    assert verify(listed.root) == [
        ("rank/done.json", "gone"),
        ("rank/note.txt", "not of the study"),
        ("rank/stable_rank.csv", "changed"),
    ]


def test_what_grows_may_grow_and_nothing_is_written(listed):
    listed.log("start")
    before = {path: path.stat().st_mtime_ns for path in (listed.root, *listed.root.rglob("*"))}
    assert verify(listed.root) == []
    assert {path: path.stat().st_mtime_ns for path in (listed.root, *listed.root.rglob("*"))} == before


def test_without_a_list_or_with_a_damaged_one_it_is_refused(listed, tmp_path):
    listed.path("study.json").write_text("{")
    with pytest.raises(UserError, match="study.json is gone or damaged"):
        verify(listed.root)
    for text in ("{}", "[]", "null", '{"files": []}'):
        listed.path("study.json").write_text(text)
        with pytest.raises(UserError, match="study.json is damaged"):
            verify(listed.root)
    listed.path("study.json").unlink()
    for folder in (listed.root, tmp_path / "nowhere"):
        with pytest.raises(UserError, match="no study.json"):
            verify(folder)
    assert not (tmp_path / "nowhere").exists()
