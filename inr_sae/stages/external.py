"""An encoder that was trained elsewhere, in the place of the cohort's training."""

import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from inr_sae.errors import UserError
from inr_sae.inr import convert, fit, network
from inr_sae.inr.layouts import LAYOUTS
from inr_sae.output import tensors


def read(config, signals):
    """Parameters {"encoder", "heads" or None} of the file config.external.file, for signals (M, H, W, C).

    Raises UserError naming the key of the config that the file contradicts.
    """
    file = config.external.file
    params = convert.from_tensors(tensors.read(file), layout(config.external.layout), signals.shape[1:3])
    agree(config, convert.facts_of(params))
    if config.external.heads == "fit":
        return params | {"heads": None}
    if params["heads"] is None:
        raise UserError(f"external.heads is file, and {file} has no heads in this layout; set external.heads=fit")
    n, channels = params["heads"]["b"].shape
    if (n, channels) != (len(signals), signals.shape[-1]):
        raise UserError(
            f"external.heads is file, and {file} has {n} heads of {channels} channels for {len(signals)} signals of "
            f"{signals.shape[-1]}; name its images with signals.cohort_names, or set external.heads=fit"
        )
    return params


def state(config, signals, x, key):
    """The TrainState of that encoder at the grid's coordinates x (N, 2); heads that are not the file's are fitted."""
    params = read(config, signals)
    if params["heads"] is None:
        params["heads"] = least_squares(config, params["encoder"], signals, x)
    return fit.init_state(params, None, config.cohort.learning_rate, key)


def layout(name):
    """The layout of a name, or of a json file."""
    if name in LAYOUTS:
        return LAYOUTS[name]
    if not Path(name).is_file():
        raise UserError(f"external.layout is {name!r}; it is one of {', '.join(LAYOUTS)}, or a json file")
    try:
        read = json.loads(Path(name).read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"external.layout {name} is no json file ({error})") from error
    if not isinstance(read, dict):
        raise UserError(f"external.layout {name} holds no object of keys and values")
    return read


def agree(config, facts):
    """Raise UserError naming what config.inr says otherwise than the file."""
    wrong = {
        key: facts[key]
        for key in ("backbone", "width", "n_layers", "n_fourier", "omega_0")
        if facts[key] is not None and facts[key] != config.inr[key]
    }
    if wrong:
        needed = " ".join(f"--config.inr.{key}={value}" for key, value in wrong.items())
        if "n_layers" in wrong:
            layers = ",".join(map(str, range(facts["n_layers"])))
            needed += f' --config.sae.layers="({layers})" --config.fit.taus="({layers})"'
        raise UserError(
            f"external.file {config.external.file} holds another network than config.inr says; set {needed}"
        )


def least_squares(config, encoder, signals, x):
    """Heads {"w": (M, d, C), "b": (M, C)} that fit the signals best, of least norm where several do."""
    h = np.asarray(
        network.prefix(network.backbone(config.inr.backbone), encoder, config.inr.n_layers - 1, x), np.float64
    )
    targets = signals.reshape(len(signals), len(h), -1).transpose(1, 0, 2).reshape(len(h), -1).astype(np.float64)
    solution = np.linalg.lstsq(np.concatenate([h, np.ones((len(h), 1))], axis=1), targets, rcond=1e-7)[0]
    solution = solution.reshape(h.shape[1] + 1, len(signals), -1).transpose(1, 0, 2)
    return {"w": jnp.asarray(solution[:, :-1], jnp.float32), "b": jnp.asarray(solution[:, -1], jnp.float32)}
