"""What all figures share: a canvas, colours that a colour-blind reader can tell apart, and how one is saved."""

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, GREY, INK = "#2463a6", "#d1661a", "#2b8a62", "#8a8f98", "#1c2430"
MAP = "magma"  # of atom maps and effects
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
    # No "Software" entry: the same figure from another matplotlib should be the same file.
    with store.replacing(name) as path:
        fig.savefig(path, format="png", dpi=dpi, metadata={"Software": None})
