"""A training in memory: chunks up to the total, a row after each, and an early end."""

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.state import Training, TrainState, train

STATE = TrainState(params={"w": jnp.float32(0)}, opt_state=(), step=jnp.int32(0), key=jax.random.key(0))


def counting(total, chunk, stop=lambda row: False):
    """(a training whose steps add 1 to w and whose losses are w before them, the chunks that it ran)."""
    chunks = []

    def run(n, state):
        chunks.append(n)
        losses = state.params["w"] + jnp.arange(n)
        return state.replace(params={"w": state.params["w"] + n}, step=state.step + n), losses

    def measure(state, losses):
        assert isinstance(losses, np.ndarray)
        return losses.mean(), state.params["w"]

    return Training("counting", total, chunk, run, measure, str, stop), chunks


def test_it_runs_to_the_total_in_chunks_and_a_row_follows_each():
    training, chunks = counting(total=7, chunk=3)
    state, history = train(STATE, training)
    assert chunks == [3, 3, 1] and int(state.step) == 7 and float(state.params["w"]) == 7
    assert history == [[3, 1.0, 3.0], [6, 4.0, 6.0], [7, 6.0, 7.0]]


def test_it_ends_early_where_the_training_says_so():
    training, chunks = counting(total=100, chunk=3, stop=lambda row: row[1] >= 6)
    state, history = train(STATE, training)
    assert chunks == [3, 3] and int(state.step) == 6 and len(history) == 2


def test_it_goes_on_from_the_states_step():
    training, chunks = counting(total=7, chunk=3)
    state, history = train(STATE.replace(step=jnp.int32(5)), training)
    assert chunks == [2] and int(state.step) == 7 and [row[0] for row in history] == [7]
    assert train(state, training) == (state, []) and chunks == [2]
