"""Running a stage once: done.json says what is done, and for which part of the config."""

import importlib
import json
import logging
import time

import jax

from inr_sae import __version__
from inr_sae.errors import UserError
from inr_sae.output.store import finite_or_none, sha256

logger = logging.getLogger("inr_sae")


def flatten(config, prefix=""):
    """{"group.key": value} of a nested dict."""
    flat = {}
    for key, value in config.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def parts_hash(config, parts):
    """Hash of the part of the config that a stage depends on; `parts` are groups or keys."""
    flat = flatten(finite_or_none(config.to_dict()))
    relevant = {
        key: value for key, value in flat.items() if any(key == part or key.startswith(part + ".") for part in parts)
    }
    return sha256(json.dumps(relevant, sort_keys=True).encode())


def run_stage(name, config, store):
    """Run one stage unless its done.json says that it is done for this config; write done.json at its end."""
    stage = importlib.import_module(f"inr_sae.stages.{name}")
    digest, done = parts_hash(config, stage.PARTS), f"{name}/done.json"
    if store.exists(done) and store.read_json(done).get("config_sha256") == digest:
        logger.info("%s: done already", store.label(name))
        return
    logger.info("%s: begins", store.label(name))
    store.log("stage begins", stage=name)
    began = time.monotonic()
    try:
        stage.run(config, store)
    except UserError as error:
        store.log("stage stopped", stage=name, error=str(error))
        raise
    seconds = round(time.monotonic() - began, 2)
    store.write_json(
        done,
        {"stage": name, "config_sha256": digest, "version": __version__, "jax": jax.__version__, "seconds": seconds},
    )
    store.log("stage done", stage=name, seconds=seconds)
    logger.info("%s: done in %.1f s", store.label(name), seconds)
