"""What a report is made of: figures and tables, stored as files and returned as HTML."""

from typing import NamedTuple

from inr_sae.report import page, tables
from inr_sae.report.figures.style import save


class Exhibits(NamedTuple):
    """Where figures and tables are kept: a Store, and the report's folder in it."""

    store: object
    folder: str

    def figure(self, name, fig, caption, alternative):
        """Save a figure as figures/<name>.png and return it as HTML."""
        path = f"{self.folder}/figures/{name}.png"
        save(self.store, path, fig)
        return page.picture(self.store.path(path).read_bytes(), caption, alternative)

    def table(self, name, rows, highlight=lambda row: False):
        """Save rows, NamedTuples or dicts, as tables/<name>.csv, .md and .tex and return them as HTML; of none nothing.

        highlight(row as a dict) -> whether it is emphasised.
        """
        rows = [row._asdict() if hasattr(row, "_asdict") else row for row in rows]
        if not rows:
            return ""
        self.store.write_csv(f"{self.folder}/tables/{name}.csv", rows)
        self.store.write_text(f"{self.folder}/tables/{name}.md", tables.markdown(rows))
        self.store.write_text(f"{self.folder}/tables/{name}.tex", tables.latex(rows))
        return tables.to_html(rows, highlight)
