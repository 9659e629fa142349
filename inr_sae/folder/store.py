"""A run's folder: files that appear whole, and the log.

Every file is written beside its place and renamed into it, so a reader never sees half of one, and its digest stands
in the ledger.
"""

import csv
import hashlib
import json
import math
import os
import shutil
import time
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from types import NoneType
from typing import get_args

import numpy as np

from inr_sae.errors import UserError
from inr_sae.folder import ledger, lock

PARTIAL = ".partial"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")  # a spreadsheet takes a cell that begins so for a formula


class Store:
    """The run's folder `root`; names are relative to it, with "/" between folders."""

    def __init__(self, root, name="", top=None):
        self.root = Path(root).absolute()
        self.name = name  # of a study inside another one
        self.top = top or self.root  # of the outermost study, which keeps the ledger

    def sub(self, name):
        """The store of a study that lies in the folder `name` of this one; made if it is not there."""
        self.path(name).mkdir(parents=True, exist_ok=True)
        return Store(self.path(name), name.rpartition("/")[2], self.top)

    def label(self, stage):
        """A stage's name for the reader of a log, with the study's own where it is one of several."""
        return f"{self.name} {stage}" if self.name else stage

    def path(self, name):
        """The absolute path of a name. Raises UserError for a name that leads out of the folder."""
        parts = PurePosixPath(name).parts
        if ".." in parts or parts[:1] == ("/",):
            raise UserError(f"{name!r} leads out of {self.root}; nothing is read or written there")
        return self.root / name

    def in_ledger(self, path):
        """A path as the ledger names it."""
        return path.relative_to(self.top).as_posix()

    def exists(self, name):
        """Whether the file or folder is there."""
        return self.path(name).exists()

    def names(self, folder):
        """The names of the files in a folder, sorted, without what is still being written; none if it is not there."""
        path = self.path(folder)
        return sorted(p.name for p in path.iterdir() if not p.name.endswith(PARTIAL)) if path.is_dir() else []

    def remove(self, folder):
        """Remove a folder and what is in it, or a file, if it is there: at once, so that no kill leaves half a one."""
        path = self.path(folder)
        ledger.forget(self.top, self.in_ledger(path))
        if path.is_dir():
            going = path.with_name(path.name + PARTIAL)
            shutil.rmtree(going, ignore_errors=True)
            path.rename(going)
            shutil.rmtree(going)
        else:
            path.unlink(missing_ok=True)

    def tidy(self):
        """Remove what a run that was killed was still writing, or removing."""
        for path in sorted(self.root.rglob(f"*{PARTIAL}"), reverse=True):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def take(self, name, path):
        """Copy a file from elsewhere to `name`."""
        with self.replacing(name) as partial:
            shutil.copyfile(path, partial)

    def adopt(self, folder):
        """Take files that another library has written, all that are in a folder, into the ledger."""
        for path in sorted(self.path(folder).rglob("*")):
            if path.is_file():
                ledger.record(self.top, self.in_ledger(path), path)

    @contextmanager
    def replacing(self, name):
        """A path to write to; when the block ends well it becomes `name`, else it is removed."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + PARTIAL)
        try:
            yield partial
            with open(partial, "rb") as file:
                os.fsync(file.fileno())
            ledger.record(self.top, self.in_ledger(path), partial)
            os.replace(partial, path)
        except OSError as error:
            error.filename = error.filename or str(path)  # a full disk does not say of which file
            raise
        finally:
            partial.unlink(missing_ok=True)

    def write_text(self, name, text):
        """Write a text file; bytes of a name that were no text are escaped, in JSON so that they come back."""
        with self.replacing(name) as path:
            path.write_text(text, encoding="utf-8", errors="backslashreplace")

    def write_json(self, name, value):
        """Write a value as indented JSON; floats that are not finite become null."""
        self.write_text(name, json.dumps(finite_or_none(value), indent=2, ensure_ascii=False) + "\n")

    def read_json(self, name):
        """Read a JSON file. Raises UserError naming the file if it is not JSON."""
        with self._reading(name) as path:
            return json.loads(path.read_text(encoding="utf-8"))

    def write_csv(self, name, rows):
        """Write rows (dicts with the keys of the first) as csv; see `format_cell`."""
        with self.replacing(name) as path, open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows({key: format_cell(value) for key, value in row.items()} for row in rows)

    def read_csv(self, name):
        """Read a csv file as a list of dicts of strings, numbers already converted (int, else float; empty is None).

        Raises UserError naming the file if it is damaged.
        """
        with self._reading(name) as path, open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, strict=True))
            if any(None in row or None in row.values() for row in rows):
                raise ValueError("a row is not as long as the first")
            return [{key: parse_cell(value) for key, value in row.items()} for row in rows]

    def write_rows(self, name, kind, rows):
        """Write rows of a NamedTuple of `inr_sae.rows` as csv; none of them is a file with a header alone."""
        with self.replacing(name) as path, open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(kind._fields)
            for row in rows:
                if type(row) is not kind:
                    raise TypeError(f"{name} has rows of {kind.__name__}, not {row!r}")
                writer.writerow([format_cell(value) for value in row])

    def read_rows(self, name, kind):
        """The rows of a csv file as NamedTuples of `inr_sae.rows`, each cell read as its column's annotation says.

        Raises UserError naming the file if it is damaged.
        """
        with self._reading(name) as path, open(path, newline="", encoding="utf-8") as file:
            header, *lines = csv.reader(file, strict=True)
            if tuple(header) != kind._fields:
                raise ValueError(f"its columns are not those of a {kind.__name__}")
            readers = [reader_of(kind.__annotations__[field]) for field in kind._fields]
            return [kind(*(read(text) for read, text in zip(readers, line, strict=True))) for line in lines]

    def write_npz(self, name, **arrays):
        """Write named arrays, compressed, without pickle."""
        with self.replacing(name) as path, open(path, "wb") as file:
            np.savez_compressed(file, **{key: np.asarray(value) for key, value in arrays.items()})

    def read_npz(self, name):
        """Read named arrays into a dict. Raises UserError naming the file if it is damaged."""
        with self._reading(name) as path, np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}

    @contextmanager
    def _reading(self, name):
        """The path of a file that is read; what shows that it is damaged becomes a UserError."""
        path = self.path(name)
        try:
            yield path
        except (ValueError, KeyError, EOFError, OSError, csv.Error, zipfile.BadZipFile, zlib.error) as error:
            raise UserError(
                f"{path} is gone or damaged ({error}); delete it, and the same command does its stage again"
            ) from error

    def log(self, event, **fields):
        """Append one line to log.jsonl: the time in seconds since 1970, the event, its fields."""
        line = json.dumps(finite_or_none({"time": round(time.time(), 3), "event": event, **fields}), ensure_ascii=False)
        ledger.append_line(self.path("log.jsonl"), line)

    def lock(self):
        """Keep other runs out of the folder, which is made, while the block runs; see `lock.held`."""
        return lock.held(self.path(".lock"))


def format_cell(value):
    """A csv cell: floats with 9 significant digits (float32 survives that exactly), None empty, the rest as it is.

    A text that a spreadsheet would take for a formula gets an apostrophe before it, which `parse_cell` takes off.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return "'" + value if value.startswith(FORMULA) else value
    return f"{float(value):.9g}" if isinstance(value, (float, np.floating)) else value


def unquoted(text):
    """The text of a csv cell without the apostrophe that `format_cell` puts before a formula."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text


def reader_of(annotation):
    """Text of a csv cell -> a value of the annotation: str, int, float, or one of these or None (an empty cell)."""
    kinds = get_args(annotation) or (annotation,)
    read = {str: unquoted, int: int, float: float}[kinds[0]]
    return (lambda text: None if text == "" else read(text)) if NoneType in kinds else read


def parse_cell(text):
    """int, else float, else the string; None for an empty cell: what a cell is whose column nobody describes."""
    if text == "":
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return unquoted(text)


def finite_or_none(value):
    """The value with every float that is not finite, at any depth, as None: JSON has no nan."""
    if isinstance(value, dict):
        return {str(key): finite_or_none(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite_or_none(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def sha256(data):
    """Hexadecimal SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()
