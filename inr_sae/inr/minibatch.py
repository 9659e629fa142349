"""Fitting by minibatches of pixels: epochs over a shuffled grid, in the place of `fit`'s steps on all pixels."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from inr_sae.inr import fit

_SHUFFLE = 0x5F  # folded into a fit's key, which has drawn its weights


class Epochs(NamedTuple):
    """n epochs over N pixels, `pixels` of them a step; the last step of an epoch takes what is left."""

    n: int
    pixels: int
    n_pixels: int

    @property
    def steps_each(self):
        """Steps in an epoch."""
        return -(-self.n_pixels // self.pixels)


def shuffled(key, epoch, epochs):
    """(numbers (S, P) of the pixels of each step of an epoch, weights (S, P) with which these count).

    An epoch has its own order, of the key and its number alone. Every pixel comes once; what fills the last step up
    weighs nothing.
    """
    order = jax.random.permutation(jax.random.fold_in(jax.random.fold_in(key, _SHUFFLE), epoch), epochs.n_pixels)
    shape = (epochs.steps_each, epochs.pixels)
    filled = jnp.pad(order, (0, shape[0] * shape[1] - epochs.n_pixels)).reshape(shape)
    counts = (jnp.arange(shape[0] * shape[1]) < epochs.n_pixels).reshape(shape)
    return filled, counts / counts.sum(axis=1, keepdims=True)


def steps(backbone, tau, learning_rate, epochs, state, data):
    """Epochs in one dispatch, as `fit.steps`; returns the state and each step's mse over its own pixels, (steps, M).

    data: `fit.Tiles` of the whole grid.
    """
    n_tiles, rows, d = data.h.shape
    h = data.h.reshape(n_tiles * rows, d)
    targets = jnp.moveaxis(data.targets, 0, 1).reshape(data.targets.shape[1], n_tiles * rows, -1)

    def one(state, step):
        numbers, weights = step
        batch = fit.tiles(h[numbers], targets[:, numbers], rows, weights)
        of = partial(fit.gradients, backbone, tau, batch)
        return fit.step(tau, learning_rate, of, state, fit.adam_of(backbone))

    def epoch(state, _):
        return lax.scan(one, state, shuffled(state.key, state.step // epochs.steps_each, epochs))

    state, losses = lax.scan(epoch, state, None, length=epochs.n)
    return state, losses.reshape(epochs.n * epochs.steps_each, -1)


@partial(jax.jit, static_argnums=(0, 1, 3))
def fit_batch(backbone, tau, learning_rate, epochs, states, data):
    """Jitted `steps` of B independent fits on one device, as `fit.fit_batch`: the states, and losses (B, steps, 1)."""
    return fit.of_each(partial(steps, backbone, tau), learning_rate, epochs, states, data)
