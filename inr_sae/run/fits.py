"""One batch of test-time fits, shared by all devices of all processes.

A device takes so many fits, and its program depends on that number alone; a fit's key follows from what it is called.
So a fit comes out alike wherever it is placed.
"""

from functools import partial
from types import SimpleNamespace
from typing import NamedTuple

import jax
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from inr_sae.inr import fit as inr_fit
from inr_sae.inr import minibatch, network
from inr_sae.machine import devices, processes
from inr_sae.machine.interrupts import Stopped
from inr_sae.machine.progress import Within
from inr_sae.protocols import PROTOCOLS, frozen_to
from inr_sae.run import trained, training
from inr_sae.run.keys import key_of


class Fitted(NamedTuple):
    """B fits."""

    losses: np.ndarray  # (B, steps): each one's mse before every step, over the pixels of the step
    curve: np.ndarray  # (B, chunks): its mse over all pixels before every chunk of steps or epochs
    finite: np.ndarray  # (B,): whether its parameters are all finite
    outputs: np.ndarray  # (B, H, W, C)
    params: dict  # {"encoder/units/...": (B, ...), ...}; empty where they were not asked for


def budget(config, protocol):
    """Steps of a fit by a protocol; epochs, where a step takes a part of the pixels."""
    return config.fit.budget[protocol] or config.fit.steps


def budgets(config):
    """{protocol: its budget} of the protocols that run."""
    return {name: budget(config, name) for name in config.fit.protocols}


def encoder_of(names, arrays):
    """An encoder of its leaves by name; None of none."""
    if not names:
        return None
    return {"constants": {}} | unflatten_dict(dict(zip(names, arrays)), sep="/")


def fit(config, encoder, way, fits, images, keep):
    """Fitted of images (B, H, W, C) by one `sweep.Way`, shared evenly by all devices.

    encoder: the cohort's, or None. fits: the (name, seed) of each. keep: whether the fits' parameters are wanted.
    Raises Stopped if the run is asked to stop meanwhile.
    """
    leaves = {} if encoder is None else flatten_dict(encoder, sep="/")
    details = {
        "seed": config.seed,
        "backbone": config.inr.backbone,
        "settings": trained.settings(config.inr),
        "steps": budget(config, way[0]),
        "chunk": config.fit.log_every,
        "pixels": config.fit.pixels,
        "new": config.fit.new,
        "way": way,
        "label": way.label,
        "fits": fits,
        "shape": images.shape[1:3],
        "keep": keep,
        "encoder": list(leaves),
    }
    return processes.together(join, details, [images, *leaves.values()])


def join(details, arrays):
    """This process's share of a batch; Fitted of the whole batch, on every process."""
    task = SimpleNamespace(**details)
    images, *leaves = arrays
    encoder, backbone = encoder_of(task.encoder, leaves), network.backbone(task.backbone)
    boundary = frozen_to(*task.way[:2])
    share, local = len(images) // jax.device_count(), jax.local_devices()
    work = []  # (states, input of the first unit that moves, Tiles) of each device of this process
    for i, device in enumerate(local, start=jax.process_index() * len(local)):
        mine = slice(i * share, (i + 1) * share)
        work.append(jax.device_put(start(task, encoder, images[mine], task.fits[mine]), device))
    losses, curve = [], []
    within = Within(f"fit by {task.label}", task.steps)
    for done in range(0, task.steps, task.chunk):
        if done and processes.any_asked_to_stop():
            raise Stopped
        # Every device is set to work before the first one is waited for.
        after = [chunk(task, min(task.chunk, task.steps - done), states, data) for states, _, data in work]
        work = [(states, h, data) for (states, _, _), (_, h, data) in zip(after, work)]
        losses.append(np.concatenate([np.asarray(of_device) for _, of_device, _ in after])[:, :, 0])
        curve.append(np.concatenate([np.asarray(before) for _, _, before in after]))
        if jax.process_index() == 0:
            within.at(min(done + task.chunk, task.steps))
    fitted = [finish(task, backbone, boundary, states.params, h) for states, h, _ in work]
    fitted = jax.tree.map(lambda *leaves: np.concatenate(leaves), *fitted)
    outputs = fitted.outputs.reshape(-1, *images.shape[1:])
    curve, losses = np.stack(curve, axis=1), np.concatenate(losses, axis=1)
    return processes.gather(fitted._replace(losses=losses, curve=curve, outputs=outputs))


def chunk(task, n, states, data):
    """(states, losses (B, steps, 1), mse over all pixels before (B,)) of n steps, or epochs, of one device's fits."""
    backbone, boundary = network.backbone(task.backbone), frozen_to(*task.way[:2])
    n_pixels = int(np.prod(task.shape))
    if not 0 < task.pixels < n_pixels:
        states, losses = inr_fit.fit_batch(backbone, boundary, task.way[2], n, states, data)
        return states, losses, losses[:, 0, 0]
    before = inr_fit.batch_mse(backbone, boundary, states, data)
    epochs = minibatch.Epochs(n, task.pixels, n_pixels)
    states, losses = minibatch.fit_batch(backbone, boundary, task.way[2], epochs, states, data)
    return states, losses, before


def finish(task, backbone, boundary, params, h):
    """Fitted of one device's fits, but for their losses and curves."""
    one = partial(one_output, backbone, boundary)
    outputs = jax.vmap(one, in_axes=(0, 0 if h.ndim == 3 else None))(params, h)
    finite = jax.vmap(training.all_finite)(params)
    nothing = np.zeros((len(finite), 0))
    return Fitted(nothing, nothing, finite, outputs, flatten_dict(params, sep="/") if task.keep else {})


def one_output(backbone, boundary, params, h):
    """Output (1, N, C) of one fit from the activations h of its prefix."""
    return inr_fit.outputs(backbone, params, boundary, h)


def start(task, encoder, images, fits):
    """(states, input of the first unit that moves, Tiles) of fits (name, seed) of images (B, H, W, C).

    The input is (N, d_in) where all fits share the cohort's prefix, (B, N, d_in) where each has its own.
    """
    protocol, tau, _ = task.way
    backbone, boundary = network.backbone(task.backbone), frozen_to(protocol, tau)
    states = []
    for (name, seed), image in zip(fits, images, strict=True):
        key = key_of(task.seed, "fit", name, seed)
        new = inr_fit.new_network(backbone, task.settings, key, image[None], task.new)
        states.append(inr_fit.test_time_state(new, encoder, task.way, key))
    states = inr_fit.stacked(states)
    x, last = trained.grid(task.settings, images), -1 if boundary is None else boundary
    if PROTOCOLS[protocol].prefix_of_cohort:
        h = network.prefix(backbone, encoder, last, x)
    else:
        h = jax.vmap(lambda params: network.prefix(backbone, params, last, x))(states.params["encoder"])
    one = jax.tree.map(lambda leaf: leaf[0], states.params["encoder"])
    rows = inr_fit.tile_rows(len(fits), inr_fit.bytes_a_row(backbone, one), devices.accelerator_memory())
    return states, h, inr_fit.tiles(h, trained.flat(images), rows)


def fit_behind(config, encoder, layer, h, named):
    """Output (N, C) of a fit of one image behind a layer whose activations are h (N, d), whatever made them so.

    encoder: a TrainedCohort. named: (name, image (H, W, C)). The layers beyond start as those of a fit by freezing do,
    and take as many steps, each on all pixels. Raises Stopped if the run is asked to stop meanwhile, UserError where
    the loss is not finite.
    """
    name, image = named
    way = ("freeze", layer, config.fit.learning_rate)
    key, boundary = key_of(config.seed, "fit", name, 0), frozen_to(*way[:2])
    new = inr_fit.new_network(encoder.backbone, encoder.config, key, image[None], config.fit.new)
    state = inr_fit.test_time_state(new, encoder.encoder, way, key)
    bytes_a_row = inr_fit.bytes_a_row(encoder.backbone, encoder.encoder)
    rows = inr_fit.tile_rows(1, bytes_a_row, devices.accelerator_memory())
    data = inr_fit.tiles(np.asarray(h), trained.flat(image[None]), rows)
    steps = budget(config, "freeze")
    label, mend = f"fit of {name} behind layer {layer}", ("fit.learning_rate", "what was measured is kept")
    for done in range(0, steps, config.fit.log_every):
        if done:
            processes.stop_if_asked()
        n = min(config.fit.log_every, steps - done)
        state, losses = inr_fit.fit_cohort(encoder.backbone, boundary, way[2], n, state, data)
        training.check_finite(label, done, np.asarray(losses), training.all_finite(state.params), mend)
    return np.asarray(inr_fit.outputs(encoder.backbone, state.params, boundary, h)[0])
