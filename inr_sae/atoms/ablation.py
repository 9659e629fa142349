"""Single-atom ablation: the network without one atom of one layer (Sec. 3.3)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.atoms.statistics import ACTIVE, chunks

ROWS = 128  # coordinates at once, times the atoms that may fire at each


class Ablation(NamedTuple):
    """The network's output with one atom removed from one layer, over N coordinates and C channels."""

    before: np.ndarray  # (N, C), the network's output with the atom
    output: np.ndarray  # (N, C), without it

    @property
    def effect(self):
        """(N, C), output with the atom minus output without it."""
        return self.before - self.output


class AtomEffects(NamedTuple):
    """What the removal of each of n atoms alone does to one signal, each (n,), float64."""

    mse_change: np.ndarray  # mean squared error without the atom, minus with it
    energy: np.ndarray  # sum over coordinates and channels of the squared effect
    energy_active: np.ndarray  # the part of it where |z| > 0.01


@jax.jit
def _encode(dictionary, h):
    return dictionary.encode(h)


def ablate(behind, dictionary, h, atoms, start=None):
    """[Ablation] of the network without each of some atoms of the codes of its activations h (N, d).

    behind: the network of one signal behind the layer, (N, d) -> (1, N, C), one compiled function: then the effect is
    exactly 0 wherever the code is 0, because an INR is evaluated point by point. start (N, d): what an atom is taken
    from, as the dictionary's reconstruction of h; None is h itself (Sec. 3.3).
    """
    start = h if start is None else start
    before = np.asarray(behind(start)[0])
    pairs = zip(chunks(h), chunks(start)) if dictionary.method.POINTWISE else [(np.asarray(h), np.asarray(start))]
    encoded = [(part, _encode(dictionary, of_h)) for of_h, part in pairs]
    ablations = []
    for atom in atoms:
        without = jnp.concatenate([dictionary.remove(part, codes, atom) for part, codes in encoded])
        ablations.append(Ablation(before, np.asarray(behind(without)[0])))
    return ablations


def effect_inside(effect, z):
    """Share of the effect's energy (sum of squares) where |z| > 0.01; nan for an effect that is 0 everywhere."""
    energy = np.square(effect.astype(np.float64)).sum(axis=1)
    total = energy.sum()
    return float(energy[np.abs(np.asarray(z)) > ACTIVE].sum() / total) if total > 0 else float("nan")


def _shares(after, before, target, z):
    """(3, ...) change of squared error, energy, energy where active; outputs (..., C), z (...)."""
    change = (jnp.square(after - target) - jnp.square(before - target)).sum(-1)
    energy = jnp.square(after - before).sum(-1)
    return jnp.stack([change, energy, jnp.where(jnp.abs(z) > ACTIVE, energy, 0.0)])


@jax.jit
def _effects_by_slot(behind, dictionary, h, start, target):
    """(3, n) shares of a chunk: at every coordinate only the atoms in its slots are removed."""
    codes = dictionary.encode(h)
    without = start[:, None, :] - codes.values[:, :, None] * dictionary.directions()[codes.indices]
    before = behind(start)[0][:, None]
    after = behind(without.reshape(-1, h.shape[1]))[0].reshape(*codes.indices.shape, -1)
    # A slot of value 0 removes nothing; what differs there is the rounding of another batch shape.
    shares = _shares(after, before, target[:, None], codes.values) * (codes.values != 0)
    return jnp.zeros((3, codes.n_atoms)).at[:, codes.indices].add(shares)


@jax.jit
def _effect_of_atom(behind, dictionary, codes, start, target, atom):
    """(3, n) shares of one atom over the whole grid, 0 for the others; codes: of the whole grid."""
    after = behind(dictionary.remove(start, codes, atom))[0]
    shares = _shares(after, behind(start)[0], target, codes.of(atom[None])[0])
    return jnp.zeros((3, codes.n_atoms)).at[:, atom].add(shares.sum(1))


def ablate_all(behind, dictionary, h, target, start=None):
    """AtomEffects of every atom of a dictionary on the signal target (N, C); `behind` and `start` as in `ablate`.

    Where an atom's part of h is its code times its direction, its removal changes the network's output only where its
    code is not 0. Of k codes at a coordinate all n atoms together then cost k passes over the coordinates, not n.
    """
    h, target = np.asarray(h), np.asarray(target)
    start = h if start is None else np.asarray(start)
    codes = jax.eval_shape(lambda h: dictionary.encode(h), h)
    if dictionary.method.POINTWISE and codes.indices is not None:
        parts = (
            _effects_by_slot(behind, dictionary, *of_chunk)
            for of_chunk in zip(*(chunks(each, ROWS) for each in (h, start, target)))
        )
    else:
        codes = _encode(dictionary, h)
        parts = (
            _effect_of_atom(behind, dictionary, codes, start, target, jnp.int32(atom)) for atom in range(codes.n_atoms)
        )
    total = sum(np.asarray(part, np.float64) for part in parts)
    return AtomEffects(total[0] / target.size, total[1], total[2])
