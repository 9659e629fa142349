"""What is left of a layer where only some of it is kept: some atoms, or for every unit some coordinates."""

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.atoms.statistics import parts


def energies(dictionary, h):
    """The mean of z^2 of every atom over activations h (N, d), (n,) float64: the order in which atoms are kept."""
    total = sum(np.asarray(_energies(dictionary, chunk), np.float64) for (chunk,) in parts(dictionary, h))
    return total / len(h)


@jax.jit
def _energies(dictionary, h):
    return jnp.square(dictionary.encode(h).dense()).sum(0)


def steps(n_atoms):
    """How many atoms are kept, in doubling numbers from none to all."""
    return sorted({0, n_atoms, *(2**i for i in range(n_atoms.bit_length()) if 2**i < n_atoms)})


def kept(dictionary, h, keep):
    """h_hat (N, d) float32 with the codes of some atoms, the others' part at its mean over the coordinates.

    keep (n,): bool, which are kept.
    """
    found = [_kept(dictionary, chunk, jnp.asarray(keep)) for (chunk,) in parts(dictionary, np.asarray(h))]
    those = np.concatenate([np.asarray(with_them) for with_them, _ in found])
    others = sum(np.asarray(total, np.float64) for _, total in found) / len(those)
    return those + others.astype(np.float32)


@jax.jit
def _kept(dictionary, h, keep):
    """(the reconstruction with the codes that are kept, the sum over coordinates of what the others would add)."""
    codes = dictionary.encode(h)
    mask = keep if codes.indices is None else keep[codes.indices]
    those = dictionary.decode(codes.replace(values=jnp.where(mask, codes.values, 0.0)))
    return those, (dictionary.decode(codes) - those).sum(0)


def needed(psnr, psnr_of, least_db):
    """How many atoms keep at least a PSNR; None if all of them do not.

    psnr: {number: PSNR in dB} of some numbers, from none to all; psnr_of(n) that of any other: between the last number
    that does not do and the next one it is sought by bisection.
    """
    counts = sorted(psnr)
    short = [n for n in counts if psnr[n] < least_db]
    if counts[-1] in short:
        return None
    low = max(short, default=-1)
    high = min(n for n in counts if n > low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if psnr_of(middle) >= least_db else (middle, high)
    return high


def at_strongest(h, share):
    """h (N, d) where it is largest in magnitude, for each column at a share of the coordinates, and 0 elsewhere; all of
    it for share 1."""
    h = np.asarray(h)
    n = min(len(h), max(1, round(share * len(h))))
    order = np.argsort(-np.abs(h), axis=0, kind="stable")
    return _where(h, order[:n])


def at_random(h, share, rng):
    """The same at coordinates drawn at random for each column: what as many would keep wherever they are."""
    h = np.asarray(h)
    n = min(len(h), max(1, round(share * len(h))))
    order = rng.random(h.shape).argsort(axis=0)
    return _where(h, order[:n])


def _where(h, rows):
    found = np.zeros_like(h)
    np.put_along_axis(found, rows, np.take_along_axis(h, rows, axis=0), axis=0)
    return found
