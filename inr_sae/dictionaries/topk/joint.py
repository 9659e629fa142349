"""Training on all devices of all processes: what each of them holds from one chunk to the next."""

from contextlib import contextmanager

import jax
import jax.numpy as jnp

from inr_sae.dictionaries.topk import training
from inr_sae.machine import processes


@contextmanager
def steps_together(plan, stacks):
    """run(n, state) -> (state, losses) of a `state.Training`, by a `training.Plan`, for stacks of activations.

    State and activations are sent to the other processes before the first chunk.
    """
    begun = False

    def run(n, state):
        nonlocal begun
        if not begun:
            details = {"plan": plan, "n_stacks": len(stacks)}
            processes.together(begin, details, [*stacks, *leaves(state)])
            begun = True
        return processes.together(chunk, {"n": n})

    try:
        yield run
    finally:
        if begun:
            processes.together(finish, {})


def leaves(state):
    """The arrays of a TrainState, its keys as plain uint32."""
    return jax.tree.leaves(state.replace(key=jax.tree.map(jax.random.key_data, state.key)))


def begin(details, arrays):
    """Hold the activations and the state that a training goes on from."""
    sets, *rest = details["plan"]
    plan = training.Plan(tuple(training.Set(*of_set) for of_set in sets), *rest)
    n_stacks = details["n_stacks"]
    stacks = tuple(jnp.asarray(stack) for stack in arrays[:n_stacks])

    def like():
        keys = [jax.random.split(jax.random.key(0), len(stacks[of_set.stack])) for of_set in plan.sets]
        state = training.init_states(plan, keys, stacks)
        return state.replace(key=jax.tree.map(jax.random.key_data, state.key))

    structure = jax.tree.structure(jax.eval_shape(like))
    state = jax.tree.unflatten(structure, map(jnp.asarray, arrays[n_stacks:]))
    state = state.replace(key=jax.tree.map(jax.random.wrap_key_data, state.key))
    # As every chunk leaves them: the program would be compiled a second time for the first one.
    state = jax.device_put(state, training.on_all_devices())
    processes.held["dictionaries"] = (plan, state, stacks)


def chunk(details, arrays):
    """Steps of the training that is held; returns its state and the losses (n, autoencoders)."""
    plan, state, stacks = processes.held["dictionaries"]
    state, losses = training.steps_on_all_devices(plan, details["n"], state, stacks)
    processes.held["dictionaries"] = (plan, state, stacks)
    return state, losses


def finish(details, arrays):
    """Hold them no longer."""
    del processes.held["dictionaries"]
