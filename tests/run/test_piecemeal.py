from typing import NamedTuple

import pytest

from inr_sae.folder.store import Store
from inr_sae.run import piecemeal


class Row(NamedTuple):
    name: str
    value: float


KINDS = {"some": Row, "none": Row}


def test_a_part_is_made_once_and_its_rows_are_those_that_are_stored(tmp_path):
    made = []

    def make():
        made.append(1)
        return {"some": [Row("a", 0.1), Row("b", 1 / 3)], "none": []}

    first, again = (piecemeal.tables(Store(tmp_path), KINDS, make) for _ in range(2))
    assert len(made) == 1 and first == again
    assert [row.name for row in first["some"]] == ["a", "b"] and first["none"] == []


def test_a_part_that_was_cut_off_is_made_again(tmp_path):
    def cut_off():
        return {"some": [Row("a", 0.1)], "none": ["no row"]}

    with pytest.raises(TypeError):
        piecemeal.tables(Store(tmp_path), KINDS, cut_off)
    found = piecemeal.tables(Store(tmp_path), KINDS, lambda: {"some": [Row("b", 0.2)], "none": []})
    assert found["some"] == [Row("b", 0.2)]


def test_a_part_of_which_something_beside_its_tables_is_gone_is_made_again(tmp_path):
    for value, whole in ((0.1, True), (0.2, False), (0.3, True)):
        found = piecemeal.tables(Store(tmp_path), KINDS, lambda: {"some": [Row("a", value)], "none": []}, whole)
        assert found["some"] == [Row("a", 0.2 if whole and value == 0.3 else value)]


def test_parts_are_joined_in_their_order():
    parts = [{"some": [1], "none": []}, {"some": [2, 3], "none": []}]
    assert piecemeal.joined(parts, KINDS) == {"some": [1, 2, 3], "none": []}


def test_only_what_is_still_to_be_compared_stays_loaded():
    loaded = dict.fromkeys("abc", "large")
    piecemeal.forget(loaded, [("a", "d"), ("a", "e")])
    assert set(loaded) == {"a"}
    piecemeal.forget(loaded, [])
    assert not loaded
