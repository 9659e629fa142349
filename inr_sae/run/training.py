"""The loop that trains: chunks of steps, history, checkpoints, progress, and what happens when a loss turns NaN."""

import time

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.errors import UserError
from inr_sae.folder.checkpoints import Checkpoints
from inr_sae.machine import processes
from inr_sae.machine.interrupts import Stopped
from inr_sae.machine.progress import Progress


@jax.jit
def all_finite(tree):
    """Whether every number of a pytree is finite, () bool."""
    return jnp.all(jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)]))


def check_finite(label, first_step, losses, finite, mend=("the learning rate", "the last good checkpoint is kept")):
    """Raise UserError naming the step if a loss (n, ...) from `first_step` on is not finite.

    finite: whether the parameters are, one bool or several. mend: what to lower, and what becomes of what is there.
    """
    good = np.isfinite(losses).reshape(len(losses), -1).all(axis=1)
    if good.all() and np.all(finite):
        return
    step = first_step + (int(np.argmin(good)) if not good.all() else len(losses))
    if step == 0:
        raise UserError(
            f"{label}: the loss is not finite before the first step, whatever the learning rate; what it starts from, "
            "as by the backbone's own keys, is out of bounds"
        )
    raise UserError(f"{label}: the loss is not finite at step {step}; lower {mend[0]} ({mend[1]})")


def train(store, folder, state, training, runtime):
    """(state, history) of a `state.Training` from the newest checkpoint in `folder`, or from `state`, to its end.

    runtime: the config group: seconds between checkpoints, and how many are kept.
    history: one [step, *row] a chunk. A run cut off anywhere goes on from a chunk's end with the same chunks behind it,
    so it ends at the same bits. A loss that is not finite raises UserError; what was saved before is kept. A run that
    is asked to stop saves after the chunk and raises Stopped.
    """
    with Checkpoints(store.path(f"{folder}/checkpoints"), runtime.keep) as checkpoints:
        history = []
        if (resumed := checkpoints.resume(like=state)) is not None:
            state, history = resumed
            store.log("resumed", stage=folder, step=int(state.step))
        done, saved = int(state.step), time.monotonic()
        with Progress(training.label, training.total, done) as progress:
            while done < training.total and not (history and training.stop(history[-1][1:])):
                n = min(training.chunk, training.total - done)
                state, losses = training.run(n, state)
                losses = np.asarray(losses)
                mend = training.mend, "the last good checkpoint is kept"
                check_finite(training.label, done, losses, all_finite(state.params), mend)
                done += n
                row = [float(value) for value in training.measure(state, losses)]
                history.append([done, *row])
                progress.advance(n, training.describe(row))
                stopping = processes.asked_to_stop()
                if stopping or time.monotonic() - saved >= runtime.checkpoint_seconds:
                    checkpoints.save(state, history)
                    saved = time.monotonic()
                if stopping and done < training.total:
                    raise Stopped
        checkpoints.save(state, history)
    finish(store, folder, state)
    return state, history


def is_whole(store, folder):
    """Whether a training's folder has a checkpoint and the history that goes with it; true of one that was not
    trained."""
    has_history, has_one = store.exists(f"{folder}/history.csv"), bool(store.names(f"{folder}/checkpoints"))
    return has_history == has_one and (has_one or not store.exists(f"{folder}/checkpoints"))


def keep(store, folder, state, history):
    """Store a state that needs no training as `train` would have left it."""
    with Checkpoints(store.path(f"{folder}/checkpoints")) as checkpoints:
        checkpoints.save(state, history)
    finish(store, folder, state)


def finish(store, folder, state):
    """Take the last checkpoint into the ledger, once it was read back: what cannot be read is not done."""
    restore(store, folder, state)
    store.adopt(f"{folder}/checkpoints/{int(state.step)}")


def restore(store, folder, like):
    """The trained (state, history) of a folder; `like` has its shapes."""
    with Checkpoints(store.path(f"{folder}/checkpoints"), read_only=True) as checkpoints:
        return checkpoints.restore(like)
