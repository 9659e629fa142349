"""TopK sparse autoencoder (Eqs. 5 and 6; Gao et al. 2024), trained under `pmap`.

Parameters: {"w_enc": (n, d), "b_enc": (n,), "w_dec": (n, d) with unit rows, "b_pre": (d,)}, and "b_post": (d,) where
the config wants a second bias. Row a of `w_dec` is atom a. The optimiser is Adam, which AdamW without decay is, too.
"""

import jax.numpy as jnp

from inr_sae.dictionaries.codes import Codes
from inr_sae.dictionaries.topk import fitting, model
from inr_sae.errors import InputError, argument

LABEL = "TopK SAE"
DEFAULTS = {
    "n_atoms": 4096,
    "k": 32,  # atoms that may fire at a coordinate
    "steps": 10000,
    "learning_rate": 1e-4,
    "batch": 4096,  # coordinates a step, over all devices
    "log_every": 100,  # steps in one dispatch
    "init": "tied",  # tied: w_enc = w_dec, uniform on the sphere; kaiming: both Kaiming uniform, each from its own key
    "second_bias": False,  # also add a bias, 0 at first, after decoding
}
POINTWISE, FIELD, LINEAR = True, False, False
fit = fitting.fit


def check(config, n_devices):
    """Raise InputError naming the key that cannot be."""
    for key, default in DEFAULTS.items():
        if type(default) in (int, float) and not config[key] > 0:
            raise InputError(f"{argument(key)} is {config[key]}; it must be above 0")
    if config["init"] not in model.INITS:
        raise InputError(f"{argument('init')} is {config['init']!r}; it is one of {', '.join(model.INITS)}")
    n, k, batch = config["n_atoms"], config["k"], config["batch"]
    if k > n:
        raise InputError(f"{argument('k')} = {k} is more than {argument('n_atoms')} = {n}; at most n atoms can fire")
    if batch % n_devices:
        raise InputError(
            f"{argument('batch')} = {batch} cannot be shared evenly by {n_devices} devices; make it a multiple"
        )


def n_atoms(config, d):
    """As the config says, whatever the width d."""
    return config["n_atoms"]


def encode(params, h, config):
    """Sparse codes of h (N, d), at least 0."""
    values, indices = model.encode(params, h, config["k"])
    return Codes(values, indices, params["w_dec"].shape[0], signed=False)


def decode(params, codes):
    """h_hat (N, d)."""
    return model.decode(params, codes.values, codes.indices)


def directions(params):
    """The rows of the decoder, (n, d)."""
    return params["w_dec"]


def remove(params, h, codes, atom):
    """H - z_a w_a^T (Sec. 3.3), on the h that is given, not on its reconstruction."""
    return h - codes.of(jnp.asarray(atom)[None])[0][:, None] * params["w_dec"][atom]
