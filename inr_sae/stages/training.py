"""The loop that trains: chunks of steps, history, checkpoints, progress, and what happens when a loss turns NaN."""

import time

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae import processes
from inr_sae.errors import UserError
from inr_sae.interrupt import Stopped
from inr_sae.output.checkpoints import Checkpoints
from inr_sae.output.progress import Progress


@jax.jit
def all_finite(tree):
    """Whether every number of a pytree is finite, () bool."""
    return jnp.all(jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)]))


def check_finite(label, first_step, losses, finite, advice="the last good checkpoint is kept"):
    """Raise UserError naming the step if a loss (n, ...) from `first_step` on is not finite.

    finite: whether the parameters are, one bool or several.
    """
    good = np.isfinite(losses).reshape(len(losses), -1).all(axis=1)
    if good.all() and np.all(finite):
        return
    step = first_step + (int(np.argmin(good)) if not good.all() else len(losses))
    raise UserError(f"{label}: the loss is not finite at step {step}; lower the learning rate ({advice})")


def train(store, folder, label, state, total, chunk, run_chunk, measure, describe, runtime, stop=lambda row: False):
    """Train from the newest checkpoint in `folder` (or from `state`) to `total` steps; returns (state, history).

    run_chunk(n, state) -> (state, losses (n, ...)): n steps in one dispatch.
    measure(state, losses) -> list of floats: a row of the history, made after each chunk.
    describe(row) -> str: how it goes, for the progress.
    runtime: the config group: seconds between checkpoints, and how many are kept.
    stop(row) -> bool: end early after a row.
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
        with Progress(label, total, done) as progress:
            while done < total and not (history and stop(history[-1][1:])):
                n = min(chunk, total - done)
                state, losses = run_chunk(n, state)
                losses = np.asarray(losses)
                check_finite(label, done, losses, all_finite(state.params))
                done += n
                row = [float(value) for value in measure(state, losses)]
                history.append([done, *row])
                progress.advance(n, describe(row))
                stopping = processes.asked_to_stop()
                if stopping or time.monotonic() - saved >= runtime.checkpoint_seconds:
                    checkpoints.save(state, history)
                    saved = time.monotonic()
                if stopping and done < total:
                    raise Stopped
        checkpoints.save(state, history)
    store.adopt(f"{folder}/checkpoints/{int(state.step)}")
    return state, history


def keep(store, folder, state, history):
    """Store a state that needs no training as `train` would have left it."""
    with Checkpoints(store.path(f"{folder}/checkpoints")) as checkpoints:
        checkpoints.save(state, history)
    store.adopt(f"{folder}/checkpoints/{int(state.step)}")


def restore(store, folder, like):
    """The trained (state, history) of a folder; `like` has its shapes."""
    with Checkpoints(store.path(f"{folder}/checkpoints"), read_only=True) as checkpoints:
        return checkpoints.restore(like)
