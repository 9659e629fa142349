"""Figures of steering: dose against effect, where it lands, and what some atoms alone give."""

import itertools

import numpy as np

from inr_sae.report.figures.style import INK, MAP, column, figure, legend, looks, styled


@styled
def doses(rows, names):
    """Root mean squared change of the output against the multiplier, a panel a layer and condition; dashed: all at
    once.

    rows: {(Condition, layer): SteeringRows of one signal and one way}; names: {Condition: its name}.
    """
    fig, axes = grid(rows, names)
    for (condition, layer), of in rows.items():
        ax = axes[condition, layer]
        by_atoms = {}
        for row in of:
            by_atoms.setdefault((row.n_atoms, row.atoms), []).append(row)
        for (n, atoms), (colour, marker) in looks(by_atoms).items():
            found = sorted([*((row.alpha, row.rms_effect) for row in by_atoms[n, atoms]), (1.0, 0.0)])
            line = {"ls": "--", "color": INK} if n > 1 else {"marker": marker, "ms": 2.5, "color": colour}
            ax.plot(*zip(*found), lw=1.1, label=f"{n} at once" if n > 1 else f"#{atoms}", **line)
        ax.legend(fontsize=5.5, ncols=2)
        ax.set_ylim(bottom=0)
    finish(axes, "α", "RMS change")
    return fig


def grid(rows, names):
    """(Figure, {(Condition, layer): ax}) of a panel for each: a line a condition."""
    conditions = list(dict.fromkeys(condition for condition, _ in rows))
    most = max(sum(condition == each for each, _ in rows) for condition in conditions)
    fig, axes = figure(2.3 * most + 0.4, 2.1 * len(conditions) + 0.3, len(conditions), most)
    found = {}
    for line, condition in zip(axes, conditions):
        layers = [layer for each, layer in rows if each == condition]
        for ax, layer in itertools.zip_longest(line, layers):
            if layer is None:
                ax.set_axis_off()
                continue
            ax.set_title(f"{names[condition]}, layer {layer}", loc="left", fontsize=8)
            found[condition, layer] = ax
    return fig, found


def finish(axes, x, y):
    """Label what is below and at the left."""
    for (condition, layer), ax in axes.items():
        ax.set_xlabel(x, fontsize=8)
        if layer == min(each for which, each in axes if which == condition):
            ax.set_ylabel(y, fontsize=8)


@styled
def kept(rows, names):
    """PSNR of a signal from the n strongest atoms alone, by way and role; rows: {(Condition, layer): KeptRows}."""
    fig, axes = grid(rows, names)
    styles = looks(dict.fromkeys((row.signal_role, row.through) for of in rows.values() for row in of))
    for (condition, layer), of in rows.items():
        ax, ways = axes[condition, layer], {}
        for row in of:
            ways.setdefault((row.signal_role, row.through), []).append(row)
        for way, found in ways.items():
            colour, marker = styles[way]
            line = {"marker": marker, "ms": 2.5, "lw": 1.1, "color": colour, "label": ", ".join(way)}
            ax.plot(column(found, "n_kept"), column(found, "psnr_db"), **line)
            ax.axhline(found[0].psnr_all_db, color=colour, lw=0.7, ls=":")
        ax.set_xscale("log")
    legend(fig, ncols=4)
    finish(axes, "atoms kept", "PSNR (dB)")
    return fig


@styled
def landing(panels):
    """Where the effect of the top atom lands: its map, the signal, and |change| at every multiplier, a line a layer.

    panels: {(Condition, layer): {"atom", "z", "alphas", "before", "after"}}.
    """
    columns = 2 + max(len(each["alphas"]) for each in panels.values())
    fig, axes = figure(1.25 * columns + 1.3, 1.35 * len(panels) + 0.3, len(panels), columns)
    for ax in axes.flat:
        ax.set_xticks([])
        ax.set_yticks([])
        ax.grid(False)
    for line, ((_, layer), of) in zip(axes, panels.items()):
        line[0].set_ylabel(f"layer {layer}, #{int(of['atom'])}", fontsize=6.5)
        line[0].imshow(np.abs(of["z"]), cmap=MAP)
        line[1].imshow(np.clip(of["before"].squeeze(), 0, 1), cmap="gray", vmin=0, vmax=1)
        changes = of["after"] - of["before"]
        shown = np.abs(changes).mean(axis=-1)
        top = float(shown.max()) or 1.0
        for ax, change, picture in zip(line[2:], changes, shown):
            ax.imshow(picture, cmap=MAP, vmin=0, vmax=top)
            ax.set_xlabel(f"{np.sqrt(np.square(change).mean()):.2g}", fontsize=6.5)
    for ax, title in zip(axes[0], ["map", "signal", *(f"α = {a:g}" for a in next(iter(panels.values()))["alphas"])]):
        ax.set_title(title, fontsize=7.5)
    return fig
