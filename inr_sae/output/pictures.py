"""Grids of images: reconstructions, held-out fits, atoms, ablations. Functions of arrays."""

import numpy as np

from inr_sae.output.style import INK, MAP, ORANGE, figure, styled

LEAST_ERROR = 1e-3
MARK = "#c2187a"  # border of the mean over atoms


def show(ax, image, title="", vmax=None, frame=None):
    """An image (H, W, 1 or 3) clipped to [0, 1], or a map (H, W) from 0 to vmax (None: its maximum) in false colour."""
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set(visible=frame is not None, color=frame, linewidth=2)
    if image.ndim == 2:
        top = float(image.max()) if vmax is None else vmax
        ax.imshow(image, cmap=MAP, vmin=0, vmax=top or 1.0, interpolation="nearest")
    else:
        ax.imshow(
            np.clip(image if image.shape[2] == 3 else image[:, :, 0], 0, 1),
            cmap="gray",
            vmin=0,
            vmax=1,
            interpolation="nearest",
        )
    ax.set_title(title, fontsize=7.5, fontweight="normal", color=INK)


def grid(rows, columns, image_shape, cell=1.35, caption=0.34):
    """A figure of rows x columns cells for images of shape (H, W, ...), each `cell` inches wide with room for a
    caption."""
    return figure(cell * columns + 0.4, (cell * image_shape[0] / image_shape[1] + caption) * rows, rows, columns)


def psnr(a, b):
    """PSNR in dB as a caption shows it."""
    error = np.mean(np.square(a.astype(np.float64) - b))
    return f"{-10 * np.log10(error):.1f} dB" if error > 0 else "exact"


def label_row(ax, text):
    """Write a row's name left of its first image."""
    ax.set_ylabel(text, fontsize=8.5, color=INK)


@styled
def reconstructions(signals, outputs, names, most=8):
    """Signals (M, H, W, C) above their reconstructions, with the PSNR of each, for the first `most`."""
    n = min(most, len(names))
    fig, axes = grid(2, n, signals.shape[1:])
    for j in range(n):
        show(axes[0, j], signals[j], str(names[j])[-22:])
        show(axes[1, j], outputs[j], psnr(outputs[j], signals[j]))
    label_row(axes[0, 0], "signal")
    label_row(axes[1, 0], "network")
    return fig


@styled
def held_out_fits(target, outputs):
    """A test signal (H, W, C) beside its fits, {name of tau: (H, W, C)}; below each the absolute error in decades."""
    fig, axes = grid(2, len(outputs) + 1, target.shape)
    errors = {tau: np.abs(output - target).mean(axis=2) for tau, output in outputs.items()}
    # Fits differ by orders of magnitude: on a linear scale the worst one would hide all others.
    decades = {tau: np.log10(np.maximum(error, LEAST_ERROR) / LEAST_ERROR) for tau, error in errors.items()}
    show(axes[0, 0], target, "held-out signal")
    axes[1, 0].axis("off")
    for ax, error_ax, (tau, output) in zip(axes[0, 1:], axes[1, 1:], outputs.items()):
        name = "STRAINER's recipe" if tau == "full" else f"frozen 0..{tau}"
        show(ax, output, f"{name}\n{psnr(output, target)}")
        show(error_ax, decades[tau], vmax=-np.log10(LEAST_ERROR))
    label_row(axes[1, 1], f"|error|, {LEAST_ERROR:g} to 1, log")
    return fig


@styled
def atoms(layers, shape):
    """Figure 13: the top atoms of each layer, brightest scaled to 1, and on the right, framed, the mean of those shown.

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
        show(row[-1], z.mean(axis=0).reshape(shape), f"mean of {len(ids)}", frame=MARK)
        label_row(row[0], f"layer {layer}")
    return fig


@styled
def ablations(layer, panels, role, rows):
    """Figures 5 and 15: for each ablated atom where it fires, the network without it, and the effect.

    panels: arrays of ablation/layer_<l>.npz. role: "cohort" or "test". rows: the matching rows of ablations.csv.
    """
    target = panels[f"{role}_target"]
    fig, axes = grid(3, len(rows), target.shape)
    for j, row in enumerate(rows):
        z = panels["z"][j].reshape(target.shape[:2])
        effect = np.abs(panels[f"{role}_effect"][j]).mean(axis=2)
        show(axes[0, j], z, f"#{row['atom']}  max {z.max():.2g}")
        show(axes[1, j], panels[f"{role}_ablated"][j], f"{row['psnr_before_db']:.1f} → {row['psnr_after_db']:.1f} dB")
        show(axes[2, j], effect, f"max {effect.max():.2g}")
    for ax, text in zip(axes[:, 0], ("fires, z", "without it", "|effect|")):
        label_row(ax, text)
    fig.suptitle(f"layer {layer}, {role} signal", fontsize=9, color=ORANGE)
    return fig


@styled
def gallery(blocks, per_row=2):
    """Figures 3, 13 and 14: for each condition the signal, the top atoms of each layer, and framed the mean of those
    shown.

    blocks: {condition: (signal (H, W, C), {layer: z (A, N)})}, laid `per_row` beside each other. Every atom is scaled
    to its own maximum.
    """
    first_signal, first_layers = next(iter(blocks.values()))
    n_atoms, n_layers = len(next(iter(first_layers.values()))), len(first_layers)
    columns, shape = n_atoms + 2, first_signal.shape[:2]
    per_row = min(per_row, len(blocks))
    block_rows = -(-len(blocks) // per_row)
    fig, axes = grid(block_rows * n_layers, per_row * columns, shape, cell=0.8, caption=0.09)
    for ax in axes.flat:
        ax.axis("off")
    for index, (condition, (signal, layers)) in enumerate(blocks.items()):
        top, left = index // per_row * n_layers, index % per_row * columns
        for i, (layer, z) in enumerate(layers.items()):
            row = axes[top + i, left : left + columns]
            tiles = [signal if i == 0 else None, *(values.reshape(shape) for values in z)]
            for ax, tile in zip(row, tiles):
                if tile is not None:
                    ax.axis("on")
                    show(ax, tile)
            row[-1].axis("on")
            show(row[-1], z.mean(axis=0).reshape(shape), frame=MARK)
            row[1].set_ylabel(f"ℓ{layer}", fontsize=8, color=INK, rotation=0, ha="right", va="center")
        axes[top, left].set_title(condition, fontsize=9, fontweight="bold", color=ORANGE, loc="left")
    return fig
