"""The report's page: one self-contained HTML file, pictures inside, no script."""

import base64
import html
from typing import NamedTuple

STYLE = """
:root { --ink:#1c2430; --soft:#5b6470; --line:#dfe3e8; --accent:#2463a6; --paper:#ffffff; --band:#f4f6f9; }
@media (prefers-color-scheme: dark) {
  :root { --ink:#e6e9ee; --soft:#a3adba; --line:#343c47; --accent:#7db2ea; --paper:#14181e; --band:#1d232b; }
}
* { box-sizing:border-box }
body { margin:0; background:var(--paper); color:var(--ink);
  font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif }
main { max-width:1020px; margin:0 auto; padding:2.2rem 1.2rem 4rem }
h1 { font-size:1.7rem; line-height:1.2; margin:0 0 .3rem }
h2 { font-size:1.25rem; margin:2.6rem 0 .6rem; padding-top:.6rem; border-top:1px solid var(--line) }
h3 { font-size:1rem; margin:1.4rem 0 .4rem } p { margin:.5rem 0; max-width:72ch } .soft { color:var(--soft) }
.answer { background:var(--band); border-left:4px solid var(--accent); padding:1rem 1.3rem; margin:1.4rem 0;
  border-radius:0 6px 6px 0 }
.answer h2 { border:0; margin:0 0 .3rem; padding:0 } .answer li { margin:.35rem 0; max-width:76ch }
.answer ul { padding-left:1.2rem; margin:.4rem 0 }
figure { margin:1.2rem 0 }
figure img { max-width:100%; height:auto; background:#fff; border:1px solid var(--line); border-radius:6px;
  display:block }
figcaption { color:var(--soft); font-size:.88rem; max-width:80ch; margin-top:.4rem }
.table { overflow-x:auto; margin:.8rem 0 }
table { border-collapse:collapse; font-size:.86rem; font-variant-numeric:tabular-nums }
th,td { text-align:right; padding:.28rem .7rem; border-bottom:1px solid var(--line); white-space:nowrap }
th { color:var(--soft); font-weight:600 }
td:first-child, th:first-child { text-align:left } tr.best td { background:var(--band); font-weight:700 }
.wide td { white-space:normal; text-align:left; vertical-align:top; min-width:6.5rem } .wide th { text-align:left }
.wide td:nth-child(odd), .wide td:nth-child(n+7) { min-width:13rem } .wide td:last-child { min-width:40rem }
nav a { margin-right:1rem } a { color:var(--accent) } details { margin:.8rem 0 } summary { cursor:pointer }
pre { background:var(--band); padding:1rem; border-radius:6px; overflow-x:auto; font-size:.8rem }
"""


class Section(NamedTuple):
    """A section of the page, and what it has to say in the answer at the top."""

    anchor: str
    title: str
    html: str
    sentences: tuple = ()
    appendix: bool = False  # stands after all that are not
    first: bool = False  # stands before all that are not


class Heading(NamedTuple):
    """What stands above the sections."""

    title: str
    subtitle: str
    caveats: tuple = ()  # what a reader must know before quoting the numbers


def text(value):
    """A value escaped for HTML."""
    return html.escape(str(value))


def picture(png, caption, alternative):
    """A figure with the png's bytes inside."""
    data = base64.b64encode(png).decode("ascii")
    return (
        f'<figure><img alt="{text(alternative)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{text(caption)}</figcaption></figure>"
    )


def section(name, title, *parts):
    """A section with an anchor."""
    return f'<section id="{text(name)}"><h2>{text(title)}</h2>{"".join(parts)}</section>'


def paragraph(sentence):
    """A paragraph of plain text."""
    return f"<p>{text(sentence)}</p>"


def link(target, label):
    """A paragraph that is a link to a file beside the page."""
    return f'<p><a href="{text(target)}">{text(label)}</a></p>'


def heading(title):
    """A heading within a section."""
    return f"<h3>{text(title)}</h3>"


def answer(sentences):
    """The box at the top of the page."""
    items = "".join(f"<li>{text(sentence)}</li>" for sentence in sentences)
    return f'<div class="answer"><h2>What this run found</h2><ul>{items}</ul></div>'


def folded(title, content):
    """Preformatted text behind a line that opens it."""
    return f"<details><summary>{text(title)}</summary><pre>{text(content)}</pre></details>"


def page(title, subtitle, answer_box, sections):
    """The whole page; sections are Sections, shown in their order, appendices last."""
    sections = sorted(sections, key=lambda part: part.appendix)
    links = "".join(f'<a href="#{text(part.anchor)}">{text(part.title)}</a>' for part in sections)
    body = "".join(section(part.anchor, part.title, part.html) for part in sections)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{text(title)}</title><style>{STYLE}</style></head><body><main><header><h1>{text(title)}</h1>"
        f'<p class="soft">{text(subtitle)}</p><nav>{links}</nav></header>{answer_box}{body}</main></body></html>\n'
    )
