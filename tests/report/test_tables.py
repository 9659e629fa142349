from inr_sae.report import tables

ROWS = [{"name": "<b>|x", "psnr_db": 12.3456789, "n": 4}, {"name": "y", "psnr_db": float("nan"), "n": None}]


def test_tables_show_numbers_as_a_person_reads_them():
    text = "| name | psnr_db | n |\n| --- | --- | --- |\n| &lt;b>\\|x | 12.35 | 4 |\n| y | – | – |\n"
    assert tables.markdown(ROWS) == text


def test_highlighted_rows():
    assert tables.to_html(ROWS, lambda row: row["n"] == 4).count("class=best") == 1


def test_a_latex_row_is_no_argument_of_what_is_before_it():
    text = tables.latex([{"recipe": "[0, 1], cohort of 5", "psnr": "*1"}, {"recipe": "*", "psnr": 2}])
    assert "\n{}[0, 1], cohort of 5 & *1 " in text and "\n{}* & 2 " in text and "\nrecipe & psnr" in text


def test_latex_escapes_what_latex_would_read():
    text = tables.latex([{"a_b": "50 % & more", "c": 1.25, "d": "1.00 ± 0.10"}])
    assert r"a\_b & c & d \\" in text and r"50 \% \& more & 1.25 & 1.00 $\pm$ 0.10 \\" in text
    assert text.startswith("\\begin{tabular}{lrr}") and text.count("\\\\") == 2
