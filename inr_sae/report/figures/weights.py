"""Figures of what weights carry: accuracy, token flow, interventions, purity against accuracy, maps."""

import numpy as np

from inr_sae.report.figures.style import BLUE, COLOURS, GREY, MARKERS, ORANGE, figure, legend, literal, looks, styled
from inr_sae.rows.weights import ALL_TOKENS, BIASES, CONTROL, OFFSETS

KINDS = ("zeroed", "averaged", "swapped within", "swapped across", "shuffled", "noise")


def labelled(name):
    """A condition as a reader reads it, from the name of its folder."""
    return name.replace("ce_", "CE ").replace("_contrast_", ", contrast ").replace("_", ", ")


@styled
def accuracy(readings, baselines):
    """Test accuracy of every training, a line of dots a condition with its mean, and of what reads pixels."""
    names = list(dict.fromkeys(row.condition for row in readings))
    fig, ((ax,),) = figure(7.4, 0.42 * (len(names) + len(baselines)) + 1.1)
    rows = [(labelled(name), [r.accuracy_test for r in readings if r.condition == name]) for name in names]
    rows += [(row.method, [row.accuracy_test]) for row in baselines]
    for y, (_, values) in enumerate(rows):
        colour = BLUE if y < len(names) else GREY
        ax.plot([np.mean(values)] * 2, [y - 0.28, y + 0.28], color=colour, lw=2)
        ax.plot(values, [y] * len(values), "o", ms=5, color=colour, mec="white")
        ax.text(1.02, y, f"{100 * np.mean(values):.1f} %", transform=ax.get_yaxis_transform(), va="center", fontsize=8)
    ax.set_yticks(range(len(rows)), [label for label, _ in rows])
    ax.invert_yaxis()
    ax.set_xlabel("accuracy on test images")
    ax.set_title("Readers of weights, and of pixels", loc="left")
    return fig


@styled
def token_flow(flow):
    """Purity of neighbours from the raw offsets through the reader's blocks, and what a linear model reads there."""
    names = list(dict.fromkeys(row.condition for row in flow))
    blocks = sorted({row.block for row in flow if row.block is not None})
    ticks = [OFFSETS, "embedded", *(f"block {block}" for block in blocks[1:])]
    fig, (axes,) = figure(9.0, 3.9, 1, 2)
    for ax, column, title in zip(axes, ("purity", "probe"), ("Purity of neighbours", "Linear probe, accuracy")):
        for name, (colour, marker) in looks(names).items():
            table = [values(flow, name, block, column) for block in (None, *blocks)]
            means = [np.mean(each) for each in table]
            spread = [[mean - min(each) for mean, each in zip(means, table)]]
            spread.append([max(each) - mean for mean, each in zip(means, table)])
            ax.errorbar(
                range(len(ticks)),
                means,
                spread,
                color=colour,
                marker=marker,
                ms=4,
                lw=1.3,
                capsize=2,
                label=labelled(name),
            )
        ax.set_xticks(range(len(ticks)), ticks, rotation=20)
        ax.set_title(title, loc="left")
    null = np.mean([row.purity_shuffled for row in flow if row.place == OFFSETS])
    axes[0].axhline(null, color=GREY, ls=":", lw=1.2, label="labels shuffled")
    axes[0].set_ylim(bottom=0)
    legend(fig, ncols=3)
    return fig


def values(flow, condition, block, column):
    """A column of a condition's FlowRows after a block, or of the raw offsets (block None), one a seed."""
    rows = [row for row in flow if row.condition == condition and row.block == block]
    return [getattr(row, column) for row in rows if block is not None or row.place == OFFSETS]


@styled
def purity_against_accuracy(readings, flow):
    """Purity on raw offsets and after the last block against accuracy, a point a training that is shown all."""
    seen = {(row.condition, row.seed): row.accuracy_test for row in readings if row.tokens == ALL_TOKENS}
    names = list(dict.fromkeys(row.condition for row in readings))
    last = max(row.block for row in flow if row.block is not None)
    fig, (axes,) = figure(8.4, 3.6, 1, 2)
    for ax, block, title in zip(axes, (None, last), ("Raw offsets", f"After block {last}")):
        for name, (colour, marker) in looks(names).items():
            rows = [row for row in flow if row.condition == name and row.block == block]
            rows = [row for row in rows if block is not None or row.place == OFFSETS]
            rows = [row for row in rows if (name, row.seed) in seen]
            x, y = [row.purity for row in rows], [seen[name, row.seed] for row in rows]
            if rows:
                ax.plot(x, y, marker, color=colour, ms=6, mec="white", label=labelled(name))
        ax.set_title(title, loc="left")
        ax.set_xlabel("purity of neighbours")
    axes[0].set_ylabel("accuracy on test images")
    legend(fig, ncols=3)
    return fig


@styled
def interventions(rows, base):
    """Accuracy of the base condition's reader with biases, or a control matched in norm, changed at test time."""
    rows = [row for row in rows if row.condition == base and row.place in (BIASES, CONTROL)]
    layers = sorted({row.layer for row in rows if row.layer is not None})
    cases = [(kind, None) for kind in KINDS] + [("zeroed", layer) for layer in layers]
    labels = [kind if layer is None else f"zeroed, adapted layer {layer} alone" for kind, layer in cases]
    before = np.mean([row.accuracy + row.accuracy_drop for row in rows])
    fig, ((ax,),) = figure(7.4, 0.42 * len(cases) + 1.5)
    for place, colour, marker, shift in ((BIASES, ORANGE, "o", -0.13), (CONTROL, BLUE, "s", 0.13)):
        for y, (kind, layer) in enumerate(cases):
            found = [r.accuracy for r in rows if (r.kind, r.place, r.layer) == (kind, place, layer)]
            called = {BIASES: "the biases", CONTROL: "weight columns matched in norm"}[place]
            label = called if y == 0 else None
            ax.plot(found, [y + shift] * len(found), marker, color=colour, mec="white", ms=6, label=label)
    ax.axvline(before, color=GREY, ls=":", label="nothing changed")
    ax.set_yticks(range(len(cases)), labels)
    ax.invert_yaxis()
    ax.set_xlim(max(0, min(row.accuracy for row in rows) - 0.1), 1.01)
    ax.set_xlabel("accuracy on test images")
    ax.set_title(f"Changed at test time: {labelled(base)}", loc="left")
    legend(fig, ncols=3)
    return fig


@styled
def maps(found, classes):
    """Maps of test images by raw offsets, and by mean tokens after the last block; found: {condition: arrays}."""
    fig, axes = figure(8.2, 3.9 * len(found) + 0.5, len(found), 2)
    colours, handles = [*COLOURS, "#8c7500", "#b3a78c"], {}
    for pair, (name, arrays) in zip(axes, found.items()):
        for ax, space, title in zip(pair, ("offsets", "last"), ("raw offsets", "after the last block")):
            for label in np.unique(arrays["labels"]):
                points = arrays[space][arrays["labels"] == label]
                colour = colours[label % len(colours)]
                marker = MARKERS[label // len(colours) % len(MARKERS)]
                (drawn,) = ax.plot(*points.T, marker, color=colour, ms=3.5, mew=0)
                handles[literal(classes[label])] = drawn
            ax.set_title(f"{labelled(name)}: {title}", loc="left", fontsize=9)
            ax.set_xticks([])
            ax.set_yticks([])
    legend(fig, more=handles, ncols=min(10, len(handles)), title="class")
    return fig


@styled
def fits(rows):
    """Purity by data set of every part of the weights of test-time fits; rows: FitGeometryRows."""
    fig, ((ax,),) = figure(6.8, 0.4 * len(rows) + 1.3)
    for y, row in enumerate(rows):
        ax.barh(y, row.purity, 0.6, color=BLUE if row.part != "pixels" else GREY)
        ax.plot(row.purity_shuffled, y, "D", color=ORANGE, ms=5, label="labels shuffled" if y == 0 else None)
    ax.set_yticks(range(len(rows)), [f"{row.part} ({row.protocol})" if row.protocol else row.part for row in rows])
    ax.invert_yaxis()
    ax.set_xlim(0, 1)
    ax.set_xlabel("share of neighbours that are of the same data set")
    ax.set_title(f"{rows[0].n} test-time fits of {rows[0].n_sets} data sets", loc="left")
    legend(fig)
    return fig
