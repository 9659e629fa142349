"""A study: which stages run, in order; what is done already; what is refused."""

import errno
import logging
from contextlib import contextmanager

from inr_sae import __version__, stages
from inr_sae.errors import UserError
from inr_sae.folder import checkpoints, ledger, manifest
from inr_sae.folder.store import Store, finite_or_none
from inr_sae.machine import devices, processes
from inr_sae.run import checks, once

logger = logging.getLogger("inr_sae")

NOT_THERE = "not there"  # the value then of a key that is new in the program
MOST_NAMED = 4  # alternatives that a sentence names
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
NO_LEAVE = (errno.EACCES, errno.EPERM)
MENDS = dict.fromkeys(NO_ROOM, "make room") | dict.fromkeys(NO_LEAVE, "give leave to")
MENDS |= {errno.ENAMETOOLONG: "shorten its name"}


def run(config, workdir, about=None, redo=False, defaults=None):
    """Run the stages of a config, or the rest of them, in the folder `workdir`; raises UserError.

    about: {"config_file", "overridden": {key: value}}, kept in config.json for the reader. redo: what a changed key
    concerns is done again. defaults: {key: value}, at which a key that is new in the program concerns nothing.
    """
    store = Store(workdir)
    checkpoints.refuse_path(store.root)
    with room(store.root):
        refuse_foreign(store)
    checks.given(once.flatten(config.to_dict()), defaults or {})
    plan = check(config, store)
    processes.together(configure, {"precision": config.runtime.precision, "cache_dir": config.runtime.cache_dir})
    with store.lock(), room(store.root):
        refuse_links(store)
        begin(config, store, about or {}, redo, defaults or {})
        refuse_missing(plan, store)  # damage may have undone what `stages` leaves out
        there = [name for name in stages.stage_names() if name in plan or once.state_of(store, name).mark]
        for key in unread(there, (about or {}).get("overridden", {})):
            logger.warning("%s was given, and no stage of this study reads it", key)
        for name in plan:
            once.run_stage(stages.stage(name), config, store)
        manifest.write(store)


def configure(details, arrays):
    """Set up one of several processes; a task of `processes`, since what the others compute with is theirs to set."""
    devices.configure(**details)


def check(config, store):
    """The names of the config's stages in the order they run; raises UserError naming the first key that cannot be.

    Images are read here, before the folder is made: bad data leave no trace. Where all that needs them is done they may
    be gone.
    """
    checks.there(config, ("stages", "runtime"))
    checks.values(once.flatten(config.to_dict()))
    checks.there(config, [f"sets.{name}.{key}" for name in config.get("sets", ()) for key in config.get("signals", ())])
    checks.one_of("runtime.precision", config.runtime.precision, devices.PRECISIONS)
    checks.positive(config, "runtime.keep")
    checks.refuse_remote("runtime.cache_dir", config.runtime.cache_dir)
    for name in config.stages:
        if name not in stages.stage_names():
            raise UserError(f"stages names {name!r}; there are {', '.join(stages.stage_names())}")
    if not config.stages:
        raise UserError(f"stages is empty; there are {', '.join(stages.stage_names())}")
    plan = stages.ordered(config.stages)
    refuse_missing(plan, store)
    for name in plan:
        stage = stages.stage(name)
        checks.there(config, stage.READS)
        if not once.is_settled(stage, config, store):
            stage.check(once.declared(config, stage.READS))
    return plan


def refuse_missing(plan, store):
    """Raise UserError where a stage of the plan builds on one that is neither in it nor done."""
    there = {name for name in stages.stage_names() if name in plan or once.is_done(store, name)}
    for name in plan:
        for need in stages.stage(name).NEEDS:
            choices = {need} if isinstance(need, str) else set(need)
            if not choices & (there - {name}):
                some = " or ".join(sorted(choices)) if len(choices) <= MOST_NAMED else "any other stage"
                raise UserError(
                    f"stages has {name} without {some}, which it builds on; add {'it' if len(choices) == 1 else 'one'}"
                )


def unread(names, overridden):
    """The overridden keys that none of some stages reads: of a matrix not signals.n_test, but sets.<name>.n_test.

    Cheap stages declare all that they may have to show; their own are the groups of their names.
    """
    read = {"stages", "seed", "runtime"}
    for name in names:
        stage = stages.stage(name)
        read |= {name} if getattr(stage, "CHEAP", False) else set(stage.READS)
    return [key for key in overridden if not any(key == each or key.startswith(f"{each}.") for each in read)]


def refuse_foreign(store):
    """Raise UserError where the folder is somebody else's: what a study writes is in its ledger."""
    ours = store.exists("config.json") and (store.exists(ledger.FILE) or store.exists(manifest.FILE))
    if not ours and store.root.is_dir():
        if any(path.name != ".lock" for path in store.root.iterdir()):
            raise UserError(
                f"--workdir {store.root} is not empty and no study's folder (it has no config.json with a "
                f"{ledger.FILE}); choose another"
            )


def refuse_links(store):
    """Raise UserError where a folder within the study's is a link."""
    for path in store.root.rglob("*"):
        if path.is_symlink() and path.is_dir():
            raise UserError(
                f"--workdir {store.root}: {path.relative_to(store.root)} is a link to a folder, in which nothing is "
                "held to what was written; put the folder itself there, or the whole study elsewhere and link that"
            )


@contextmanager
def room(root):
    """Within it, a disk that is full, or may not be written, or not by that name, is a UserError."""
    try:
        yield
    except OSError as error:
        if error.errno not in MENDS:
            raise
        mend = MENDS[error.errno]
        raise UserError(
            f"{error.filename or root} cannot be written ({error.strerror}); {mend}, and the same command goes on"
        ) from error


def begin(config, store, about, redo, defaults):
    """Write config.json and environment.json, or hold what the folder's stages have read against this config.

    What is damaged in the folder is cleared away, so that the stages make it again.
    """
    after = {name: stages.built_on(name) for name in stages.stage_names()}
    manifest.clear_damage(store, stages.writes(), after)
    refuse_foreign(store)
    store.tidy()
    refuse_changes(config, store, redo, defaults)
    stored = {"config_file": "", "overridden": {}} | about | {"config": finite_or_none(config.to_dict())}
    if not store.exists("config.json") or store.read_json("config.json") != finite_or_none(stored):
        store.write_json("config.json", stored)
    environment = devices.fingerprint()
    store.log("start", version=__version__, environment=environment)
    if not store.exists("environment.json"):
        store.write_json("environment.json", environment)
    elif store.read_json("environment.json") != finite_or_none(environment):
        logger.warning(
            "the environment is not the one that this study began in (see log.jsonl); numbers may differ in their "
            "last bits"
        )


def changes(config, store, defaults):
    """{stage: {key: (then, now)}} of what the folder's done and begun stages have read and is another now.

    A key that a stage has not read then, because the program had none such, is a change unless it is at its default.
    """
    found, defaults = {}, finite_or_none(defaults)  # as the values are stored: a tuple is a list in JSON
    for name in stages.stage_names():
        state = once.state_of(store, name)
        if not state.mark:
            continue
        values = once.values_read(stages.stage(name), config, store)
        new = {key: (NOT_THERE, now) for key, now in once.added(state, values).items() if now != defaults.get(key, now)}
        if changed := once.changed(state, values) | new:
            found[name] = changed
    return found


def refuse_changes(config, store, redo, defaults):
    """Raise UserError naming the changed keys and the stages that they would have done again, unless `redo`.

    Where a new key has to be heeded, what the stage has left goes now: `once.run_stage` would not miss the key.
    """
    found = changes(config, store, defaults)
    again = set(found).union(*map(stages.built_on, found))
    again = [name for name in stages.ordered(stages.stage_names()) if name in again and once.state_of(store, name).mark]
    if redo:
        refuse_left_out(config, store, again)
    if redo or all(getattr(stages.stage(name), "CHEAP", False) for name in found):
        for name, changed in found.items():
            new = sorted(key for key, (then, _) in changed.items() if then == NOT_THERE)
            if new:
                logger.warning("%s: all of it is done again, for %s is new in the program", name, ", ".join(new))
                manifest.clear(store, name, stages.stage(name).WRITES, within=True)
        return
    keys = {key: values for changed in found.values() for key, values in changed.items()}
    listed = "; ".join(f"{key} is {now!r} and was {then!r}" for key, (then, now) in sorted(keys.items())[:5])
    raise UserError(
        f"--workdir {store.root} holds a study with another config: {listed}; choose another --workdir, restore the "
        f"values, or have {', '.join(again)} done again with --redo"
    )


def refuse_left_out(config, store, again):
    """Raise UserError where a stage that is asked for builds on one of another config that `stages` leaves out; again:
    the names of all that changed keys concern."""
    for name in stages.ordered(config.stages):
        needed = once.needed(stages.stage(name))
        left = [each for each in again if each in needed and each not in config.stages and once.is_done(store, each)]
        if left:
            raise UserError(
                f"stages leaves out {', '.join(left)}, which changed keys concern and {name} builds on; add "
                f"{'it' if len(left) == 1 else 'them'}"
            )
