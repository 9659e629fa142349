"""An encoder that was trained elsewhere, in the place of the cohort's training."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from inr_sae.errors import InputError, UserError
from inr_sae.exchange import convert, naming, tensors
from inr_sae.exchange.layouts import LAYOUTS
from inr_sae.inr import network
from inr_sae.run import checks, trained


def read(config, signals):
    """Parameters {"encoder", "heads" or None} of the file config.external.file, for signals (M, H, W, C).

    Raises UserError naming the key of the config that the file contradicts.
    """
    file = checks.local("external.file", config.external.file)
    backbone = trained.backbone_of(config.inr)
    if config.external.layout == "inr_sae":
        refuse_other_settings(config, facts_beside(config))
    try:
        found = tensors.read(file)
        if config.external.layout == "inr_sae" and config.inr.backbone not in convert.FOLD:
            params = as_exported(found, backbone, trained.settings(config.inr), signals)
        else:
            of_file = layout(config.external.layout)
            if config.external.layout == "inr_sae":  # what was exported is at the coordinates that it was trained at
                of_file = of_file | {"range": config.inr.coordinates}
            params = convert.from_tensors(found, of_file, signals.shape[1:3], config.inr.coordinates)
            agree(config, convert.facts_of(params))
    except InputError as error:
        said = str(error)
        raise UserError(said if str(file) in said else f"external.file {file}: {said}") from error
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


def facts_beside(config):
    """What the json beside external.file says, as an export has written it; {} where there is none, or another's."""
    beside = Path(checks.local("external.file", config.external.file)).with_suffix(".json")
    try:
        facts = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
    except ValueError as error:
        raise UserError(f"external.file {config.external.file}: {beside} is no json file ({error})") from error
    return facts if isinstance(facts, dict) and facts.get("layout") == "inr_sae" else {}


def refuse_other_pixels(config, signals):
    """Raise UserError where heads are the file's and the cohort of the Signals has not the pixels that they were
    trained on, as far as an export says which."""
    facts = facts_beside(config) if config.external.heads == "file" else {}
    for name, pixels, theirs in zip(signals.names.cohort, signals.digests.cohort, facts.get("sha256_of_pixels", ())):
        if pixels != theirs:
            said = {key: tuple(value) if isinstance(value, list) else value for key, value in facts["signals"].items()}
            said = {key: value for key, value in said.items() if config.signals[key] != value}
            needed = " ".join(f'--config.signals.{key}="{value}"' for key, value in said.items())
            raise UserError(
                f"external.heads is file, and {name} is not the image that its head was trained on, or not read alike; "
                f"set {needed or 'signals.cohort_names'} as the json beside external.file says"
            )


def refuse_other_settings(config, facts):
    """Raise UserError where config.inr says otherwise than an export's facts: coordinates and frequencies leave no
    trace in a tensor's shape."""
    if "settings" not in facts:
        return
    backbone = facts["backbone"]
    said = {"backbone": backbone, "coordinates": tuple(facts["coordinates"])}
    said |= {f"{backbone}.{key}": value for key, value in facts["settings"].items()}
    ours = {key: config.inr[key] for key in ("backbone", "coordinates")}
    ours |= {f"{backbone}.{key}": value for key, value in config.inr.get(backbone, {}).items()}
    wrong = [key for key, value in said.items() if ours.get(key) != value]
    if wrong:
        needed = " ".join(f'--config.inr.{key}="{said[key]}"' for key in wrong)
        raise UserError(f"external.file {config.external.file} was exported with another config.inr; set {needed}")


def as_exported(found, backbone, settings, signals):
    """Parameters {"encoder", "heads" or None} of tensors by the names that an export of any backbone gives them.

    Raises InputError naming the first tensor that is missing, of another shape than the backbone's own, or none of its,
    and a number that is constant, as a frequency is, where the config says another.
    """
    encoder = network.init_encoder(backbone, jax.random.key(0), settings, signals)
    expected = flatten_dict({"encoder": encoder}, sep="/")
    for name in sorted(found):
        if name.startswith("encoder/") and name not in expected:
            raise InputError(f"tensor {name!r} is none that {backbone.LABEL} as configured has")
    for name, like in expected.items():
        if name not in found or found[name].shape != like.shape:
            shape = found[name].shape if name in found else "not there"
            raise InputError(f"tensor {name!r} is {shape}, and {backbone.LABEL} as configured has {like.shape}")
        if name.startswith("encoder/constants/") and not like.shape and np.float32(found[name]) != np.float32(like):
            raise InputError(
                f"tensor {name!r} is {float(found[name]):g}, and {backbone.LABEL} as configured has {float(like):g}"
            )
    used = [name for name in found if name in expected or name.startswith("heads/")]
    values = {name: jnp.asarray(naming.get(found, name), jnp.float32) for name in used}
    params = unflatten_dict(values, sep="/")
    return {"encoder": {"constants": {}} | params["encoder"], "heads": params.get("heads")}


def params(config, signals, x):
    """As `read`, with heads fitted to the signals at the grid's coordinates x (N, 2) where they are not the file's."""
    found = read(config, signals)
    if found["heads"] is None:
        found["heads"] = least_squares(trained.backbone_of(config.inr), found["encoder"], signals, x)
    return found


def layout(name):
    """The layout of a name, or of a json file."""
    if name in LAYOUTS:
        return LAYOUTS[name]
    path = Path(checks.local("external.layout", name))
    if not path.is_file():
        known = f"it is one of {', '.join(LAYOUTS)}, or a json file"
        raise UserError(f"external.layout is {name!r}; {'no such file' if path.suffix == '.json' else known}")
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"external.layout {name} is no json file ({error})") from error
    if not isinstance(read, dict):
        raise UserError(f"external.layout {name} holds no object of keys and values")
    return read


def agree(config, facts):
    """Raise UserError naming what config.inr says otherwise than the file."""
    backbone, wrong = facts["backbone"], {}
    for key in ("backbone", "width", "n_layers"):
        if facts[key] != config.inr[key]:
            wrong[key] = facts[key]
    for key, value in config.inr[backbone].items():
        told = facts.get(key)  # as float32 holds it
        if told is not None and (np.float32(told) != np.float32(value) if isinstance(value, float) else told != value):
            wrong[f"{backbone}.{key}"] = facts[key]
    if wrong:
        needed = " ".join(f"--config.inr.{key}={value}" for key, value in wrong.items())
        raise UserError(
            f"external.file {config.external.file} holds another network than config.inr says; set {needed}"
        )


def least_squares(backbone, encoder, signals, x):
    """Heads {"w": (M, d, C), "b": (M, C)} that fit the signals best, of least norm where several do."""
    h = np.asarray(network.prefix(backbone, encoder, network.n_units(encoder) - 1, x), np.float64)
    targets = signals.reshape(len(signals), len(h), -1).transpose(1, 0, 2).reshape(len(h), -1).astype(np.float64)
    solution = np.linalg.lstsq(np.concatenate([h, np.ones((len(h), 1))], axis=1), targets, rcond=1e-7)[0]
    solution = solution.reshape(h.shape[1] + 1, len(signals), -1).transpose(1, 0, 2)
    return {"w": jnp.asarray(solution[:, :-1], jnp.float32), "b": jnp.asarray(solution[:, -1], jnp.float32)}
