"""One batch of test-time fits, shared by all devices of all processes.

A device takes so many fits, and its program depends on that number alone; a fit's key follows from what it is called.
So a fit comes out alike wherever it is placed.
"""

from functools import partial
from types import SimpleNamespace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from inr_sae import processes, runtime
from inr_sae.inr import fit as inr_fit
from inr_sae.inr import network, protocols
from inr_sae.interrupt import Stopped
from inr_sae.stages import cohort, training
from inr_sae.stages.keys import key_of


class Fitted(NamedTuple):
    """B fits."""

    losses: np.ndarray  # (B, steps): each one's mse before every step
    finite: np.ndarray  # (B,): whether its parameters are all finite
    outputs: np.ndarray  # (B, H, W, C)
    params: dict  # {"encoder/hidden_0/w": (B, d_in, d), ...}; empty where they were not asked for


def fit(config, encoder, target, cell, pairs, size, keep):
    """Fitted of the (image, seed) pairs of a target in one cell; raises Stopped if the run is asked to stop meanwhile.

    encoder: the cohort's, or None. size: fits on each device; where there are fewer pairs, the last one is repeated and
    left out again. keep: whether the fits' parameters are wanted.
    """
    padded = pairs + pairs[-1:] * (size * jax.device_count() - len(pairs))
    names = {} if encoder is None else flatten_dict(encoder, sep="/")
    details = {
        "seed": config.seed,
        "inr": config.inr.to_dict(),
        "steps": config.fit.steps,
        "chunk": config.fit.log_every,
        "cell": cell,
        "fits": [(target.names[index], seed) for index, seed in padded],
        "rows": inr_fit.tile_rows(config.inr, size, runtime.accelerator_memory()),
        "keep": keep,
        "encoder": list(names),
    }
    arrays = [target.images[[index for index, _ in padded]], *names.values()]
    fitted = processes.together(join, details, arrays)
    return jax.tree.map(lambda leaf: leaf[: len(pairs)], fitted)


def join(details, arrays):
    """This process's share of a batch; Fitted of the whole batch, on every process."""
    task = SimpleNamespace(**details)
    images, *leaves = arrays
    encoder = unflatten_dict(dict(zip(task.encoder, leaves)), sep="/") if task.encoder else None
    backbone, boundary = network.backbone(task.inr["backbone"]), protocols.frozen_to(*task.cell[:2])
    share, devices = len(images) // jax.device_count(), jax.local_devices()
    work = []  # (states, input of the first layer that moves, Tiles) of each device of this process
    for i, device in enumerate(devices, start=jax.process_index() * len(devices)):
        mine = slice(i * share, (i + 1) * share)
        work.append(jax.device_put(start(task, encoder, images[mine], task.fits[mine]), device))
    losses = []
    for done in range(0, task.steps, task.chunk):
        if done and processes.any_asked_to_stop():
            raise Stopped
        n = min(task.chunk, task.steps - done)
        # Every device is set to work before the first one is waited for.
        after = [inr_fit.fit_batch(backbone, boundary, task.cell[2], n, states, data) for states, _, data in work]
        work = [(states, h, data) for (states, _), (_, h, data) in zip(after, work)]
        losses.append(np.concatenate([np.asarray(of_device) for _, of_device in after])[:, :, 0])
    fitted = [finish(task, backbone, boundary, states.params, h) for states, h, _ in work]
    fitted = jax.tree.map(lambda *leaves: np.concatenate(leaves), *fitted)
    outputs = fitted.outputs.reshape(-1, *images.shape[1:])
    return processes.gather(fitted._replace(losses=np.concatenate(losses, axis=1), outputs=outputs))


def finish(task, backbone, boundary, params, h):
    """Fitted of one device's fits, but for their losses."""
    one = partial(one_output, backbone, boundary)
    outputs = jax.vmap(one, in_axes=(0, 0 if h.ndim == 3 else None))(params, h)
    finite = jax.vmap(training.all_finite)(params)
    return Fitted(np.zeros((len(finite), 0)), finite, outputs, flatten_dict(params, sep="/") if task.keep else {})


def one_output(backbone, boundary, params, h):
    """Output (1, N, C) of one fit from the activations h of its prefix."""
    return inr_fit.outputs(backbone, params, boundary, h)


def start(task, encoder, images, fits):
    """(states, input of the first layer that moves, Tiles) of fits (name, seed) of images (B, H, W, C).

    The input is (N, d_in) where all fits share the cohort's prefix, (B, N, d_in) where each has its own.
    """
    protocol, tau, rate = task.cell
    backbone, boundary = network.backbone(task.inr["backbone"]), protocols.frozen_to(protocol, tau)
    keys = jnp.stack([key_of(task.seed, "fit", name, seed) for name, seed in fits])
    states = jax.vmap(
        lambda key: inr_fit.test_time_state(backbone, task.inr, encoder, protocol, tau, rate, key, images.shape[-1])
    )(keys)
    x, last = cohort.grid(images), -1 if boundary is None else boundary
    if protocols.protocol(protocol).prefix_of_cohort:
        h = network.prefix(backbone, encoder, last, x)
    else:
        h = jax.vmap(lambda params: network.prefix(backbone, params, last, x))(states.params["encoder"])
    return states, h, inr_fit.tiles(h, cohort.flat(images), task.rows)
