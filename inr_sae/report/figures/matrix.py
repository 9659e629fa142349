"""Figures of a matrix of fits: Figure 2, the protocols side by side, budgets, rates.

A kind is (backbone, frequency), an encoder's sort; labels is {backbone: its name for people}.
"""

import itertools

import numpy as np

from inr_sae.measure.boundaries import Pair, at_source, encoder_of, pair_of
from inr_sae.protocols import PROTOCOLS, of_same_fit
from inr_sae.report.figures.style import (
    PROTOCOL_STYLE,
    column,
    figure,
    legend,
    looks,
    star,
    styled,
)
from inr_sae.report.tables import shown
from inr_sae.report.transfer_tables import find, kinds
from inr_sae.rows.common import UNTRAINED


@styled
def figure_2(summary, ranks, labels):
    """Figure 2: for each source PSNR against tau on every target, and its rank profiles; stars at the argmax.

    summary: SummaryRows of trained sources at one rate. ranks: EncoderRankRows. Bars: one sample standard deviation
    over images and seeds. Faint lines: STRAINER's recipe, which freezes nothing.
    """
    sources = list(dict.fromkeys(row.source for row in ranks))
    targets = list(dict.fromkeys(row.target for row in summary))
    fig, axes = figure(2.35 * (len(targets) + 2), 2.25 * len(sources) + 0.5, len(sources), len(targets) + 2)
    named = kinds(ranks, labels)
    for row_axes, source in zip(axes, sources):
        for kind, (colour, marker) in looks(named).items():
            for ax, target in zip(row_axes, targets):
                rows = [row for row in summary if pair_of(row) == Pair(source, target, *kind)]
                draw_boundaries(ax, rows, (colour, marker), named[kind])
            encoder = [row for row in ranks if encoder_of(row) == (source, *kind)]
            for ax, key in zip(row_axes[-2:], ("sr_weight", "sr_activation_centred")):
                layers, values = column(encoder, "layer"), column(encoder, key)
                ax.plot(layers, values, color=colour, marker=marker, ms=3, lw=1.3)
                star(ax, layers, values, colour)
        row_axes[0].set_ylabel(f"from {source}\nPSNR (dB)")
        for ax, title in zip(row_axes, [*(f"on {target}" for target in targets), "sr(W)", "sr(H), centred"]):
            ax.set_title(title, loc="left", fontsize=9)
    for ax, label in zip(axes[-1], ["τ"] * len(targets) + ["layer"] * 2):
        ax.set_xlabel(label)
    for ax in axes.flat:
        ax.xaxis.get_major_locator().set_params(integer=True)
    legend(fig, ncols=4)
    return fig


def draw_boundaries(ax, summary, look, name):
    """PSNR against tau of one encoder on one target, and STRAINER's recipe as a line; look: (colour, marker)."""
    colour, marker = look
    frozen = [row for row in summary if row.protocol == "freeze"]
    if frozen:
        taus, means = column(frozen, "tau"), column(frozen, "psnr_db_mean")
        spread = np.nan_to_num(column(frozen, "psnr_db_std"))
        ax.errorbar(taus, means, spread, color=colour, marker=marker, ms=3, capsize=2, lw=1.3, label=name)
        star(ax, taus, means, colour)
    for row in summary:
        if row.protocol == "full":
            ax.axhline(row.psnr_db_mean, color=colour, lw=0.9, ls=":", label=f"{name}, nothing frozen")


def curves_of(summary, pair, budgets, n_units):
    """{protocol: {tau: SummaryRow}} of a Pair; a protocol without a boundary has the one key None.

    budgets: {protocol: steps} of those that ran. A boundary that was not fitted on its own has the row of the same fit.
    """
    taus = sorted({row.tau for row in summary if row.tau is not None})
    curves = {}

    def find_row(protocol, tau):
        return find(summary, at_source(pair, protocol), protocol, tau)

    for protocol in (name for name in PROTOCOL_STYLE if name in budgets):
        found = {}
        for tau in taus if PROTOCOLS[protocol].has_boundary else [None]:
            row = of_same_fit(find_row, protocol, tau, n_units, budgets)
            if row is not None:
                found[tau] = row
        if found:
            curves[protocol] = found
    return curves


def panels(sets, every_kind):
    """(Figure, axes, [(ax, Pair, its name)]): a panel for each (source, target), downwards, and each kind, across."""
    fig, axes = figure(3.5 * len(every_kind) + 0.4, 2.7 * len(sets) + 0.5, len(sets), len(every_kind))
    every = []
    for ax, ((source, target), (kind, name)) in zip(axes.flat, itertools.product(sets, every_kind.items())):
        every.append((ax, Pair(source, target, *kind), f"{name}: {source} → {target}"))
    return fig, axes, every


@styled
def protocols(summary, sets, budgets, n_units, labels):
    """The protocols side by side: PSNR against the boundary for each (source, target) of `sets` and each kind.

    What the paper lacks: `random` never saw the cohort, `warm` keeps the suffix, `thaw` lets the prefix move.
    budgets: {protocol: steps} of those that ran. n_units: {backbone: number of its units}.
    """
    fig, axes, every = panels(sets, kinds(summary, labels))
    for ax, pair, title in every:
        for protocol, found in curves_of(summary, pair, budgets, n_units[pair.backbone]).items():
            colour, line, marker = PROTOCOL_STYLE[protocol]
            if None in found:
                ax.axhline(found[None].psnr_db_mean, color=colour, ls=line, lw=1.1, label=protocol)
            else:
                means = column(found.values(), "psnr_db_mean")
                ax.plot(list(found), means, color=colour, ls=line, marker=marker, ms=4, label=protocol)
        ax.set_title(title, loc="left", fontsize=9)
        ax.xaxis.get_major_locator().set_params(integer=True)
    for ax in axes[:, 0]:
        ax.set_ylabel("PSNR (dB)")
    for ax in axes[-1]:
        ax.set_xlabel("boundary τ")
    legend(fig, ncols=6)
    return fig


@styled
def budget(curves, sets, taus, labels):
    """PSNR along the fit, each protocol at one boundary; "faster" and "better" are two things.

    curves: MeanCurveRows at one rate. sets: [(source, target)]. taus: {(source, backbone, frequency): the boundary}.
    """
    fig, axes, every = panels(sets, kinds(curves, labels))
    for ax, pair, title in every:
        tau = taus.get(encoder_of(pair))
        for protocol, (colour, line, _) in PROTOCOL_STYLE.items():
            rows = [row for row in curves if row.protocol == protocol and row.tau in (tau, None)]
            rows = [row for row in rows if pair_of(row) == at_source(pair, protocol)]
            if rows:
                ax.plot(column(rows, "step"), column(rows, "psnr_db_mean"), color=colour, ls=line, label=protocol)
        ax.set_title(f"{title}, τ = {shown(tau)}", loc="left", fontsize=9)
    for ax in axes[:, 0]:
        ax.set_ylabel("PSNR (dB)")
    for ax in axes[-1]:
        ax.set_xlabel("test-time step")
    legend(fig, ncols=6)
    return fig


@styled
def rates(summary, source, target, labels):
    """PSNR against the test-time rate of each kind from a source on a target, a line for every protocol and boundary.

    summary: SummaryRows at every rate.
    """
    every = kinds(summary, labels)
    fig, axes = figure(3.5 * len(every) + 0.4, 3.4, 1, len(every))
    for ax, (kind, name) in zip(axes[0], every.items()):
        pair, groups = Pair(source, target, *kind), {}
        for row in summary:
            if pair_of(row) in (pair, pair._replace(source=UNTRAINED)):
                groups.setdefault((row.protocol, row.tau), []).append(row)
        for (protocol, tau), rows in groups.items():
            rows = sorted(rows, key=lambda row: row.learning_rate)
            colour, line, marker = PROTOCOL_STYLE[protocol]
            label = protocol if tau is None else f"{protocol} {tau}"
            fade = 1.0 if tau is None else max(0.25, 1.0 - 0.16 * tau)
            x, means = column(rows, "learning_rate"), column(rows, "psnr_db_mean")
            ax.plot(x, means, color=colour, ls=line, marker=marker, ms=3, alpha=fade, label=label)
        ax.set_xscale("log")
        ax.set_title(f"{name}: {source} → {target}", loc="left", fontsize=9)
        ax.set_xlabel("test-time learning rate")
        ax.legend(fontsize=6.5)
    axes[0, 0].set_ylabel("PSNR (dB)")
    return fig
