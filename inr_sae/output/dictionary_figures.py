"""Figures of dictionaries side by side: Figures 4 and 6 to 12, and what the paper lacks. Functions of table rows."""

import numpy as np

from inr_sae.output.figures import column
from inr_sae.output.style import BLUE, GREEN, GREY, INK, ORANGE, figure, styled

CONDITION_STYLE = {  # colour, line, marker; single-signal dashed
    "single-siren": ("#c2506b", "--", "o"),
    "single-ffmlp": (GREEN, "--", "s"),
    "cohort-siren": (ORANGE, "-", "o"),
    "cohort-ffmlp": (BLUE, "-", "s"),
    "second-siren": ("#7a3e9d", ":", "o"),
    "second-ffmlp": ("#1a9aa8", ":", "s"),
}
OTHER = (GREY, "-", "^")
TOP = 16  # atoms of a profile


def style(condition):
    """(colour, line, marker) of a condition."""
    return CONDITION_STYLE.get(condition, OTHER)


def lines(ax, metrics, key, quartiles=False, scale=1.0):
    """One line a condition of a metrics column against the layer, with its quartiles as a band."""
    for condition, rows in metrics.items():
        colour, line, marker = style(condition)
        layers, values = column(rows, "layer"), scale * column(rows, key)
        ax.plot(layers, values, color=colour, ls=line, marker=marker, ms=4, label=condition)
        if quartiles:
            stem = key.removesuffix("_median")
            low, high = (scale * column(rows, f"{stem}_{q}") for q in ("q25", "q75"))
            ax.fill_between(layers, low, high, color=colour, alpha=0.12, lw=0)
    ax.set(xlabel="layer", xticks=column(next(iter(metrics.values())), "layer"))


def legend_below(fig, ax, columns=4):
    """One legend for all panels."""
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=columns, fontsize=8)


@styled
def concentration(metrics):
    """Figures 4 and 8: active-pixel fraction and inverse participation ratio over alive atoms, and dead atoms.

    metrics: {condition: rows of its layers}. Lines are medians, bands quartiles.
    """
    fig, ((active, ipr, dead),) = figure(10.2, 3.5, 1, 3)
    lines(active, metrics, "active_fraction_median", quartiles=True)
    lines(ipr, metrics, "ipr_median", quartiles=True)
    lines(dead, metrics, "dead_fraction", scale=100)
    active.set_yscale("log")
    ipr.set_yscale("log")
    active.set_title("active-pixel fraction, z > 0.01", loc="left")
    ipr.set_title("inverse participation ratio", loc="left")
    dead.set_title("dead atoms (%)", loc="left")
    dead.set_ylim(0, 100)
    legend_below(fig, active)
    return fig


@styled
def quality(metrics):
    """R², PSNR with substituted activations, spatial L0 and concentration by layer, of every condition."""
    fig, ((r2, psnr, l0, top),) = figure(12.4, 3.4, 1, 4)
    lines(r2, metrics, "r2")
    lines(psnr, metrics, "psnr_substituted_db")
    lines(l0, metrics, "spatial_l0")
    lines(top, metrics, "concentration")
    r2.set_title("R² of the activations", loc="left")
    psnr.set_title("PSNR, substituted (dB)", loc="left")
    l0.set_title("spatial L0", loc="left")
    top.set_title("top atom / next 15", loc="left")
    for ax in (l0, top):
        ax.set_yscale("log")
    legend_below(fig, r2)
    return fig


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
    for ax, key in ((content, "content_shuffled_median"), (gradient, "content_gradient_shuffled_median")):
        for condition, rows in metrics.items():
            ax.plot(column(rows, "layer"), column(rows, key), color=style(condition)[0], lw=0.7, alpha=0.7)
    for condition, rows in metrics.items():
        colour, line, marker = style(condition)
        difference = column(rows, "content_of_as_many_median") - column(rows, "content_held_out_median")
        memory.plot(column(rows, "layer"), difference, color=colour, ls=line, marker=marker, ms=4)
    memory.set(xlabel="layer", xticks=column(next(iter(metrics.values())), "layer"))
    memory.axhline(0.0, color=INK, lw=0.6)
    local.set_title("locality: 1 disc, 0 scattered", loc="left")
    content.set_title("content: |r| with a signal", loc="left")
    gradient.set_title("|r| with a gradient", loc="left")
    memory.set_title("cohort above held-out", loc="left")
    legend_below(fig, local)
    return fig


def profile(atoms, key):
    """`key` of the TOP atoms of highest mean magnitude, highest first."""
    top = sorted(atoms, key=lambda row: -row["mean_magnitude"])[:TOP]
    return column(top, key)


@styled
def profile_bars(atoms, metrics, key, label):
    """Figures 9 and 10: `key` of the top 16 atoms at each layer of each condition; titles give the dead fraction.

    atoms: {condition: {layer: rows of atoms.csv}}.
    """
    layers = list(next(iter(atoms.values())))
    fig, axes = figure(2.1 * len(layers) + 0.5, 1.75 * len(atoms) + 0.2, len(atoms), len(layers))
    for row_axes, (condition, of_layers) in zip(axes, atoms.items()):
        for ax, row, (layer, rows) in zip(row_axes, metrics[condition], of_layers.items()):
            values = profile(rows, key)
            ax.bar(np.arange(1, len(values) + 1), values, color=style(condition)[0], width=0.8)
            ax.set_title(f"layer {layer}, dead {100 * row['dead_fraction']:.1f} %", loc="left", fontsize=7.5)
            ax.tick_params(labelsize=7)
        row_axes[0].set_ylabel(f"{condition}\n{label}", fontsize=7.5)
    return fig


@styled
def profiles(atoms, key, label):
    """Figures 11 and 12: `key` of the top 16 atoms, all conditions in one panel a layer."""
    layers = list(next(iter(atoms.values())))
    fig, axes = figure(2.3 * len(layers) + 0.3, 3.0, 1, len(layers))
    for ax, layer in zip(axes[0], layers):
        for condition, of_layers in atoms.items():
            colour, line, marker = style(condition)
            values = profile(of_layers[layer], key)
            ax.plot(np.arange(1, len(values) + 1), values, color=colour, ls=line, marker=marker, ms=3, label=condition)
        ax.set_title(f"layer {layer}", loc="left", fontsize=9)
        ax.set_xlabel("rank by magnitude")
        if key == "mean_magnitude":
            ax.set_yscale("log")
    axes[0, 0].set_ylabel(label)
    legend_below(fig, axes[0, 0])
    return fig


@styled
def size_sweep(rows, chosen):
    """Figures 6 and 7: PSNR, R², alive atoms and spatial L0 against k, a line an n, and heatmaps of PSNR and alive
    atoms.

    rows: of one condition. chosen: the (n, k) of the study, marked. The first column is the mean over layers.
    """
    layers = sorted({row["layer"] for row in rows})
    ns, ks = sorted({row["n_atoms"] for row in rows}), sorted({row["k"] for row in rows})
    keys = {
        "psnr_substituted_db": "PSNR (dB)",
        "r2": "R²",
        "alive_fraction": "alive",
        "spatial_l0": "spatial L0",
    }
    fig, axes = figure(2.0 * (len(layers) + 1) + 0.4, 9.6, 6, len(layers) + 1)

    def value(n, k, layer, key):
        mine = [r[key] for r in rows if (r["n_atoms"], r["k"]) == (n, k) and layer in (None, r["layer"])]
        return np.mean(mine) if mine else np.nan

    shades = [BLUE, GREEN, ORANGE, "#7a3e9d", GREY][: len(ns)]
    for j, layer in enumerate([None, *layers]):
        for ax, (key, label) in zip(axes[:4, j], keys.items()):
            for n, colour in zip(ns, shades):
                ax.plot(
                    ks, [value(n, k, layer, key) for k in ks], color=colour, marker="o", ms=3, lw=1.1, label=f"n = {n}"
                )
            if chosen[0] in ns and chosen[1] in ks:
                ax.plot(chosen[1], value(*chosen, layer, key), "*", ms=12, color="#c8102e", mec="white", zorder=5)
            ax.set_xscale("log", base=2)
            ax.set_xticks(ks, [str(k) for k in ks], fontsize=7)
            ax.set_xticks([], minor=True)
            if j == 0:
                ax.set_ylabel(label)
        axes[3, j].set_yscale("log")
        axes[0, j].set_title("mean over layers" if layer is None else f"layer {layer}", loc="left", fontsize=9)
        for ax, key in zip(axes[4:, j], ("psnr_substituted_db", "alive_fraction")):
            table = np.array([[value(n, k, layer, key) for k in ks] for n in ns])
            ax.imshow(table, cmap="viridis", aspect="auto", origin="lower")
            ax.grid(False)
            ax.set_xticks(range(len(ks)), [str(k) for k in ks], fontsize=7)
            ax.set_yticks(range(len(ns)), [str(n) for n in ns], fontsize=7)
            bright = np.nanmin(table) + 0.6 * np.ptp(table[np.isfinite(table)])
            for (y, x), v in np.ndenumerate(table):
                colour = INK if v > bright else "white"
                ax.text(x, y, f"{v:.3g}", ha="center", va="center", fontsize=5.5, color=colour)
            ax.set_xlabel("k")
    axes[4, 0].set_ylabel("PSNR (dB), n")
    axes[5, 0].set_ylabel("alive, n")
    legend_below(fig, axes[0, 0], len(ns))
    return fig


@styled
def drop_against_magnitude(effects, atoms):
    """What each alive atom's removal costs a signal against its mean magnitude: one panel a condition, a colour a
    layer.

    effects: {condition: rows of all_atoms.csv of one signal}. atoms: as in `profile_bars`.
    """
    fig, axes = figure(3.0 * len(effects) + 0.4, 3.1, 1, len(effects))
    for ax, (condition, rows) in zip(axes[0], effects.items()):
        for (layer, of_layer), colour in zip(atoms[condition].items(), (BLUE, GREEN, ORANGE, "#c2506b", "#7a3e9d")):
            magnitude = {row["atom"]: row["mean_magnitude"] for row in of_layer}
            mine = [row for row in rows if row["layer"] == layer and row["psnr_drop_db"] > 0]
            if mine:
                x = [magnitude[row["atom"]] for row in mine]
                y = [row["psnr_drop_db"] for row in mine]
                ax.scatter(x, y, s=3, color=colour, alpha=0.5, lw=0, label=f"layer {layer}")
        ax.set(xscale="log", yscale="log", xlabel="mean magnitude")
        ax.set_title(condition, loc="left", fontsize=9)
    axes[0, 0].set_ylabel("drop of PSNR (dB)")
    axes[0, 0].legend(fontsize=7, markerscale=3)
    return fig


@styled
def stability(rows):
    """Mean similarity of atoms matched one to one, beside its null (faint): by maps, and by decoder rows."""
    fig, axes = figure(8.6, 3.3, 1, 2)
    for ax, by in zip(axes[0], ("map", "decoder")):
        pairs = dict.fromkeys((r["condition"], r["other"], r["other_seed"]) for r in rows if r["by"] == by)
        for pair in pairs:
            mine = [r for r in rows if (r["condition"], r["other"], r["other_seed"]) == pair and r["by"] == by]
            colour, line, marker = style(pair[1])
            label = f"{pair[0]}, seed {pair[2]}" if pair[2] is not None else f"{pair[0]} and {pair[1]}"
            line = "-" if pair[2] is not None else "--"
            ax.plot(
                column(mine, "layer"),
                column(mine, "similarity_mean"),
                color=colour,
                ls=line,
                marker=marker,
                ms=4,
                label=label,
            )
            ax.plot(column(mine, "layer"), column(mine, "null_mean"), color=colour, lw=0.7, alpha=0.6)
            ax.set(xlabel="layer", xticks=column(mine, "layer"), ylim=(0, 1))
        ax.legend(fontsize=7)
    axes[0, 0].set_title("by maps: mean correlation", loc="left")
    axes[0, 1].set_title("by decoder rows: mean cosine", loc="left")
    return fig
