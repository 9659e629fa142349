"""A study: which stages run, in order; what is done already; what is refused."""

import importlib
import json
import logging
import time

import jax

from inr_sae import __version__, check, runtime
from inr_sae.errors import UserError
from inr_sae.output.store import Store, finite_or_none, sha256
from inr_sae.signals.load import load

logger = logging.getLogger("inr_sae")

# Keys that may change between two starts of one study: they decide where and when, not what is computed.
FREE = ("stages", "report.", "runtime.cache_dir", "runtime.checkpoint_seconds")


def run(config, workdir, config_file="", overridden=None):
    """Run the stages of a config, or the rest of them, in the folder `workdir`; raises UserError.

    overridden: {key: value} given on the command line, kept in config.json for the reader.
    """
    runtime.configure(config.runtime.precision, config.runtime.cache_dir)
    check.check(config, jax.local_device_count())
    check.check_signals(config, load(**config.signals))  # before the folder is made, so that bad data leave no trace
    store = Store(workdir)
    with store.lock():
        begin(config, store, config_file, overridden or {})
        for name in (name for name in check.STAGES if name in config.stages):
            run_stage(name, config, store)


def begin(config, store, config_file, overridden):
    """Write config.json and environment.json, or hold the folder's own config against this one."""
    resolved = finite_or_none(config.to_dict())
    if store.exists("config.json"):
        refuse_other_config(resolved, store.read_json("config.json")["config"], store.root)
    elif any(path.name != ".lock" for path in store.root.iterdir()):
        raise UserError(
            f"--workdir {store.root} is not empty and no study's folder (it has no config.json); choose another"
        )
    store.write_json("config.json", {"config_file": config_file, "overridden": overridden, "config": resolved})
    environment = runtime.fingerprint()
    store.log("start", version=__version__, environment=environment)
    if not store.exists("environment.json"):
        store.write_json("environment.json", environment)
    elif store.read_json("environment.json") != finite_or_none(environment):
        logger.warning(
            "the environment is not the one that this study began in (see log.jsonl); numbers may differ in their "
            "last bits"
        )


def flatten(config, prefix=""):
    """{"group.key": value} of a nested dict."""
    flat = {}
    for key, value in config.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def is_free(key):
    """Whether a key may change between two starts of one study."""
    return any(key == free or (free.endswith(".") and key.startswith(free)) for free in FREE)


def refuse_other_config(config, stored, root):
    """Raise UserError naming the keys in which a folder's stored config differs from this one."""
    mine, theirs = flatten(config), flatten(stored)
    changed = [
        key for key in sorted(mine.keys() | theirs.keys()) if not is_free(key) and mine.get(key) != theirs.get(key)
    ]
    if changed:
        listed = "; ".join(f"{key} is {mine.get(key)!r} and was {theirs.get(key)!r}" for key in changed[:5])
        raise UserError(
            f"--workdir {root} holds a study with another config: {listed}; choose another --workdir, or restore the "
            f"values"
        )


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
        logger.info("%s: done already", name)
        return
    logger.info("%s: begins", name)
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
    logger.info("%s: done in %.1f s", name, seconds)
