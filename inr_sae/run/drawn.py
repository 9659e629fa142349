"""The signals of a config group: read, and held to the pixels that a folder says they had."""

from inr_sae.errors import InputError, UserError
from inr_sae.rows import SignalRow
from inr_sae.signals.load import load
from inr_sae.signals.split import SPLITS


def read(key, config):
    """The Signals of the config group of that key, as in "signals" or "sets.kodak"; raises UserError naming it."""
    try:
        return load(**config)
    except InputError as error:
        label = "" if key == "signals" else f"{key}: "
        raise UserError(label + error.sentence(f"{key}.")) from error


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
