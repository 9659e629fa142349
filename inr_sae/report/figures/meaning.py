"""The share of atoms that each kind of explanation fits, by layer, a panel a condition."""

import numpy as np

from inr_sae.report.figures.style import COLOURS, figure, legend, styled

NOTHING_COLOUR = "#dfe3e8"


@styled
def shares(rows, names):
    """Stacked bars of the share of alive atoms by kind; the line is the share of moved maps that would be explained.

    rows: {Condition: MeantRows}; names: {Condition: its name}. What nothing explains comes last.
    """
    kinds = list(dict.fromkeys(row.kind for of in rows.values() for row in of))
    kinds = [*(kind for kind in kinds if kind != "nothing"), "nothing"]
    colours = dict(zip(kinds, COLOURS)) | {"nothing": NOTHING_COLOUR}
    fig, axes = figure(2.6 * len(rows) + 1.4, 3.4, 1, len(rows))
    for ax, (condition, of) in zip(axes[0], rows.items()):
        layers = sorted({row.layer for row in of})
        bottom = np.zeros(len(layers))
        for kind in kinds:
            by_layer = {row.layer: row.fraction for row in of if row.kind == kind}
            values = 100 * np.array([by_layer.get(layer, 0.0) for layer in layers])
            ax.bar(range(len(layers)), values, bottom=bottom, color=colours[kind], width=0.82, label=kind)
            bottom += values
        chance = {row.layer: row.null_fraction for row in of}
        at = 100 * np.array([chance[layer] for layer in layers], float)
        ax.plot(range(len(layers)), at, "k--", lw=1.0, marker="_", ms=14, label="by chance, any kind")
        ax.set_title(names[condition], loc="left")
        ax.set_xticks(range(len(layers)), layers)
        ax.set_xlabel("layer")
        ax.set_ylim(0, 100)
        ax.grid(False)
    axes[0, 0].set_ylabel("% of alive atoms")
    legend(fig, "right upper")
    return fig
