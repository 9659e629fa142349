"""What tests of whole studies share: reading their files, and killing them."""

import csv
import fcntl
import json
import os

import pytest

from inr_sae import study
from inr_sae.inr import network

# Backbones like another, as to the tests of whole studies: the same units, embeddings and kinds of leaves. Every one
# there is runs through the tests of its room.
ALIKE = {"finer": "siren", "gaussian": "siren", "neurbf": "hashgrid"}
UNLIKE = tuple(name for name in network.backbone_names() if name not in ALIKE)
COMPUTED = ("cohort", "rank", "freeze_sweep", "dictionary", "ablation")  # stages without pages


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


def computed(workdir):
    """`numbers` of the stages that compute."""
    return {name: data for name, data in numbers(workdir).items() if name.partition("/")[0] in COMPUTED}


def changed(config, **keys):
    """The config with other values, as in fit__steps=9."""
    own = config.copy_and_resolve_references()
    own.update_from_flattened_dict({key.replace("__", "."): value for key, value in keys.items()})
    return own


def begun(workdir, since=0):
    """The stages that have begun since a line of the log."""
    log = map(json.loads, (workdir / "log.jsonl").read_text().splitlines()[since:])
    return [line["stage"] for line in log if line["event"] == "stage begins"]


def n_lines(workdir):
    return len((workdir / "log.jsonl").read_text().splitlines())


def made_once(tmp_path_factory, name, make, others=()):
    """The folder of a finished study, made by make(folder) for the first of a session's workers that asks for it.

    others: {name: make} of studies that are wanted as well; one of them is made while another worker makes this one.
    """
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    if not made_now(root, name, make):
        any(made_now(root, other, others[other]) for other in others if not (root / f"{other}.lock").exists())
        made_now(root, name, make, wait=True)
    return root / name


def made_now(root, name, make, wait=False):
    """Whether the study is there, after it was made if need be; False where another worker makes it, and no `wait`."""
    with open(root / f"{name}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        if not (root / name / "study.json").exists():
            make(root / name)
        return True


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


def assert_same_bytes_after_kills(finished, workdir, monkeypatch, kills):
    """A study that is killed again and again, and started again each time, leaves what the `finished` one left.

    kills: (module, name of its function, number of the call that dies), one a start.
    """
    config = finished.config.copy_and_resolve_references()
    config.runtime.checkpoint_seconds = 0.0  # after every chunk
    for module, name, calls in kills:
        with monkeypatch.context() as patch:
            patch.setattr(module, name, dying_after(getattr(module, name), calls))
            with pytest.raises(Killed):
                study.run(config, workdir)
    study.run(config, workdir)
    ours, theirs = numbers(workdir), numbers(finished.workdir)
    assert ours.keys() == theirs.keys()
    assert [key for key in ours if ours[key] != theirs[key]] == []
