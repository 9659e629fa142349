"""Fitting signals by gradient descent: a cohort, or one held-out signal behind a freeze boundary.

Both are one step. A cohort is M signals with the boundary before layer 0; a test-time fit is M = 1 with the
boundary behind layer tau, `vmap`ped over signals and seeds. The prefix up to the boundary does not move, so its
activations are computed once and handed in. Pixels come in tiles, over which gradients are summed: memory is that of
one tile, and on a CPU a tile's activations stay in cache.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from inr_sae.inr import freeze, head, network, protocols
from inr_sae.state import TrainState

MOST_FITS = 8  # in one batch on one device: a few fill it, and the smaller the batch, the less an interruption loses
CPU_TILE_ROWS = 2048  # of width 256: 2 MiB an array, which fits a core's cache


class Tiles(NamedTuple):
    """N pixels in T tiles of n rows, the last padded with rows of weight 0."""

    h: (
        jax.Array
    )  # (T, n, d_in) input of the first layer that moves; (B, T, n, d_in) in `fit_batch` where fits differ in it
    targets: jax.Array  # (T, M, n, C)
    weight: jax.Array  # (T, n): 1/N, or 0 for padding


def tiles(h, targets, rows):
    """Tiles of at most `rows` rows from h (N, d_in), or (B, N, d_in), and targets (M, N, C)."""
    n_pixels = h.shape[-2]
    n_tiles = -(-n_pixels // rows)
    rows = -(-n_pixels // n_tiles)
    padding = (0, n_tiles * rows - n_pixels)
    m, _, c = targets.shape
    targets = jnp.pad(targets, ((0, 0), padding, (0, 0))).reshape(m, n_tiles, rows, c)
    weight = jnp.pad(jnp.full(n_pixels, 1.0 / n_pixels), padding)
    return Tiles(
        jnp.pad(h, ((0, 0),) * (h.ndim - 2) + (padding, (0, 0))).reshape(*h.shape[:-2], n_tiles, rows, h.shape[-1]),
        jnp.moveaxis(targets, 1, 0),
        weight.reshape(n_tiles, rows),
    )


def tile_rows(config, n_fits, memory_bytes):
    """How many pixels a tile of `n_fits` vmapped fits may hold.

    memory_bytes: the accelerator's memory, of which half is filled; None for a CPU, where a tile should stay in cache.
    """
    if memory_bytes is None:
        return max(256, CPU_TILE_ROWS // n_fits)
    return max(256, memory_bytes // 2 // (n_fits * bytes_a_row(config)))


def bytes_a_row(config):
    """Memory that one pixel of one fit takes while it is differentiated.

    Kept for the backward pass are each layer's activations and derivatives, and a few of the size of the widest layer.
    """
    return 4 * (config["width"] * (2 * config["n_layers"] + 4) + 2 * config["n_fourier"])


def fits_at_once(config, n_pixels, memory_bytes):
    """How many fits of `n_pixels` a device may hold at once in half its memory, 1 to MOST_FITS."""
    return int(min(MOST_FITS, max(1, memory_bytes // 2 // (n_pixels * bytes_a_row(config)))))


def first_moving_layer(tau):
    """The first layer that a fit evaluates: tau + 1, or 0 for tau = None."""
    return 0 if tau is None else tau + 1


def tile_mse(backbone, params, start, tile):
    """One tile's share of the mean squared error over pixels and channels of each signal, (M,)."""
    error = network.outputs(backbone, params, start, tile.h) - tile.targets
    return jnp.einsum("mnc,n->m", jnp.square(error), tile.weight) / error.shape[-1]


@partial(jax.jit, static_argnums=(0, 2))
def signal_mse(backbone, params, tau, data):
    """Mean squared error over pixels and channels of each signal, (M,)."""
    return lax.map(lambda tile: tile_mse(backbone, params, first_moving_layer(tau), tile), data).sum(0)


def gradients(backbone, tau, data, params):
    """Gradients of the sum over signals of the mean squared error (Eq. 2), 0 for frozen leaves; and the errors (M,)."""
    frozen, moving = freeze.split(params, tau)

    def loss(moving, tile):
        mse = tile_mse(backbone, freeze.merge(frozen, moving), first_moving_layer(tau), tile)
        return mse.sum(), mse

    def add(total, tile):
        return jax.tree.map(jnp.add, total, jax.grad(loss, has_aux=True)(moving, tile)), None

    nothing = (jax.tree.map(jnp.zeros_like, moving), jnp.zeros(data.targets.shape[1]))
    (grads, mse), _ = lax.scan(add, nothing, data)
    return freeze.merge(jax.tree.map(jnp.zeros_like, frozen), grads), mse


def init_state(params, tau, learning_rate, key):
    """A TrainState at step 0 for params {"encoder", "heads"} with layers 0..tau frozen."""
    tx = freeze.optimizer(learning_rate, freeze.labels(params, tau))
    return TrainState(params=params, opt_state=tx.init(params), step=jnp.int32(0), key=key)


def step(tau, learning_rate, gradients, state):
    """One Adam step on all pixels. Returns the new state and each signal's mse (M,) before the step.

    gradients: params -> (gradients of all leaves, mse (M,)).
    """
    grads, mse = gradients(state.params)
    tx = freeze.optimizer(learning_rate, freeze.labels(state.params, tau))
    updates, opt_state = tx.update(grads, state.opt_state, state.params)
    params = optax.apply_updates(state.params, updates)
    return state.replace(params=params, opt_state=opt_state, step=state.step + 1), mse


def steps(backbone, tau, learning_rate, n, state, data):
    """`n` steps in one dispatch; returns the state and the mse of each step, (n, M)."""
    if first_moving_layer(tau) == network.n_layers(state.params["encoder"]):
        of = partial(head.gradients, head.quadratic(data))
    else:
        of = partial(gradients, backbone, tau, data)
    return lax.scan(lambda state, _: step(tau, learning_rate, of, state), state, None, length=n)


@partial(jax.jit, static_argnums=(0, 1, 3))
def fit_cohort(backbone, tau, learning_rate, n, state, data):
    """Jitted `steps` of one fit."""
    return steps(backbone, tau, learning_rate, n, state, data)


@partial(jax.jit, static_argnums=(0, 1, 3))
def fit_batch(backbone, tau, learning_rate, n, states, data):
    """Jitted `steps` of B independent fits on one device.

    states: with a leading B. data: Tiles with B signals, signal i for fit i, and h (T, n, d_in) that all fits share, or
    (B, T, n, d_in) where each has its own frozen prefix. Returns the states and the mse of each step, (B, n, 1).

    Several devices each run this program on their own fits, not one program that is partitioned over them: XLA compiles
    that one otherwise, and a fit's last bits would tell how many devices there were.
    """
    each = data._replace(targets=data.targets[:, :, None])  # M = 1 for each fit
    own_prefix = data.h.ndim == 4
    one = jax.vmap(
        lambda rate, state, data: steps(backbone, tau, rate, n, state, data),
        in_axes=(None, 0, Tiles(0 if own_prefix else None, 1, None)),
    )
    return one(learning_rate, states, each)


@partial(jax.jit, static_argnums=(0, 2))
def outputs(backbone, params, tau, h):
    """Signals (M, N, C) of a fit's params from the activations h of its prefix."""
    return network.outputs(backbone, params, first_moving_layer(tau), h)


def test_time_state(backbone, config, cohort, protocol, tau, learning_rate, key, channels):
    """The state of one test-time fit by a protocol of `protocols`; `cohort` is unused, and may be None, where none of
    its weights are taken.

    A layer's new weights depend on the key and the layer alone, so fits of one key start alike at every tau and under
    every protocol.
    """
    rules = protocols.protocol(protocol)
    key_layers, key_head = jax.random.split(key)
    new = backbone.init(key_layers, config)
    encoder = freeze.join(cohort if rules.prefix_of_cohort else new, cohort if rules.suffix_of_cohort else new, tau)
    heads = network.init_heads(backbone, key_head, config, 1, channels)
    return init_state({"encoder": encoder, "heads": heads}, protocols.frozen_to(protocol, tau), learning_rate, key)
