"""The state of anything that is trained, and what a training loop must know of it."""

from collections.abc import Callable
from typing import NamedTuple

import flax.struct
import jax
import numpy as np
import optax


@flax.struct.dataclass
class TrainState:
    """Parameters, the optimiser's state, the number of updates made (), int32, and the keys of later draws."""

    params: dict
    opt_state: optax.OptState
    step: jax.Array
    key: jax.Array


class Training(NamedTuple):
    """A training as a loop sees it: `total` steps, `chunk` of them in a dispatch, a row of measurements after each."""

    label: str  # for the progress
    total: int
    chunk: int
    run: Callable  # (n, state) -> (state, losses (n, ...))
    measure: Callable  # (state, losses) -> floats, the row
    describe: Callable  # row -> str, how it goes
    stop: Callable = lambda row: False  # row -> whether to end early
    mend: str = "the learning rate"  # what to lower where a loss is not finite


def train(state, training):
    """(state, history) of a Training run to its end in memory; history: one [step, *row] a chunk.

    `run.training.train` does the same with checkpoints, progress and interruption.
    """
    history = []
    while int(state.step) < training.total and not (history and training.stop(history[-1][1:])):
        state, losses = training.run(min(training.chunk, training.total - int(state.step)), state)
        history.append([int(state.step), *map(float, training.measure(state, np.asarray(losses)))])
    return state, history
