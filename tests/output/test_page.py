import html.parser

from inr_sae.output import page, tables

ROWS = [{"name": "<b>|x", "psnr_db": 12.3456789, "n": 4}, {"name": "y", "psnr_db": float("nan"), "n": None}]


class Checker(html.parser.HTMLParser):
    """Collects tags left open and addresses."""

    def __init__(self):
        super().__init__()
        self.open, self.links = [], []

    def handle_starttag(self, tag, attrs):
        self.links += [value for key, value in attrs if key in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_needs_nothing_from_outside():
    built = page.page(
        "a <title>",
        "sub & line",
        page.answer(["1 < 2"]),
        {
            ("one", "One"): page.picture(b"png", "caption", "alt") + tables.to_html(ROWS),
            ("two", "Two"): page.folded("t", "<x>"),
        },
    )
    checker = Checker()
    checker.feed(built)
    assert checker.open == []
    assert all(link.startswith(("data:", "#")) for link in checker.links) and "#one" in checker.links
    assert "1 &lt; 2" in built and "<b>" not in built and "a &lt;title&gt;" in built


def test_tables_show_numbers_as_a_person_reads_them():
    assert (
        tables.markdown(ROWS) == "| name | psnr_db | n |\n| --- | --- | --- |\n| <b>\\|x | 12.35 | 4 |\n| y | – | – |\n"
    )


def test_highlighted_rows():
    assert tables.to_html(ROWS, lambda row: row["n"] == 4).count("class=best") == 1
