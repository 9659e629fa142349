"""What all figures share: a canvas, colours that a colour-blind reader can tell apart, and how one is saved."""

from functools import lru_cache

import numpy as np
from matplotlib import font_manager, rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

BLUE, ORANGE, GREEN, GREY, INK = "#2463a6", "#d1661a", "#2b8a62", "#8a8f98", "#1c2430"
ROSE, PURPLE, TEAL = "#c2506b", "#7a3e9d", "#1a9aa8"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, ROSE, TEAL, INK, GREY)  # of lines, in their order
PROTOCOL_STYLE = {  # colour, line, marker: told apart without colour too
    "full": (INK, "-", "s"),
    "freeze": (BLUE, "-", "o"),
    "warm": (GREEN, "--", "^"),
    "thaw": (ORANGE, "--", "v"),
    "random": (PURPLE, ":", "D"),
    "scratch": (GREY, "-", "x"),
}
MAP = "magma"  # of atom maps and effects
SIGNED_MAP = "RdBu_r"  # of maps with negative values, white at 0
RC = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.edgecolor": "#5b6470",
    "axes.labelcolor": INK,
    "legend.frameon": False,
    "axes.grid": True,
    "grid.color": "#e4e7eb",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
}
REGIMES = {  # the line of a regime, and the colours of the first, second and third backbone under it
    "single": ("--", (ROSE, GREEN, "#8c7500")),
    "cohort": ("-", (ORANGE, BLUE, "#6b3f24")),
    "second": (":", (PURPLE, TEAL, "#d96ba8")),
}
FONT = "DejaVu Sans"  # matplotlib's own
# Fonts of Chinese, Japanese and Korean that systems have, for what FONT lacks.
FURTHER_FONTS = ("Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans CJK KR", "Source Han Sans", "WenQuanYi Zen Hei")
FURTHER_FONTS += ("WenQuanYi Micro Hei", "IPAexGothic", "Droid Sans Fallback", "Hiragino Sans", "PingFang SC")
FURTHER_FONTS += ("Apple SD Gothic Neo", "Yu Gothic", "Microsoft YaHei", "Malgun Gothic", "Arial Unicode MS")
OTHER_REGIME = ("-.", (GREY, INK, "#b3a78c"))
MARKERS = "os^DvPXh"  # and no star, which marks the largest
OWN = {False: "held-out signal", True: "signal of the cohort"}


def styled(draw):
    """Decorator of a function that draws a figure: within it, and only there, matplotlib follows RC."""
    return rc_context(RC)(draw)


def figure(width, height, rows=1, columns=1):
    """(Figure, axes as a (rows, columns) array) of a size in inches."""
    fig = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(fig)
    return fig, fig.subplots(rows, columns, squeeze=False)


def save(store, name, fig, dpi=130):
    """Write a figure as a png file in the store."""
    for text in fig.findobj(Text):
        make_legible(text)
    # No "Software" entry: the same figure from another matplotlib should be the same file.
    with store.replacing(name) as path:
        fig.savefig(path, format="png", dpi=dpi, metadata={"Software": None})


def make_legible(text):
    """Give a matplotlib Text a font that has its characters, or where there is none write these in ASCII."""
    string = text.get_text()
    if has(FONT, string):
        return
    further = next((font for font in FURTHER_FONTS if has(font, string)), None)
    if further:
        text.set_family([FONT, further])
    else:
        text.set_text("".join(each if has(FONT, each) else ascii(each)[1:-1] for each in string))


def has(font, string):
    """Whether a font, helped out by FONT, is installed and has all characters of a text but its line breaks."""
    return not set(string) - characters(FONT) - characters(font) - {"\n"}


@lru_cache
def characters(font):
    """The set of characters that a font has; none where it is not installed."""
    if font not in font_manager.fontManager.get_font_names():
        return frozenset()
    return frozenset(map(chr, font_manager.get_font(font_manager.findfont(font)).get_charmap()))


def literal(text):
    """A text that matplotlib shows as it is: between two $ it would read a formula."""
    return text.replace("$", r"\$")


def column(rows, key):
    """A column of rows as a float64 array; None is nan."""
    values = (getattr(row, key) for row in rows)
    return np.array([np.nan if value is None else value for value in values], np.float64)


def has_numbers(groups, key):
    """Whether any row of some groups of rows has a number in a column: what has no meaning for a method is no panel."""
    return any(np.isfinite(column(rows, key)).any() for rows in groups)


def magnitude_label(fires, start="mean "):
    """As an axis has it: z of codes that fire, |z| of signed ones."""
    return f"{start}z" if fires else f"{start}|z|"


def star(ax, x, y, colour, size=13, label=None):
    """Mark the largest of the values y at x; nothing, if all of them are nan."""
    if np.isfinite(y).any():
        top = int(np.nanargmax(y))
        ax.plot(x[top], y[top], "*", ms=size, color=colour, mec="white", zorder=5, label=label, clip_on=False)


def log_scale(ax):
    """A logarithmic y axis, if any line of it is above 0 anywhere; matplotlib cannot draw one otherwise. Where some are
    0 it is linear from there to the least that is not."""
    y = np.concatenate([np.asarray(line.get_ydata(), np.float64) for line in ax.get_lines()] or [[]])
    if (y == 0).any() and (y > 0).any():
        ax.set_yscale("symlog", linthresh=y[y > 0].min())
    elif (y > 0).any():
        ax.set_yscale("log")


def looks(names):
    """{name: (colour, marker)} of lines: of the first 64 no two are alike, nor have two of the first 8 one marker."""
    n = len(COLOURS)
    return {name: (COLOURS[i % n], MARKERS[(i + i // n) % len(MARKERS)]) for i, name in enumerate(names)}


def legend(fig, where="lower center", size=8, more=(), ncols=1, **look):
    """One legend for all panels, outside of them: every label that any of them has, and more, as {label: handle}; in
    fewer columns than ncols where the figure is too narrow for these."""
    found = {label: handle for ax in fig.axes for handle, label in zip(*ax.get_legend_handles_labels())} | dict(more)
    for n in range(ncols, 0, -1):
        drawn = fig.legend(found.values(), found, loc=f"outside {where}", fontsize=size, ncols=n, **look)
        if n == 1 or drawn.get_window_extent(fig.canvas.get_renderer()).width <= fig.bbox.width:
            return
        drawn.remove()


def condition_styles(conditions):
    """{Condition: (colour, line, marker)}: the line tells the regime, the marker the backbone.

    A backbone's colours and marker go by its place among the backbones of these conditions.
    """
    backbones = list(dict.fromkeys(condition.backbone for condition in conditions))
    styles = {}
    for condition in conditions:
        place = backbones.index(condition.backbone)
        line, colours = REGIMES.get(condition.regime, OTHER_REGIME)
        styles[condition] = (colours[place % len(colours)], line, MARKERS[place % len(MARKERS)])
    return styles
