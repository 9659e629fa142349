"""Lifted SAE (arXiv 2509.03738): an SAE behind a linear lifting and before a projection, both trained with it."""

import jax

from inr_sae.dictionaries import fields
from inr_sae.dictionaries.codes import Codes
from inr_sae.errors import InputError, argument

LABEL = "Lifted SAE"
DEFAULTS = fields.DEFAULTS | {
    "width": 512,  # behind the lifting; more than the layer's own
}
POINTWISE, FIELD, LINEAR = True, False, False


def check(config, n_devices):
    """Raise InputError naming the key that cannot be."""
    fields.check(config)
    if not config["width"] > 0:
        raise InputError(f"{argument('width')} is {config['width']}; it must be above 0")


def n_atoms(config, d):
    """As the config says; raises InputError where its width is no more than d."""
    fields.check_lift("width", config["width"], d)
    return config["n_atoms"]


def fit(jobs, train):
    """Trained on coordinates drawn at random."""
    return fields.fit(jobs, train, fields.Sampled(draw, init))


def init(key, config, h):
    """Parameters for activations h (N, d)."""
    return fields.init(key, config, h.mean(axis=0), config["width"])


def draw(key, h, shape, config, constants):
    """Rows of h (N, d), with replacement."""
    return h[jax.random.randint(key, (config["batch"],), 0, len(h))], None


def encode(params, h, config):
    """Sparse codes of h (N, d), at least 0."""
    values, indices = fields.encode(params, h, config["k"], None)
    return Codes(values, indices, len(params["sae"]["w_dec"]), signed=False)


def decode(params, codes):
    """h_hat (N, d)."""
    return fields.decode(params, codes.values, codes.indices, None)


def directions(params):
    """The decoder's rows, projected, (n, d)."""
    return fields.directions(params)


def remove(params, h, codes, atom):
    """h without z_a times the atom's direction."""
    return fields.remove(params, h, codes, atom, None)
