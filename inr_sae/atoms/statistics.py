"""What a dictionary does over a whole grid of coordinates: statistics of its reconstruction and of each atom.

"Fires" (z > 0), "active" (z > 0.01) and "dead" (never fires) have a meaning where codes are at least 0; of signed codes
these are nan, and a magnitude is |z|.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.measure.similarity import centred

ACTIVE = 0.01  # an atom is active at a coordinate where z > 0.01 (Sec. 4.2); it fires where z > 0
ROWS = 4096  # coordinates at once
NAN = float("nan")


class AtomStats(NamedTuple):
    """Statistics of each of n atoms over N coordinates, each (n,), float64."""

    mean_magnitude: np.ndarray  # mean of |z_a| over all coordinates
    firing_rate: np.ndarray  # share of the coordinates where z_a > 0
    active_fraction: np.ndarray  # share of the coordinates where z_a > 0.01
    ipr: np.ndarray  # sum z^4 / (sum z^2)^2 over coordinates: 1/N if spread evenly, 1 if at one; nan if dead or faint

    @property
    def alive(self):
        """(n,) bool: whether an atom ever differs from 0."""
        return self.mean_magnitude > 0


class Reconstruction(NamedTuple):
    """How well activations H (N, d) are reconstructed."""

    h_hat: np.ndarray  # (N, d) float32
    k: int  # codes of a coordinate that may differ from 0
    mse: float  # mean over coordinates and dimensions
    r2: float  # 1 - sum of squared errors / sum of squared deviations from each dimension's own mean


@jax.jit
def _chunk(dictionary, h):
    """Codes' sums of a chunk: the reconstruction, and per atom fired, active, |z|, z^2, z^4; and who is signed."""
    codes = dictionary.encode(h)
    z = codes.dense()
    z2 = jnp.square(z)
    magnitude = jnp.abs(z) if codes.signed else z
    sums = jnp.stack([(z > 0).sum(0), (z > ACTIVE).sum(0), magnitude.sum(0), z2.sum(0), jnp.square(z2).sum(0)])
    return dictionary.decode(codes), sums


def chunks(h, rows=ROWS):
    """Slices of `rows` coordinates of h (N, d), as numpy arrays."""
    h = np.asarray(h)
    return (h[i : i + rows] for i in range(0, h.shape[0], rows))


def parts(dictionary, *arrays):
    """Tuples of slices of arrays that lead with the N coordinates; the whole of them, where a coordinate's codes are of
    the whole field."""
    if dictionary.method.FIELD:
        return iter([tuple(map(np.asarray, arrays))])
    return zip(*map(chunks, arrays))


def codes_like(dictionary, h):
    """The Codes of h's first row, or of all where they are of the whole field, as shapes alone: sparse or dense, signed
    or not."""
    rows = h.shape[0] if dictionary.method.FIELD else 1
    return jax.eval_shape(lambda h: dictionary.encode(h), jax.ShapeDtypeStruct((rows, h.shape[1]), jnp.float32))


def fires(dictionary, h):
    """Whether atoms are active at some coordinates of h (N, d) and not at others, which signed codes do not say."""
    return not codes_like(dictionary, h).signed


@jax.jit
def codes_at(dictionary, h, at):
    """The Codes of some rows `at` (P,) of activations h (N, d)."""
    if dictionary.method.FIELD:
        return jax.tree.map(lambda leaf: leaf[at], dictionary.encode(h)).replace(shape=None)
    return dictionary.encode(h[at])


def measure(dictionary, h):
    """(AtomStats, Reconstruction) over activations h (N, d), a chunk at a time, accumulated in float64."""
    h = np.asarray(h)
    codes = codes_like(dictionary, h)
    sums, h_hat, error = 0.0, [], 0.0
    for (chunk,) in parts(dictionary, h):
        chunk_hat, chunk_sums = _chunk(dictionary, chunk)
        chunk_hat = np.asarray(chunk_hat)
        sums = sums + np.asarray(chunk_sums, np.float64)
        error += np.square(chunk_hat.astype(np.float64) - chunk).sum()
        h_hat.append(chunk_hat)
    n = h.shape[0]
    fired, active, total, second, fourth = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        ipr = np.where(fourth > 0, fourth / np.square(second), NAN)  # of what is too faint z^4 is 0 in float32
    if codes.signed:
        fired, active = np.full_like(fired, NAN), np.full_like(active, NAN)
    return (
        AtomStats(total / n, fired / n, active / n, ipr),
        Reconstruction(np.concatenate(h_hat), codes.values.shape[1], error / h.size, r_squared(error, h)),
    )


def r_squared(squared_error, h):
    """1 - squared_error over the squared deviations of h (N, d) from each dimension's mean; nan if h is constant."""
    variance = np.square(centred(h)).sum()
    return float(1.0 - squared_error / variance) if variance > 0 else NAN


def summary(atoms):
    """The layer's columns of a metrics table from its AtomStats.

    An atom is alive if it ever differs from 0, and dead if it never fires. `l0` is how many fire at a coordinate, in
    the mean, where at most k may. `spatial_l0` is the mean over alive atoms of the share of the coordinates where an
    atom fires (over all atoms it would be k/n by construction); the medians are over alive atoms, but for the IPR of
    faint ones; nan where there is none.
    """
    alive = atoms.alive

    def over_alive(statistic, values):
        found = values[alive & ~np.isnan(values)]
        return float(statistic(found)) if found.size else NAN

    def quartiles(name, values):
        return {
            f"{name}_median": over_alive(np.median, values),
            f"{name}_q25": over_alive(lambda x: np.quantile(x, 0.25), values),
            f"{name}_q75": over_alive(lambda x: np.quantile(x, 0.75), values),
        }

    return {
        "alive_fraction": float(alive.mean()),
        "dead_fraction": NAN if np.isnan(atoms.firing_rate).all() else float(1.0 - alive.mean()),
        "l0": float(atoms.firing_rate.sum()),  # nan of signed codes
        "spatial_l0": over_alive(np.mean, atoms.firing_rate),
        **quartiles("active_fraction", atoms.active_fraction),
        **quartiles("ipr", atoms.ipr),
        "concentration": concentration(atoms),
    }


def concentration(atoms, tier=16):
    """Mean magnitude of the top atom over the mean of the next ones up to rank `tier` that fire (Sec. 4.3, App. A.2).

    nan if no other atom fires.
    """
    top = atoms.mean_magnitude[top_atoms(atoms, tier)]
    rest = top[1:][top[1:] > 0]
    return float(top[0] / rest.mean()) if len(rest) else NAN


def top_atoms(atoms, n):
    """Indices of the n atoms of highest mean magnitude over all coordinates, highest first; ties by index."""
    return np.argsort(-atoms.mean_magnitude, kind="stable")[:n]


@jax.jit
def _maps_chunk(dictionary, h, atoms):
    return dictionary.encode(h).of(atoms)


def maps(dictionary, h, atoms):
    """z_a at every coordinate for the given atom indices (A,), (A, N) float32."""
    atoms = jnp.asarray(atoms)
    found = [np.asarray(_maps_chunk(dictionary, chunk, atoms)) for (chunk,) in parts(dictionary, h)]
    return np.concatenate(found, axis=1)


@jax.jit
def _binned_chunk(dictionary, h, bins, total):
    codes = dictionary.encode(h)
    magnitude = jnp.abs(codes.values)
    if codes.indices is None:
        return total.at[bins].add(magnitude)
    return total.at[bins[:, None], codes.indices].add(magnitude)


def binned_maps(dictionary, h, bins):
    """Mean of |z_a| over the coordinates of each bin, for every atom: (n_bins, n) float32; a small picture of each map,
    in which signs do not cancel.

    bins (N,): the bin of each coordinate, 0 to n_bins - 1, none of them empty.
    """
    bins, n_atoms = np.asarray(bins), codes_like(dictionary, np.asarray(h)).n_atoms
    n_bins = int(bins.max()) + 1
    nothing = jnp.zeros((n_bins, n_atoms))
    total = sum(
        np.asarray(_binned_chunk(dictionary, chunk, of_chunk, nothing))
        for chunk, of_chunk in parts(dictionary, h, bins)
    )
    return total / np.bincount(bins, minlength=n_bins)[:, None].astype(np.float32)


@jax.jit
def _dense_chunk(dictionary, h, atoms):
    return dictionary.encode(h).dense()[:, atoms]


def codes_of(dictionary, chunk, atoms):
    """Codes (B, A) of some atoms over a chunk (B, d)."""
    return np.asarray(_dense_chunk(dictionary, chunk, jnp.asarray(atoms)), np.float32)


def whole_codes(dictionary, h, atoms):
    """Codes (N, A) of some atoms over all of h (N, d)."""
    return np.concatenate([codes_of(dictionary, chunk, atoms) for (chunk,) in parts(dictionary, h)])
