"""What fits and trainings rest on: while it holds, they outlast a stage that is done again to fit more, or others."""

import hashlib
import logging

import numpy as np
from flax.traverse_util import flatten_dict

from inr_sae.folder.manifest import GROUND
from inr_sae.folder.store import finite_or_none, sha256
from inr_sae.inr import network
from inr_sae.run import once, trained

logger = logging.getLogger("inr_sae")

# Keys that say which fits there are and nothing on any of them, those whose outcome is told by its digest, and budgets,
# which curves tell. Any other key that a stage reads is ground: one that is new in the program has fits made again
# until it is listed.
ASIDE = ("fit.protocols", "fit.taus", "fit.boundaries.*", "fit.seeds", "fit.learning_rate", "fit.other_rates")
ASIDE += ("fit.steps", "fit.budget.*", "fit.splits", "fit.batch", "rates.*", "transfer.*", "recipes.*", "ablation.*")
ASIDE += ("signals.*", "sets.*", "cohort.*", "external.*", *once.FREE)

# What new weights are drawn from, by whether a backbone has its key as given; before version 0.2 all heads were.
STARTS = {True: "the key", False: "a key of the backbone's own"}


def of(sweep, batch):
    """The ground of a `run.sweep.Sweep` whose devices take `batch` fits at once, as JSON has it."""
    config, n = sweep.config, sweep.n_examples
    aside = (*ASIDE, *once.all_but({config.inr.backbone}, ()))
    flat = once.flatten(config.to_dict())
    keys = {key: value for key, value in flat.items() if not once.matches(key, aside)}
    keys |= once.contents({key: value for key, value in keys.items() if key == "metrics.lpips_weights"})
    shown = zip(sweep.names, sweep.subjects, sweep.images, strict=True)
    ground = {
        "keys": keys,
        "batch": batch,
        "asked": config.fit.batch,
        "source": [sweep.source, digest(sweep.encoder)],
        "images": {name: [subject, sha256(np.ascontiguousarray(image))] for name, subject, image in shown},
        "examples": [config.fit.learning_rate, *sweep.names[:n]],
        "starts": of_starts(config),
    }
    return finite_or_none(ground)


def of_starts(config):
    """One of STARTS: what a config's backbone draws new weights from."""
    return STARTS[network.has_key_as_given(trained.backbone_of(config.inr))]


def digest(encoder):
    """SHA-256 of an encoder's leaves and their names; of none, too."""
    found = hashlib.sha256()
    for name, leaf in sorted(flatten_dict(encoder or {}, sep="/").items()):
        leaf = np.ascontiguousarray(leaf)
        found.update(f"{name} {leaf.dtype} {leaf.shape}".encode() + leaf.tobytes())
    return found.hexdigest()


def settle(store, at, ground):
    """Remove what a sweep's folder `at` has from other ground, and write down this one.

    What lies there without a ground was made by an earlier version, for this very config.
    """
    was = known(store, at) or ground
    if not holds(was, ground):
        logger.warning("%s: its fits rest on what is another now, and are made again", store.label(at))
        store.remove(at)
        was = ground
    if was["examples"] != ground["examples"]:
        store.remove(f"{at}/example")  # they are named by their images' places
    # Images that are not asked for now may have rows still, until `run.sweep.finish` has left these out.
    write_down(store, at, ground | {"images": was["images"] | ground["images"]})


def write_down(store, at, ground):
    """Write a sweep's ground, unless it stands there."""
    if known(store, at) != ground:
        store.write_json(f"{at}/{GROUND}", ground)


def known(store, at):
    """The ground that a sweep's folder has, None without one."""
    if not store.exists(f"{at}/{GROUND}"):
        return None
    ground = store.read_json(f"{at}/{GROUND}")  # an earlier version's may have keys that are none by now, or lack some
    keys = {key: value for key, value in ground["keys"].items() if not once.matches(key, ASIDE)}
    return {"starts": STARTS[True]} | ground | {"keys": keys}


def of_training(config, signals, encoder=None):
    """The ground of what a stage trains on a study's cohort, as JSON has it: on the Signals themselves, or on an
    encoder's activations of them. config: of the stage, what it reads."""
    methods = {config.dictionary.method} if "dictionary" in config else ()
    aside = ("signals.*", *once.FREE, *once.all_but({config.inr.backbone}, methods))
    aside += () if encoder is None else ("cohort.*", "external.*")
    flat = once.flatten(config.to_dict())
    keys = {key: value for key, value in (flat | once.contents(flat)).items() if not once.matches(key, aside)}
    images = [list(signals.cohort.shape), *signals.digests.cohort]
    return finite_or_none({"keys": keys, "images": images, "encoder": digest(encoder), "starts": of_starts(config)})


def settle_training(store, at, ground):
    """Remove the checkpoints of the training in the folder `at` that rest on other ground, and write down this one.

    Checkpoints without a ground were made by an earlier version, for this very config.
    """
    mark = f"{at}/checkpoints/{GROUND}"
    was = store.read_json(mark) if store.exists(mark) else None
    if was not in (None, ground):
        store.remove(f"{at}/checkpoints")
    if was != ground:
        store.write_json(mark, ground)


def holds(was, now):
    """Whether fits on the ground `was` are what they would be on the ground `now`; the images may be others."""
    images = was["images"].keys() & now["images"].keys()
    same = all(was["images"][name] == now["images"][name] for name in images)
    return same and all(was[key] == now[key] for key in now.keys() - {"images", "examples", "asked"})
