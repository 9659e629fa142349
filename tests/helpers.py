"""What tests of whole studies share: reading their files, and killing them."""

import csv

import pytest

from inr_sae import study


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def numbers(workdir):
    """Every csv and npz of a run, as bytes, by name."""
    return {
        str(path.relative_to(workdir)): path.read_bytes()
        for path in sorted(workdir.rglob("*"))
        if path.suffix in (".csv", ".npz")
    }


class Killed(BaseException):
    """Stands for a kill: nothing in the program may catch it."""


def dying_after(function, calls):
    """The function, raising Killed at its call number `calls`."""
    count = iter(range(calls))

    def wrapped(*args):
        if next(count, None) is None:
            raise Killed
        return function(*args)

    return wrapped


def assert_same_bytes_after_a_kill(config, finished, workdir, monkeypatch, module, name, calls):
    """A study that dies at call number `calls` of module.name, started again, leaves what the one in `finished`
    left."""
    with monkeypatch.context() as patch:
        patch.setattr(module, name, dying_after(getattr(module, name), calls))
        with pytest.raises(Killed):
            study.run(config, workdir)
    study.run(config, workdir)
    ours, theirs = numbers(workdir), numbers(finished)
    assert ours.keys() == theirs.keys()
    assert [key for key in ours if ours[key] != theirs[key]] == []


def results(workdir):
    """What a run leaves: {name: bytes} of every csv, npz and png, and of all else but checkpoints the name alone."""
    found = {}
    for path in sorted(workdir.rglob("*")):
        name = path.relative_to(workdir).as_posix()
        if path.is_file() and "checkpoints/" not in name:
            found[name] = path.read_bytes() if path.suffix in (".csv", ".npz", ".png") else None
        elif path.parent.name == "checkpoints":
            found[name] = None
    return found
