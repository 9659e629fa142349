"""The signals of a config group: read, and held to the pixels that a folder says they had."""

import logging
from functools import cache

from inr_sae.errors import InputError, UserError, named
from inr_sae.rows.transfer import SignalRow
from inr_sae.run import checks
from inr_sae.signals import copies
from inr_sae.signals.labelled import load as labelled
from inr_sae.signals.load import load
from inr_sae.signals.split import SPLITS

logger = logging.getLogger("inr_sae")


def read(key, config):
    """The Signals of the config group of that key, as in "signals" or "sets.kodak"; raises UserError naming it.

    What a user should know of them is told once.
    """
    root = checks.local(f"{key}.root", config["root"])
    try:
        signals = load(**{**config, "root": root})
    except InputError as error:
        tell(key, getattr(error, "__notes__", ()))
        raise UserError(_label(key) + error.sentence(f"{key}.")) from error
    tell(key, signals.notes)
    return signals


def read_classes(key, config):
    """The `labelled.load.Split` of the config group of that key; raises UserError naming it."""
    root = checks.local(f"{key}.root", config["root"])
    with checks.naming(key):
        split = labelled.load(**{**config, "root": root})
    tell(key, split.notes)
    return split


def tell(key, notes):
    """Log sentences on the signals of a config group, each the first time."""
    for note in notes:
        _log_once(_label(key) + named(note, f"{key}."))


@cache
def _log_once(sentence):
    logger.info("%s", sentence)


def _label(key):
    return "" if key == "signals" else f"{key}: "


def draw(key, config, store, file):
    """As `read`; the csv `file` is written the first time and holds the signals to the same pixels ever after.

    Raises UserError naming the signal that is another now.
    """
    signals = read(key, config)
    rows = [
        SignalRow(split, *about)
        for split in SPLITS
        for about in zip(*(getattr(each, split) for each in (signals.names, signals.subjects, signals.digests)))
    ]
    if not store.exists(file):
        store.write_rows(file, SignalRow, rows)
        store.log("signals drawn", file=file, notes=[named(note, f"{key}.") for note in signals.notes])
        return signals
    stored = {row[:2]: row.sha256_of_pixels for row in store.read_rows(file, SignalRow)}
    drawn = {row[:2]: row.sha256_of_pixels for row in rows}
    for which in sorted(stored.keys() | drawn.keys()):
        if stored.get(which) != drawn.get(which):
            raise UserError(
                f"the {which[0]} signal {which[1]} is not what {store.path(file)} says it was; "
                "restore the images, or start a new --workdir"
            )
    return signals


def hold_apart(source, trained, target, fitted, split):
    """Raise UserError where a picture that an encoder is trained on is among those of another set that are fitted; one
    that nearly is so is told.

    source, target: keys of config groups; trained, fitted: their Signals; split: of the target.
    """
    if source == target:
        return
    try:
        found = copies.between(pictures(source, trained, "cohort"), pictures(target, fitted, split))
    except InputError as error:
        raise UserError(str(error)) from error
    tell(target, found)


def pictures(key, signals, split):
    """The signals of a split as `copies` compares them, named with the key of their group."""
    of_split = [getattr(each, split) for each in (signals.names, signals.digests, signals)]
    return [copies.picture(f"{name} of {key}", split, digest, image) for name, digest, image in zip(*of_split)]
