"""Training TopK sparse autoencoders under `pmap`: one, and several side by side in one program."""

from functools import lru_cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from inr_sae.dictionaries.topk import model, sparse
from inr_sae.state import TrainState


def init_state(key, n_atoms, mean, learning_rate, how="tied", second_bias=False):
    """A TrainState at step 0 for activations of mean `mean` (d,); how, second_bias: see `model.init`."""
    key_init, key_batches = jax.random.split(key)
    params = model.init(key_init, n_atoms, mean, how, second_bias)
    return TrainState(
        params=params, opt_state=optax.adam(learning_rate).init(params), step=jnp.int32(0), key=key_batches
    )


def loss(params, h, k):
    """Mean squared error of the reconstruction over the batch and the d dimensions, h (B, d)."""
    return jnp.mean(jnp.square(model.reconstruct(params, h, k) - h))


def step(k, learning_rate, state, h, axis_name=None):
    """One Adam step on a batch of activations h (B, d), then the atoms are brought back to unit norm.

    Under `pmap` h is this device's share of the batch and `axis_name` the mapped axis. Returns the new state and the
    batch's mse before the step.
    """
    mse, grads = jax.value_and_grad(loss)(state.params, h, k)
    if axis_name is not None:
        # The gradients are averaged, not the loss: the gradient of a pmean'ed loss is each device's own.
        mse, grads = lax.pmean((mse, grads), axis_name)
    updates, opt_state = optax.adam(learning_rate).update(grads, state.opt_state, state.params)
    params = optax.apply_updates(state.params, updates)
    params = params | {"w_dec": model.unit_rows(params["w_dec"])}
    return state.replace(params=params, opt_state=opt_state, step=state.step + 1), mse


def draw(key, step, batch, n_rows):
    """Row numbers (batch,) of the batch of one step, with replacement; they depend on the key and the step alone."""
    return jax.random.randint(jax.random.fold_in(key, step), (batch,), 0, n_rows)


def steps(k, learning_rate, batch, n, n_devices, state, h, device, axis_name=None):
    """`n` steps on batches of `batch` rows drawn anew each step from activations h (N, d).

    Every device draws the whole batch and takes the share of its number `device` (), so that the batch does not depend
    on how many devices there are. Returns the state and the mse of each step (n,).
    """
    share = batch // n_devices

    def body(state, _):
        mine = lax.dynamic_slice_in_dim(draw(state.key, state.step, batch, h.shape[0]), device * share, share)
        return step(k, learning_rate, state, sparse.rows(h, mine), axis_name)

    return lax.scan(body, state, None, length=n)


class Set(NamedTuple):
    """Autoencoders of one k and one n, for the L layers of one stack of activations."""

    k: int
    n_atoms: int
    stack: int


class Plan(NamedTuple):
    """Everything that the program of a training depends on."""

    sets: tuple
    learning_rate: float
    batch: int
    init: str
    second_bias: bool


def init_states(plan, keys, stacks):
    """The TrainState of all sets at step 0.

    keys: (L,) of each set. stacks: activations (L, N, d). `params`, `opt_state` and `key` are tuples, one tree a set,
    whose leaves lead with L; `step` is common to all.
    """
    states = []
    for of_set, of_layers in zip(plan.sets, keys, strict=True):
        means = stacks[of_set.stack].mean(axis=1)

        def one(key, mean, n=of_set.n_atoms):
            return init_state(key, n, mean, plan.learning_rate, plan.init, plan.second_bias)

        states.append(jax.vmap(one)(of_layers, means))
    return TrainState(
        params=tuple(state.params for state in states),
        opt_state=tuple(state.opt_state for state in states),
        step=jnp.int32(0),
        key=tuple(state.key for state in states),
    )


def steps_of_sets(plan, n, n_devices, states, stacks, device, axis_name=None):
    """`steps` of all autoencoders in one program; returns the state and the mse of each step, (n, all of them)."""

    def one(k):
        def train(params, opt_state, key, h):
            state = TrainState(params=params, opt_state=opt_state, step=states.step, key=key)
            return steps(k, plan.learning_rate, plan.batch, n, n_devices, state, h, device, axis_name)

        return jax.vmap(train)

    done = [
        one(of_set.k)(*trees, stacks[of_set.stack])
        for of_set, *trees in zip(plan.sets, states.params, states.opt_state, states.key, strict=True)
    ]
    after, losses = zip(*done)
    return (
        states.replace(
            params=tuple(state.params for state in after),
            opt_state=tuple(state.opt_state for state in after),
            step=states.step + n,
        ),
        jnp.concatenate(losses).T,
    )


@lru_cache
def _on_devices(plan, n, n_devices):
    return jax.pmap(
        partial(steps_of_sets, plan, n, n_devices, axis_name="data"),
        axis_name="data",
        in_axes=(None, None, 0),
        out_axes=(None, None),
        # Over several processes jax 0.10's pmap frees a donated state that the next call still needs.
        donate_argnums=() if jax.process_count() > 1 else 0,
    )


def on_all_devices():
    """The sharding of what a process's devices hold alike, as `steps_on_all_devices` leaves its state there."""
    return NamedSharding(Mesh(np.array(jax.local_devices()), ("data",)), PartitionSpec())


def steps_on_all_devices(plan, n, states, stacks):
    """`steps_of_sets` under `jax.pmap` over all devices of all processes, states and activations alike on each.

    In one process the states are donated. Raises ValueError for a batch that the devices cannot share evenly.
    """
    n_devices, here = jax.device_count(), jax.local_device_count()
    if plan.batch % n_devices:
        raise ValueError(f"a batch of {plan.batch} cannot be shared by {n_devices} devices")
    device = jax.process_index() * here + jnp.arange(here)
    return _on_devices(plan, n, n_devices)(states, stacks, device)
