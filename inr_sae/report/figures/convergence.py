"""Figures of two networks compared: partners, curves, predictions from many, and every layer against every other."""

import numpy as np
from matplotlib.lines import Line2D

from inr_sae.report.figures.style import (
    INK,
    column,
    figure,
    legend,
    looks,
    styled,
)

WIDTH = 3.3  # inches of a panel


def grouped(rows, *keys):
    """{values of the keys: rows}, in their order."""
    groups = {}
    for row in rows:
        groups.setdefault(tuple(getattr(row, key) for key in keys), []).append(row)
    return groups


def name_of(row):
    """A pair as a legend names it."""
    one, other = f"{row.regime} {row.backbone}", f"{row.other_regime} {row.other_backbone}"
    if row.dictionary_seed is not None:
        return f"{one}: dictionary seed {row.dictionary_seed}"
    if one == other:
        return f"{one}: seeds {row.seed}, {row.other_seed}"
    if row.backbone != row.other_backbone:
        return f"{row.regime}: {row.backbone}, {row.other_backbone}"
    return f"{one}, {row.other_regime}"


PAIR = ("kind", "regime", "backbone", "seed", "other_regime", "other_backbone", "other_seed", "dictionary_seed")
CASES = {  # of partners: how their line is drawn, and what a legend says of it
    "trained": (dict(ls="-", lw=1.5, ms=4), ""),
    "displaced": (dict(ls="-", lw=0.7, alpha=0.7), "the other's maps displaced"),
    "untrained": (dict(ls=":", lw=0.9, alpha=0.9), "before training"),
}


def other_of(row):
    """What a network is compared with, beside the first's own name."""
    if row.dictionary_seed is not None:
        return f"dictionary seed {row.dictionary_seed}"
    if row.other_backbone != row.backbone:
        return f"{row.other_regime} {row.other_backbone}"
    return f"seed {row.other_seed}" if row.other_regime == row.regime else f"{row.other_regime}, seed {row.other_seed}"


@styled
def partners(rows):
    """Mean held-out correlation of assigned partners by layer: a row of panels of units and of atoms, a column a first
    network, a colour what it is compared with; thin and dotted: its nulls.

    rows: PartnersRows.
    """
    kinds, firsts = list(grouped(rows, "of")), list(grouped(rows, "regime", "backbone"))
    fig, axes = figure(WIDTH * len(firsts) + 1.6, 2.5 * len(kinds) + 0.2, len(kinds), len(firsts))
    others = dict.fromkeys(map(other_of, rows))
    look = looks(others)
    for (kind,), of_kind in zip(kinds, axes):
        for first, ax in zip(firsts, of_kind):
            shown = [row for row in rows if row.of == kind and (row.regime, row.backbone) == first]
            for (*_, case), of_case in grouped(shown, *PAIR, "case").items():
                colour, marker = look[other_of(of_case[0])]
                line = CASES[case][0] | ({"marker": marker, "label": other_of(of_case[0])} if case == "trained" else {})
                ax.plot(column(of_case, "layer"), column(of_case, "matched_held_out_mean"), color=colour, **line)
            ax.set_title(f"{kind} of {' '.join(first)}", loc="left")
            ax.set_ylim(-0.05, 1.02)
            ax.xaxis.get_major_locator().set_params(integer=True)
    for ax in axes[-1]:
        ax.set_xlabel("layer")
    for ax in axes[:, 0]:
        ax.set_ylabel("r, assigned partners")
    nulls = {said: Line2D([], [], color=INK, **line) for line, said in CASES.values() if said}
    legend(fig, "right upper", 7, more=nulls)
    return fig


@styled
def curves(similarities, what):
    """Sorted similarities of best (line) and assigned partners (dashed) by layer, a panel a pair.

    similarities: {(kind, name, other name): {layer: {"<what>_best", "<what>_matched"}}}.
    """
    shown = {key: each for key, each in similarities.items() if any(f"{what}_best" in of for of in each.values())}
    columns = min(4, len(shown))
    lines = -(-len(shown) // columns)
    fig, axes = figure(2.7 * columns, 2.4 * lines + 0.3, lines, columns)
    for ax in axes.flat[len(shown) :]:
        ax.set_axis_off()
    styles = looks(sorted({layer for by_layer in shown.values() for layer in by_layer}))
    for ax, ((kind, *names), by_layer) in zip(axes.flat, shown.items()):
        for layer, arrays in by_layer.items():
            if f"{what}_best" not in arrays:
                continue
            for key, line in (("best", "-"), ("matched", "--")):
                values = np.sort(arrays[f"{what}_{key}"])[::-1]
                label = f"layer {layer}" if key == "best" else None
                share = np.linspace(0, 100, len(values))
                ax.plot(share, values, line, color=styles[layer][0], lw=1.2, label=label)
        ax.set_title(f"{kind}\n{names[0]}, {names[1].removeprefix(names[0] + '-')}", loc="left", fontsize=7.5)
        ax.set_ylim(-0.05, 1.02)
        ax.set_xlabel(f"% of {what}, sorted", fontsize=8)
    axes[0, 0].set_ylabel("correlation")
    legend(fig, ncols=8)
    return fig


@styled
def from_many(rows):
    """Explained variance, held-out, against the number of units it takes, a panel a layer; stars: the one best partner.

    rows: FromManyRows of one of units, atoms.
    """
    layers = grouped([row for row in rows if row.case == "trained"], "layer")
    fig, axes = figure(2.5 * len(layers) + 1.8, 3.2, 1, len(layers))
    styles = looks(grouped(rows, *PAIR))
    for ax, ((layer,), of_layer) in zip(axes[0], layers.items()):
        for key, of_pair in grouped(of_layer, *PAIR).items():
            n, r2 = column(of_pair, "n_weights_mean"), column(of_pair, "r2_held_out")
            colour, marker = styles[key]
            ax.plot(n, r2, "-", marker=marker, ms=3, lw=1.2, color=colour, label=name_of(of_pair[0]))
            ax.plot(1, of_pair[0].r2_one_held_out, "*", ms=8, color=colour, mec="white")
        ax.set_title(f"layer {layer}", loc="left")
        ax.set_xscale("symlog", linthresh=1)
        ax.set_xlabel("weights, (Σ|w|)² / Σw²")
        ax.set_ylim(-0.05, 1.02)
    axes[0, 0].set_ylabel("explained, held-out R²")
    legend(fig, "right upper", 7)
    return fig


@styled
def heat_maps(rows):
    """CKA of every layer of one network against every layer of another, a panel a pair; rows: LikenessRows."""
    pairs = grouped([row for row in rows if row.case == "trained"], *PAIR)
    columns = min(4, len(pairs))
    lines = -(-len(pairs) // columns)
    fig, axes = figure(2.7 * columns + 0.6, 2.6 * lines + 0.3, lines, columns)
    for ax in axes.flat[len(pairs) :]:
        ax.set_axis_off()
    for ax, of_pair in zip(axes.flat, pairs.values()):
        layers, others = (sorted({getattr(row, key) for row in of_pair}) for key in ("layer", "other_layer"))
        values = np.full((len(layers), len(others)), np.nan)
        for row in of_pair:
            value = np.nan if row.cka is None else row.cka
            values[layers.index(row.layer), others.index(row.other_layer)] = value
        picture = ax.imshow(values, vmin=0, vmax=1, cmap="viridis", origin="lower")
        for (i, j), value in np.ndenumerate(values):
            colour = "white" if value < 0.6 else "black"
            ax.text(
                j, i, "–" if np.isnan(value) else f"{value:.2f}", ha="center", va="center", fontsize=6.5, color=colour
            )
        ax.set_title(f"{of_pair[0].kind}\n{name_of(of_pair[0])}", loc="left", fontsize=7.5)
        ax.set_xticks(range(len(others)), others)
        ax.set_yticks(range(len(layers)), layers)
        ax.grid(False)
        ax.set_xlabel("layer of the second", fontsize=8)
        ax.set_ylabel("layer of the first", fontsize=8)
    fig.colorbar(picture, ax=axes, label="linear CKA", shrink=0.7)
    return fig
