"""Minibatches: every pixel once an epoch, in an order of the key and the epoch alone, and the steps of a plain loop."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.inr import fit, minibatch, network
from tests.inr.builders import SIGNALS, X, flat, same, settings, unit

RATE, N = 1e-2, len(X)


def start(backbone, seeds=(0,), tau=None):
    """(states of fits of the first signal, Tiles) with units 0..tau frozen."""
    states = []
    for seed in seeds:
        key = jax.random.key(seed)
        new = fit.new_network(backbone, settings(backbone), key, SIGNALS[:1])
        states.append(fit.init_state(new, tau, RATE, key))
    h = network.prefix(backbone, states[0].params["encoder"], -1 if tau is None else tau, X)
    return states, fit.tiles(h, flat(SIGNALS[:1]), 8)


@pytest.mark.parametrize("pixels", [7, 10, N])
def test_an_epoch_takes_every_pixel_once_and_weighs_those_of_a_step_alike(pixels):
    epochs = minibatch.Epochs(1, pixels, N)
    numbers, weights = map(np.asarray, minibatch.shuffled(jax.random.key(0), 0, epochs))
    assert numbers.shape == weights.shape == (epochs.steps_each, pixels) == (-(-N // pixels), pixels)
    assert sorted(numbers[weights > 0]) == list(range(N))
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-6)
    assert all(len(set(row[row > 0])) == 1 for row in weights)


def test_the_order_is_of_the_key_and_the_epoch():
    epochs = minibatch.Epochs(1, 7, N)

    def order(key, epoch):
        return np.asarray(minibatch.shuffled(jax.random.key(key), epoch, epochs)[0]).ravel()[:N].tolist()

    assert order(0, 0) == order(0, 0)
    assert order(0, 0) != order(0, 1) and order(0, 0) != order(1, 0)


def test_steps_are_those_of_a_plain_loop_over_the_shuffled_pixels(backbone, plain_adam):
    (state,), data = start(backbone)
    epochs = minibatch.Epochs(2, 13, N)
    ours, losses = minibatch.steps(backbone, None, RATE, epochs, state, data)
    h, targets, expected = backbone.embed(state.params["encoder"], X), flat(SIGNALS[:1]), []

    @jax.jit
    @jax.value_and_grad
    def loss(params, h, targets):
        return jnp.mean(jnp.square(network.outputs(backbone, params, 0, h) - targets))

    for epoch in range(2):
        numbers, weights = minibatch.shuffled(state.key, epoch, epochs)
        for which, weight in zip(numbers, weights):
            chosen = which[weight > 0]
            mse, grads = loss(state.params, h[chosen], targets[:, chosen])
            state, _ = fit.step(None, RATE, lambda _, grads=grads: (grads, None), state)
            expected.append(mse)
    np.testing.assert_allclose(losses[:, 0], expected, rtol=2e-4, atol=1e-6)
    for a, b in zip(jax.tree.leaves(ours.params), jax.tree.leaves(state.params), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=2e-4)


def test_a_step_of_all_pixels_is_the_step_without_minibatches(backbone):
    states, data = start(backbone)
    batch = fit.stacked(states)
    data = data._replace(targets=data.targets)
    _, losses = minibatch.fit_batch(backbone, None, RATE, minibatch.Epochs(3, N, N), batch, data)
    _, expected = fit.fit_batch(backbone, None, RATE, 3, batch, data)
    np.testing.assert_allclose(losses, expected, rtol=1e-4, atol=1e-6)


def test_fits_of_a_batch_shuffle_on_their_own_and_freeze_as_ever(backbone):
    states, data = start(backbone, seeds=(0, 1), tau=1)
    both = data._replace(targets=jnp.concatenate([data.targets, data.targets], axis=1))
    epochs = minibatch.Epochs(2, 13, N)
    after, losses = minibatch.fit_batch(backbone, 1, RATE, epochs, fit.stacked(states), both)
    for i, state in enumerate(states):
        _, alone = minibatch.steps(backbone, 1, RATE, epochs, state, data)
        np.testing.assert_allclose(losses[i], alone, rtol=1e-4, atol=1e-6)
        for frozen in (0, 1):
            ours = jax.tree.map(lambda leaf, i=i: leaf[i], unit(after.params["encoder"], frozen))
            assert same(ours, unit(state.params["encoder"], frozen))
    assert not np.allclose(losses[0], losses[1])
