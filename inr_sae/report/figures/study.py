"""Curves of one study: PSNR against the freeze boundary, rank profiles, training, dictionary statistics."""

import numpy as np

from inr_sae.report.figures.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    OWN,
    PROTOCOL_STYLE,
    column,
    figure,
    has_numbers,
    legend,
    log_scale,
    star,
    styled,
)

LEAST_DB = 2.0  # that an axis spans


@styled
def psnr_against_tau(summary, fits, rule_layer, label, own=False):
    """Figure 2, left: PSNR of the freeze protocol at every tau, STRAINER's recipe as a band, rule and best marked.

    summary: SummaryRows of the protocols full and freeze at one rate, fits: their FitRows. rule_layer: the layer that
    the stable rank picks, or None. label: the backbone's. own: whether the signals are the cohort's own. The bars are
    one standard deviation over signals and seeds.
    """
    frozen = [row for row in summary if row.protocol == "freeze"]
    taus = column(frozen, "tau")
    mean, std = column(frozen, "psnr_db_mean"), np.nan_to_num(column(frozen, "psnr_db_std"))
    fig, ((ax,),) = figure(5.6, 3.7)
    draw_band(ax, [row for row in summary if row.protocol == "full"])
    if rule_layer is not None and rule_layer in taus:
        edges, rule = (rule_layer - 0.3, rule_layer + 0.3), "layer of highest weight stable rank"
        ax.axvspan(*edges, color=GREEN, alpha=0.14, lw=0, label=rule)
    singles = [row for row in fits if row.protocol == "freeze"]
    points = column(singles, "tau"), column(singles, "psnr_db")
    ax.scatter(*points, s=9, color=BLUE, alpha=0.35, lw=0, label="one fit")
    ax.errorbar(taus, mean, std, color=BLUE, marker="o", ms=4, capsize=3, label="layers 0..τ frozen, the rest new")
    if len(taus) > 1:
        star(ax, taus, mean, BLUE, 15, "highest mean")
    ax.set(xlabel="freeze boundary τ", ylabel=f"PSNR of {OWN[own]} (dB)", xticks=taus)
    first = summary[0]
    ax.set_title(f"{label}: {first.source} → {first.target}, n = {first.n}", loc="left")
    ax.legend(fontsize=7.5)
    return fig


def draw_band(ax, rows):
    """The mean of STRAINER's recipe as a line, its standard deviation as a band."""
    for mean, spread in zip(column(rows, "psnr_db_mean"), np.nan_to_num(column(rows, "psnr_db_std"))):
        colour = PROTOCOL_STYLE["full"][0]
        ax.axhline(mean, color=colour, lw=1.5, label="STRAINER's recipe (nothing frozen)")
        ax.axhspan(mean - spread, mean + spread, color=colour, alpha=0.12, lw=0)


@styled
def rank_profiles(ranks):
    """Figure 2, right: stable rank of weights, trained and initial, and of activations; stars at the argmax.

    ranks: RankRows. A layer whose matrix has no meaning is a gap.
    """
    layers = column(ranks, "layer")
    fig, ((left, right),) = figure(7.6, 3.2, 1, 2)
    before = column(ranks, "sr_weight_init")
    if not np.isnan(before).all():  # of an encoder from elsewhere it is not known
        left.plot(layers, before, color=GREY, marker="o", ms=4, ls="--", label="at initialisation")
    for ax, key, colour, label in (
        (left, "sr_weight", GREEN, "trained"),
        (right, "sr_activation_centred", GREY, "centred"),
        (right, "sr_activation", INK, "as they are"),
    ):
        values = column(ranks, key)
        ax.plot(layers, values, color=colour, marker="o", ms=4, label=label)
        star(ax, layers, values, colour, 14)
    for ax in (left, right):
        ax.set(xlabel="layer", xticks=layers)
        ax.set_ylim(bottom=0)  # last: from then on the axis does not grow with what is drawn
        ax.legend(fontsize=8)
    left.set_title("weights, sr(W)", loc="left")
    right.set_title("activations, sr(H)", loc="left")
    left.set_ylabel("stable rank")
    return fig


@styled
def training(history):
    """PSNR of the cohort along its training, the mean and the range over signals; history: HistoryRows."""
    fig, ((ax,),) = figure(5.6, 3.0)
    step, low, high = (column(history, key) for key in ("step", "psnr_db_min", "psnr_db_max"))
    ax.fill_between(step, low, high, color=BLUE, alpha=0.18, lw=0, label="worst to best signal")
    ax.plot(step, column(history, "psnr_db_mean"), color=BLUE, label="mean over the cohort")
    ax.set(xlabel="step", ylabel="PSNR (dB)")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set_title("cohort training", loc="left")
    ax.legend(fontsize=8, loc="lower right")
    return fig


@styled
def dictionary_statistics(metrics, noun="dictionary"):
    """Figure 4 and its neighbours: what each layer's dictionary does; metrics: MetricsRows by layer.

    Of codes that do not fire the participation ratio stands in the place of active pixels and dead atoms. noun: what
    the dictionary is called.
    """
    layers = column(metrics, "layer")
    if has_numbers([metrics], "active_fraction_median"):
        fig, ((spread, alive, quality),) = figure(9.6, 3.0, 1, 3)
        draw_quartiles(spread, metrics, "active_fraction")
        spread.set_title("active-pixel fraction", loc="left")
        spread.set_ylabel("share of pixels, median and quartiles")
        dead = 100 * column(metrics, "dead_fraction")
        alive.bar(layers, dead, color=GREY, width=0.6)
        alive.set(ylim=(0, max(1.0, 1.1 * np.nan_to_num(dead).max())), ylabel="% of atoms that never fire")
        alive.set_title("dead atoms", loc="left")
        if not dead.any():
            alive.text(0.5, 0.5, "none in any layer", transform=alive.transAxes, ha="center", color=INK)
    else:  # signed codes: how evenly they lie over the image is all that remains
        fig, ((spread, quality),) = figure(6.8, 3.0, 1, 2)
        draw_quartiles(spread, metrics, "ipr")
        spread.set_title("inverse participation ratio", loc="left")
        spread.set_ylabel("median and quartiles")
    quality.plot(layers, column(metrics, "psnr_db"), color=GREY, ls="--", label="the network itself")
    substituted, label = column(metrics, "psnr_substituted_db"), f"with the {noun}'s reconstruction"
    quality.plot(layers, substituted, color=GREEN, marker="o", ms=4, label=label)
    quality.set_ylabel("cohort PSNR (dB)")
    quality.set_title("fidelity", loc="left")
    low, high = quality.get_ylim()
    if high - low < LEAST_DB:  # of a complete basis: rounding is no difference
        quality.set_ylim((low + high - LEAST_DB) / 2, (low + high + LEAST_DB) / 2)
    legend(fig, "lower right", ncols=2)
    for ax in fig.axes:
        ax.set(xlabel="layer", xticks=layers)
    return fig


def draw_quartiles(ax, metrics, name):
    """The median of a statistic over atoms by layer, its quartiles as a band."""
    layers = column(metrics, "layer")
    median, low, high = (column(metrics, f"{name}_{key}") for key in ("median", "q25", "q75"))
    ax.fill_between(layers, low, high, color=BLUE, alpha=0.18, lw=0)
    ax.plot(layers, median, color=BLUE, marker="o", ms=4)
    log_scale(ax)
