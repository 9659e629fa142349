"""The outer loop: what reaches whom, that order says nothing without places, and that a training can be cut."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.weights import outer
from tests.weights import builders

DATA, STATE, TASK, CONDITION = builders.data(), builders.state(), builders.TASK, builders.CONDITION


def entropy_gradient(params, **changes):
    """The gradient of all of the loss but the reconstruction."""

    def loss(params):
        total, parts = outer.losses(TASK, CONDITION._replace(**changes), params, DATA)
        return total - parts["mse"]

    return jax.jit(jax.grad(loss))(params)


def largest(tree):
    return max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(tree))


@pytest.mark.parametrize("ce_weight", [0.0, 0.01, 0.5])
def test_the_cross_entropy_reaches_rates_and_network_only_by_its_weight(ce_weight):
    found = entropy_gradient(STATE.params, ce_weight=ce_weight)
    whole = entropy_gradient(STATE.params, ce_weight=1.0)
    assert largest(whole["rates"]) > 1e-6 and largest(found["reader"]) > 1e-6
    for part in ("rates", "network"):
        for ours, theirs in zip(jax.tree.leaves(found[part]), jax.tree.leaves(whole[part])):
            np.testing.assert_allclose(ours, ce_weight * theirs, rtol=1e-3, atol=1e-7)
    np.testing.assert_allclose(found["reader"]["place"], whole["reader"]["place"], rtol=1e-4)
    if ce_weight == 0:
        assert largest(found["rates"]) == largest(found["network"]["hidden"]) == 0


def test_the_contrastive_loss_reaches_the_rates_by_itself():
    assert largest(entropy_gradient(STATE.params, ce_weight=0.0, contrast=0.1)["rates"]) > 1e-6


@pytest.mark.parametrize("ce_weight, contrast, same", [(0.0, 0.0, True), (0.01, 0.0, False), (0.0, 0.1, False)])
def test_labels_do_not_enter_the_networks_unless_a_loss_lets_them(ce_weight, contrast, same):
    condition = CONDITION._replace(ce_weight=ce_weight, contrast=contrast)
    other = DATA._replace(labels=jnp.sort(DATA.labels))
    (ours, _), (theirs, _) = (outer.train(TASK, 4, condition, STATE, data) for data in (DATA, other))
    assert largest(jax.tree.map(jnp.subtract, ours.params["reader"], theirs.params["reader"])) > 1e-6
    for part in ("network", "rates"):
        moved = largest(jax.tree.map(jnp.subtract, ours.params[part], theirs.params[part]))
        assert (moved == 0) == same, part


def test_without_places_the_reader_does_not_see_the_order_of_tokens_and_with_them_it_does():
    tokens = jax.random.normal(jax.random.key(0), (2, 12, 7)) / 100
    order = np.random.default_rng(0).permutation(12)
    logits = outer.read(TASK, CONDITION, STATE.params, tokens)[0]
    np.testing.assert_allclose(outer.read(TASK, CONDITION, STATE.params, tokens[:, order])[0], logits, atol=1e-5)
    place = jax.random.normal(jax.random.key(1), (12, 7)) / 100
    params = STATE.params | {"reader": STATE.params["reader"] | {"place": place}}
    ours, theirs = (outer.read(TASK, CONDITION, params, each)[0] for each in (tokens, tokens[:, order]))
    assert np.abs(ours - theirs).max() > 1e-3


def test_of_tokens_that_are_all_the_same_the_reader_says_the_same():
    state = builders.state(inner_steps=0)
    state, _ = outer.train(TASK, 8, CONDITION, state, DATA)
    tokens, _ = outer.fitted(TASK, state.params, DATA.x, DATA.images)
    logits, _ = outer.read(TASK, CONDITION, state.params, tokens)
    assert len(np.unique(np.asarray(logits), axis=0)) == 1
    assert np.mean(np.asarray(logits).argmax(axis=1) == DATA.labels) == pytest.approx(1 / 3), "chance"


@pytest.mark.parametrize("tokens, columns", [("all", range(7)), ("weights", range(6)), ("biases", [6])])
def test_the_reader_sees_what_it_is_shown(tokens, columns):
    condition, values = CONDITION._replace(shown=outer.shown(tokens, 6)), np.full((2, 12, 7), 0.01, np.float32)
    before, seen = outer.read(TASK, condition, STATE.params, values)[0], []
    for column in range(7):
        other = values.copy()
        other[:, :3, column] = 0.05
        if (outer.read(TASK, condition, STATE.params, other)[0] != before).any():
            seen.append(column)
    assert seen == list(columns)


def test_a_planted_class_is_read():
    state, losses = outer.train(builders.LONG, 60, CONDITION, builders.state(builders.LONG), DATA)
    assert losses[-1, 1] < 0.3 < losses[0, 1]
    fresh = builders.data(9, seed=5)
    tokens, _ = outer.fitted(TASK, state.params, fresh.x, fresh.images)
    assert np.mean(outer.read(TASK, CONDITION, state.params, tokens)[0].argmax(axis=1) == fresh.labels) > 0.85


def test_the_contrastive_loss_is_least_where_classes_are_points():
    labels = jnp.array([0, 0, 1, 1])
    apart = outer.contrastive(jnp.array([[1.0, 0], [1, 0], [0, 1], [0, 1]]), labels)
    mixed = outer.contrastive(jnp.array([[1.0, 0], [0, 1], [1, 0], [0, 1]]), labels)
    scores = np.array([10.0, 0.0, 0.0])  # of the other three, over the temperature
    assert float(apart) == pytest.approx(np.log(np.exp(scores).sum()) - 10.0, abs=1e-4)
    assert apart < mixed
    lone = jax.grad(lambda features: outer.contrastive(features, jnp.arange(4)))(jnp.eye(4))
    assert not np.asarray(lone).any()


def test_a_training_that_is_cut_ends_at_the_same_bits():
    run = partial(outer.train, TASK, 4, CONDITION)
    whole, losses = run(run(STATE, DATA)[0], DATA)
    saved = jax.tree.map(np.array, run(STATE, DATA)[0].replace(key=jax.random.key_data(STATE.key)))
    again, repeated = run(saved.replace(key=STATE.key), DATA)
    np.testing.assert_array_equal(losses, repeated)
    for ours, theirs in zip(jax.tree.leaves(whole.params), jax.tree.leaves(again.params)):
        np.testing.assert_array_equal(ours, theirs)
    assert int(again.step) == 8
