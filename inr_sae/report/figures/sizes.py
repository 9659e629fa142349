"""The figure of the (n, k) sweep: Figures 6 and 7."""

import numpy as np

from inr_sae.report.figures.style import (
    INK,
    column,
    figure,
    legend,
    log_scale,
    looks,
    styled,
)

CURVES = {
    "psnr_substituted_db": "PSNR (dB)",
    "r2": "R²",
    "alive_fraction": "alive",
    "spatial_l0": "spatial L0",
}
MAPS = {"psnr_substituted_db": "PSNR (dB), n", "alive_fraction": "alive, n"}


@styled
def size_sweep(rows, chosen):
    """Figures 6 and 7: PSNR, R², alive atoms and spatial L0 against k, a line an n, and heatmaps of PSNR and alive
    atoms.

    rows: SizeRows of one condition. chosen: the (n, k) of the study, marked. The first column is the mean over layers.
    """
    layers = sorted({row.layer for row in rows})
    sizes = sorted({row.n_atoms for row in rows}), sorted({row.k for row in rows})
    fig, axes = figure(2.0 * (len(layers) + 1) + 0.4, 9.6, 6, len(layers) + 1)
    for column_axes, layer in zip(axes.T, [None, *layers]):
        shown = [row for row in rows if layer in (None, row.layer)]
        for ax, key in zip(column_axes[:4], CURVES):
            draw_curves(ax, means(shown, key, sizes), sizes, chosen)
        log_scale(column_axes[3])
        column_axes[0].set_title("mean over layers" if layer is None else f"layer {layer}", loc="left", fontsize=9)
        for ax, key in zip(column_axes[4:], MAPS):
            draw_map(ax, means(shown, key, sizes), sizes)
    for ax, label in zip(axes[:, 0], [*CURVES.values(), *MAPS.values()]):
        ax.set_ylabel(label)
    legend(fig, ncols=len(sizes[0]))
    return fig


def means(rows, key, sizes):
    """The mean of a column over the rows of each of the sizes (n's, k's), (n's, k's); nan where there are none."""
    table = np.full([len(values) for values in sizes], np.nan)
    for i, j in np.ndindex(table.shape):
        values = column([row for row in rows if (row.n_atoms, row.k) == (sizes[0][i], sizes[1][j])], key)
        table[i, j] = values.mean() if len(values) else np.nan
    return table


def draw_curves(ax, table, sizes, chosen):
    """A row of the table a line, against k; a star at the chosen (n, k)."""
    ns, ks = sizes
    for (n, (colour, marker)), values in zip(looks(ns).items(), table):
        ax.plot(ks, values, color=colour, marker=marker, ms=3, lw=1.1, label=f"n = {n}")
    if chosen[0] in ns and chosen[1] in ks:
        value = table[ns.index(chosen[0]), ks.index(chosen[1])]
        ax.plot(chosen[1], value, "*", ms=12, color="#c8102e", mec="white", zorder=5)
    ax.set_xscale("log", base=2)
    ax.set_xticks(ks, [str(k) for k in ks], fontsize=7)
    ax.set_xticks([], minor=True)


def draw_map(ax, table, sizes):
    """The table as a heatmap with its numbers."""
    ns, ks = sizes
    ax.imshow(table, cmap="viridis", aspect="auto", origin="lower")
    ax.grid(False)
    ax.set_xticks(range(len(ks)), [str(k) for k in ks], fontsize=7)
    ax.set_yticks(range(len(ns)), [str(n) for n in ns], fontsize=7)
    finite = table[np.isfinite(table)]
    bright = finite.min() + 0.6 * np.ptp(finite) if len(finite) else np.nan
    for y, x in np.argwhere(np.isfinite(table)):
        colour = INK if table[y, x] > bright else "white"
        ax.text(x, y, f"{table[y, x]:.3g}", ha="center", va="center", fontsize=5.5, color=colour)
    ax.set_xlabel("k")
