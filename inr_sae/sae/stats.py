"""What a dictionary does over a whole grid of coordinates: statistics of the SAE and of each atom."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.sae import topk

ACTIVE = 0.01  # an atom is active at a coordinate where z > 0.01 (Sec. 4.2); it fires where z > 0


class AtomStats(NamedTuple):
    """Statistics of each of n atoms over N coordinates, each (n,), float64."""

    mean_magnitude: np.ndarray  # mean of z_a over all coordinates
    firing_rate: np.ndarray  # share of the coordinates where z_a > 0
    active_fraction: np.ndarray  # share of the coordinates where z_a > 0.01
    ipr: np.ndarray  # sum z^4 / (sum z^2)^2 over coordinates: 1/N if spread evenly, 1 if at one coordinate; nan if dead


class Reconstruction(NamedTuple):
    """How well activations H (N, d) are reconstructed."""

    h_hat: np.ndarray  # (N, d) float32
    mse: float  # mean over coordinates and dimensions
    r2: float  # 1 - sum of squared errors / sum of squared deviations from each dimension's own mean


@partial(jax.jit, static_argnums=2)
def _chunk(params, h, k):
    """Codes of a chunk and what is summed of them: the reconstruction, and per atom fired, active, z, z^2, z^4."""
    values, indices = topk.encode(params, h, k)
    z = topk.dense(values, indices, params["w_dec"].shape[0])
    z2 = jnp.square(z)
    sums = jnp.stack([(z > 0).sum(0), (z > ACTIVE).sum(0), z.sum(0), z2.sum(0), jnp.square(z2).sum(0)])
    return topk.decode(params, values, indices), sums


def _chunks(h, rows):
    return (h[i : i + rows] for i in range(0, h.shape[0], rows))


def measure(params, h, k, rows=4096):
    """(AtomStats, Reconstruction) over activations h (N, d), `rows` at a time, accumulated in float64."""
    h = np.asarray(h)
    sums, h_hat, error = 0.0, [], 0.0
    for chunk in _chunks(h, rows):
        chunk_hat, chunk_sums = _chunk(params, chunk, k)
        chunk_hat = np.asarray(chunk_hat)
        sums = sums + np.asarray(chunk_sums, np.float64)
        error += np.square(chunk_hat.astype(np.float64) - chunk).sum()
        h_hat.append(chunk_hat)
    n = h.shape[0]
    fired, active, total, second, fourth = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        ipr = fourth / np.square(second)
    return (
        AtomStats(total / n, fired / n, active / n, ipr),
        Reconstruction(np.concatenate(h_hat), error / h.size, r_squared(error, h)),
    )


def r_squared(squared_error, h):
    """1 - squared_error over the squared deviations of h (N, d) from each dimension's mean; nan if h is constant."""
    h = h.astype(np.float64)
    variance = np.square(h - h.mean(axis=0)).sum()
    return float(1.0 - squared_error / variance) if variance > 0 else float("nan")


def summary(atoms):
    """The layer's row of a metrics table from its AtomStats.

    `spatial_l0` is the mean over alive atoms of the share of the coordinates where an atom fires (over all atoms it
    would be k/n by construction); the medians are over alive atoms; nan where all are dead.
    """
    alive = atoms.firing_rate > 0
    over_alive = (lambda f, x: float(f(x[alive]))) if alive.any() else (lambda f, x: float("nan"))
    return {
        "alive_fraction": float(alive.mean()),
        "dead_fraction": float(1.0 - alive.mean()),
        "spatial_l0": over_alive(np.mean, atoms.firing_rate),
        "active_fraction_median": over_alive(np.median, atoms.active_fraction),
        "active_fraction_q25": over_alive(lambda x: np.quantile(x, 0.25), atoms.active_fraction),
        "active_fraction_q75": over_alive(lambda x: np.quantile(x, 0.75), atoms.active_fraction),
        "ipr_median": over_alive(np.median, atoms.ipr),
        "ipr_q25": over_alive(lambda x: np.quantile(x, 0.25), atoms.ipr),
        "ipr_q75": over_alive(lambda x: np.quantile(x, 0.75), atoms.ipr),
        "concentration": concentration(atoms),
    }


def concentration(atoms, tier=16):
    """Mean magnitude of the top atom over the mean of the next ones up to rank `tier` (Sec. 4.3, App. A.2).

    nan if no other atom fires.
    """
    top = atoms.mean_magnitude[top_atoms(atoms, tier)]
    rest = top[1:].mean() if len(top) > 1 else 0.0
    return float(top[0] / rest) if rest > 0 else float("nan")


def top_atoms(atoms, n):
    """Indices of the n atoms of highest mean magnitude over all coordinates, highest first; ties by index."""
    return np.argsort(-atoms.mean_magnitude, kind="stable")[:n]


@partial(jax.jit, static_argnums=3)
def _maps_chunk(params, h, atoms, k):
    values, indices = topk.encode(params, h, k)
    return jnp.where(indices[:, :, None] == atoms, values[:, :, None], 0.0).sum(1).T


def maps(params, h, atoms, k, rows=4096):
    """z_a at every coordinate for the given atom indices (A,), (A, N) float32."""
    atoms = jnp.asarray(atoms)
    return np.concatenate(
        [np.asarray(_maps_chunk(params, chunk, atoms, k)) for chunk in _chunks(np.asarray(h), rows)], axis=1
    )


@partial(jax.jit, static_argnums=(2, 4))
def _binned_chunk(params, h, k, bins, n_bins):
    values, indices = topk.encode(params, h, k)
    return jnp.zeros((n_bins, params["w_dec"].shape[0])).at[bins[:, None], indices].add(values)


def binned_maps(params, h, k, bins, rows=4096):
    """Mean of z_a over the coordinates of each bin, for every atom: (n_bins, n) float32; a small picture of each map.

    bins (N,): the bin of each coordinate, 0 to n_bins - 1, none of them empty.
    """
    h, bins = np.asarray(h), np.asarray(bins)
    n_bins = int(bins.max()) + 1
    starts = range(0, len(h), rows)
    total = sum(np.asarray(_binned_chunk(params, h[i : i + rows], k, bins[i : i + rows], n_bins)) for i in starts)
    return total / np.bincount(bins, minlength=n_bins)[:, None].astype(np.float32)
