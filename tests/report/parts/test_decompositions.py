import pytest

from inr_sae.folder.store import Store
from inr_sae.report.exhibits import Exhibits
from inr_sae.report.parts import decompositions as parts
from inr_sae.rows.decompositions import EdgeRow, KeptRow, NeededRow, ResolutionRow, SpatialRow
from tests.report.figures.test_decompositions import LABELS, METHODS, PLACES, recovered


@pytest.fixture
def exhibits(tmp_path):
    return Exhibits(Store(tmp_path), "report")


def tables():
    return {
        "kept": [KeptRow(*place, name, n, 10.0 + n, 20.0) for place in PLACES for name in METHODS for n in (0, 4)],
        "needed": [NeededRow(*at, name, 4, None if name == "pca" else 3, 1.0) for at in PLACES for name in METHODS],
        "edges": [EdgeRow(*place, name, 100, 25, 8.0, 1.0, 30.0) for place in PLACES for name in METHODS],
        "resolution": [ResolutionRow(*place, "lib", "double", 5, 5, 0.9, 0.125, 0.0, 30.0) for place in PLACES],
        "spatial": [SpatialRow(*place, 0.5, 10.0, 9.0, 30.0) for place in PLACES],
    }


def test_every_table_is_drawn_told_and_tabled(exhibits):
    found = parts.sections(exhibits, tables(), LABELS)
    assert [section.anchor for section in found] == ["directions", "interactions", "resolution", "spatial"]
    assert exhibits.store.names("report/figures") == [f"{section.anchor}.png" for section in found]
    assert found[0].sentences[0].endswith("layers 0, 1, 2: PCA –, –, –; LIB 3, 3, 3.")
    assert "interactions needed for 1 dB, layers 0, 1, 2: PCA 25, 25, 25; LIB 25" in found[1].sentences[0]
    assert found[2].sentences == ("LIB: on twice the grid codes differ by at most 12.5 % of their norm.",)
    header = exhibits.store.path("report/tables/directions_needed.csv").read_text().splitlines()[0]
    assert header == "backbone,layer,PCA,LIB"


def test_what_no_method_has_is_no_section(exhibits):
    found = parts.sections(exhibits, tables() | {"edges": [], "resolution": []}, LABELS)
    assert [section.anchor for section in found] == ["directions", "spatial"]


def test_recovery_tells_what_fails_and_the_step_of_half(exhibits):
    rows = [row._replace(above_0_9_fraction=float(row.modes != 8 and row.step == 20)) for row in recovered()]
    section = parts.recovery_section(exhibits, rows)
    assert "operator lifted of 8 modes on rough atoms (sgd, 0 %)" in section.sentences[0]
    assert "sae" not in section.sentences[0]
    table = parts.recovery_table(rows)
    assert len(table) == 24 and table[0]["step_of_half"] == 20 and table[0]["recovered"] == 1
    assert {row["step_of_half"] for row in table if row["modes"] == 8} == {None}
    three = rows + [row._replace(seed=2) for row in rows if row.seed]
    one_fails = [row._replace(above_0_9_fraction=float(row.seed != 0 and row.step == 20)) for row in three]
    assert {row["step_of_half"] for row in parts.recovery_table(one_fails)} == {20}, "two of three seeds do"
