"""A method whose codes are dense and signed: projections on orthonormal directions."""

import jax.numpy as jnp
import numpy as np

from inr_sae.dictionaries import linear
from inr_sae.dictionaries.codes import Codes
from inr_sae.errors import InputError, argument

LABEL = "Orthogonal"
DEFAULTS = {
    "n_atoms": 6,
}
POINTWISE, FIELD, LINEAR = True, False, True


def check(config, n_devices):
    """Raise InputError naming the key that cannot be."""
    if not config["n_atoms"] > 0:
        raise InputError(f"{argument('n_atoms')} is {config['n_atoms']}; it must be above 0")


def n_atoms(config, d):
    """At most the width."""
    return min(config["n_atoms"], d)


def fit(jobs, train):
    """The first singular vectors of the centred activations."""
    return [closed_form(job) for job in jobs]


def closed_form(job):
    h = np.asarray(job.h, np.float64)
    mean = h.mean(axis=0)
    _, _, rows = np.linalg.svd(h - mean, full_matrices=False)
    directions = rows[: n_atoms(job.config, h.shape[1])]
    return linear.params(mean, directions.T, directions)


def encode(params, h, config):
    """Projections of the centred h."""
    return Codes((h - params["mean"]) @ params["directions"].T, None, len(params["directions"]), signed=True)


def decode(params, codes):
    """h_hat (N, d)."""
    return codes.values @ params["directions"] + params["mean"]


def directions(params):
    """(n, d)."""
    return params["directions"]


def remove(params, h, codes, atom):
    """h without its projection on a direction."""
    return h - codes.of(jnp.asarray(atom)[None])[0][:, None] * params["directions"][atom]
