"""Single-atom ablation: the network without one atom of one layer (Sec. 3.3)."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from inr_sae.sae.stats import ACTIVE


class Ablation(NamedTuple):
    """The network's output with one atom removed from one layer, over N coordinates and C channels."""

    output: np.ndarray  # (N, C), the network's output without the atom
    effect: np.ndarray  # (N, C), output with the atom minus output without it


def ablate(rest, h, z, atom):
    """Run `rest` with H replaced by H - z w^T, on the network's own H, not on the SAE's reconstruction.

    rest: the network behind the layer, a function (N, d) -> (N, C). h (N, d), z (N,) the atom's code at each
    coordinate, atom (d,) its row of `w_dec`. `rest` must be one compiled function: then the effect is exactly 0
    wherever z is 0, because an INR is evaluated point by point.
    """
    before = np.asarray(rest(h))
    after = np.asarray(rest(h - jnp.asarray(z)[:, None] * atom))
    return Ablation(after, before - after)


def effect_inside(effect, z):
    """Share of the effect's energy (sum of squares) where z > 0.01; nan for an effect that is 0 everywhere."""
    energy = np.square(effect.astype(np.float64)).sum(axis=1)
    total = energy.sum()
    return float(energy[np.asarray(z) > ACTIVE].sum() / total) if total > 0 else float("nan")
