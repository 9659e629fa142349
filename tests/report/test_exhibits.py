from typing import NamedTuple

from inr_sae.folder.store import Store
from inr_sae.report.exhibits import Exhibits
from inr_sae.report.figures.style import figure


class Row(NamedTuple):
    name: str
    psnr_db: float | None


def test_a_table_is_kept_three_times_and_shown(tmp_path):
    exhibits = Exhibits(Store(tmp_path), "report")
    typed = exhibits.table("t", [Row("a", 1.23456), Row("b", None)], lambda row: row["name"] == "b")
    assert (tmp_path / "report/tables/t.csv").read_text() == "name,psnr_db\na,1.23456\nb,\n"
    assert "| a | 1.235 |" in (tmp_path / "report/tables/t.md").read_text()
    assert "a & 1.235" in (tmp_path / "report/tables/t.tex").read_text()
    assert typed == exhibits.table("u", [{"name": "a", "psnr_db": 1.23456}, {"name": "b", "psnr_db": None}], is_b)
    assert typed.count("class=best") == 1


def test_of_no_rows_there_is_no_table(tmp_path):
    assert Exhibits(Store(tmp_path), "report").table("t", []) == "" and not list(tmp_path.iterdir())


def is_b(row):
    return row["name"] == "b"


def test_a_figure_is_kept_and_stands_in_the_page(tmp_path):
    fig, _ = figure(1, 1)
    html = Exhibits(Store(tmp_path), "report").figure("f", fig, "caption <", "alt")
    assert (tmp_path / "report/figures/f.png").read_bytes().startswith(b"\x89PNG")
    assert "data:image/png;base64,iVBOR" in html and "caption &lt;" in html
