"""Operator SAE (SAE-FNO, arXiv 2509.03738): an SAE whose atoms each have a kernel over the leading Fourier modes of the
field, in the encoder and in the decoder, beside what the pointwise SAE has.

A full kernel from every channel to every atom would have 4096 * 256 * modes complex numbers; here the linear map to
the atoms comes first, and each atom then has one kernel of its own, which is our choice. It starts at 0, as the
pointwise SAE, which it is without modes. Kernels live in domain units: `codes.Dictionary.at` another grid it is the
same operator.
Constants: {"modes": (M, 2), "period": ()}.
"""

import math

import jax.numpy as jnp

from inr_sae.dictionaries import fields, spectral
from inr_sae.dictionaries.codes import Codes
from inr_sae.dictionaries.fields import directions
from inr_sae.errors import InputError, argument

LABEL = "Operator SAE"
DEFAULTS = fields.DEFAULTS | {
    "modes": 4,  # along each axis, from -3 to 3; 0: none, the pointwise SAE
    "pad": 0.25,  # zeros behind each axis, in units of its length: images are not periodic
    "lift": 0,  # width behind a linear lifting; 0: none
}
POINTWISE, FIELD, LINEAR = False, True, False
__all__ = ["DEFAULTS", "check", "decode", "directions", "encode", "fit", "n_atoms", "remove"]


def check(config, n_devices):
    """Raise InputError naming the key that cannot be."""
    fields.check(config)
    for key in ("modes", "pad", "lift"):
        if not config[key] >= 0:
            raise InputError(f"{argument(key)} is {config[key]}; it must be 0 or above")


def n_atoms(config, d):
    """As the config says; raises InputError where it lifts to no more than d."""
    if config["lift"]:
        fields.check_lift("lift", config["lift"], d)
    return config["n_atoms"]


def fit(jobs, train):
    """Trained on coarser grids of the field, each from a random first coordinate. Raises InputError for a grid without
    a second coordinate along an axis."""
    for job in jobs:
        fields.check_grid(job.shape)
    return fields.fit(jobs, train, fields.Sampled(draw, init))


def init(key, config, h):
    """Parameters for activations h (N, d)."""
    params = fields.init(key, config, h.mean(axis=0), config["lift"])
    if not config["modes"]:
        return params
    modes = jnp.asarray(spectral.half_plane(config["modes"], 2))
    kernels = {name: jnp.zeros((2, len(modes), config["n_atoms"])) for name in ("encoder", "decoder")}
    return params | {"kernels": kernels, "constants": {"modes": modes, "period": jnp.float32(1 + config["pad"])}}


def draw(key, h, shape, config, constants):
    """(every so many rows and columns of the field, so that there are at most `batch`, from a random first one on and,
    behind the last, from the border again; its spread). Over many draws all rows and columns come equally often."""
    every = math.ceil(math.sqrt(len(h) / config["batch"]))
    every = min(every, min(shape) // 2) or 1  # at least two coordinates along each axis
    counts = [n // every for n in shape]
    rows, columns = fields.places(key, shape, counts, every)
    drawn = fields.at(h, shape, rows, columns)
    if constants is None:
        return drawn, None
    x = jnp.stack(jnp.meshgrid(rows / (shape[0] - 1), columns / (shape[1] - 1), indexing="ij"), axis=-1)
    area = spectral.grid(shape)[1].reshape(shape)[rows[:, None], columns].ravel()  # as when the whole field is read
    return drawn, spread_over(x.reshape(-1, 2), area / area.sum(), constants)


def spread_over(x, area, constants):
    """The spread of a kernel over coordinates x (N, 2) of areas (N,)."""
    of_grid = spectral.waves(x, area, constants["modes"], constants["period"])
    return lambda kernel, u: spectral.spread(kernel, u, of_grid)


def spread_of(params, shape):
    """The spread of a kernel over a whole grid; None without kernels."""
    return spread_over(*spectral.grid(shape), params["constants"]) if "kernels" in params else None


def encode(params, h, config):
    """Sparse codes of a field h (H, W, d), at least 0."""
    shape = h.shape[:2]
    values, indices = fields.encode(params, h.reshape(-1, h.shape[2]), config["k"], spread_of(params, shape))
    return Codes(values, indices, len(params["sae"]["w_dec"]), signed=False, shape=shape)


def decode(params, codes):
    """h_hat (N, d)."""
    return fields.decode(params, codes.values, codes.indices, spread_of(params, codes.shape))


def remove(params, h, codes, atom):
    """h without what the atom adds over the whole field."""
    return fields.remove(params, h, codes, atom, spread_of(params, codes.shape))
