"""Recipes against published cells: how far every one lies from every number."""

import numpy as np

from inr_sae.report.figures.style import INK, figure, styled

MOST = 4.0  # standard deviations at the ends of the colour scale
PART = 0.1  # of a published value without a deviation, which counts as one


def units_of(row):
    """A deviation in the paper's standard deviations, or, where it gives none, in tenths of the value."""
    return row.in_std if row.in_std is not None else row.deviation / (PART * abs(row.value))


def cell_name(row):
    """As a column is called."""
    quantity = {"sr_weight": "sr(W)", "sr_activation_centred": "sr(H)", "psnr_db": "PSNR", "ssim": "SSIM"}
    name = quantity.get(row.quantity, row.quantity.replace("_db", "").replace("_", " "))
    at = "" if row.tau is None else f" {row.tau}"
    protocol = " full" if row.protocol == "full" else ""
    where = " (nb)" if row.where == "notebook" else ""
    return f"{name}{protocol}{at} {row.target}{where}".strip()


@styled
def deviations(rows, order):
    """A heat map of DeviationRows, recipes (in the given order) by published cells; numbers are the deviations."""
    cells = list(dict.fromkeys((row.quantity, row.protocol, row.tau, row.target, row.where) for row in rows))
    names = {
        cell: cell_name(next(r for r in rows if (r.quantity, r.protocol, r.tau, r.target, r.where) == cell))
        for cell in cells
    }
    table = np.full((len(order), len(cells)), np.nan)
    for row in rows:
        which = (row.quantity, row.protocol, row.tau, row.target, row.where)
        table[order.index(row.recipe), cells.index(which)] = units_of(row)
    fig, ((ax,),) = figure(0.42 * len(cells) + 3.4, 0.3 * len(order) + 2.0)
    shown = ax.imshow(table, cmap="RdBu", vmin=-MOST, vmax=MOST, aspect="auto")
    ax.grid(False)
    ax.set_xticks(range(len(cells)), [names[cell] for cell in cells], rotation=90, fontsize=7)
    ax.set_yticks(range(len(order)), order, fontsize=7)
    for (y, x), value in np.ndenumerate(table):
        if np.isfinite(value):
            colour = "white" if abs(value) > 0.7 * MOST else INK
            ax.text(x, y, f"{value:.1f}", ha="center", va="center", fontsize=5.5, color=colour)
    fig.colorbar(shown, ax=ax, shrink=0.7, label="ours − published, in its SD")
    return fig
