"""Running a stage once: what it reads of the config and what it builds on decide whether it is done.

A stage gets the part of the config that it declares to read, and no other. What that part was stands in its begun.json
and then in its done.json, with the identity of each stage that it was built on: what that one read and was built on
itself, and the numbers that came of it.
"""

import fnmatch
import hashlib
import json
import logging
import time
from pathlib import Path
from typing import NamedTuple

import jax
from ml_collections import ConfigDict

from inr_sae import __version__, dictionaries
from inr_sae.errors import UserError
from inr_sae.folder import ledger, manifest
from inr_sae.folder.store import finite_or_none
from inr_sae.inr import network
from inr_sae.machine import devices
from inr_sae.run import checks

logger = logging.getLogger("inr_sae")

# Which backbones are in use, by the keys that name them, and the stage that must be there for a key to count; and the
# groups that have a group or a key for each backbone.
BACKBONES = {
    "inr.backbone": None,
    "transfer.backbones": "encoders",
    "conditions.backbones": "conditions",
    "networks.backbones": "networks",
    "decompositions.backbones": "decompositions",
}
OF_BACKBONES = ("inr", "single", "transfer.frequencies", "rates")
METHODS = {"dictionary.method": None, "decompositions.methods": "decompositions"}  # likewise of dictionary methods
# Keys that decide where and when, not what is computed; where data lie, too: the pixels' digests guard them.
FREE = ("signals.root", "sets.*.root", "classes.root", "runtime.cache_dir", "runtime.checkpoint_seconds")
FREE += ("runtime.keep",)
# Keys that name files of the user's, whose bytes decide as the keys do.
FILES = ("external.file", "external.layout", "recipes.published", "metrics.lpips_weights")


class State(NamedTuple):
    """Where a stage of a folder stands."""

    mark: str  # "done", "begun", or "" for neither
    reads: dict  # {key: value} of the config as it was then
    needs: dict  # {stage: its identity} of what it was built on


def flatten(config, prefix=""):
    """{"group.key": value} of a nested dict."""
    flat = {}
    for key, value in config.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def matches(key, patterns):
    """Whether a key is one of the patterns, in which * stands for anything."""
    return any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns)


def declared(config, reads):
    """The part of a config that `reads` names, keys or groups; whatever else is asked of it raises AttributeError."""
    part = {}
    for key in reads:
        group, _, name = key.partition(".")
        if name:
            part.setdefault(group, {})[name] = config[group][name]
        else:
            part[group] = config[group]
    resolved = {k: v.to_dict() if isinstance(v, ConfigDict) else v for k, v in part.items()}
    return ConfigDict(resolved).lock()


def values_read(stage, config, store):
    """{key: JSON value} of all that decides what a stage computes in a folder."""
    part = declared(config, stage.READS)
    aside = (*FREE, *unused(part, name_of(stage), store))
    flat = flatten(finite_or_none(part.to_dict()))
    flat |= contents(flat)
    return {key: value for key, value in sorted(flat.items()) if not matches(key, aside)}


def contents(flat):
    """{key: SHA-256} of the user's files that the keys of a flat config name; of one that is gone nothing is known, for
    where all that needs it is done it may be."""
    files = {key: Path(checks.local(key, flat[key])) for key in FILES if flat.get(key)}
    return {f"the content of {key}": ledger.digest_of(path) for key, path in files.items() if path.is_file()}


def unused(part, name, store):
    """Patterns of the keys of backbones and dictionary methods that a stage of that name does not use; part: of the
    config, what it reads."""
    return all_but(named_by(BACKBONES, part, name, store), named_by(METHODS, part, name, store))


def all_but(backbones, methods):
    """Patterns of the keys of every backbone and dictionary method but these."""
    others = [each for each in network.backbone_names() if each not in backbones]
    patterns = [f"{group}.{each}" for each in others for group in OF_BACKBONES]
    patterns += [f"dictionary.{each}" for each in dictionaries.method_names() if each not in methods]
    return [pattern + end for pattern in patterns for end in ("", ".*")]


def named_by(keys, part, name, store):
    """The values of the keys that count for a stage of that name, of those that `part` has; keys: as BACKBONES."""
    used = set()
    for key, stage in keys.items():
        group, _, key_of_group = key.partition(".")
        if group in part and (stage in (None, name) or state_of(store, stage).mark):
            used |= names_in(part[group][key_of_group])
    return used


def names_in(value):
    """The names that a key has: one, or several."""
    return {value} if isinstance(value, str) else set(value)


def is_done(store, name):
    """Whether a stage of that name is done in the folder."""
    return store.exists(f"{name}/done.json")


def needed(stage):
    """The name of every stage that a stage's NEEDS and USES name, alternatives among them."""
    return [name for need in (*stage.NEEDS, *stage.USES) for name in ((need,) if isinstance(need, str) else need)]


def built_on(stage, store):
    """{name: identity} of the done stages that a stage needs or uses; None for one of an earlier version."""
    done = [name for name in dict.fromkeys(needed(stage)) if is_done(store, name)]
    return {name: store.read_json(f"{name}/done.json").get("identity") for name in done}


def state_of(store, name):
    """The State of a stage in a folder."""
    for mark in ("done", "begun"):
        if store.exists(f"{name}/{mark}.json"):
            stored = store.read_json(f"{name}/{mark}.json")
            if not {"reads", "needs"} <= stored.keys():
                raise UserError(
                    f"--workdir {store.root} was begun by an earlier version, whose studies do not go on here; choose "
                    "another"
                )
            return State(mark, stored["reads"], stored["needs"])
    return State("", {}, {})


def changed(state, values):
    """{key: (then, now)} of the keys that were read and are another now; a key that was not there then is none."""
    return {key: (then, values[key]) for key, then in state.reads.items() if key in values and values[key] != then}


def added(state, values):
    """{key: now} of the keys that are read and were not there then, because the program had none such; those of a
    backbone or a method that was not in use then are told by the key that names it."""
    used = [set().union(*(names_in(state.reads.get(key, ())) for key in keys)) for keys in (BACKBONES, METHODS)]
    aside = all_but(*used)
    return {key: now for key, now in values.items() if key not in state.reads and not matches(key, aside)}


def is_settled(stage, config, store):
    """Whether a stage is done in the folder, for this config and on the ground that is there."""
    try:
        state, needs = state_of(store, name_of(stage)), built_on(stage, store)
    except UserError:  # a mark that is damaged: with its stage it is made again
        return False
    return state.mark == "done" and not changed(state, values_read(stage, config, store)) and state.needs == needs


def name_of(stage):
    """A stage's name: its module's."""
    return stage.__name__.rpartition(".")[2]


def run_stage(stage, config, store):
    """Run a stage's module unless it is done for this config and on the same ground; write its done.json at the end.

    What it has left of another config, or on other ground, is removed first: whoever started the study has agreed.
    """
    name = name_of(stage)
    values, needs, state = values_read(stage, config, store), built_on(stage, store), state_of(store, name)
    if state.mark and (changed(state, values) or state.needs != needs):
        logger.info("%s: done again", store.label(name))
        manifest.clear(store, name, stage.WRITES)
        state = State("", {}, {})
    if state.mark == "done":
        logger.info("%s: done already", store.label(name))
        if store.exists(f"{name}/begun.json"):  # of a run that was killed between the two
            store.remove(f"{name}/begun.json")
        return
    logger.info("%s: begins", store.label(name))
    store.log("stage begins", stage=name)
    began = time.monotonic()
    store.write_json(f"{name}/begun.json", {"stage": name, "reads": values, "needs": needs})
    try:
        stage.run(declared(config, stage.READS), store)
    except UserError as error:
        store.log("stage stopped", stage=name, error=str(error))
        raise
    seconds = round(time.monotonic() - began, 2)
    made = [name, values, needs, manifest.results(store, stage.WRITES, getattr(stage, "LENT", ()))]
    identity = hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()
    about = {"stage": name, "identity": identity, "version": __version__, "jax": jax.__version__, "seconds": seconds}
    store.write_json(f"{name}/done.json", about | {"reads": values, "needs": needs})
    store.remove(f"{name}/begun.json")
    devices.release_programs()
    store.log("stage done", stage=name, seconds=seconds)
    logger.info("%s: done in %.1f s", store.label(name), seconds)
