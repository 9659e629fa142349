"""The ledger of a run's folder: the SHA-256 of every file that was written, so that damage is noticed and named.

One line of digests.jsonl a file written, {"file", "sha256"}, or folder removed, {"removed"}. A line stands before its
file is renamed into its place, so a file may still be what the line before said: a kill came in between.
"""

import hashlib
import json
import os

from inr_sae.errors import UserError

FILE = "digests.jsonl"


def append_line(path, line):
    """Append one line to a text file; half a line at its end, which a killed run has left, is taken off first."""
    with open(path, "ab+") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.seek(0)
                file.truncate(file.read().rfind(b"\n") + 1)
        file.write((line + "\n").encode(errors="backslashreplace"))  # of bytes that were no text, in a name


def digest_of(path):
    """Hexadecimal SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record(root, name, path):
    """Write down what the file `name` of the folder `root` holds, or is about to: the bytes that are in `path`."""
    append_line(root / FILE, json.dumps({"file": name, "sha256": digest_of(path)}, ensure_ascii=False))


def forget(root, folder):
    """Write down that a folder, or a file, was removed."""
    append_line(root / FILE, json.dumps({"removed": folder}, ensure_ascii=False))


def entries(root):
    """{name: its last two digests, the newest last} of every file that should be there.

    Raises UserError for a line that no run has written; half a line at the end is that of a killed one.
    """
    digests, path = {}, root / FILE
    if not path.exists():
        return digests
    *lines, torn = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            if "removed" in entry:
                gone = entry["removed"]
                digests = {name: d for name, d in digests.items() if name != gone and not name.startswith(gone + "/")}
            else:
                digests[entry["file"]] = (*digests.get(entry["file"], ())[-1:], entry["sha256"])
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"line {number} of {path} is damaged, and without it files cannot be held to what was written; put the "
                "file back as it was, or choose another --workdir"
            ) from error
    return digests


def damaged(root):
    """{name: "gone" or "not what was written"} of every file of the ledger that is not as it should be."""
    found = {}
    for name, digests in entries(root).items():
        path = root / name
        if not path.is_file():
            found[name] = "gone"
        elif digest_of(path) not in digests:
            found[name] = "not what was written"
    return found
