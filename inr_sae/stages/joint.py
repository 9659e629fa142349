"""Training dictionaries on all devices of all processes: what each of them holds from one chunk to the next."""

from contextlib import contextmanager

import jax
import jax.numpy as jnp

from inr_sae import processes
from inr_sae.sae import train as sae_train


@contextmanager
def sae_steps(sae, ks, h):
    """run_chunk(n, state) -> (state, losses) of `training.train`, for activations h (L, N, d).

    sae: the config group. State and activations are sent to the other processes before the first chunk.
    """
    begun = False

    def run_chunk(n, state):
        nonlocal begun
        if not begun:
            about = {"n_atoms": sae.n_atoms, "learning_rate": sae.learning_rate, "batch": sae.batch, "ks": list(ks)}
            processes.together(begin, about, [h, *leaves(state)])
            begun = True
        return processes.together(chunk, {"n": n})

    try:
        yield run_chunk
    finally:
        if begun:
            processes.together(finish, {})


def leaves(state):
    """The arrays of a TrainState, its key as plain uint32."""
    return jax.tree.leaves(state.replace(key=jax.random.key_data(state.key)))


def begin(details, arrays):
    """Hold the activations and the state that a training goes on from."""
    h, *rest = arrays
    n_layers, _, d = h.shape

    def like():
        keys = jax.random.split(jax.random.key(0), (len(details["ks"]), n_layers))
        means = jnp.zeros((n_layers, d))
        state = sae_train.init_states(keys, details["n_atoms"], means, details["learning_rate"])
        return state.replace(key=jax.random.key_data(state.key))

    state = jax.tree.unflatten(jax.tree.structure(jax.eval_shape(like)), map(jnp.asarray, rest))
    state = state.replace(key=jax.random.wrap_key_data(state.key))
    processes.held["sae"] = (details, state, jnp.asarray(h))


def chunk(details, arrays):
    """Steps of the training that is held; returns its state and losses (n, S, L)."""
    about, state, h = processes.held["sae"]
    state, losses = sae_train.steps_on_all_devices(
        about["ks"], about["learning_rate"], about["batch"], details["n"], state, h
    )
    processes.held["sae"] = (about, state, h)
    return state, losses


def finish(details, arrays):
    """Hold them no longer."""
    del processes.held["sae"]
