"""Tables as Markdown, as HTML and as LaTeX, from the same rows: dicts with the keys of the first one."""

import html


def shown(value, digits=4):
    """A cell as a person reads it: floats with `digits` significant digits, None and nan as a dash."""
    if value is None or value != value:
        return "–"
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def markdown(rows):
    """A Markdown table of rows."""

    def line(cells):
        return "| " + " | ".join(map(escaped, cells)) + " |"

    head = list(rows[0])
    return "\n".join([line(head), line(["---"] * len(head)), *(line(map(shown, row.values())) for row in rows)]) + "\n"


def escaped(cell):
    """A cell as Markdown shows it: what a file's name could have of HTML, or of tables, is text."""
    text = str(cell).replace("&", "&amp;").replace("<", "&lt;")
    return text.replace("|", "\\|").replace("\n", " ")


def to_html(rows, highlight=lambda row: False, wide=False):
    """An HTML table of rows, everything escaped; rows that `highlight` picks are emphasised; wide: for prose."""
    head = "".join(f'<th scope="col">{html.escape(key)}</th>' for key in rows[0])
    body = "".join(
        f"<tr{' class=best' if highlight(row) else ''}>"
        + "".join(f"<td>{html.escape(shown(value))}</td>" for value in row.values())
        + "</tr>"
        for row in rows
    )
    kind = "table wide" if wide else "table"
    return f'<div class="{kind}"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


LATEX = {"≥": r"$\geq$", "±": r"$\pm$", "→": r"$\to$", "✓": r"\checkmark", "✗": r"$\times$", "–": "--", "τ": r"$\tau$"}
LATEX |= {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}"}
LATEX |= {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def latex(rows):
    """A LaTeX tabular of rows, for booktabs and amssymb."""

    def line(cells):
        text = " & ".join("".join(LATEX.get(c, c) for c in str(cell)) for cell in cells)
        return ("{}" if text.startswith(("[", "*")) else "") + text + r" \\"  # else an argument of the line before

    head = list(rows[0])
    body = "\n".join(line(map(shown, row.values())) for row in rows)
    columns = "l" + "r" * (len(head) - 1)
    return (
        f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{line(head)}\n\\midrule\n{body}\n\\bottomrule\n\\end{{tabular}}\n"
    )
