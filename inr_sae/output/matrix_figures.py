"""Figures of a matrix of fits: Figure 2, the protocols side by side, budgets, rates. Functions of table rows."""

import itertools

import numpy as np

from inr_sae.output.figures import column
from inr_sae.output.style import BLUE, GREEN, GREY, INK, ORANGE, figure, styled
from inr_sae.output.transfer_tables import find, kinds

PURPLE, TEAL = "#7a3e9d", "#1a9aa8"
KIND_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, TEAL, GREY)
PROTOCOL_STYLE = {  # colour, line, marker: told apart without colour too
    "full": (INK, "-", "s"),
    "freeze": (BLUE, "-", "o"),
    "warm": (GREEN, "--", "^"),
    "thaw": (ORANGE, "--", "v"),
    "random": (PURPLE, ":", "D"),
    "scratch": (GREY, "-", "x"),
}


def star(ax, x, y, colour):
    """Mark the largest of the values y at x."""
    top = int(np.nanargmax(y))
    ax.plot(x[top], y[top], "*", ms=13, color=colour, mec="white", zorder=5)


@styled
def figure_2(summary, ranks):
    """Figure 2: for each source PSNR against tau on every target, and its rank profiles; stars at the argmax.

    Bars: one sample standard deviation over images and seeds. Faint lines: STRAINER's recipe, which freezes nothing.
    """
    sources = list(dict.fromkeys(row["source"] for row in ranks))
    targets = list(dict.fromkeys(row["target"] for row in summary))
    fig, axes = figure(2.35 * (len(targets) + 2), 2.25 * len(sources) + 0.5, len(sources), len(targets) + 2)
    for row_axes, source in zip(axes, sources):
        for (kind, name), colour in zip(kinds(ranks).items(), itertools.cycle(KIND_COLOURS)):
            for ax, target in zip(row_axes, targets):
                mine = [r for r in summary if (r["source"], r["target"]) == (source, target)]
                mine = [r for r in mine if (r["backbone"], r["frequency"]) == kind]
                frozen = [r for r in mine if r["protocol"] == "freeze"]
                if frozen:
                    taus, means = column(frozen, "tau"), column(frozen, "psnr_db_mean")
                    spread = np.nan_to_num(column(frozen, "psnr_db_std"))
                    ax.errorbar(taus, means, spread, color=colour, marker="o", ms=3, capsize=2, lw=1.3, label=name)
                    star(ax, taus, means, colour)
                for row in mine:
                    if row["protocol"] == "full":
                        ax.axhline(row["psnr_db_mean"], color=colour, lw=0.9, ls=":", label=f"{name}, nothing frozen")
            own = [r for r in ranks if r["source"] == source and (r["backbone"], r["frequency"]) == kind]
            for ax, key in zip(row_axes[-2:], ("sr_weight", "sr_activation_centred")):
                layers, values = column(own, "layer"), column(own, key)
                ax.plot(layers, values, color=colour, marker="o", ms=3, lw=1.3)
                star(ax, layers, values, colour)
        row_axes[0].set_ylabel(f"from {source}\nPSNR (dB)")
        for ax, target in zip(row_axes, targets):
            ax.set_title(f"on {target}", loc="left", fontsize=9)
        row_axes[-2].set_title("sr(W)", loc="left", fontsize=9)
        row_axes[-1].set_title("sr(H), centred", loc="left", fontsize=9)
    for ax in axes[-1]:
        ax.set_xlabel("τ")
    for ax in axes[-1, -2:]:
        ax.set_xlabel("layer")
    for ax in axes.flat:
        ax.xaxis.get_major_locator().set_params(integer=True)
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    return fig


def source_of(protocol, source):
    """The source that a protocol's rows stand under: none, for what takes nothing from a cohort."""
    return "untrained" if protocol in ("random", "scratch") else source


def curves_of(summary, source, target, kind, names, equal):
    """{protocol: {tau: summary row}} of a cell; a protocol without a boundary has the one key None.

    equal(protocol, tau) -> (protocol, tau): which fit stands for a boundary that was not fitted on its own.
    """
    taus = sorted({int(row["tau"]) for row in summary if str(row["tau"]).isdigit()})
    curves = {}
    for protocol in (name for name in PROTOCOL_STYLE if name in names):
        own_source = source_of(protocol, source)
        found = {}
        for tau in [None] if protocol in ("full", "scratch") else taus:
            row = find(summary, own_source, target, kind, *equal(protocol, tau))
            if row is not None:
                found[tau] = row
        if found:
            curves[protocol] = found
    return curves


@styled
def protocols(summary, pairs, names, equal):
    """The protocols side by side: PSNR against the boundary for each (source, target) of `pairs` and each backbone.

    What the paper lacks: `random` never saw the cohort, `warm` keeps the suffix, `thaw` lets the prefix move. names:
    the protocols that ran. equal: as in `curves_of`.
    """
    every = kinds(summary)
    fig, axes = figure(3.5 * len(every) + 0.4, 2.7 * len(pairs) + 0.5, len(pairs), len(every))
    for row_axes, (source, target) in zip(axes, pairs):
        for ax, (kind, name) in zip(row_axes, every.items()):
            for protocol, found in curves_of(summary, source, target, kind, names, equal).items():
                colour, line, marker = PROTOCOL_STYLE[protocol]
                if None in found:
                    ax.axhline(found[None]["psnr_db_mean"], color=colour, ls=line, lw=1.1, label=protocol)
                else:
                    means = [row["psnr_db_mean"] for row in found.values()]
                    ax.plot(list(found), means, color=colour, ls=line, marker=marker, ms=4, label=protocol)
            ax.set_title(f"{name}: {source} → {target}", loc="left", fontsize=9)
            ax.xaxis.get_major_locator().set_params(integer=True)
    for ax in axes[:, 0]:
        ax.set_ylabel("PSNR (dB)")
    for ax in axes[-1]:
        ax.set_xlabel("boundary τ")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=6, fontsize=8)
    return fig


@styled
def budget(curves, pairs, tau_of):
    """PSNR along the fit, each protocol at one boundary; "faster" and "better" are two things.

    curves: rows of curves.csv (means over fits). tau_of(source, kind): the boundary shown.
    """
    every = kinds(curves)
    fig, axes = figure(3.5 * len(every) + 0.4, 2.7 * len(pairs) + 0.5, len(pairs), len(every))
    for row_axes, (source, target) in zip(axes, pairs):
        for ax, (kind, name) in zip(row_axes, every.items()):
            tau = tau_of(source, kind)
            for protocol, (colour, line, _) in PROTOCOL_STYLE.items():
                own_source = source_of(protocol, source)
                mine = [
                    row
                    for row in curves
                    if (row["source"], row["target"], row["protocol"]) == (own_source, target, protocol)
                    and (row["backbone"], row["frequency"]) == kind
                    and str(row["tau"]) in (str(tau), protocol)
                ]
                if mine:
                    ax.plot(column(mine, "step"), column(mine, "psnr_db_mean"), color=colour, ls=line, label=protocol)
            ax.set_title(f"{name}: {source} → {target}, τ = {tau}", loc="left", fontsize=9)
    for ax in axes[:, 0]:
        ax.set_ylabel("PSNR (dB)")
    for ax in axes[-1]:
        ax.set_xlabel("test-time step")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=6, fontsize=8)
    return fig


@styled
def rates(summary, source, target):
    """PSNR against the test-time rate for each backbone and frequency, a line for every protocol and boundary."""
    every = kinds(summary)
    fig, axes = figure(3.5 * len(every) + 0.4, 3.4, 1, len(every))
    for ax, (kind, name) in zip(axes[0], every.items()):
        mine = [row for row in summary if row["target"] == target and (row["backbone"], row["frequency"]) == kind]
        lines = {}
        for row in mine:
            if row["source"] in (source, "untrained"):
                lines.setdefault((row["protocol"], row["tau"]), []).append(row)
        for (protocol, tau), rows in lines.items():
            rows = sorted(rows, key=lambda row: row["learning_rate"])
            colour, line, marker = PROTOCOL_STYLE[protocol]
            label = protocol if protocol == str(tau) else f"{protocol} {tau}"
            fade = 1.0 if protocol == str(tau) else max(0.25, 1.0 - 0.16 * int(tau))
            means = column(rows, "psnr_db_mean")
            ax.plot(
                column(rows, "learning_rate"),
                means,
                color=colour,
                ls=line,
                marker=marker,
                ms=3,
                alpha=fade,
                label=label,
            )
        ax.set_xscale("log")
        ax.set_title(f"{name}: {source} → {target}", loc="left", fontsize=9)
        ax.set_xlabel("test-time learning rate")
        ax.legend(fontsize=6.5)
    axes[0, 0].set_ylabel("PSNR (dB)")
    return fig
