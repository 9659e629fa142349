"""Single-atom ablation: the network without one atom of one layer (Sec. 3.3)."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.sae import topk
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


class AtomEffects(NamedTuple):
    """What the removal of each of n atoms alone does to one signal, each (n,), float64."""

    mse_change: np.ndarray  # mean squared error without the atom, minus with it
    energy: np.ndarray  # sum over coordinates and channels of the squared effect
    energy_active: np.ndarray  # the part of it where z > 0.01


@partial(jax.jit, static_argnums=4)
def _chunk_effects(rest, params, h, target, k):
    values, indices = topk.encode(params, h, k)
    without = h[:, None, :] - values[:, :, None] * params["w_dec"][indices]
    before = rest(h)[:, None]
    after = rest(without.reshape(-1, h.shape[1])).reshape(*indices.shape, -1)
    change = (jnp.square(after - target[:, None]) - jnp.square(before - target[:, None])).sum(-1)
    energy = jnp.square(after - before).sum(-1)
    # A slot of value 0 removes nothing; what differs there is the rounding of another batch shape.
    shares = jnp.stack([change, energy, jnp.where(values > ACTIVE, energy, 0.0)]) * (values > 0)
    return jnp.zeros((3, params["w_dec"].shape[0])).at[:, indices].add(shares)


def ablate_all(rest, params, h, k, target, rows=128):
    """AtomEffects of every atom of a dictionary on the signal target (N, C).

    rest: a `jax.tree_util.Partial`, (B, d) -> (B, C), the network behind the layer. Removing an atom changes the
    network's output only where it fires, and at most k atoms fire at a coordinate, so all n atoms together cost k
    passes over the N coordinates instead of n.
    """
    h, target, total = np.asarray(h), np.asarray(target), 0.0
    for start in range(0, h.shape[0], rows):
        stop = start + rows
        total = total + np.asarray(_chunk_effects(rest, params, h[start:stop], target[start:stop], k), np.float64)
    return AtomEffects(total[0] / target.size, total[1], total[2])
