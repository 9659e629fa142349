"""Curves: PSNR against the freeze boundary, rank profiles, training, dictionary statistics. Functions of table rows."""

import numpy as np

from inr_sae.output.style import BLUE, GREEN, GREY, INK, ORANGE, figure, styled


def column(rows, key):
    """A column of table rows as a float64 array; an empty cell is nan."""
    return np.array([np.nan if row[key] is None else row[key] for row in rows], np.float64)


@styled
def psnr_against_tau(summary, fits, rule_layer):
    """Figure 2, left: PSNR of the freeze protocol at every tau, STRAINER's recipe as a band, rule and best marked.

    summary, fits: rows of the sweep's csv files. The bars are one standard deviation over signals and seeds.
    """
    frozen = [row for row in summary if row["tau"] != "full"]
    taus = column(frozen, "tau")
    mean, std = column(frozen, "psnr_db_mean"), np.nan_to_num(column(frozen, "psnr_db_std"))
    fig, ((ax,),) = figure(5.6, 3.7)
    for row in summary:
        if row["tau"] == "full":
            ax.axhline(row["psnr_db_mean"], color=ORANGE, lw=1.5, label="STRAINER's recipe (nothing frozen)")
            spread = np.nan_to_num(row["psnr_db_std"])
            ax.axhspan(row["psnr_db_mean"] - spread, row["psnr_db_mean"] + spread, color=ORANGE, alpha=0.12, lw=0)
    if rule_layer in taus:
        ax.axvspan(
            rule_layer - 0.3,
            rule_layer + 0.3,
            color=GREEN,
            alpha=0.14,
            lw=0,
            label="layer of highest weight stable rank",
        )
    single = [(row["tau"], row["psnr_db"]) for row in fits if row["tau"] != "full"]
    ax.scatter(*np.array(single, float).T, s=9, color=BLUE, alpha=0.35, lw=0, label="one fit")
    ax.errorbar(taus, mean, std, color=BLUE, marker="o", ms=4, capsize=3, label="layers 0..τ frozen, the rest new")
    best = int(np.argmax(mean))
    ax.plot(taus[best], mean[best], "*", ms=15, color=BLUE, mec="white", zorder=5, label="best τ")
    ax.set(xlabel="freeze boundary τ", ylabel="PSNR of the held-out signal (dB)", xticks=taus)
    ax.set_title(
        f"{summary[0]['backbone']}: {summary[0]['source']} → {summary[0]['target']}, n = {summary[0]['n']}", loc="left"
    )
    ax.legend(fontsize=7.5)
    return fig


@styled
def rank_profiles(ranks):
    """Figure 2, right: stable rank of weights, trained and initial, and of activations; stars at the argmax."""
    layers = column(ranks, "layer")
    fig, ((left, right),) = figure(7.6, 3.2, 1, 2)
    before = [np.nan if row["sr_weight_init"] is None else row["sr_weight_init"] for row in ranks]
    if not np.isnan(before).all():  # of an encoder from elsewhere it is not known
        left.plot(layers, before, color=GREY, marker="o", ms=4, ls="--", label="at initialisation")
    for ax, key, color, label in (
        (left, "sr_weight", GREEN, "trained"),
        (right, "sr_activation_centred", GREY, "centred"),
        (right, "sr_activation", INK, "as they are"),
    ):
        values = column(ranks, key)
        ax.plot(layers, values, color=color, marker="o", ms=4, label=label)
        top = int(np.argmax(values))
        ax.plot(layers[top], values[top], "*", ms=14, color=color, mec="white", zorder=5)
        ax.set(xlabel="layer", xticks=layers, ylim=(0, None))
    for ax in (left, right):
        ax.legend(fontsize=8)
    left.set_title("weights, sr(W)", loc="left")
    right.set_title("activations, sr(H)", loc="left")
    left.set_ylabel("stable rank")
    return fig


@styled
def training(history):
    """PSNR of the cohort along its training, the mean and the range over signals."""
    fig, ((ax,),) = figure(5.6, 3.0)
    step = column(history, "step")
    ax.fill_between(
        step,
        column(history, "psnr_db_min"),
        column(history, "psnr_db_max"),
        color=BLUE,
        alpha=0.18,
        lw=0,
        label="worst to best signal",
    )
    ax.plot(step, column(history, "psnr_db_mean"), color=BLUE, label="mean over the cohort")
    ax.set(xlabel="step", ylabel="PSNR (dB)")
    ax.set_title("cohort training", loc="left")
    ax.legend(fontsize=8, loc="lower right")
    return fig


@styled
def dictionary_statistics(metrics):
    """Figure 4 and its neighbours: what each layer's dictionary does, from the rows of all metrics.csv."""
    layers = column(metrics, "layer")
    fig, ((active, alive, quality),) = figure(9.6, 3.0, 1, 3)
    median = column(metrics, "active_fraction_median")
    active.fill_between(
        layers,
        column(metrics, "active_fraction_q25"),
        column(metrics, "active_fraction_q75"),
        color=BLUE,
        alpha=0.18,
        lw=0,
    )
    active.plot(layers, median, color=BLUE, marker="o", ms=4)
    active.set_yscale("log")
    active.set_title("active-pixel fraction", loc="left")
    active.set_ylabel("share of pixels, median and quartiles")
    alive.bar(layers, 100 * column(metrics, "dead_fraction"), color=GREY, width=0.6)
    alive.set(ylim=(0, 100), ylabel="% of atoms that never fire")
    alive.set_title("dead atoms", loc="left")
    quality.plot(layers, column(metrics, "psnr_db"), color=GREY, ls="--", label="the network itself")
    quality.plot(
        layers,
        column(metrics, "psnr_substituted_db"),
        color=GREEN,
        marker="o",
        ms=4,
        label="with the SAE's reconstruction",
    )
    quality.set_ylabel("cohort PSNR (dB)")
    quality.set_title("fidelity", loc="left")
    quality.legend(fontsize=8)
    for ax in (active, alive, quality):
        ax.set(xlabel="layer", xticks=layers)
    return fig
