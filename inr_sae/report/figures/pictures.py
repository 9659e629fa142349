"""Grids of images: reconstructions, held-out fits, atoms, ablations. Functions of arrays."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from inr_sae.report.conditions import condition_names
from inr_sae.report.figures.style import INK, MAP, ORANGE, OWN, SIGNED_MAP, literal, styled

LEAST_ERROR = 1e-3
LABEL, GAP = 0.3, 0.06  # inches: left of a grid, for the names of its rows; between its columns
MARK = "#c2187a"  # border of the mean over atoms


def show(ax, image, title="", vmax=None, frame=None):
    """An image (H, W, 1 or 3) clipped to [0, 1], or a map (H, W) in false colour, see `false_colour`."""
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set(visible=frame is not None, color=frame, linewidth=2)
    if image.ndim == 2:
        ax.imshow(image, interpolation="nearest", **false_colour(image, vmax))
    else:
        clipped = np.clip(image if image.shape[2] == 3 else image[:, :, 0], 0, 1)
        ax.imshow(clipped, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set_title(title, fontsize=7.5, fontweight="normal", color=INK)


def false_colour(values, vmax=None):
    """What matplotlib needs to colour a map from 0 to vmax, or from -vmax to vmax if it has negative values.

    vmax: None for the largest magnitude in it.
    """
    top = float(np.abs(values).max()) if vmax is None else vmax
    if values.min() < 0:
        return {"cmap": SIGNED_MAP, "vmin": -top, "vmax": top}
    return {"cmap": MAP, "vmin": 0, "vmax": top or 1.0}


def grid(rows, columns, image_shape, width=1.35, caption=0.34, title=0.0):
    """A figure of rows x columns images of shape (H, W, ...), each `width` inches wide with room for a caption above.

    title: room for the whole figure's, in inches. Places are computed, not sought: of so many axes matplotlib's own
    layout takes longer than the drawing.
    """
    height = width * image_shape[0] / image_shape[1]
    across, down = LABEL + columns * (width + GAP), rows * (height + caption) + title + GAP
    fig = Figure(figsize=(across, down))
    FigureCanvasAgg(fig)
    place = dict(left=LABEL / across, right=1 - GAP / across, bottom=GAP / down, top=1 - (title + caption) / down)
    place |= dict(wspace=GAP / width, hspace=caption / height)
    return fig, fig.subplots(rows, columns, squeeze=False, gridspec_kw=place)


def psnr(a, b):
    """PSNR in dB as a caption shows it."""
    error = np.mean(np.square(a.astype(np.float64) - b))
    return f"{-10 * np.log10(error):.1f} dB" if error > 0 else "exact"


def mean_map(z):
    """(the mean of some atoms' maps z (A, N), what it is): of signed maps, whose sign is arbitrary, that of |z|."""
    return (np.abs(z).mean(axis=0), "mean |z|") if z.min() < 0 else (z.mean(axis=0), "mean")


def label_row(ax, text):
    """Write a row's name left of its first image."""
    ax.set_ylabel(text, fontsize=8.5, color=INK)


@styled
def reconstructions(signals, outputs, names, most=8):
    """Signals (M, H, W, C) above their reconstructions, with the PSNR of each, for the first `most`."""
    n = min(most, len(names))
    fig, axes = grid(2, n, signals.shape[1:])
    for j in range(n):
        show(axes[0, j], signals[j], literal(str(names[j])[-22:]))
        show(axes[1, j], outputs[j], psnr(outputs[j], signals[j]))
    label_row(axes[0, 0], "signal")
    label_row(axes[1, 0], "network")
    return fig


@styled
def held_out_fits(target, outputs, own=False):
    """A signal (H, W, C), one of the cohort's `own` or held out, beside its fits, {(protocol, tau): (H, W, C)} of full
    and freeze; below each the absolute error in decades."""
    fig, axes = grid(2, len(outputs) + 1, target.shape, caption=0.42)
    show(axes[0, 0], target, OWN[own])
    axes[1, 0].axis("off")
    for ax, error_ax, ((protocol, tau), output) in zip(axes[0, 1:], axes[1, 1:], outputs.items()):
        error = np.abs(output - target).mean(axis=2)
        # Fits differ by orders of magnitude: on a linear scale the worst one would hide all others.
        decades = np.log10(np.maximum(error, LEAST_ERROR) / LEAST_ERROR)
        name = "STRAINER's recipe" if protocol == "full" else f"frozen 0..{tau}"
        show(ax, output, f"{name}\n{psnr(output, target)}")
        show(error_ax, decades, vmax=-np.log10(LEAST_ERROR))
    label_row(axes[1, 1], f"|error|, log\n{LEAST_ERROR:g} to 1")
    return fig


@styled
def atoms(layers, shape):
    """Figure 13: the top atoms of each layer, each scaled to its largest magnitude, and on the right, framed, the mean
    of those shown.

    layers: {layer: (atom indices (A,), z (A, N), mean magnitudes (A,))}. shape: (H, W).
    """
    columns = max(len(ids) for ids, _, _ in layers.values()) + 1
    fig, axes = grid(len(layers), columns, shape)
    for row, (layer, (ids, z, magnitude)) in zip(axes, layers.items()):
        for ax in row:
            ax.axis("off")
        for ax, atom, values, mean in zip(row, ids, z, magnitude):
            ax.axis("on")
            show(ax, values.reshape(shape), f"#{atom}  mean {mean:.3g}")
        row[-1].axis("on")
        values, name = mean_map(z)
        show(row[-1], values.reshape(shape), f"{name} of {len(ids)}", frame=MARK)
        label_row(row[0], f"layer {layer}")
    return fig


def change_of(row):
    """The PSNR of an AblationRow without the atom, and how it has changed."""
    return f"{row.psnr_after_db:.1f} dB ({row.psnr_after_db - row.psnr_before_db:+.2f})"


@styled
def ablations(layer, panels, role, rows):
    """Figures 5 and 15: for each ablated atom its codes, the network without it, and the effect; framed, the signal.

    panels: "z" (A, N), and of the signal of a role, "cohort" or "test", <role>_target (H, W, C), <role>_ablated and
    <role>_effect (A, H, W, C). rows: the AblationRows of its first atoms.
    """
    target = panels[f"{role}_target"]
    fig, axes = grid(3, len(rows) + 1, target.shape, title=0.25)
    for ax in axes[:, -1]:
        ax.axis("off")
    axes[1, -1].axis("on")
    show(axes[1, -1], target, "signal", frame=MARK)
    for j, row in enumerate(rows):
        z = panels["z"][j].reshape(target.shape[:2])
        effect = np.abs(panels[f"{role}_effect"][j]).mean(axis=2)
        show(axes[0, j], z, f"#{row.atom} {row.sample}  max {np.abs(z).max():.2g}")
        show(axes[1, j], panels[f"{role}_ablated"][j], change_of(row))
        show(axes[2, j], effect, f"max {effect.max():.2g}")
    where = "code, z" if panels["z"].min() < 0 else "fires, z"
    for ax, text in zip(axes[:, 0], (where, "without it", "|effect|")):
        label_row(ax, text)
    fig.suptitle(literal(f"layer {layer}, {role} signal {rows[0].signal}"), fontsize=9, color=ORANGE)
    return fig


@styled
def gallery(blocks, per_row=2):
    """Figures 3, 13 and 14: for each condition the signal, the top atoms of each layer, and framed the mean of those
    shown.

    blocks: {Condition: (signal (H, W, C), {layer: z (A, N)})}, laid `per_row` beside each other. Every atom is scaled
    to its own largest magnitude.
    """
    n_atoms = max(len(z) for _, layers in blocks.values() for z in layers.values())
    n_layers = max(len(layers) for _, layers in blocks.values())
    shape, labels = next(iter(blocks.values()))[0].shape[:2], condition_names(blocks)
    columns, per_row = n_atoms + 2, min(per_row, len(blocks))
    block_rows = -(-len(blocks) // per_row)
    fig, axes = grid(block_rows * n_layers, per_row * columns, shape, width=0.8, caption=0.2)
    for ax in axes.flat:
        ax.axis("off")
    for index, (condition, (signal, layers)) in enumerate(blocks.items()):
        top, left = index // per_row * n_layers, index % per_row * columns
        block_axes = axes[top : top + n_layers, left : left + columns]
        draw_block(block_axes, signal, layers)
        block_axes[0, 0].set_title(labels[condition], fontsize=9, fontweight="bold", color=ORANGE, loc="left")
    return fig


def draw_block(axes, signal, layers):
    """One condition of a gallery: a row a layer, with the signal left of the first one."""
    axes[0, 0].axis("on")
    show(axes[0, 0], signal)
    for row, (layer, z) in zip(axes, layers.items()):
        maps = [values.reshape(signal.shape[:2]) for values in z]
        for ax, values in zip(row[1:], maps):
            ax.axis("on")
            show(ax, values)
        row[-1].axis("on")
        show(row[-1], mean_map(z)[0].reshape(signal.shape[:2]), frame=MARK)
        row[1].set_ylabel(f"ℓ{layer}", fontsize=8, color=INK, rotation=0, ha="right", va="center")
