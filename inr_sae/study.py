"""A study: which stages run, in order; what is done already; what is refused."""

import errno
import logging
import re
from contextlib import contextmanager

import jax

from inr_sae import __version__, check, manifest, processes, runtime
from inr_sae.errors import UserError
from inr_sae.output.store import Store, finite_or_none
from inr_sae.signals.load import load
from inr_sae.stages import external
from inr_sae.stages.once import flatten, run_stage

logger = logging.getLogger("inr_sae")

# Keys that may change between two starts of one study: they decide where and when, not what is computed.
FREE = ("stages", "report.", "explorer.", "runtime.cache_dir", "runtime.checkpoint_seconds", "runtime.keep")
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


def run(config, workdir, config_file="", overridden=None):
    """Run the stages of a config, or the rest of them, in the folder `workdir`; raises UserError.

    overridden: {key: value} given on the command line, kept in config.json for the reader.
    """
    check.check(config, jax.device_count())
    processes.together(configure, {"precision": config.runtime.precision, "cache_dir": config.runtime.cache_dir})
    for key, signals in check.signal_sets(config).items():  # before the folder is made: bad data leave no trace
        drawn = read(key, signals)
        check.check_signals(config, key, drawn)
        if config.external.file:
            external.read(config, drawn.cohort)
    store = Store(workdir)
    with store.lock(), room(store.root):
        begin(config, store, config_file, overridden or {})
        for name in (name for name in check.STAGES if name in config.stages):
            run_stage(name, config, store)
        manifest.write(store)


def configure(details, arrays):
    """Set up one of several processes; a task of `processes`, since what the others compute with is theirs to set."""
    runtime.configure(**details)


@contextmanager
def room(root):
    """Within it, a disk that is full, or may not be written, is a UserError."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise UserError(
            f"{error.filename or root} cannot be written ({error.strerror}); make room, and the same command goes on"
        ) from error


def read(key, signals):
    """The signals of a set; what is wrong with one of several is said with its own key in the config."""
    try:
        return load(**signals)
    except UserError as error:
        if key == "signals":
            raise
        raise UserError(re.sub(r"\bsignals\.", f"{key}.", f"{key}: {error}")) from error


def begin(config, store, config_file, overridden):
    """Write config.json and environment.json, or hold the folder's own config against this one.

    What is damaged in the folder is cleared away, so that the stages make it again.
    """
    resolved = finite_or_none(config.to_dict())
    manifest.clear_damage(store)
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
