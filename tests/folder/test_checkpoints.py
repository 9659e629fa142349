"""Checkpoints: a state comes back to the bit, and one that is damaged is not taken for it."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from inr_sae.errors import UserError
from inr_sae.folder.checkpoints import Checkpoints, read_arrays, read_params, refuse_path
from inr_sae.state import TrainState


def state_at(step, seed=0):
    key, batches = jax.random.split(jax.random.key(seed))
    params = {"w": jax.random.normal(key, (8, 3)), "b": jnp.zeros(3)}
    return TrainState(params, optax.adam(1e-3).init(params), jnp.int32(step), (batches,))


def test_a_state_and_its_history_come_back_to_the_bit(tmp_path):
    state, history = state_at(7), [[5, 0.1 + 0.2], [7, 1e-17]]
    with Checkpoints(tmp_path / "c") as checkpoints:
        checkpoints.save(state, history)
    with Checkpoints(tmp_path / "c") as checkpoints:
        read, read_history = checkpoints.restore(like=state_at(0, seed=1))
    assert read_history == history and jax.tree.structure(read) == jax.tree.structure(state)
    for a, b in zip(jax.tree.leaves(read.replace(key=0)), jax.tree.leaves(state.replace(key=0))):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(jax.random.uniform(read.key[0]), jax.random.uniform(state.key[0]))


def test_it_can_be_read_without_a_state_of_its_shapes(tmp_path):
    with Checkpoints(tmp_path / "c") as checkpoints:
        checkpoints.save(state_at(1), [])
        checkpoints.save(state_at(2, seed=1), [])
    np.testing.assert_array_equal(read_params(tmp_path / "c")["w"], state_at(2, seed=1).params["w"])
    arrays = read_arrays(tmp_path / "c/1")
    np.testing.assert_array_equal(arrays["params/w"], state_at(1).params["w"])
    assert arrays["step"] == 1 and {"params/b", "key/0"} <= arrays.keys() and any("mu/w" in name for name in arrays)


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_the_newest_few_are_kept(keep, tmp_path):
    with Checkpoints(tmp_path / "c", keep) as checkpoints:
        assert checkpoints.latest() is None
        for step in (1, 2, 3, 4):
            checkpoints.save(state_at(step), [])
        assert checkpoints.latest() == 4
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["1", "2", "3", "4"][-keep:]


def test_old_ones_that_a_killed_run_had_no_time_to_remove_are_gone_once_it_goes_on(tmp_path):
    with Checkpoints(tmp_path / "c", keep=5) as checkpoints:
        for step in range(1, 5):
            checkpoints.save(state_at(step), [])
    with Checkpoints(tmp_path / "c", keep=2, read_only=True):
        pass
    assert len(list((tmp_path / "c").iterdir())) == 4
    with Checkpoints(tmp_path / "c", keep=2) as checkpoints:
        assert checkpoints.latest() == 4
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["3", "4"]


def test_saving_a_step_twice_changes_nothing(tmp_path):
    with Checkpoints(tmp_path / "c") as checkpoints:
        checkpoints.save(state_at(1), [[1, 0.5]])
        checkpoints.save(state_at(1), [])
        assert checkpoints.restore(state_at(0))[1] == [[1, 0.5]]


def test_what_a_killed_save_left_is_not_restored_and_gone_after_the_next_save(tmp_path):
    with Checkpoints(tmp_path / "c") as checkpoints:
        checkpoints.save(state_at(1), [])
    (tmp_path / "c" / "2.orbax-checkpoint-tmp").mkdir()
    with Checkpoints(tmp_path / "c") as checkpoints:
        assert checkpoints.latest() == 1
        checkpoints.save(state_at(2), [])
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["1", "2"]


def test_a_damaged_checkpoint_is_named(tmp_path):
    with Checkpoints(tmp_path / "c") as checkpoints:
        checkpoints.save(state_at(1), [])
    for path in (tmp_path / "c" / "1" / "state").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with Checkpoints(tmp_path / "c") as checkpoints, pytest.raises(UserError, match="c/1 is damaged"):
        checkpoints.restore(state_at(0))


def test_what_happens_to_state_and_history_after_a_save_is_not_saved(tmp_path):
    state, history = state_at(1), [[1, 0.5]]
    params = jax.tree.map(np.array, state.params)
    with Checkpoints(tmp_path / "c") as checkpoints:
        for step in range(1, 6):
            checkpoints.save(state.replace(step=jnp.int32(step), params=params), history)
            history.append([step, 0.1])
            last = params["w"].copy()
            params["w"] += 1.0
    with Checkpoints(tmp_path / "c") as checkpoints:
        read, read_history = checkpoints.restore(like=state_at(0))
    assert len(read_history) == 5 and np.array_equal(read.params["w"], last)


def test_a_damaged_checkpoint_is_set_aside_and_the_one_before_is_used(tmp_path):
    with Checkpoints(tmp_path / "c") as checkpoints:
        checkpoints.save(state_at(1), [[1, 0.5]])
        checkpoints.save(state_at(2), [[1, 0.5], [2, 0.4]])
    for path in (tmp_path / "c/2").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-3])
    with Checkpoints(tmp_path / "c") as checkpoints:
        state, history = checkpoints.resume(like=state_at(0))
        assert int(state.step) == 1 and history == [[1, 0.5]]
        checkpoints.save(state_at(2), [[1, 0.5], [2, 0.3]])
    assert (tmp_path / "damaged_checkpoints/2").is_dir()
    with Checkpoints(tmp_path / "c", read_only=True) as checkpoints:
        assert checkpoints.restore(like=state_at(0))[1] == [[1, 0.5], [2, 0.3]]


def test_of_no_checkpoint_nothing_is_resumed_and_restoring_is_refused(tmp_path):
    with Checkpoints(tmp_path / "c") as checkpoints:
        assert checkpoints.resume(like=state_at(0)) is None
        with pytest.raises(UserError, match="no checkpoint"):
            checkpoints.restore(like=state_at(0))


@pytest.mark.parametrize("name", ["plain", "a]b", "a*b?", "a b{c}", "é", "a%20b#c", "a:b", "~"])
def test_a_path_that_is_not_refused_gives_back_what_was_saved(name, tmp_path):
    refuse_path(tmp_path / name)
    with Checkpoints(tmp_path / name / "c") as checkpoints:
        checkpoints.save(state_at(1), [])
        checkpoints._manager.wait_until_finished()
        assert int(checkpoints.restore(state_at(0))[0].step) == 1


@pytest.mark.parametrize("name", ["a[b]", "a\\b", "b\udce9"])
def test_a_path_that_orbax_cannot_read_back_is_refused(name, tmp_path):
    with pytest.raises(UserError, match="orbax .*choose another folder"):
        refuse_path(tmp_path / name)


def test_a_path_in_other_letters_than_orbax_reads_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "iso8859-1")
    refuse_path(tmp_path / "e")
    with pytest.raises(UserError, match="PYTHONUTF8=1"):
        refuse_path(tmp_path / "é")
