"""From jobs to autoencoders, and what the devices hold meanwhile."""

import jax
import numpy as np
import pytest

from inr_sae import state
from inr_sae.dictionaries import topk
from inr_sae.dictionaries.topk import fitting, joint, training
from inr_sae.machine import processes
from tests.dictionaries.builders import jobs, small
from tests.inr.builders import same


@pytest.fixture
def listed():
    """Jobs of three configs for two layers, in an order in which none stands beside its like."""
    layers = jobs(topk)
    configs = (small(topk), small(topk) | {"n_atoms": 8}, small(topk) | {"k": 5})
    return [
        job._replace(config=config, key=jax.random.fold_in(job.key, i))
        for i, config in enumerate(configs)
        for job in layers
    ]


def test_a_set_for_each_k_n_and_shape_and_sets_of_the_same_layers_read_one_stack(listed):
    plan, keys, stacks, numbers = fitting.planned(listed)
    assert sorted(sum(numbers, [])) == list(range(6))
    for of_set, of_jobs, of_keys in zip(plan.sets, numbers, keys, strict=True):
        assert len(of_keys) == len(of_jobs)
        for i, number in enumerate(of_jobs):
            config = listed[number].config
            assert (of_set.k, of_set.n_atoms) == (config["k"], config["n_atoms"])
            np.testing.assert_array_equal(stacks[of_set.stack][i], listed[number].h)
            assert (jax.random.key_data(of_keys[i]) == jax.random.key_data(listed[number].key)).all()
    assert len(stacks) == 2, "of two widths; activations are not held once a config"


def test_layers_of_one_width_are_one_set(listed):
    other = listed[0]._replace(h=listed[0].h + 1.0)
    plan, _, stacks, numbers = fitting.planned([listed[0], other])
    assert numbers == [[0, 1]] and len(plan.sets) == 1 and stacks[0].shape == (2, *other.h.shape)


def test_parameters_and_the_history_come_in_the_order_of_the_jobs():
    """Each beside its own job, whatever trains beside it; the first and third of four are one set."""
    narrow, wide = jobs(topk)
    like_the_first = narrow._replace(h=narrow.h + 1.0, key=jax.random.key(3))
    listed, kept = [narrow, wide, like_the_first, narrow._replace(config=small(topk) | {"k": 5})], []

    def train(started, run):
        done, history = state.train(started, run)
        kept.append(history)
        return done, history

    together = topk.fit(listed, train)
    history = np.array(kept[0])
    assert history.shape == (2, 1 + len(listed)) and list(history[:, 0]) == [3, 6]
    assert [params["b_pre"].shape for params in together] == [(job.h.shape[1],) for job in listed]
    alone = topk.fit([like_the_first], train)[0]
    np.testing.assert_allclose(history[:, 3], np.array(kept[1])[:, 1], rtol=1e-4)
    for a, b in zip(jax.tree.leaves(together[2]), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_what_is_held_between_chunks_is_let_go_at_the_end_and_in_an_error(listed):
    plan, keys, stacks, _ = fitting.planned(listed[:1])
    with joint.steps_together(plan, stacks) as run:
        assert not processes.held, "nothing is sent before the first chunk"
        run(1, training.init_states(plan, keys, stacks))
        assert processes.held
    assert not processes.held
    with pytest.raises(KeyError):
        with joint.steps_together(plan, stacks) as run:
            run(1, training.init_states(plan, keys, stacks))
            raise KeyError
    assert not processes.held


def test_chunks_go_on_from_what_is_held(listed):
    """As a training that is cut off goes on from its checkpoint: the state is sent, and then only the steps are."""
    plan, keys, stacks, _ = fitting.planned(listed[:1])

    def after(chunks, started):
        with joint.steps_together(plan, stacks) as run:
            for n in chunks:
                # A copy, since a state is donated to its first chunk.
                started, _ = run(n, jax.tree.map(jax.numpy.copy, started))
            return jax.tree.map(jax.numpy.copy, started)

    whole = after((3, 3), training.init_states(plan, keys, stacks))
    half = after((3,), training.init_states(plan, keys, stacks))
    continued = after((3,), half)
    assert int(whole.step) == int(continued.step) == 6
    assert same(whole.params, continued.params) and same(whole.opt_state, continued.opt_state)
