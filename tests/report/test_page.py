import html.parser

from inr_sae.report import page, tables
from inr_sae.report.page import Section


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
    table = tables.to_html([{"name": "<b>"}])
    sections = [
        Section("one", "One", page.picture(b"png", "caption", "alt") + table),
        Section("two", "Two", page.folded("t", "<x>")),
    ]
    built = page.page("a <title>", "sub & line", page.answer(["1 < 2"]), sections)
    checker = Checker()
    checker.feed(built)
    assert checker.open == []
    assert all(link.startswith(("data:", "#")) for link in checker.links) and "#one" in checker.links
    assert "1 &lt; 2" in built and "<b>" not in built and "a &lt;title&gt;" in built


def test_appendices_come_last():
    sections = [Section("a", "A", "", appendix=True), Section("b", "B", ""), Section("c", "C", "")]
    checker = Checker()
    checker.feed(page.page("t", "s", "", sections))
    assert checker.links == ["#b", "#c", "#a"]
