"""Whether a run's folder still holds what was written: clearing damage away, and the manifest of a finished study."""

import logging
from pathlib import PurePosixPath

from inr_sae import __version__
from inr_sae.check import STAGES
from inr_sae.errors import UserError
from inr_sae.output import ledger
from inr_sae.output.store import Store

logger = logging.getLogger("inr_sae")

FILE = "study.json"
# What is not held to its bytes: the lock, logs that grow, the ledger, and the manifest itself.
LEFT_OUT = (".lock", "log.jsonl", ledger.FILE, FILE)
ELSEWHERE = {"report/explorer": "explorer"}  # a stage's folder within another stage's
OUTPUTS = {  # what a stage writes, where it is not just the folder of its name
    "transfer": ("transfer", "encoders/*/freeze_sweep"),
    "stability": ("stability", "conditions/*/stability"),
    "explorer": ("explorer", "report/explorer"),
    "report": ("report/*.*", "report/figures", "report/tables"),
}


def clear_damage(store):
    """Remove every file that is not what was written, and what says that its stage, and those after it, are done.

    The stages then do again what is missing, and only that. Raises UserError for config.json, which nothing can make
    again.
    """
    for name, what in ledger.damaged(store.root).items():
        if name == "config.json":
            raise UserError(
                f"{store.path(name)} is {what}; put the file back that the study began with, or choose another "
                "--workdir"
            )
        undone = [done for done in marks_of(name) if store.exists(done)]
        if what != "gone" or undone or "/" not in name:  # else a stage was cut off before it wrote the file
            stages = ", ".join(done.removesuffix("/done.json") for done in undone)
            logger.warning("%s is %s; it is made again%s", store.path(name), what, stages and f", in {stages}")
            store.log("damaged", file=name, what=what)
        for damaged in (unit_of(name), *undone):
            store.remove(damaged)


def refuse_damage(store, flag):
    """Raise UserError naming a damaged file of a folder that is only read; `flag` is what it was named with."""
    for name, what in ledger.damaged(store.root).items():
        raise UserError(f"{flag} {store.path(name)} is {what}; run the study again, which makes it anew")


def unit_of(name):
    """What goes with a file: of a checkpoint the whole of it."""
    parts = PurePosixPath(name).parts
    if "checkpoints" in parts:
        return "/".join(parts[: parts.index("checkpoints") + 2])
    return name


def marks_of(name):
    """Every done.json of the stages that a file belongs to, of this study and of the studies within, and of the stages
    after those."""
    parts = PurePosixPath(name).parts
    marks = []
    for depth in range(len(parts) - 1):
        stage = ELSEWHERE.get("/".join(parts[depth : depth + 2]), parts[depth])
        if stage in STAGES:
            after = STAGES[STAGES.index(stage) :]
            marks += ["/".join((*parts[:depth], each, "done.json")) for each in after]
    return marks


def outputs(root, stage):
    """The paths of all files that a stage has written in the folder `root`, sorted."""
    others = {path for other in OUTPUTS if other != stage for path in _matching(root, OUTPUTS[other])}
    return sorted(_matching(root, OUTPUTS.get(stage, (stage,))) - others)


def _matching(root, patterns):
    """The files that match a pattern, or lie in a folder that does."""
    matches = [path for pattern in patterns for path in root.glob(pattern)]
    within = [path for match in matches if match.is_dir() for path in match.rglob("*")]
    return {path for path in (*matches, *within) if path.is_file()}


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


def verify(workdir):
    """[(name, what is wrong with it)] of a finished study's files; raises UserError if there is no manifest."""
    store = Store(workdir)
    if not store.exists(FILE):
        raise UserError(f"--verify {store.root}: no {FILE} there; a study writes it when all its stages are done")
    stored = store.read_json(FILE)["files"]
    found = files(store.root)
    wrong = [(name, "gone") for name in stored.keys() - found.keys()]
    wrong += [(name, "not of the study") for name in found.keys() - stored.keys()]
    wrong += [(name, "changed") for name in stored.keys() & found.keys() if stored[name] != found[name]]
    return sorted(wrong)
