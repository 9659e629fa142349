"""Recipes against published cells: how far every one lies from every number."""

import numpy as np

from inr_sae.paper.deviations import COHORTS
from inr_sae.report.figures.style import (
    COLOURS,
    GREY,
    INK,
    PROTOCOL_STYLE,
    figure,
    looks,
    styled,
)

MOST = 4.0  # standard deviations at the ends of the colour scale
N_SHOWN = 6  # recipes side by side
LEAST = 3  # images of an interval that is drawn: that of two is wider than any figure
ACROSS = 3  # panels
PART = 0.1  # of a published value without a deviation, which counts as one


def units_of(row):
    """A deviation in the paper's standard deviations, or, where it gives none, in tenths of the value."""
    return row.in_std if row.in_std is not None else row.deviation / (PART * abs(row.value))


def cell_name(row):
    """As a column is called."""
    quantity = {"sr_weight": "sr(W)", "sr_activation_centred": "sr(H)", "psnr_db": "PSNR", "ssim": "SSIM"}
    name = quantity.get(row.quantity, row.quantity.replace("_db", "").replace("_", " "))
    at = "" if row.tau is None else f" {row.tau}"
    protocol = "" if row.protocol in ("", "freeze") else f" {row.protocol}"
    where = " (nb)" if row.where == "notebook" else ""
    return f"{name}{protocol}{at} {row.target}{where}".strip()


@styled
def deviations(rows, order):
    """A heat map of DeviationRows, recipes (in the given order) by published cells; numbers are the deviations."""
    cells = list(dict.fromkeys((row.quantity, row.protocol, row.tau, row.target, row.where) for row in rows))
    names = {
        cell: cell_name(next(r for r in rows if (r.quantity, r.protocol, r.tau, r.target, r.where) == cell))
        for cell in cells
    }
    table = np.full((len(order), len(cells)), np.nan)
    for row in rows:
        which = (row.quantity, row.protocol, row.tau, row.target, row.where)
        table[order.index(row.recipe), cells.index(which)] = units_of(row)
    fig, ((ax,),) = figure(0.42 * len(cells) + 3.4, 0.3 * len(order) + 2.0)
    shown = ax.imshow(table, cmap="RdBu", vmin=-MOST, vmax=MOST, aspect="auto")
    ax.grid(False)
    ax.set_xticks(range(len(cells)), [names[cell] for cell in cells], rotation=90, fontsize=7)
    ax.set_yticks(range(len(order)), order, fontsize=7)
    for (y, x), value in np.ndenumerate(table):
        if np.isfinite(value):
            colour = "white" if abs(value) > 0.7 * MOST else INK
            ax.text(x, y, f"{value:.1f}", ha="center", va="center", fontsize=5.5, color=colour)
    fig.colorbar(shown, ax=ax, shrink=0.7, label="ours − published, in its SD")
    return fig


@styled
def beside(rows, order):
    """PSNR published and ours, by freeze boundary and recipe: a panel for each target; None where there is none.

    rows: DeviationRows. order: recipes, of which the first N_SHOWN are shown. Published is the mean and the
    standard deviation over images and seeds, ours the mean over images and its 95 % interval.
    """
    rows = psnr_of([row for row in rows if row.recipe in order])
    targets = list(dict.fromkeys(row.target for row in rows))
    if not rows:
        return None
    fig, axes = figure(max(6.4, 4.6 * len(targets)), 3.9, 1, len(targets))
    for ax, target in zip(axes[0], targets):
        of_target = [row for row in rows if row.target == target]
        places = places_of(of_target)
        draw_published(ax, of_target, places)
        shown = [name for name in order if any(row.recipe == name for row in of_target)][:N_SHOWN]
        for i, (name, colour) in enumerate(zip(shown, COLOURS)):
            draw_ours(ax, [row for row in of_target if row.recipe == name], places, (i + 1) / (len(shown) + 1), colour)
        ax.set_xticks(range(len(places)), places.values())
        ax.set(ylabel="PSNR of held-out images (dB)", xlim=(-0.6, len(places) - 0.4))
        ax.set_title(f"{of_target[0].backbone}: {of_target[0].source} → {target}", loc="left")
        ax.grid(False, axis="x")
        ax.legend(fontsize=7)
    return fig


def place_of(row):
    """What a row is of: its protocol and boundary."""
    return row.protocol, row.tau


def places_of(rows):
    """{`place_of`: as an axis has it}, protocols without a boundary first, then by boundary."""
    found = sorted({place_of(row) for row in rows}, key=lambda place: (-1 if place[1] is None else place[1], place[0]))
    return {(protocol, tau): name_of(protocol, tau) for protocol, tau in found}


def name_of(protocol, tau):
    """As in "full", "τ = 1" of freezing, "random, τ = 1"."""
    if tau is None:
        return protocol
    return f"τ = {tau}" if protocol == "freeze" else f"{protocol}, τ = {tau}"


def draw_published(ax, rows, places):
    """Published means as lines across their place on the axis, their standard deviations as bands."""
    label = "published, ± SD"
    for value, std, place in dict.fromkeys((row.value, row.std, place_of(row)) for row in rows):
        at, spread = list(places).index(place), std or 0.0
        ax.fill_between([at - 0.42, at + 0.42], value - spread, value + spread, color=GREY, alpha=0.25, lw=0)
        ax.plot([at - 0.42, at + 0.42], [value, value], color=INK, lw=1.2, label=label)
        label = None


def draw_ours(ax, rows, places, part, colour):
    """The means of one recipe with their intervals, at that part of each place's width."""
    at = [list(places).index(place_of(row)) - 0.42 + 0.84 * part for row in rows]
    means, counts = [row.ours for row in rows], sorted({row.n_images for row in rows})
    label = f"{rows[0].recipe} (n = {', '.join(map(str, counts))})"
    ax.errorbar(at, means, reach(rows), color=colour, fmt="o", ms=4, capsize=2, lw=1, label=label)


def reach(rows):
    """(2, rows) how far intervals go below and above their means; nan where none is drawn."""
    ends = [(row.low, row.high) if row.n_images >= LEAST else (None, None) for row in rows]
    parts = [[np.nan if end is None else abs(end - row.ours) for end in of_row] for of_row, row in zip(ends, rows)]
    return np.transpose(parts)


def psnr_of(rows):
    """Those of PSNR, of output as it is where there are any: clipping moves it by hundredths."""
    rows = [row for row in rows if row.quantity == "psnr_db"]
    return [row for row in rows if not row.clipped] or rows


@styled
def by_cohort(rows):
    """PSNR by how long the cohort was trained, a line for each boundary; None where there is one length alone.

    rows: DeviationRows. A panel has the recipes of one target that differ in the cohort alone.
    """
    panels = {}
    for row in psnr_of(rows):
        panels.setdefault((row.target, row.recipe.replace(f"cohort {row.cohort_steps}, ", "")), []).append(row)
    if not panels or len({row.cohort_steps for row in rows}) < 2:
        return None
    reached = {cohort(row): f"\n{row.ours:.1f} dB" for row in rows if row.quantity in COHORTS}
    places = places_of(row for of_panel in panels.values() for row in of_panel)
    styles = looks(place for place in places if place[0] != "full")
    styles |= {place: PROTOCOL_STYLE["full"][::2] for place in places if place[0] == "full"}
    down, across = -(-len(panels) // ACROSS), min(ACROSS, len(panels))
    fig, axes = figure(max(6.4, 4.4 * across), 3.8 * down, down, across)
    for ax in axes.flat[len(panels) :]:
        ax.set_axis_off()
    for ax, ((target, name), of_panel) in zip(axes.flat, panels.items()):
        draw_lengths(ax, of_panel, styles)
        named = {row.cohort_steps: f"{row.cohort_steps}{reached.get(cohort(row), '')}" for row in of_panel}
        ax.set_xscale("log")
        ax.set_xticks(list(named), named.values())
        ax.minorticks_off()
        ax.set(xlabel="steps of the cohort's training", ylabel="PSNR of held-out images (dB)")
        ax.set_title(f"{of_panel[0].source} → {target}\n{name}", loc="left")
        ax.legend(fontsize=7)
    return fig


def cohort(row):
    """What tells the cohort of a recipe from others."""
    return row.coordinates_low, row.coordinates_high, row.cohort_steps


def draw_lengths(ax, rows, styles):
    """A line for each boundary against the cohort's steps with its intervals, and the published mean, dotted."""
    for place, (colour, marker) in styles.items():
        line = {row.cohort_steps: row for row in rows if place_of(row) == place}
        if line:
            line = [line[steps] for steps in sorted(line)]
            look = dict(color=colour, marker=marker, ms=4, capsize=2, lw=1.2)
            label = {"full": "STRAINER's recipe", "freeze": f"frozen to {name_of(*place)}"}.get(
                place[0], name_of(*place)
            )
            at, means = [row.cohort_steps for row in line], [row.ours for row in line]
            ax.errorbar(at, means, reach(line), label=label, **look)
            ax.axhline(line[0].value, color=colour, ls=":", lw=1)
