"""The loop that trains: chunks of steps, history, checkpoints, progress, and what happens when a loss turns NaN."""

import time

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.errors import UserError
from inr_sae.output.checkpoints import Checkpoints
from inr_sae.output.progress import Progress


@jax.jit
def _all_finite(tree):
    return jnp.all(jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)]))


def check_finite(label, first_step, losses, params, advice="the last good checkpoint is kept"):
    """Raise UserError naming the step if a loss (n, ...) from `first_step` on, or a parameter, is not finite."""
    good = np.isfinite(losses).reshape(len(losses), -1).all(axis=1)
    if good.all() and _all_finite(params):
        return
    step = first_step + (int(np.argmin(good)) if not good.all() else len(losses))
    raise UserError(f"{label}: the loss is not finite at step {step}; lower the learning rate ({advice})")


def train(
    store, folder, label, state, total, chunk, run_chunk, measure, describe, checkpoint_seconds, stop=lambda row: False
):
    """Train from the newest checkpoint in `folder` (or from `state`) to `total` steps; returns (state, history).

    run_chunk(n, state) -> (state, losses (n, ...)): n steps in one dispatch.
    measure(state, losses) -> list of floats: a row of the history, made after each chunk.
    describe(row) -> str: how it goes, for the progress.
    stop(row) -> bool: end early after a row.
    history: one [step, *row] a chunk. A run cut off anywhere goes on from a chunk's end with the same chunks behind it,
    so it ends at the same bits. A loss that is not finite raises UserError; what was saved before is kept.
    """
    with Checkpoints(store.path(f"{folder}/checkpoints")) as checkpoints:
        history = []
        if checkpoints.latest() is not None:
            state, history = checkpoints.restore(like=state)
            store.log("resumed", stage=folder, step=int(state.step))
        done, saved = int(state.step), time.monotonic()
        with Progress(label, total, done) as progress:
            while done < total and not (history and stop(history[-1][1:])):
                n = min(chunk, total - done)
                state, losses = run_chunk(n, state)
                losses = np.asarray(losses)
                check_finite(label, done, losses, state.params)
                done += n
                row = [float(value) for value in measure(state, losses)]
                history.append([done, *row])
                progress.advance(n, describe(row))
                if time.monotonic() - saved >= checkpoint_seconds:
                    checkpoints.save(state, history)
                    saved = time.monotonic()
        checkpoints.save(state, history)
    return state, history


def restore(store, folder, like):
    """The trained (state, history) of a folder; `like` has its shapes."""
    with Checkpoints(store.path(f"{folder}/checkpoints")) as checkpoints:
        return checkpoints.restore(like)
