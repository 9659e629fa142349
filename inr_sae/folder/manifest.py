"""Whether a run's folder still holds what was written: whose a file is, clearing damage away, a finished study's list.

What a stage writes are patterns of paths relative to its study's folder, as in "transfer" or "encoders/*/freeze_sweep";
what lies in a folder that matches is meant too. Studies may lie within a study, each with stages of its own.
"""

import fnmatch
import hashlib
import logging
from pathlib import Path, PurePosixPath

from inr_sae import __version__
from inr_sae.errors import UserError
from inr_sae.folder import ledger

logger = logging.getLogger("inr_sae")

FILE = "study.json"
GROUND = "ground.json"  # in a folder that itself tells what of it still holds
# What is not held to its bytes: the lock, logs that grow, the ledger, and the manifest itself.
LEFT_OUT = (".lock", "log.jsonl", ledger.FILE, FILE)


def depth_of(parts, patterns):
    """How long the longest pattern is that the beginning of a path matches; 0 for none."""

    def fits(pattern):
        wanted = pattern.split("/")
        return len(wanted) <= len(parts) and all(map(fnmatch.fnmatchcase, parts, wanted))

    return max((pattern.count("/") + 1 for pattern in patterns if fits(pattern)), default=0)


def stage_of(name, writes):
    """The stage that writes the file `name`, None for none. writes: {stage: patterns}; the longest match has it."""
    parts = PurePosixPath(name).parts
    depths = {stage: depth_of(parts, patterns) for stage, patterns in writes.items()}
    stage = max(depths, key=depths.get, default=None)
    return stage if stage and depths[stage] else None


def outputs(root, stage, writes):
    """The paths of all files that a stage has written in the folder `root`, sorted."""
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    return [path for path in files if stage_of(path.relative_to(root).as_posix(), writes) == stage]


def results(store, patterns, lent=()):
    """SHA-256 of all numbers that a stage has written, its csv and npz files, by what the ledger has of them; lent:
    patterns within its own of what other stages write."""
    study, found = PurePosixPath(store.in_ledger(store.root)), hashlib.sha256()
    for file, digests in sorted(ledger.entries(store.top).items()):
        path = PurePosixPath(file)
        if path.suffix in (".csv", ".npz") and path.is_relative_to(study):
            name = path.relative_to(study)
            its_own = depth_of(name.parts, patterns) and not depth_of(name.parts, lent)
            found.update(f"{name} {digests[-1]}\n".encode() if its_own else b"")
    return found.hexdigest()


def lent_by(stage, writes):
    """The patterns of other stages that lie within a stage's own. writes: {stage: patterns}."""
    others = [pattern for other, patterns in writes.items() if other != stage for pattern in patterns]
    return tuple(pattern for pattern in others if depth_of(PurePosixPath(pattern).parts, writes[stage]))


def clear(store, stage, patterns, within=False):
    """Remove what a stage has written; what looks after itself, as stages of studies within do, if `within`.

    What says that it is done goes first, and what says of which config it is last: a kill in between leaves a stage
    that was cut off.
    """
    undo(store, f"{stage}/done.json")
    clear_files(store, stage, patterns, within)
    for mark in marks_in(stage):
        store.remove(mark)


def clear_files(store, stage, patterns, within=False, lent=()):
    """As `clear`, but for what says that the stage is done, or begun, and for what others write at patterns `lent`."""
    for path in sorted(path for path in store.root.rglob("*") if path.name not in LEFT_OUT):
        name = path.relative_to(store.root).as_posix()
        parts = PurePosixPath(name).parts
        looked_at = path.is_file() and name not in marks_in(stage) and not depth_of(parts, lent)
        if looked_at and depth_of(parts, patterns) and (within or not _looks_after_itself(store, parts)):
            store.remove(unit_of(name))


def marks_in(folder):
    """The names of what says that a stage is done, or begun."""
    return tuple(f"{folder}/{mark}.json" for mark in ("done", "begun"))


def undo(store, done):
    """Make a done.json, if it is there, the begun.json that it was: its stage is guarded as one that was cut off."""
    if store.exists(done):
        store.write_json(f"{done.removesuffix('done.json')}begun.json", store.read_json(done))
        store.remove(done)


def _looks_after_itself(store, parts):
    """Whether a path leads into a stage's folder of a study below this one, or into a folder with its own ground."""
    folders = ["/".join(parts[:depth]) for depth in range(2, len(parts))]
    return any(store.exists(mark) for folder in folders for mark in (*marks_in(folder), f"{folder}/{GROUND}"))


def clear_damage(store, writes, after):
    """Remove every file that is not what was written, and what says that its stage, and those built on it, are done.

    after: {stage: the stages that are built on it}. The stages then do again what is missing, and only that; all of it
    where the done.json itself is damaged. Raises UserError for config.json, which nothing can make again.
    """
    found = ledger.damaged(store.root)
    for name, what in sorted(found.items(), key=lambda item: not item[0].endswith("/done.json")):  # these are read here
        if name == "config.json":
            raise UserError(
                f"{store.path(name)} is {what}; put the file back that the study began with, or choose another "
                "--workdir"
            )
        undone = [done for done in marks_of(name, writes, after) if store.exists(done)]
        if what != "gone" or undone or "/" not in name:  # else a stage was cut off before it wrote the file
            stages = ", ".join(done.removesuffix("/done.json") for done in undone)
            logger.warning("%s is %s; it is made again%s", store.path(name), what, stages and f", in {stages}")
            store.log("damaged", file=name, what=what)
        for done in undone:
            if done not in found:
                undo(store, done)
        folder = name.rpartition("/")[0]
        within, _, stage = folder.rpartition("/")
        marks = marks_in(folder)
        if name in marks and stage in writes and not any(store.exists(m) and m not in found for m in marks):
            # Nothing says any more of which config the rest is.
            clear_files(store.sub(within), stage, writes[stage], lent=lent_by(stage, writes))
        if store.path(name).is_file():
            store.path(name).unlink()  # before it is forgotten: after a kill the file is gone, and is missed
        store.remove(unit_of(name))


def refuse_damage(store, flag):
    """Raise UserError naming a damaged file of a folder that is only read; `flag` is what it was named with."""
    for name, what in ledger.damaged(store.root).items():
        raise UserError(f"{flag} {store.path(name)} is {what}; run the study again, which makes it anew")


def refuse_within(store, folder):
    """Raise UserError where a folder, None for none, is a study's that is only read, or one within it."""
    if folder and Path(folder).resolve().is_relative_to(store.root.resolve()):
        raise UserError(f"--workdir {folder} is in the folder of the study, which is only read; name another")


def unit_of(name):
    """What goes with a file: of a checkpoint the whole of it."""
    parts = PurePosixPath(name).parts
    if "checkpoints" in parts:
        return "/".join(parts[: parts.index("checkpoints") + 2])
    return name


def marks_of(name, writes, after):
    """Every done.json of the stages that a file belongs to, of this study and of the studies within, and of the stages
    that are built on those."""
    parts = PurePosixPath(name).parts
    marks = []
    for depth in range(len(parts) - 1):
        stage = stage_of("/".join(parts[depth:]), writes)
        if stage:
            marks += ["/".join((*parts[:depth], each, "done.json")) for each in (stage, *after[stage])]
    return list(dict.fromkeys(marks))


def files(root):
    """{name: SHA-256} of every file of a run's folder that a manifest tells of."""
    every = (path for path in sorted(root.rglob("*")) if path.is_file() and path.name not in LEFT_OUT)
    return {path.relative_to(root).as_posix(): ledger.digest_of(path) for path in every}


def write(store):
    """Write study.json: of a finished study every file's SHA-256, and what made it."""
    digests = files(store.root)
    if store.exists(FILE) and store.read_json(FILE)["files"] == digests:
        return
    about = {"version": __version__, "environment": store.read_json("environment.json")}
    store.write_json(FILE, about | {"files": digests})
