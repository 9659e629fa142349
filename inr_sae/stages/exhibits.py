"""What a report is made of: figures and tables, stored as files and returned as HTML."""

from inr_sae.output import page, tables
from inr_sae.output.style import save


def figure(store, name, fig, caption, alternative):
    """Save a figure under report/figures/ and return it as HTML."""
    path = f"report/figures/{name}.png"
    save(store, path, fig)
    return page.picture(store.path(path).read_bytes(), caption, alternative)


def table(store, name, rows, highlight=lambda row: False):
    """Save a table under report/tables/ as csv, md and tex and return it as HTML."""
    store.write_csv(f"report/tables/{name}.csv", rows)
    store.write_text(f"report/tables/{name}.md", tables.markdown(rows))
    store.write_text(f"report/tables/{name}.tex", tables.latex(rows))
    return tables.to_html(rows, highlight)
