"""Fitting signals by gradient descent: a cohort, or one held-out signal behind a freeze boundary.

Both are one step. A cohort is M signals with the boundary before layer 0; a test-time fit is M = 1 with the
boundary behind layer tau, `vmap`ped over signals and seeds. The prefix up to the boundary does not move, so its
activations are computed once and handed in.
"""

from functools import partial

import jax
import jax.numpy as jnp
import optax
from jax import lax

from inr_sae.inr import freeze, network
from inr_sae.state import TrainState


def first_moving_layer(tau):
    """The first layer that a fit evaluates: tau + 1, or 0 for tau = None."""
    return 0 if tau is None else tau + 1


@partial(jax.jit, static_argnums=(0, 2))
def signal_mse(backbone, params, start, h, targets):
    """Mean squared error over pixels and channels of each signal, (M,).

    targets (M, N, C); h (N, d_in) is the input of layer `start`.
    """
    return jnp.mean(jnp.square(network.outputs(backbone, params, start, h) - targets), axis=(1, 2))


def init_state(params, tau, learning_rate, key):
    """A TrainState at step 0 for params {"encoder", "heads"} with layers 0..tau frozen."""
    tx = freeze.optimizer(learning_rate, freeze.labels(params, tau))
    return TrainState(params=params, opt_state=tx.init(params), step=jnp.int32(0), key=key)


def step(backbone, tau, learning_rate, state, h, targets):
    """One Adam step on all pixels; the loss is the sum over signals of the mean squared error (Eq. 2).

    Returns the new state and each signal's mse (M,) before the step.
    """
    start = first_moving_layer(tau)

    def loss(params):
        mse = signal_mse(backbone, params, start, h, targets)
        return mse.sum(), mse

    grads, mse = jax.grad(loss, has_aux=True)(state.params)
    tx = freeze.optimizer(learning_rate, freeze.labels(state.params, tau))
    updates, opt_state = tx.update(grads, state.opt_state, state.params)
    return state.replace(
        params=optax.apply_updates(state.params, updates), opt_state=opt_state, step=state.step + 1
    ), mse


def steps(backbone, tau, learning_rate, n, state, h, targets):
    """`n` steps in one dispatch; returns the state and the mse of each step, (n, M)."""
    return lax.scan(lambda s, _: step(backbone, tau, learning_rate, s, h, targets), state, None, length=n)


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def fit_cohort(backbone, tau, learning_rate, n, state, h, targets):
    """Jitted `steps`: h (N, d_in), targets (M, N, C)."""
    return steps(backbone, tau, learning_rate, n, state, h, targets)


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def fit_batch(backbone, tau, learning_rate, n, states, h, targets):
    """Jitted `steps` of B independent fits: states with a leading B, h (N, d_in) shared, targets (B, 1, N, C)."""
    return jax.vmap(partial(steps, backbone, tau, learning_rate, n), in_axes=(0, None, 0))(states, h, targets)


@partial(jax.jit, static_argnums=(0, 2))
def outputs(backbone, params, tau, h):
    """Signals (M, N, C) of a fit's params from the activations h of its prefix."""
    return network.outputs(backbone, params, first_moving_layer(tau), h)


def test_time_state(backbone, config, cohort, tau, learning_rate, key, channels):
    """The state of one test-time fit: layers 0..tau from `cohort`, the rest and the head from `key`.

    A layer's new weights depend on the key and the layer alone, so fits of one key start alike at every tau.
    """
    key_layers, key_head = jax.random.split(key)
    encoder = freeze.start_anew(cohort, backbone.init(key_layers, config), tau)
    heads = network.init_heads(backbone, key_head, config, 1, channels)
    return init_state({"encoder": encoder, "heads": heads}, tau, learning_rate, key)
