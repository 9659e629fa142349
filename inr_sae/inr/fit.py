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

from inr_sae.inr import freeze, head, network
from inr_sae.inr.initial import as_in_torch
from inr_sae.protocols import PROTOCOLS, frozen_to
from inr_sae.state import TrainState

MOST_FITS = 8  # in one batch on one device: a few fill it, and the smaller the batch, the less an interruption loses
CPU_TILE_ROWS = 2048  # of width 256: 2 MiB an array, which fits a core's cache


class Tiles(NamedTuple):
    """N pixels in T tiles of n rows, the last padded with rows of weight 0."""

    h: jax.Array  # (T, n, d_in) input of the first unit that moves; (B, T, n, d_in) where the fits of a batch differ
    targets: jax.Array  # (T, M, n, C)
    weight: jax.Array  # (T, n): 1/N, or 0 for padding


def tiles(h, targets, rows, weight=None):
    """Tiles of at most `rows` rows from h (N, d_in), or (B, N, d_in), and targets (M, N, C).

    weight (N,): of each pixel in the mean; None is 1/N.
    """
    n_pixels = h.shape[-2]
    n_tiles = -(-n_pixels // rows)
    rows = -(-n_pixels // n_tiles)
    padding = (0, n_tiles * rows - n_pixels)
    m, _, c = targets.shape
    targets = jnp.pad(targets, ((0, 0), padding, (0, 0))).reshape(m, n_tiles, rows, c)
    weight = jnp.pad(jnp.full(n_pixels, 1.0 / n_pixels) if weight is None else weight, padding)
    return Tiles(
        jnp.pad(h, ((0, 0),) * (h.ndim - 2) + (padding, (0, 0))).reshape(*h.shape[:-2], n_tiles, rows, h.shape[-1]),
        jnp.moveaxis(targets, 1, 0),
        weight.reshape(n_tiles, rows),
    )


def tile_rows(n_fits, bytes_a_row, memory_bytes):
    """How many pixels a tile of `n_fits` vmapped fits may hold; bytes_a_row: see the function of that name.

    memory_bytes: the accelerator's memory, of which half is filled; None for a CPU, where a tile should stay in cache.
    """
    if memory_bytes is None:
        return max(256, CPU_TILE_ROWS // n_fits)
    return max(256, memory_bytes // 2 // (n_fits * bytes_a_row))


def bytes_a_row(backbone, encoder):
    """Memory that one pixel of one fit takes while it is differentiated.

    Kept for the backward pass are each unit's activations and derivatives, and a few of the size of the widest.
    """
    first = jax.eval_shape(backbone.embed, encoder, jax.ShapeDtypeStruct((1, 2), jnp.float32)).shape[1]
    widths = network.widths(backbone, encoder)
    return 4 * (first + 2 * sum(widths) + 4 * max(widths))


def fits_at_once(n_pixels, bytes_a_row, memory_bytes):
    """How many fits of `n_pixels` a device may hold at once in half its memory, 1 to MOST_FITS."""
    return int(min(MOST_FITS, max(1, memory_bytes // 2 // (n_pixels * bytes_a_row))))


def first_moving_unit(tau):
    """The first unit that a fit evaluates: tau + 1, or 0 for tau = None."""
    return 0 if tau is None else tau + 1


def tile_mse(backbone, params, start, tile):
    """One tile's share of the mean squared error over pixels and channels of each signal, (M,)."""
    error = network.outputs(backbone, params, start, tile.h) - tile.targets
    return jnp.einsum("mnc,n->m", jnp.square(error), tile.weight) / error.shape[-1]


@partial(jax.jit, static_argnums=(0, 2))
def signal_mse(backbone, params, tau, data):
    """Mean squared error over pixels and channels of each signal, (M,)."""
    return lax.map(lambda tile: tile_mse(backbone, params, first_moving_unit(tau), tile), data).sum(0)


def gradients(backbone, tau, data, params):
    """Gradients of the sum over signals of the mean squared error (Eq. 2), 0 for frozen leaves; and the errors (M,)."""
    frozen, moving = freeze.split(params, tau)

    def loss(moving, tile):
        mse = tile_mse(backbone, freeze.merge(frozen, moving), first_moving_unit(tau), tile)
        return mse.sum(), mse

    def add(total, tile):
        return jax.tree.map(jnp.add, total, jax.grad(loss, has_aux=True)(moving, tile)), None

    nothing = (jax.tree.map(jnp.zeros_like, moving), jnp.zeros(data.targets.shape[1]))
    (grads, mse), _ = lax.scan(add, nothing, data)
    return freeze.merge(jax.tree.map(jnp.zeros_like, frozen), grads), mse


def init_state(params, tau, learning_rate, key):
    """A TrainState at step 0 for params {"encoder", "heads"} with units 0..tau frozen."""
    tx = freeze.optimizer(learning_rate, freeze.labels(params, tau))
    return TrainState(params=params, opt_state=tx.init(params), step=jnp.int32(0), key=key)


def adam_of(backbone):
    """What a backbone has other than Adam's defaults, {} as a rule."""
    return getattr(backbone, "ADAM", {})


def step(tau, learning_rate, gradients, state, adam=None):
    """One Adam step on all pixels. Returns the new state and each signal's mse (M,) before the step.

    gradients: params -> (gradients of all leaves, mse (M,)). adam: as of `adam_of`.
    """
    grads, mse = gradients(state.params)
    tx = freeze.optimizer(learning_rate, freeze.labels(state.params, tau), adam)
    updates, opt_state = tx.update(grads, state.opt_state, state.params)
    params = optax.apply_updates(state.params, updates)
    return state.replace(params=params, opt_state=opt_state, step=state.step + 1), mse


def steps(backbone, tau, learning_rate, n, state, data):
    """`n` steps in one dispatch; returns the state and the mse of each step, (n, M)."""
    if first_moving_unit(tau) == network.n_units(state.params["encoder"]):
        of = partial(head.gradients, head.quadratic(data, state.params["heads"]))
    else:
        of = partial(gradients, backbone, tau, data)
    return lax.scan(lambda state, _: step(tau, learning_rate, of, state, adam_of(backbone)), state, None, length=n)


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
    return of_each(partial(steps, backbone, tau), learning_rate, n, states, data)


def of_each(run, learning_rate, n, states, data):
    """run(learning_rate, n, state, Tiles) of each of B fits, vmapped; states and data as in `fit_batch`."""
    each = data._replace(targets=data.targets[:, :, None])  # M = 1 for each fit
    own_prefix = data.h.ndim == 4
    one = jax.vmap(
        lambda rate, state, data: run(rate, n, state, data),
        in_axes=(None, 0, Tiles(0 if own_prefix else None, 1, None)),
    )
    return one(learning_rate, states, each)


@partial(jax.jit, static_argnums=(0, 1))
def batch_mse(backbone, tau, states, data):
    """Mean squared error of each of B fits over all pixels, (B,); states and data as in `fit_batch`."""

    def run(rate, n, state, data):
        return signal_mse(backbone, state.params, tau, data)[0]

    return of_each(run, None, None, states, data)


@partial(jax.jit, static_argnums=(0, 2))
def outputs(backbone, params, tau, h):
    """Signals (M, N, C) of a fit's params from the activations h of its prefix."""
    return network.outputs(backbone, params, first_moving_unit(tau), h)


def test_time_state(new, cohort, way, key):
    """The state of one fit by a way, (protocol, tau, rate).

    new: the parameters {"encoder", "heads"} of a network that starts anew, as of `new_network`. cohort: the trained
    encoder; unused, and may be None, where none of its weights are taken.
    """
    protocol, tau, rate = way
    rules = PROTOCOLS[protocol]
    prefix = cohort if rules.prefix_of_cohort else new["encoder"]
    suffix = cohort if rules.suffix_of_cohort else new["encoder"]
    params = new | {"encoder": freeze.join(prefix, suffix, tau)}
    return init_state(params, frozen_to(protocol, tau), rate, key)


def new_network(backbone, config, key, signals, law="backbone"):
    """Parameters of a network that starts anew for signals (1, H, W, C).

    A unit's weights depend on the key and the unit alone, so fits of one key start alike at every tau and under every
    protocol. law: "backbone", its own, or "torch": PyTorch's default in every unit that is a layer {"w", "b"}.
    """
    *keys, key = jax.random.split(key, 3)
    new = network.init(backbone, keys, config, signals)
    if law == "backbone":
        return new
    units = {
        name: as_in_torch(jax.random.fold_in(key, i), unit) if unit.keys() == {"w", "b"} else unit
        for i, (name, unit) in enumerate(sorted(new["encoder"]["units"].items()))
    }
    heads = as_in_torch(jax.random.fold_in(key, len(units)), new["heads"])
    return {"encoder": new["encoder"] | {"units": units}, "heads": heads}


def stacked(states):
    """States of one shape with a leading axis, as `fit_batch` takes them."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
