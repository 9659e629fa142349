"""A small convolutional SAE, the operator's baseline: its atoms' kernels reach over three by three pixels, so what they
are depends on the resolution. Otherwise it is built as the operator SAE is."""

import itertools
import math

import jax.numpy as jnp

from inr_sae.dictionaries import fields
from inr_sae.dictionaries.codes import Codes
from inr_sae.dictionaries.fields import directions

LABEL = "Convolutional SAE"
DEFAULTS = dict(fields.DEFAULTS)
POINTWISE, FIELD, LINEAR = False, True, False
SIDE = 3  # pixels of a kernel
__all__ = ["DEFAULTS", "check", "decode", "directions", "encode", "fit", "n_atoms", "remove"]


def check(config, n_devices):
    """Raise InputError naming the key that cannot be."""
    fields.check(config)


def n_atoms(config, d):
    """As the config says."""
    return config["n_atoms"]


def fit(jobs, train):
    """Trained on windows of the field. Raises InputError for a grid without a second pixel along an axis."""
    for job in jobs:
        fields.check_grid(job.shape)
    return fields.fit(jobs, train, fields.Sampled(draw, init))


def init(key, config, h):
    """Parameters for activations h (N, d)."""
    kernels = {name: jnp.zeros((SIDE * SIDE, config["n_atoms"])) for name in ("encoder", "decoder")}
    return fields.init(key, config, h.mean(axis=0)) | {"kernels": kernels}


def draw(key, h, shape, config, constants):
    """(a window of at most `batch` pixels somewhere in the field; its spread).

    A window that reaches beyond the border goes on at the opposite one, so that all pixels come equally often.
    """
    scale = min(1.0, math.sqrt(config["batch"] / len(h)))
    size = tuple(max(2, int(n * scale)) for n in shape)
    rows, columns = fields.places(key, shape, size)
    return fields.at(h, shape, rows, columns), spread_over(rows, columns)


def spread_over(rows, columns):
    """The spread of a kernel (9, n) over some rows and columns of a grid; beyond these, and its border, lie zeros."""
    shape = len(rows), len(columns)

    def beside(places, i):
        """(places,) whether the one before, itself, or the one behind (i = 0, 1, 2) is next to it in the grid."""
        return jnp.pad(places, 1, constant_values=-SIDE)[i : i + len(places)] == places + i - 1

    def spread(kernel, u):
        field = jnp.pad(u.reshape(*shape, -1), ((1, 1), (1, 1), (0, 0)))
        total = jnp.zeros((*shape, u.shape[-1]), u.dtype)
        for i, j in itertools.product(range(SIDE), repeat=2):
            there = beside(rows, i)[:, None] & beside(columns, j)
            total += kernel[SIDE * i + j] * jnp.where(there[..., None], field[i : i + shape[0], j : j + shape[1]], 0)
        return total.reshape(u.shape)

    return spread


def spread_of(shape):
    """The spread of a kernel over a whole grid."""
    return spread_over(*map(jnp.arange, shape))


def encode(params, h, config):
    """Sparse codes of a field h (H, W, d), at least 0."""
    shape = h.shape[:2]
    values, indices = fields.encode(params, h.reshape(-1, h.shape[2]), config["k"], spread_of(shape))
    return Codes(values, indices, len(params["sae"]["w_dec"]), signed=False, shape=shape)


def decode(params, codes):
    """h_hat (N, d)."""
    return fields.decode(params, codes.values, codes.indices, spread_of(codes.shape))


def remove(params, h, codes, atom):
    """h without what the atom adds over the whole field."""
    return fields.remove(params, h, codes, atom, spread_of(codes.shape))
