"""The loop that trains: wherever it is cut off, it ends at the same bits; a loss that breaks is named."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from ml_collections import ConfigDict

from inr_sae import state as states
from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.machine import interrupts
from inr_sae.machine.interrupts import Stopped
from inr_sae.run import training
from inr_sae.state import Training, TrainState
from tests.helpers import Killed, dying_after


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def runtime(seconds=0.0, keep=2):
    return ConfigDict({"checkpoint_seconds": seconds, "keep": keep})


def start():
    params = {"w": jnp.ones(3)}
    return TrainState(params, optax.adam(0.1).init(params), jnp.int32(0), jax.random.key(3))


@jax.jit
def step(state):
    """A step of which every one differs: noise by the step's number."""
    noise = jax.random.normal(jax.random.fold_in(state.key, state.step), (3,))
    loss, grads = jax.value_and_grad(lambda params: jnp.sum((params["w"] - noise) ** 2))(state.params)
    updates, opt_state = optax.adam(0.1).update(grads, state.opt_state)
    params = optax.apply_updates(state.params, updates)
    return state.replace(params=params, opt_state=opt_state, step=state.step + 1), loss


def run(n, state):
    losses = []
    for _ in range(n):
        state, loss = step(state)
        losses.append(loss)
    return state, jnp.stack(losses)


TOY = Training("toy", total=22, chunk=5, run=run, measure=lambda state, losses: [losses.mean()], describe=str)


def train(store, of=TOY, **settings):
    return training.train(store, "toy", start(), of, runtime(**settings))


def steps_of(store):
    return sorted(int(path.name) for path in store.path("toy/checkpoints").iterdir())


def assert_same(a, b):
    assert a[1] == b[1]
    for x, y in zip(jax.tree.leaves(a[0].replace(key=0)), jax.tree.leaves(b[0].replace(key=0)), strict=True):
        np.testing.assert_array_equal(x, y)


def test_it_ends_where_the_same_training_in_memory_does(store):
    state, history = train(store)
    assert [step for step, _ in history] == [5, 10, 15, 20, 22] and int(state.step) == 22
    assert_same((state, history), states.train(start(), TOY))
    assert_same((state, history), training.restore(store, "toy", start()))
    assert_same((state, history), train(store))  # nothing is left to do
    assert steps_of(store) == [20, 22]


@pytest.mark.parametrize("calls", [0, 1, 3, 4])
@pytest.mark.parametrize("seconds", [0.0, 3600.0])
def test_cut_off_anywhere_it_ends_at_the_same_bits(calls, seconds, store):
    with pytest.raises(Killed):
        train(store, TOY._replace(run=dying_after(run, calls)), seconds=seconds)
    counted = []
    again = TOY._replace(run=lambda n, state: counted.append(n) or run(n, state))
    assert_same(train(store, again, seconds=seconds), states.train(start(), TOY))
    assert len(counted) == (5 - calls if seconds == 0.0 else 5)


@pytest.mark.parametrize("keep", [1, 3])
def test_as_many_checkpoints_are_kept_as_asked_for(keep, store):
    train(store, keep=keep)
    assert steps_of(store) == [15, 20, 22][-keep:]


def test_asked_to_stop_it_saves_after_the_chunk(store, monkeypatch):
    def run_and_ask(n, state):
        monkeypatch.setattr(interrupts, "_asked", True)
        return run(n, state)

    with pytest.raises(Stopped):
        train(store, TOY._replace(run=run_and_ask), seconds=3600.0)
    assert steps_of(store) == [5]
    monkeypatch.setattr(interrupts, "_asked", False)
    assert_same(train(store, seconds=3600.0), states.train(start(), TOY))
    assert '"resumed", "stage": "toy", "step": 5' in store.path("log.jsonl").read_text()


def test_asked_to_stop_at_the_very_end_it_is_done(store, monkeypatch):
    monkeypatch.setattr(interrupts, "_asked", True)
    assert int(train(store, TOY._replace(total=5))[0].step) == 5


def test_it_stops_where_it_is_told_to_and_does_not_go_on_from_there(store):
    early = TOY._replace(stop=lambda row: row[0] < states.train(start(), TOY)[1][1][1] + 1e-6)
    state, history = train(store, early)
    assert int(state.step) in (5, 10) and history[-1][0] == int(state.step)
    assert_same(train(store, early._replace(run=dying_after(run, 0))), (state, history))


def test_what_was_never_finite_is_not_the_rates_fault(store):
    def broken(n, state):
        return run(n, state)[0], np.full(n, np.nan)

    with pytest.raises(UserError, match="not finite before the first step"):
        train(store, TOY._replace(run=broken))


@pytest.mark.parametrize("of", ["loss", "params"])
def test_what_is_not_finite_is_named_with_its_step_and_the_last_good_checkpoint_is_kept(of, store):
    def breaks_at_13(n, state):
        first = int(state.step)
        state, losses = run(n, state)
        if of == "loss":
            return state, np.where(np.arange(first, first + n) < 13, losses, np.nan)
        w = jnp.where(state.step > 13, jnp.inf, state.params["w"])
        return state.replace(params={"w": w}), losses

    named = {"loss": 13, "params": 15}[of]  # the loss of a step is that before it
    with pytest.raises(UserError, match=f"toy: the loss is not finite at step {named}; lower the learning rate"):
        train(store, TOY._replace(run=breaks_at_13))
    assert steps_of(store) == [5, 10]
    assert_same(train(store), states.train(start(), TOY))


def test_what_needs_no_training_is_stored_as_a_training_would(store):
    training.keep(store, "toy", start(), [[0, 0.5]])
    assert_same(training.restore(store, "toy", start()), (start(), [[0, 0.5]]))


def test_what_cannot_be_read_back_is_not_done(tmp_path):
    """orbax loses what it saves in such a folder, which `checkpoints.refuse_path` refuses before."""
    lost = Store(tmp_path / "a[b]")
    for store_it in (train, lambda store: training.keep(store, "toy", start(), [])):
        with pytest.raises(UserError, match="toy/checkpoints/.* is damaged"):
            store_it(lost)


def test_checkpoints_stand_in_the_ledger(store):
    from inr_sae.folder import ledger

    train(store)
    assert any(name.startswith("toy/checkpoints/22/") for name in ledger.entries(store.root))
    assert ledger.damaged(store.root) == {}
