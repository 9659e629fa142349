"""What methods share whose codes are linear in the activations: z = (h - mean) E, dense and signed.

Parameters: {"mean": (d,), "encoder": (d, n), "directions": (n, d)}. A direction of zeros stands in the place of one
that the activations do not have: its codes are 0 everywhere.
"""

import jax.numpy as jnp
import numpy as np

from inr_sae.dictionaries.codes import Codes

ROWS = 4096  # coordinates at once, of sums in float64


def params(mean, encoder, directions):
    """The parameters, as float32."""
    named = {"mean": mean, "encoder": encoder, "directions": directions}
    return {name: jnp.asarray(value, jnp.float32) for name, value in named.items()}


def check(config, n_devices):
    """There is nothing to set."""


def n_atoms(config, d):
    """One for every dimension."""
    return d


def encode(params, h, config):
    """Dense signed codes of h (N, d)."""
    return Codes((h - params["mean"]) @ params["encoder"], None, len(params["directions"]), signed=True)


def decode(params, codes):
    """h_hat (N, d)."""
    return codes.values @ params["directions"] + params["mean"]


def directions(params):
    """(n, d)."""
    return params["directions"]


def remove(params, h, codes, atom):
    """h without its part along a direction."""
    return h - codes.of(jnp.asarray(atom)[None])[0][:, None] * params["directions"][atom]


def covariance(h):
    """(mean (d,), centred covariance (d, d) by 1/N) of activations h (N, d), in float64."""
    h = np.asarray(h)
    mean = h.mean(axis=0, dtype=np.float64)
    total = np.zeros((h.shape[1], h.shape[1]))
    for start in range(0, len(h), ROWS):
        centred = h[start : start + ROWS] - mean
        total += centred.T @ centred
    return mean, total / len(h)


def eigen(matrix):
    """(eigenvalues, largest first, eigenvectors in columns) of a symmetric matrix; each vector's largest entry is
    positive, so that rounding does not choose its sign."""
    values, vectors = np.linalg.eigh(matrix)
    values, vectors = values[::-1], vectors[:, ::-1]
    if not len(values):  # nothing varies
        return values, vectors
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=0)[None], axis=0)
    return values, vectors * np.where(largest < 0, -1.0, 1.0)
