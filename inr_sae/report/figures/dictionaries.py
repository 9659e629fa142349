"""Figures of dictionaries side by side: Figures 4 and 8 to 12, and what the paper lacks.

metrics is {Condition: MetricsRows by layer} everywhere, atoms {Condition: {layer: AtomRows}}.
"""

from typing import NamedTuple

import numpy as np

from inr_sae.report.conditions import condition_names, matched_conditions, pairs
from inr_sae.report.figures.style import (
    INK,
    column,
    condition_styles,
    figure,
    has_numbers,
    legend,
    log_scale,
    looks,
    styled,
)

TOP = 16  # atoms of a profile


def lines(ax, metrics, key, quartiles=False, scale=1.0):
    """One line a condition of a metrics column against the layer, with its quartiles as a band."""
    labels, styles = condition_names(metrics), condition_styles(metrics)
    for condition, rows in metrics.items():
        colour, line, marker = styles[condition]
        layers, values = column(rows, "layer"), scale * column(rows, key)
        ax.plot(layers, values, color=colour, ls=line, marker=marker, ms=4, label=labels[condition])
        if quartiles:
            stem = key.removesuffix("_median")
            low, high = (scale * column(rows, f"{stem}_{q}") for q in ("q25", "q75"))
            ax.fill_between(layers, low, high, color=colour, alpha=0.12, lw=0)
    label_layers(ax, metrics.values())


def label_layers(ax, groups):
    """A tick for every layer in some groups of rows."""
    ax.set(xlabel="layer", xticks=np.unique(np.concatenate([column(rows, "layer") for rows in groups])))


class Panel(NamedTuple):
    """A panel of a figure by layer: a metrics column, how it is called, and how it is drawn."""

    key: str
    title: str
    log: bool = False
    quartiles: bool = False
    scale: float = 1.0
    limits: tuple = ()  # of its axis


CONCENTRATION = (
    Panel("active_fraction_median", "active-pixel fraction, z > 0.01", log=True, quartiles=True),
    Panel("ipr_median", "inverse participation ratio", log=True, quartiles=True),
    Panel("dead_fraction", "dead atoms (%)", scale=100, limits=(0, 100)),
)
QUALITY = (
    Panel("r2", "R² of the activations"),
    Panel("psnr_substituted_db", "PSNR, substituted (dB)"),
    Panel("spatial_l0", "spatial L0", log=True),
    Panel("concentration", "top atom / next 15", log=True),
)


def with_meaning(panels, metrics):
    """Those of some Panels that have a number in any condition: signed codes do not fire, and a gap says nothing."""
    return [panel for panel in panels if has_numbers(metrics.values(), panel.key)]


@styled
def panelled(panels, metrics):
    """A figure of Panels beside each other, a line a condition; those without a number are left out."""
    shown = with_meaning(panels, metrics) or panels
    fig, (axes,) = figure(3.1 * len(shown) + 0.9 * (len(shown) == 1), 3.5, 1, len(shown))
    for ax, panel in zip(axes, shown):
        lines(ax, metrics, panel.key, panel.quartiles, panel.scale)
        ax.set_title(panel.title, loc="left")
        if panel.log:
            log_scale(ax)
        if panel.limits:
            ax.set_ylim(*panel.limits)
    legend(fig, ncols=4 if len(shown) > 1 else 2)
    return fig


def concentration(metrics):
    """Figures 4 and 8: active-pixel fraction and inverse participation ratio over alive atoms, and dead atoms.

    Lines are medians, bands quartiles.
    """
    return panelled(CONCENTRATION, metrics)


def quality(metrics):
    """R², PSNR with substituted activations, spatial L0 and concentration by layer, of every condition."""
    return panelled(QUALITY, metrics)


@styled
def shape(metrics):
    """How local atoms are, and how image-shaped against its two nulls, medians over alive atoms by layer.

    Content is the largest |correlation| of an atom's map with a signal: as it is (line), with the signals displaced
    (thin), and, right, above what held-out signals give.
    """
    fig, ((local, content, gradient, memory),) = figure(12.4, 3.4, 1, 4)
    lines(local, metrics, "locality_median")
    lines(content, metrics, "content_median")
    lines(gradient, metrics, "content_gradient_median")
    styles = condition_styles(metrics)
    for ax, key in ((content, "content_shuffled_median"), (gradient, "content_gradient_shuffled_median")):
        for condition, rows in metrics.items():
            ax.plot(column(rows, "layer"), column(rows, key), color=styles[condition][0], lw=0.7, alpha=0.7)
    for condition, rows in metrics.items():
        colour, line, marker = styles[condition]
        difference = column(rows, "content_of_as_many_median") - column(rows, "content_held_out_median")
        memory.plot(column(rows, "layer"), difference, color=colour, ls=line, marker=marker, ms=4)
    label_layers(memory, metrics.values())
    memory.axhline(0.0, color=INK, lw=0.6)
    local.set_title("locality: 1 disc, 0 scattered", loc="left")
    content.set_title("content: |r| with a signal", loc="left")
    gradient.set_title("|r| with a gradient", loc="left")
    memory.set_title("cohort above held-out", loc="left")
    legend(fig, ncols=4)
    return fig


def profile(atoms, key):
    """`key` of the TOP atoms of highest mean magnitude, highest first; atoms: AtomRows of one layer."""
    top = sorted(atoms, key=lambda row: -row.mean_magnitude)[:TOP]
    return column(top, key)


@styled
def profile_bars(atoms, metrics, key, label):
    """Figures 9 and 10: `key` of the top 16 atoms at each layer of each condition; titles give the dead fraction."""
    columns, labels, styles = max(map(len, atoms.values())), condition_names(atoms), condition_styles(atoms)
    fig, axes = figure(2.1 * columns + 0.5, 1.75 * len(atoms) + 0.2, len(atoms), columns)
    for row_axes, (condition, by_layer) in zip(axes, atoms.items()):
        summaries = {row.layer: row for row in metrics[condition]}
        for ax, (layer, rows) in zip(row_axes, by_layer.items()):
            values = profile(rows, key)
            ax.bar(np.arange(1, len(values) + 1), values, color=styles[condition][0], width=0.8)
            (dead,) = 100 * column([summaries[layer]], "dead_fraction")
            share = f", dead {dead:.1f} %" if np.isfinite(dead) else ""
            ax.set_title(f"layer {layer}{share}", loc="left", fontsize=7.5)
            ax.tick_params(labelsize=7)
        for ax in row_axes[len(by_layer) :]:
            ax.axis("off")
        row_axes[0].set_ylabel(f"{labels[condition]}\n{label}", fontsize=7.5)
    return fig


@styled
def profiles(atoms, key, label):
    """Figures 11 and 12: `key` of the top 16 atoms, all conditions in one panel a layer."""
    layers = list(dict.fromkeys(layer for by_layer in atoms.values() for layer in by_layer))
    labels, styles = condition_names(atoms), condition_styles(atoms)
    fig, axes = figure(2.3 * len(layers) + 0.3, 3.0, 1, len(layers))
    for ax, layer in zip(axes[0], layers):
        for condition in (condition for condition in atoms if layer in atoms[condition]):
            colour, line, marker = styles[condition]
            values = profile(atoms[condition][layer], key)
            ranks, name = np.arange(1, len(values) + 1), labels[condition]
            ax.plot(ranks, values, color=colour, ls=line, marker=marker, ms=3, label=name)
        ax.set_title(f"layer {layer}", loc="left", fontsize=9)
        ax.set_xlabel("rank by magnitude")
        if key == "mean_magnitude":
            log_scale(ax)
    axes[0, 0].set_ylabel(label)
    legend(fig, ncols=4)
    return fig


@styled
def drop_against_magnitude(effects, atoms):
    """What each alive atom's removal costs a signal against its mean magnitude: one panel a condition, a colour a
    layer.

    effects: {Condition: EffectRows of one signal}.
    """
    labels, styles = condition_names(effects), looks(sorted({layer for of in atoms.values() for layer in of}))
    fig, axes = figure(3.0 * len(effects) + 0.4, 3.1, 1, len(effects))
    for ax, (condition, rows) in zip(axes[0], effects.items()):
        for layer, of_layer in atoms[condition].items():
            magnitudes = {row.atom: row.mean_magnitude for row in of_layer}
            costly = [row for row in rows if row.layer == layer and row.psnr_drop_db > 0]
            if costly:
                x, y = [magnitudes[row.atom] for row in costly], column(costly, "psnr_drop_db")
                ax.scatter(x, y, s=3, color=styles[layer][0], alpha=0.5, lw=0, label=f"layer {layer}")
        ax.set(xscale="log", yscale="log", xlabel="mean magnitude")
        ax.set_title(labels[condition], loc="left", fontsize=9)
    axes[0, 0].set_ylabel("drop of PSNR (dB)")
    legend(fig, ncols=8, markerscale=3)
    return fig


@styled
def stability(matches):
    """Mean similarity of atoms matched one to one, beside its null (faint): by maps, and by decoder rows.

    matches: MatchRows. Solid: one encoder's dictionaries from two seeds; dashed: two encoders'.
    """
    conditions = matched_conditions(matches)
    labels, styles = condition_names(conditions), looks(pairs(matches))
    fig, axes = figure(8.6, 3.3, 1, 2)
    for ax, by in zip(axes[0], ("map", "decoder")):
        groups = pairs([row for row in matches if row.by == by])
        for (first, other, seed), rows in groups.items():
            colour, marker = styles[first, other, seed]
            label = f"{labels[first]} and {labels[other]}" if seed is None else f"{labels[first]}, seed {seed}"
            layers, values, line = column(rows, "layer"), column(rows, "similarity_mean"), "--" if seed is None else "-"
            ax.plot(layers, values, color=colour, ls=line, marker=marker, ms=4, label=label)
            ax.plot(layers, column(rows, "null_mean"), color=colour, lw=0.7, alpha=0.6)
        if groups:
            label_layers(ax, groups.values())
            ax.legend(fontsize=7)
        ax.set_ylim(0, 1)
    axes[0, 0].set_title("by maps: mean correlation", loc="left")
    axes[0, 1].set_title("by decoder rows: mean cosine", loc="left")
    return fig
