"""Steering: codes of some atoms multiplied, in the network's own activations or in their reconstruction."""

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.atoms.statistics import parts


def multipliers(n, scales):
    """(n,): what each atom's code is multiplied by, 1 but for those in scales {atom: alpha}."""
    found = np.ones(n, np.float32)
    for atom, alpha in scales.items():
        found[atom] = alpha
    return found


def only(n, atoms):
    """(n,): 1 for some atoms and 0 for all others."""
    found = np.zeros(n, np.float32)
    found[np.asarray(atoms, int)] = 1.0
    return found


def scaled(codes, scale):
    """Codes, each times its atom's scale (n,)."""
    return codes.replace(values=codes.values * (scale if codes.indices is None else scale[codes.indices]))


@jax.jit
def _decoded(dictionary, h, scale):
    """(h_hat of scaled codes, h_hat)."""
    codes = dictionary.encode(h)
    return dictionary.decode(scaled(codes, scale)), dictionary.decode(codes)


def steer(dictionary, h, scale, rebuilt=False):
    """Activations h (N, d) with each atom's code times its scale (n,).

    To h is added what the scales change of its reconstruction, so that scales of 1 leave h as it is; rebuilt: it is the
    reconstruction itself instead. Decoding is linear in the codes but for a constant, for every method.
    """
    h = np.asarray(h)
    steered = []
    for (part,) in parts(dictionary, h):
        after, before = map(np.asarray, _decoded(dictionary, part, jnp.asarray(scale)))
        steered.append(after if rebuilt else part + (after - before))
    return np.concatenate(steered)


def interaction(together, alone):
    """Energy of what several atoms at once do beyond the sum of each alone, as a share of what they do; nan for no
    effect.

    together (N, C), alone (A, N, C): changes of the network's output.
    """
    together = np.asarray(together, np.float64)
    total = np.square(together).sum()
    return float(np.square(together - np.sum(alone, axis=0)).sum() / total) if total > 0 else float("nan")
