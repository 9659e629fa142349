"""The ledger: what a folder should hold, whatever moment a run was killed in."""

import json

import pytest

from inr_sae.errors import UserError
from inr_sae.folder import ledger
from inr_sae.folder.store import Store


def test_what_was_written_is_there_and_a_change_is_found(tmp_path):
    store = Store(tmp_path)
    store.write_text("a/b.csv", "one")
    store.sub("inner").write_text("c.csv", "two")  # a study within another one: one ledger
    assert list(ledger.entries(tmp_path)) == ["a/b.csv", "inner/c.csv"] and ledger.damaged(tmp_path) == {}
    (tmp_path / "a/b.csv").write_text("uno")
    (tmp_path / "inner/c.csv").unlink()
    assert ledger.damaged(tmp_path) == {"a/b.csv": "not what was written", "inner/c.csv": "gone"}


def test_a_kill_between_the_line_and_the_rename_is_no_damage(tmp_path):
    store = Store(tmp_path)
    store.write_text("a.csv", "old")
    (tmp_path / "new").write_text("new")
    ledger.record(tmp_path, "a.csv", tmp_path / "new")  # and then nothing more
    assert ledger.damaged(tmp_path) == {}
    store.write_text("a.csv", "newest")
    (tmp_path / "a.csv").write_text("old")  # two versions ago
    assert ledger.damaged(tmp_path) == {"a.csv": "not what was written"}


def test_what_was_removed_is_not_missed(tmp_path):
    store = Store(tmp_path)
    for name in ("parts/1.json", "parts/2.json", "parts_of_another.json"):
        store.write_text(name, name)
    store.remove("parts")
    store.remove("parts")
    assert list(ledger.entries(tmp_path)) == ["parts_of_another.json"] and ledger.damaged(tmp_path) == {}


@pytest.mark.parametrize("torn", [b'{"file": "b.cs', b"{", b"\xff\xfe", b'{"file": "b.csv", "sha256": "0"}'])
def test_the_torn_last_line_of_a_killed_run_is_passed_over_and_taken_off(torn, tmp_path):
    store = Store(tmp_path)
    store.write_text("a.csv", "a")
    with open(tmp_path / ledger.FILE, "ab") as file:
        file.write(torn)
    assert list(ledger.entries(tmp_path)) == ["a.csv"]
    store.write_text("c.csv", "c")
    assert list(ledger.entries(tmp_path)) == ["a.csv", "c.csv"]
    lines = (tmp_path / ledger.FILE).read_text().splitlines()
    assert [json.loads(line)["file"] for line in lines] == ["a.csv", "c.csv"]


@pytest.mark.parametrize("line", [b"null", b'{"file": 3}', b"\xff\xfe", b"", b'{"sha256": "0"}', b'{"file": "b.cs'])
def test_a_line_that_no_run_has_written_is_named(line, tmp_path):
    store = Store(tmp_path)
    store.write_text("a.csv", "a")
    with open(tmp_path / ledger.FILE, "ab") as file:
        file.write(line + b"\n")
    store.write_text("c.csv", "c")
    with pytest.raises(UserError, match=r"line 2 of .*digests\.jsonl is damaged"):
        ledger.entries(tmp_path)


@pytest.mark.parametrize("before, after", [(b"", b""), (b"one\n", b"one\n"), (b"one\ntw", b"one\n"), (b"tw", b"")])
def test_a_line_is_appended_after_whole_lines_only(before, after, tmp_path):
    (tmp_path / "log").write_bytes(before)
    ledger.append_line(tmp_path / "log", "three é")
    assert (tmp_path / "log").read_bytes() == after + "three é\n".encode()


def test_files_of_another_library_are_taken_in(tmp_path):
    store = Store(tmp_path)
    (tmp_path / "checkpoints/10").mkdir(parents=True)
    (tmp_path / "checkpoints/10/data").write_text("x")
    store.adopt("checkpoints/10")
    (tmp_path / "checkpoints/10/data").write_text("y")
    assert ledger.damaged(tmp_path) == {"checkpoints/10/data": "not what was written"}
