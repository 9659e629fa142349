"""Training a TopK sparse autoencoder under `pmap`."""

from functools import lru_cache, partial

import jax
import jax.numpy as jnp
import optax
from jax import lax

from inr_sae.sae import sparse, topk
from inr_sae.state import TrainState


def init_state(key, n_atoms, mean, learning_rate):
    """A TrainState at step 0 for activations of mean `mean` (d,)."""
    key_init, key_batches = jax.random.split(key)
    params = topk.init(key_init, n_atoms, mean)
    return TrainState(
        params=params, opt_state=optax.adam(learning_rate).init(params), step=jnp.int32(0), key=key_batches
    )


def loss(params, h, k):
    """Mean squared error of the reconstruction over the batch and the d dimensions, h (B, d)."""
    return jnp.mean(jnp.square(topk.reconstruct(params, h, k) - h))


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
    params = params | {"w_dec": topk.unit_rows(params["w_dec"])}
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


def init_states(keys, n_atoms, means, learning_rate):
    """The TrainState of several dictionary sets, each an SAE for every one of L layers, at step 0.

    keys: (S, L) keys, of S sets (one for each k that is trained side by side). means: (L, d), of the layers'
    activations. `params` and `opt_state` are tuples of S trees whose leaves lead with L; `step` is common to all.
    """
    one = jax.vmap(lambda key, mean: init_state(key, n_atoms, mean, learning_rate))
    sets = [one(of_layers, means) for of_layers in keys]
    return TrainState(
        params=tuple(state.params for state in sets),
        opt_state=tuple(state.opt_state for state in sets),
        step=jnp.int32(0),
        key=jnp.stack([state.key for state in sets]),
    )


def steps_of_sets(ks, learning_rate, batch, n, n_devices, states, h, device, axis_name=None):
    """`steps` of S x L autoencoders in one program, set i with k = ks[i], layer l on the activations h[l] (L, N, d).

    Returns the state and the mse of each step (n, S, L).
    """

    def one(k):
        def train(params, opt_state, key, h):
            state = TrainState(params=params, opt_state=opt_state, step=states.step, key=key)
            return steps(k, learning_rate, batch, n, n_devices, state, h, device, axis_name)

        return jax.vmap(train)

    done = [one(k)(*of_set, h) for k, *of_set in zip(ks, states.params, states.opt_state, states.key, strict=True)]
    after, losses = zip(*done)
    return (
        states.replace(
            params=tuple(state.params for state in after),
            opt_state=tuple(state.opt_state for state in after),
            step=states.step + n,
        ),
        jnp.stack(losses).transpose(2, 0, 1),
    )


@lru_cache
def _on_devices(ks, learning_rate, batch, n, n_devices):
    return jax.pmap(
        partial(steps_of_sets, ks, learning_rate, batch, n, n_devices, axis_name="data"),
        axis_name="data",
        in_axes=(None, None, 0),
        out_axes=(None, None),
        # Over several processes jax 0.10's pmap frees a donated state that the next call still needs.
        donate_argnums=() if jax.process_count() > 1 else 0,
    )


def steps_on_all_devices(ks, learning_rate, batch, n, states, h):
    """`steps_of_sets` under `jax.pmap` over all devices of all processes, states and h alike on each.

    In one process the states are donated. Raises ValueError for a batch that the devices cannot share evenly.
    """
    n_devices, here = jax.device_count(), jax.local_device_count()
    if batch % n_devices:
        raise ValueError(f"a batch of {batch} cannot be shared by {n_devices} devices")
    device = jax.process_index() * here + jnp.arange(here)
    return _on_devices(tuple(ks), learning_rate, batch, n, n_devices)(states, h, device)
