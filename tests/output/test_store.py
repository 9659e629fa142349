import json
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from inr_sae.errors import UserError
from inr_sae.output.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def test_csv_round_trip_keeps_float32_exactly(store, rng):
    values = rng.normal(size=50).astype(np.float32)
    store.write_csv("a/b.csv", [{"step": i, "x": v, "name": 'a,"b"\n', "none": None} for i, v in enumerate(values)])
    rows = store.read_csv("a/b.csv")
    assert [np.float32(row["x"]) for row in rows] == list(values)
    assert rows[3]["step"] == 3 and rows[3]["name"] == 'a,"b"\n' and rows[3]["none"] is None


def test_csv_written_again_from_what_was_read_is_the_same_file(store, rng):
    store.write_csv("a.csv", [{"x": float(v)} for v in rng.normal(size=20)] + [{"x": float("nan")}])
    first = store.path("a.csv").read_bytes()
    store.write_csv("a.csv", store.read_csv("a.csv"))
    assert store.path("a.csv").read_bytes() == first


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(store):
    store.write_text("a.txt", "old")
    with pytest.raises(ValueError), store.replacing("a.txt") as path:
        path.write_text("half")
        raise ValueError
    assert store.path("a.txt").read_text() == "old"
    assert sorted(path.name for path in store.root.iterdir()) == ["a.txt", "digests.jsonl"]


def test_json_has_no_nan(store):
    store.write_json("a.json", {"x": float("nan"), "y": (1, float("inf"), np.int64(3))})
    assert json.loads(store.path("a.json").read_text()) == {"x": None, "y": [1, None, 3]}


def test_damaged_json_is_named(store):
    store.path("done.json").write_text("{")
    with pytest.raises(UserError, match="done.json is gone or damaged"):
        store.read_json("done.json")


def test_npz_round_trip(store, rng):
    a = rng.normal(size=(3, 4)).astype(np.float32)
    store.write_npz("x.npz", **{"a/b": a, "n": 3})
    read = store.read_npz("x.npz")
    np.testing.assert_array_equal(read["a/b"], a)
    assert read["n"] == 3


def test_log_appends_lines_and_is_not_glued_to_half_a_line(store):
    store.log("one", x=1)
    with open(store.path("log.jsonl"), "a") as file:
        file.write('{"half":')
    store.log("two")
    lines = store.path("log.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["x"] == 1 and json.loads(lines[2])["event"] == "two"


def test_a_second_run_is_kept_out_while_the_first_lives_and_not_after(store):
    code = textwrap.dedent(f"""
        from inr_sae.output.store import Store
        with Store({str(store.root)!r}).lock():
            print("locked", flush=True)
            input()
    """)
    first = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert first.stdout.readline() == "locked\n"
    with pytest.raises(UserError, match="in use by another run"), store.lock():
        pass
    first.kill()
    first.wait()
    with store.lock():
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file/run cannot be written"), Store(tmp_path / "file" / "run").lock():
        pass
