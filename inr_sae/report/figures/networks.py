"""Figures of several networks: PSNR by protocol, profiles along units, boundaries by depth, atoms by width."""

import numpy as np

from inr_sae.report.figures.style import (
    BLUE,
    GREY,
    PROTOCOL_STYLE,
    TEAL,
    figure,
    legend,
    looks,
    star,
    styled,
)

FITS = {  # column, name, colour, marker
    "cohort_psnr_db": ("cohort", TEAL, "^"),
    "full_psnr_db": ("full (STRAINER)", PROTOCOL_STYLE["full"][0], "s"),
    "best_psnr_db": ("freeze, best τ", PROTOCOL_STYLE["freeze"][0], "o"),
    "rule_psnr_db": ("freeze, rule's τ", PROTOCOL_STYLE["freeze"][0], "x"),
    "scratch_psnr_db": ("scratch", PROTOCOL_STYLE["scratch"][0], "v"),
    "random_psnr_db": ("random, rule's τ", PROTOCOL_STYLE["random"][0], "D"),
}


def shapes_of(rows):
    """Every (backbone, n_layers, width) of rows, in their order."""
    return list(dict.fromkeys((row.backbone, row.n_layers, row.width) for row in rows))


def shape_of(row):
    return row.backbone, row.n_layers, row.width


def name_of(shape, shapes, labels):
    """The backbone's name, with what tells it from the others of its kind."""
    backbone, n_layers, width = shape
    alone = sum(other[0] == backbone for other in shapes) == 1
    return labels.get(backbone, backbone) + ("" if alone else f"\nL={n_layers}, d={width}")


@styled
def backbones(networks, labels):
    """A column a network, a mark an initialisation and way of fitting."""
    shapes = shapes_of(networks)
    fig, axes = figure(max(5.0, 0.85 * len(shapes) + 1.8), 4.0)
    ax = axes[0, 0]
    for i, (key, (name, colour, marker)) in enumerate(FITS.items()):
        points = [
            (shapes.index(shape_of(row)) + (i - 2.5) * 0.11, getattr(row, key))
            for row in networks
            if getattr(row, key) is not None
        ]
        if points:
            ax.plot(*zip(*points), marker, color=colour, ms=5, label=name, mfc="none" if marker in "oD" else None)
    ax.set_xticks(range(len(shapes)), [name_of(shape, shapes, labels) for shape in shapes], fontsize=8)
    ax.set_ylabel("PSNR (dB)")
    ax.grid(axis="x", visible=False)
    legend(fig, ncols=3)
    return fig


PROFILES = {"sr_weight": "sr(W)", "sr_activation_centred": "sr(H), centred", "freeze_psnr_db": "PSNR (dB), frozen to τ"}


@styled
def layers(rows, labels):
    """A column a network: stable ranks and the PSNR behind a boundary along its units, means over initialisations."""
    shapes = shapes_of(rows)
    fig, axes = figure(max(3.0, 1.55 * len(shapes) + 0.6), 5.4, len(PROFILES), len(shapes))
    for of_shape, shape in zip(axes.T, shapes):
        own = [row for row in rows if shape_of(row) == shape]
        for ax, key in zip(of_shape, PROFILES):
            units, values = means(own, key)
            ax.plot(units, values, color=BLUE, marker="o", ms=3, lw=1.3)
            if np.isfinite(values).any():
                star(ax, units, values, BLUE)
            if key == "sr_weight":
                ax.plot(*means(own, "sr_weight_init"), color=GREY, ls=":", lw=1.2)
            ax.set_xticks(units)
        of_shape[0].set_title(name_of(shape, shapes, labels), loc="left", fontsize=8)
        of_shape[-1].set_xlabel("unit")
    for ax, label in zip(axes[:, 0], PROFILES.values()):
        ax.set_ylabel(label, fontsize=8)
    return fig


def means(rows, key):
    """(units, mean of a column over the rows of each, nan without)."""
    units = sorted({row.layer for row in rows})
    known = [row for row in rows if getattr(row, key) is not None]
    values = [[getattr(row, key) for row in known if row.layer == unit] for unit in units]
    return units, np.array([np.mean(each) if each else np.nan for each in values])


@styled
def depth(networks, labels):
    """The best boundary and the layer of highest stable rank against L, a panel a backbone, a colour a width."""
    names, widths = list(dict.fromkeys(row.backbone for row in networks)), sorted({row.width for row in networks})
    fig, axes = figure(max(5.4, 3.4 * len(names) + 0.4), 4.0, 1, len(names))
    for ax, name in zip(axes[0], names):
        own = [row for row in networks if row.backbone == name]
        depths = sorted({row.n_layers for row in own})
        last = {row.n_layers: row.n_units - 1 for row in own}  # of several widths the same
        ax.plot(depths, [last[n] for n in depths], color=GREY, ls=":", lw=1)
        for i, (width, (colour, _)) in enumerate(looks(widths).items()):
            aside = (i - (len(widths) - 1) / 2) * 0.14
            for key, marker, size in (("best_tau", "o", 7), ("tau_by_sr_weight", "x", 6)):
                points = [
                    (row.n_layers + aside, getattr(row, key))
                    for row in own
                    if row.width == width and getattr(row, key) is not None
                ]
                if points:
                    label = f"d = {width}, {'best τ' if marker == 'o' else 'argmax sr(W)'}"
                    ax.plot(*zip(*points), marker, color=colour, ms=size, mfc="none", label=label)
        ax.set_title(labels.get(name, name), loc="left")
        ax.set_xticks(depths)
        ax.set_yticks(range(max(last.values()) + 1))
        ax.set_xlabel("layers L")
    axes[0, 0].set_ylabel("layer")
    legend(fig, ncols=2 * len(names))
    return fig


@styled
def width(rows, labels):
    """Dead atoms and locality against d, means over layers, a line a backbone and depth."""
    kinds = list(dict.fromkeys((row.backbone, row.n_layers) for row in rows))
    fig, axes = figure(7.4, 3.6, 1, 2)
    for ax, (key, label) in zip(axes[0], (("dead_fraction", "dead atoms (share)"), ("locality_median", "locality"))):
        for kind, (colour, marker) in looks(kinds).items():
            own = [row for row in rows if (row.backbone, row.n_layers) == kind and getattr(row, key) is not None]
            widths = sorted({row.width for row in own})
            values = [np.nanmean([getattr(row, key) for row in own if row.width == each]) for each in widths]
            name = f"{labels.get(kind[0], kind[0])}, L = {kind[1]}"
            ax.plot(widths, values, color=colour, marker=marker, ms=4, lw=1.3, label=name)
        ax.set_xscale("log", base=2)
        ax.set_xticks(sorted({row.width for row in rows}), [str(w) for w in sorted({row.width for row in rows})])
        ax.set_xlabel("width d")
        ax.set_ylabel(label)
    legend(fig, ncols=4)
    return fig
