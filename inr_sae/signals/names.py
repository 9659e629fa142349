"""Names of files as every machine reads them, and the way back to the file.

A name is NFC, as keyboards write it; bytes that are not UTF-8, and control characters, are written as \\xNN.
"""

import os
import re
import unicodedata
from pathlib import Path

CONTROL = ("Cc", "Zl", "Zp")  # categories of what breaks a line, or does worse to a terminal


def shown(path):
    """The path of a file as text that any file and any screen takes, parts between "/"."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace").replace(os.sep, "/")
    return "".join(map(_escaped, unicodedata.normalize("NFC", text)))


def located(root, name):
    """The path of the file in `root` that `shown` calls `name`; of one that is gone, where it would be."""
    path = Path(root).expanduser()
    for part in name.split("/"):
        path = path / (part if os.path.exists(path / part) else _as_it_is(path, part))
    return path


def listed(names, most=3):
    """As in "a, b, c and 4 more"."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _as_it_is(folder, part):
    return next((path.name for path in folder.glob("*") if shown(path.name) == part), part)


def _escaped(character):
    if unicodedata.category(character) not in CONTROL:
        return character
    return re.sub("..", r"\\x\g<0>", character.encode().hex())
