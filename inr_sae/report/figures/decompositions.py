"""Figures of decompositions held against each other; rows by backbone, layer and method everywhere."""

import numpy as np

from inr_sae.report.figures.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    column,
    figure,
    legend,
    looks,
    styled,
)

OPTIMIZERS = {"adam": "Adam", "sgd": "SGD"}
GRIDS = ("half", "same", "between", "double")


def values(rows, key):
    """The values of a column, each once, in their order."""
    return list(dict.fromkeys(getattr(row, key) for row in rows))


def where(rows, **keys):
    """The rows that have these values."""
    return [row for row in rows if all(getattr(row, key) == value for key, value in keys.items())]


def panels(rows, labels, width=2.5, height=2.5):
    """(figure, {(backbone, layer): axes}) with a row a backbone and a column a layer."""
    backbones, layers = values(rows, "backbone"), sorted(values(rows, "layer"))
    fig, axes = figure(width * len(layers) + 0.5, height * len(backbones) + 0.6, len(backbones), len(layers))
    found = {}
    for row_axes, backbone in zip(axes, backbones):
        for ax, layer in zip(row_axes, layers):
            found[backbone, layer] = ax
            ax.set_title(f"{labels[backbone]}, layer {layer}", loc="left", fontsize=8.5)
    return fig, found


def methods_of(rows, labels):
    """{method: (colour, marker)} of those that have rows; a method looks alike in all figures of a study."""
    found, every = values(rows, "method"), looks(labels)
    return {name: every[name] for name in found}


@styled
def kept(rows, labels):
    """PSNR against how many directions are kept, a line a method; dashed the network itself."""
    fig, axes = panels(rows, labels)
    of_method = methods_of(rows, labels)
    for (backbone, layer), ax in axes.items():
        of_panel = where(rows, backbone=backbone, layer=layer)
        for name, (colour, marker) in of_method.items():
            line = where(of_panel, method=name)
            n, psnr = column(line, "n_kept"), column(line, "psnr_db")
            ax.plot(n, psnr, color=colour, marker=marker, ms=3, lw=1.1, label=labels[name])
        if of_panel:
            ax.axhline(of_panel[0].psnr_network_db, color=INK, lw=0.8, ls="--", label="the network")
        ax.set_xscale("symlog", base=2, linthresh=1)
        ax.set_xticks([0, 1, 8, 64, 512, 4096], ["0", "1", "8", "64", "512", "4096"])
        ax.set_xticks([], minor=True)
        ax.set_xlim(-0.2, 1.5 * max((row.n_kept for row in of_panel), default=1))
        ax.tick_params(labelsize=7)
    label_edges(axes, "directions kept", "PSNR (dB)")
    legend(fig, ncols=4)
    return fig


def label_edges(axes, x, y):
    """Names of the axes at the left and at the bottom of a grid of panels."""
    backbones, layers = (list(dict.fromkeys(each)) for each in zip(*axes))
    for (backbone, layer), ax in axes.items():
        if layer == layers[0]:
            ax.set_ylabel(y)
        if backbone == backbones[-1]:
            ax.set_xlabel(x)


@styled
def edges(rows, labels):
    """How many interactions are needed between each layer and the next, as a share of those that are not 0, a bar a
    method; above it how many."""
    backbones, methods = values(rows, "backbone"), values(rows, "method")
    fig, (axes,) = figure(4.2 * len(backbones) + 0.4, 3.3, 1, len(backbones))
    of_method, wide = methods_of(rows, labels), 0.8 / len(methods)
    for ax, backbone in zip(axes, backbones):
        for i, name in enumerate(methods):
            of_line = where(rows, backbone=backbone, method=name)
            needed, every = column(of_line, "n_needed"), column(of_line, "n_edges")
            x = column(of_line, "layer") + wide * (i - (len(methods) - 1) / 2)
            bars = ax.bar(x, 100 * needed / np.maximum(every, 1), wide, color=of_method[name][0], label=labels[name])
            ax.bar_label(bars, [f"{n:.0f}" for n in needed], fontsize=6, rotation=90, padding=2)
        ax.set(xlabel="from layer", xticks=sorted(values(rows, "layer")), ylim=(0, 118))
        ax.set_title(labels[backbone], loc="left")
    axes[0].set_ylabel("interactions needed (%)")
    legend(fig, ncols=len(methods))
    return fig


@styled
def resolution(rows, labels):
    """R², PSNR against the network's own output, and change of the codes at common coordinates, by the grid that a
    dictionary is evaluated on; means over layers, a line a method."""
    backbones = values(rows, "backbone")
    shown = (("r2", "R²"), ("psnr_db", "PSNR to the network (dB)"), ("codes_change", "change of codes"))
    fig, axes = figure(10.2, 2.7 * len(backbones) + 0.6, len(backbones), len(shown))
    of_method = methods_of(rows, labels)
    for row_axes, backbone in zip(axes, backbones):
        for ax, (key, title) in zip(row_axes, shown):
            for name, (colour, marker) in of_method.items():
                of_grids = [where(rows, backbone=backbone, method=name, grid=grid) for grid in GRIDS]
                means = [column(of_grid, key).mean() if of_grid else np.nan for of_grid in of_grids]
                known = np.isfinite(means)
                x = np.arange(len(GRIDS))[known]
                ax.plot(x, np.array(means)[known], color=colour, marker=marker, ms=4, label=labels[name])
            ax.set_xticks(range(len(GRIDS)), GRIDS)
            ax.set_title(f"{labels[backbone]}: {title}", loc="left", fontsize=9)
    legend(fig, ncols=4)
    return fig


@styled
def spatial(rows, labels):
    """PSNR against the share of the coordinates that each unit keeps, its strongest or (thin) random ones, a panel a
    layer and a line a backbone."""
    layers, backbones = sorted(values(rows, "layer")), values(rows, "backbone")
    fig, (axes,) = figure(2.5 * len(layers) + 0.5, 3.2, 1, len(layers))
    for ax, layer in zip(axes, layers):
        for name, (colour, marker) in looks(backbones).items():
            line, label = where(rows, backbone=name, layer=layer), labels[name]
            share = 100 * column(line, "share")
            ax.plot(share, column(line, "psnr_db"), color=colour, marker=marker, ms=4, label=label)
            ax.plot(share, column(line, "psnr_random_db"), color=colour, lw=0.8, ls=":", label=f"{label}, at random")
        ax.set(xscale="log", xlabel="% of coordinates kept")
        ax.set_xticks([1, 10, 100], ["1", "10", "100"])
        ax.set_title(f"layer {layer}", loc="left", fontsize=9)
    axes[0].set_ylabel("PSNR (dB)")
    legend(fig, ncols=4)
    return fig


@styled
def recovery(rows):
    """The share of known atoms that are recovered along training, mean over seeds: a panel a kind of atoms and an
    optimiser, a line a model."""
    kinds, optimizers = values(rows, "atoms"), values(rows, "optimizer")
    fig, axes = figure(4.4 * len(kinds), 2.7 * len(optimizers) + 0.6, len(optimizers), len(kinds))
    most = max((row.modes for row in rows if row.modes is not None), default=None)
    for row_axes, optimizer in zip(axes, optimizers):
        for ax, kind in zip(row_axes, kinds):
            of_panel = where(rows, atoms=kind, optimizer=optimizer)
            for i, (name, modes, lifted) in enumerate(dict.fromkeys((r.model, r.modes, r.lifted) for r in of_panel)):
                line = where(of_panel, model=name, modes=modes, lifted=lifted)
                steps = sorted(values(line, "step"))
                share = [column(where(line, step=step), "above_0_9_fraction").mean() for step in steps]
                dashed = "--" if lifted else "-"
                label = f"{model_label(name, modes, most)}{', lifted' if lifted else ''}"
                ax.plot(steps, share, color=(ORANGE, BLUE, GREEN)[i // 2], ls=dashed, lw=1.3, label=label)
            ax.set(xscale="log", ylim=(-0.03, 1.05), xlabel="step")
            ax.set_title(f"{kind} atoms, {OPTIMIZERS.get(optimizer, optimizer)}", loc="left", fontsize=9)
        row_axes[0].set_ylabel("atoms recovered")
    legend(fig, ncols=3)
    return fig


def model_label(name, modes, most):
    """As a legend has it."""
    if modes is None:
        return name.upper()
    return f"{name}, {'all' if modes == most else 'few'} modes"
