"""Checkpoints by orbax: the newest and the one before it, each appearing whole."""

import jax
import numpy as np
import orbax.checkpoint as ocp

from inr_sae.errors import UserError


def _abstract(tree):
    return jax.tree.map(ocp.utils.to_shape_dtype_struct, tree)


def _with_raw_keys(state):
    """The state with its key as plain uint32, which is what a checkpoint holds."""
    return state.replace(key=jax.random.key_data(state.key))


class Checkpoints:
    """The checkpoints of one training in the absolute folder `path`; use it as a context manager.

    A checkpoint is a TrainState and the history so far, a JSON value. Saving is asynchronous, and the folder of a step
    appears by a rename once it is complete.
    """

    def __init__(self, path, keep=2):
        self.path = path
        # What a killed run left half-saved is removed before the next save.
        options = ocp.CheckpointManagerOptions(max_to_keep=keep, create=True, cleanup_tmp_directories=True)
        self._manager = ocp.CheckpointManager(path, options=options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._manager.wait_until_finished()
        self._manager.close()

    def latest(self):
        """The newest step there is a checkpoint of, None if there is none."""
        return self._manager.latest_step()

    def save(self, state, history):
        """Save a TrainState under its own step, with the history; host arrays are copied before this returns."""
        step = int(state.step)
        if step == self.latest():
            return
        host = jax.tree.map(np.asarray, _with_raw_keys(state))
        self._manager.save(
            step, args=ocp.args.Composite(state=ocp.args.StandardSave(host), history=ocp.args.JsonSave(history))
        )

    def restore(self, like):
        """(state, history) of the newest checkpoint; `like` is a TrainState of the same shapes.

        Raises UserError naming the folder if it cannot be read.
        """
        step = self.latest()
        try:
            read = self._manager.restore(
                step,
                args=ocp.args.Composite(
                    state=ocp.args.StandardRestore(_abstract(jax.tree.map(np.asarray, _with_raw_keys(like)))),
                    history=ocp.args.JsonRestore(),
                ),
            )
        except (ValueError, OSError, KeyError) as error:
            raise UserError(
                f"checkpoint {self.path}/{step} cannot be read ({error}); delete that folder to go on from the one "
                f"before"
            ) from error
        state = jax.tree.map(jax.numpy.asarray, read["state"])
        return state.replace(key=jax.random.wrap_key_data(state.key)), read["history"]
