"""Checkpoints by orbax: the newest few, each appearing whole and carrying a digest of what it holds."""

import hashlib
import json
import logging
import os
import re
import shutil
import sys
from contextlib import contextmanager

import jax
import numpy as np
import orbax.checkpoint as ocp

from inr_sae.errors import UserError

logger = logging.getLogger("inr_sae")
DAMAGED = "damaged_checkpoints"  # beside checkpoints/
ALONE = ocp.options.MultiprocessingOptions(primary_host=0, active_processes={0})  # process 0 writes, the others do not


def refuse_path(path):
    """Raise UserError for a path of a study in which a checkpoint could not be read back."""
    wrong = ""
    if re.search(r"[\[\\]", str(path)):
        wrong = "has [ or \\ in it, which orbax takes for a pattern"
    if not str(path).isascii() and sys.getfilesystemencoding() != "utf-8":
        wrong = f"is read as {sys.getfilesystemencoding()}, and orbax reads UTF-8; set PYTHONUTF8=1"
    if any("\ud800" <= letter <= "\udfff" for letter in str(path)):
        wrong = "is no UTF-8, as which orbax reads it"
    if wrong:
        raise UserError(f"--workdir {path} {wrong}: checkpoints would be lost there; choose another folder")


def among_processes():
    """Who reads and writes: of several processes the first alone, which does not wait for the others."""
    return ALONE if jax.process_count() > 1 else ocp.options.MultiprocessingOptions()


def _abstract(tree):
    return jax.tree.map(ocp.utils.to_shape_dtype_struct, tree)


def _with_raw_keys(state):
    """The state with its keys as plain uint32, which is what a checkpoint holds."""
    return state.replace(key=jax.tree.map(jax.random.key_data, state.key))


def digest(state, history):
    """SHA-256 of a state on the host and its history."""
    sha = hashlib.sha256(json.dumps(history).encode())
    for path, leaf in jax.tree_util.tree_leaves_with_path(state):
        sha.update(f"{jax.tree_util.keystr(path)} {leaf.dtype} {leaf.shape}".encode())
        sha.update(np.ascontiguousarray(leaf).tobytes())
    return sha.hexdigest()


@contextmanager
def os_errors(path):
    """Within it, what the operating system refuses to tensorstore is an OSError, as it is everywhere else."""
    try:
        yield
    except ValueError as error:
        code = re.search(r"os_error_code='(\d+)'", str(error))
        if code is None:
            raise
        raise OSError(int(code[1]), os.strerror(int(code[1])), str(path)) from error


def read_state(path):
    """The state in the folder of one checkpoint, as nested dicts and lists of numpy arrays, whatever its shapes."""
    with ocp.StandardCheckpointer(multiprocessing_options=among_processes()) as reader:
        return jax.tree.map(np.asarray, reader.restore(path.absolute() / "state"))


def read_arrays(path):
    """{name: array} of the state in the folder of one checkpoint."""
    leaves = jax.tree_util.tree_leaves_with_path(read_state(path))
    return {jax.tree_util.keystr(key, simple=True, separator="/"): leaf for key, leaf in leaves}


def read_params(path):
    """The parameters of the newest checkpoint in the folder `path`."""
    newest = max((step for step in path.iterdir() if step.name.isdigit()), key=lambda step: int(step.name))
    return read_state(newest)["params"]


class Checkpoints:
    """The checkpoints of one training in the absolute folder `path`; use it as a context manager.

    A checkpoint is a TrainState and the history so far, a JSON value. Saving is asynchronous, and the folder of a step
    appears by a rename once it is complete. keep: how many are kept, the newest ones.
    """

    def __init__(self, path, keep=2, read_only=False):
        self.path = path
        if not read_only:
            path.mkdir(parents=True, exist_ok=True)
        options = ocp.CheckpointManagerOptions(
            max_to_keep=keep,
            create=False,
            # What a killed run left half-saved is removed before the next save.
            cleanup_tmp_directories=not read_only,
            multiprocessing_options=among_processes(),
        )
        self._manager = ocp.CheckpointManager(path, options=options)
        if not read_only:  # what a run left that was killed after it had saved one, and before an old one was gone
            for step in sorted(self._manager.all_steps())[:-keep]:
                self._manager.delete(step)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            with os_errors(self.path):
                self._manager.wait_until_finished()
        finally:
            self._manager.close()

    def latest(self):
        """The newest step there is a checkpoint of, None if there is none."""
        return self._manager.latest_step()

    def save(self, state, history):
        """Save a TrainState under its own step, with the history; both are copied before this returns."""
        step = int(state.step)
        if step == self.latest():
            return
        # Copies: on a CPU np.asarray would be the state's own memory, which the next steps take over meanwhile.
        host = jax.tree.map(np.array, _with_raw_keys(state))
        about = {"history": list(history), "sha256": digest(host, history)}
        with os_errors(self.path):
            self._manager.save(
                step, args=ocp.args.Composite(state=ocp.args.StandardSave(host), history=ocp.args.JsonSave(about))
            )

    def restore(self, like):
        """(state, history) of the newest checkpoint; `like` is a TrainState of the same shapes.

        Raises UserError naming the folder if it cannot be read or does not hold what was saved.
        """
        step = self.latest()
        if step is None:
            raise UserError(
                f"there is no checkpoint in {self.path}; have the stage that writes it done again: add it to stages"
            )
        like = jax.tree.map(np.asarray, _with_raw_keys(like))
        try:
            read = self._manager.restore(
                step,
                args=ocp.args.Composite(
                    state=ocp.args.StandardRestore(_abstract(like)), history=ocp.args.JsonRestore()
                ),
            )
            state, about = jax.tree.map(np.asarray, read["state"]), read["history"]
            if digest(state, about["history"]) != about["sha256"]:
                raise ValueError("its bytes are not those that were saved")
        except (ValueError, OSError, KeyError, TypeError) as error:
            raise UserError(
                f"checkpoint {self.path}/{step} is damaged ({error}); start again, and it is redone"
            ) from error
        state = jax.tree.map(jax.numpy.asarray, state)
        return state.replace(key=jax.tree.map(jax.random.wrap_key_data, state.key)), about["history"]

    def resume(self, like):
        """`restore`, from the newest checkpoint that is not damaged; None if there is none.

        A damaged one is moved beside the folder, to DAMAGED/.
        """
        while self.latest() is not None:
            try:
                return self.restore(like)
            except UserError as error:
                aside = self.path.with_name(DAMAGED) / str(self.latest())
                logger.warning("%s; it is moved to %s, and the one before is used", error, aside)
                shutil.rmtree(aside, ignore_errors=True)
                aside.parent.mkdir(exist_ok=True)
                shutil.move(self.path / str(self.latest()), aside)
                self._manager.reload()
        return None
