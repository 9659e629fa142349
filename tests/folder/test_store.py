"""Files of a run's folder: whole or not there, and read back as they were written."""

import importlib
import json
import pkgutil
import shutil
from typing import NamedTuple, get_args

import numpy as np
import pytest

from inr_sae import rows
from inr_sae.errors import UserError
from inr_sae.folder.store import Store

FILES = [importlib.import_module(f"{rows.__name__}.{file.name}") for file in pkgutil.iter_modules(rows.__path__)]
KINDS = {name: kind for file in FILES for name, kind in vars(file).items() if hasattr(kind, "_fields")}
KINDS = [KINDS[name] for name in sorted(KINDS)]


class Row(NamedTuple):
    """A row with a column of every kind."""

    name: str
    n: int
    value: float
    tau: int | None
    score: float | None


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def test_csv_round_trip_keeps_float32_exactly(store, rng):
    values = rng.normal(size=50).astype(np.float32)
    store.write_csv("a/b.csv", [{"step": i, "x": v, "name": 'a,"b"\n', "none": None} for i, v in enumerate(values)])
    read = store.read_csv("a/b.csv")
    assert [np.float32(row["x"]) for row in read] == list(values)
    assert read[3]["step"] == 3 and read[3]["name"] == 'a,"b"\n' and read[3]["none"] is None


def test_csv_written_again_from_what_was_read_is_the_same_file(store, rng):
    store.write_csv("a.csv", [{"x": float(v)} for v in rng.normal(size=20)] + [{"x": float("nan")}])
    first = store.path("a.csv").read_bytes()
    store.write_csv("a.csv", store.read_csv("a.csv"))
    assert store.path("a.csv").read_bytes() == first


def test_of_a_header_alone_there_are_no_rows(store):
    store.write_rows("a.csv", Row, [])
    assert store.path("a.csv").read_text() == "name,n,value,tau,score\n"
    assert store.read_csv("a.csv") == [] and store.read_rows("a.csv", Row) == []


@pytest.mark.parametrize("name", ["007", "1e5", "nan", "", "None", "-1.png", "=1+2", "'quoted", "'=1", 'a,"b"\nc', "é"])
def test_a_text_stays_the_text_that_it_was(name, store):
    row = Row(name, 1, 0.5, None, None)
    store.write_rows("a.csv", Row, [row])
    assert store.read_rows("a.csv", Row) == [row]


def test_none_is_an_empty_cell_and_every_column_is_of_its_kind(store):
    written = [Row("a", 3, 2.0, None, None), Row("b", np.int64(4), np.float32(0.1), 0, 3.0)]
    store.write_rows("a.csv", Row, written)
    assert store.path("a.csv").read_text().splitlines()[1:] == ["a,3,2,,", "b,4,0.100000001,0,3"]
    first, second = store.read_rows("a.csv", Row)
    assert [type(value) for value in second] == [str, int, float, int, float]
    assert first == written[0] and np.float32(second.value) == np.float32(0.1)
    assert [type(value) for value in first] == [str, int, float, type(None), type(None)]


def test_a_number_that_is_none_reads_as_one_that_is_not(store):
    store.write_rows("a.csv", Row, [Row("a", 1, float("nan"), None, float("inf"))])
    (row,) = store.read_rows("a.csv", Row)
    assert np.isnan(row.value) and row.score == float("inf")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_table_is_read_back_as_it_was_written(kind, store):
    def example(annotation, empty):
        kinds = get_args(annotation) or (annotation,)
        return None if empty and type(None) in kinds else {str: "10", int: 10, float: 0.25}[kinds[0]]

    written = [
        kind(*(example(kind.__annotations__[field], empty) for field in kind._fields)) for empty in (False, True)
    ]
    store.write_rows("a.csv", kind, written)
    read = store.read_rows("a.csv", kind)
    assert read == written
    assert [list(map(type, row)) for row in read] == [list(map(type, row)) for row in written]


def test_rows_of_another_kind_are_not_written(store):
    with pytest.raises(TypeError, match="a.csv has rows of Row, not"):
        store.write_rows("a.csv", Row, [Row("a", 1, 1.0, None, None), ("b", 1, 1.0, None, None)])
    assert not store.exists("a.csv") and store.names("") == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name,n,value,tau\na,1,1,\n",  # a column is missing
        "n,name,value,tau,score\n1,a,1,,\n",  # in another order
        "name,n,value,tau,score\na,1,1,\n",  # a row is cut off
        "name,n,value,tau,score\na,x,1,,\n",  # no number
        "name,n,value,tau,score\na,,1,,\n",  # not there, where something must be
        'name,n,value,tau,score\n"a,1,1,,\n',  # a quote without an end
    ],
)
def test_a_table_that_is_not_what_its_kind_says_is_named(text, store):
    store.path("a.csv").write_text(text)
    with pytest.raises(UserError, match=r"a\.csv is gone or damaged"):
        store.read_rows("a.csv", Row)


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


def test_log_appends_lines_and_takes_off_the_half_line_of_a_killed_run(store):
    store.log("one", x=1)
    with open(store.path("log.jsonl"), "a") as file:
        file.write('{"half":')
    store.log("two")
    lines = store.path("log.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["one", "two"] and json.loads(lines[0])["x"] == 1


def test_bytes_of_a_name_that_are_no_text_come_back_from_json_and_stop_no_other_file(store):
    store.write_json("a.json", {"root": "caf\udce9"})
    assert store.read_json("a.json") == {"root": "caf\udce9"}
    store.write_text("a.html", "caf\udce9")
    store.log("stopped", error="caf\udce9")
    assert json.loads(store.path("log.jsonl").read_text())["error"] == "caf\udce9"


@pytest.mark.parametrize("name", ["../away", "/etc/away", "a/../../away", ".."])
def test_no_name_leads_out_of_the_folder(name, tmp_path):
    store = Store(tmp_path / "run")
    for act in (lambda: store.write_text(name, "x"), lambda: store.remove(name), lambda: store.sub(name)):
        with pytest.raises(UserError, match="leads out of"):
            act()
    assert not (tmp_path / "away").exists()


def test_a_kill_leaves_no_half_of_a_folder_that_is_removed(tmp_path, monkeypatch):
    store = Store(tmp_path)
    for name in ("a/b/1", "a/b/2"):
        store.write_text(name, name)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda path, ignore_errors=False: None)
        store.remove("a/b")
    store.write_text("a/c", "c")
    store.path("a/d.partial").write_text("half")
    assert not store.exists("a/b") and store.exists("a/b.partial")
    store.tidy()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["digests.jsonl", "c"]
    store.write_text("a/b/1", "1")
    store.remove("a/b")
    assert not store.exists("a/b.partial")
