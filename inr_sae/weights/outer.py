"""The outer loop: what trains the shared start, the rates and the reader, and how much of the classes reaches each."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from inr_sae.rows.weights import ALL_TOKENS, BIASES, WEIGHTS
from inr_sae.state import TrainState
from inr_sae.weights import inner, network
from inr_sae.weights.reader import Reader

TOKENS = (ALL_TOKENS, WEIGHTS, BIASES)  # what of the offsets the reader is shown
TEMPERATURE = 0.1  # of the contrastive loss
CLIP = 1.0  # norm of the gradient of each of network, rates and reader: one does not scale another's
DECAY = 1e-4  # of AdamW, which is optax's own default
AT_ONCE = 64  # images that are read at once


class Task(NamedTuple):
    """What is trained, and for how long; hashable, one program each."""

    reader: Reader
    omega_0: float
    steps: int
    batch: int
    learning_rate: float  # peak, of network and reader
    rate_learning_rate: float  # peak, of the rates


class Condition(NamedTuple):
    """How much of the classes reaches the networks, and what of them the reader is shown; all conditions share a
    program."""

    ce_weight: float  # share of the cross-entropy's gradient that reaches the network and the rates
    shown: jax.Array  # (d + 1,): 1 for the columns of tokens that the reader is shown, 0 for others
    contrast: float  # weight of the contrastive loss on the offsets


class Data(NamedTuple):
    """Coordinates (N, 2), images (M, N, C) in [-1, 1] and their classes (M,)."""

    x: jax.Array
    images: jax.Array
    labels: jax.Array


def optimiser(task):
    """AdamW by a one-cycle schedule, clipped, for each part of the parameters on its own."""

    def of(peak):
        schedule = optax.cosine_onecycle_schedule(task.steps, peak)
        return optax.chain(optax.clip_by_global_norm(CLIP), optax.adamw(schedule, weight_decay=DECAY))

    rates = {"network": task.learning_rate, "rates": task.rate_learning_rate, "reader": task.learning_rate}
    parts = {part: of(rate) for part, rate in rates.items()}
    return optax.partition(parts, lambda params: {part: jax.tree.map(lambda _: part, params[part]) for part in params})


def init_state(task, key, width, n_hidden, channels, inner_steps):
    """The TrainState of {"network", "rates", "reader"} at step 0."""
    keys = jax.random.split(key, 4)
    start = network.init(keys[0], width, n_hidden, channels)
    rates = inner.init_rates(keys[1], inner_steps, start["hidden"].shape)
    reader = task.reader.init(keys[2], jnp.zeros((1, n_hidden * width, width + 1)))["params"]
    params = {"network": start, "rates": rates, "reader": reader}
    return TrainState(params, optimiser(task).init(params), jnp.int32(0), keys[3])


def tokens_of(offsets):
    """Tokens (B, L d, d + 1) of offsets (B, L, d, d + 1)."""
    return offsets.reshape(len(offsets), -1, offsets.shape[-1])


def shown(which, width):
    """(d + 1,): which columns of tokens a reader is shown, by one of TOKENS."""
    bias = np.arange(width + 1) == width
    return jnp.asarray({ALL_TOKENS: np.ones_like(bias), WEIGHTS: ~bias, BIASES: bias}[which], jnp.float32)


def with_gradient(x, share):
    """x, a share of whose gradient passes."""
    still = jax.lax.stop_gradient(x)
    return still + share * (x - still)


def contrastive(features, labels):
    """The supervised contrastive loss (Khosla et al. 2020, L_out) of features (B, D), which are brought to norm 1.

    Images alone in their class count nothing.
    """
    unit = features / jnp.sqrt((features**2).sum(axis=1, keepdims=True) + 1e-20)
    others = ~jnp.eye(len(unit), dtype=bool)
    scores = jnp.where(others, unit @ unit.T / TEMPERATURE, -jnp.inf)
    positive = (labels[:, None] == labels) & others
    log_share = jnp.where(positive, scores - jax.nn.logsumexp(scores, axis=1, keepdims=True), 0.0)
    per_image = -log_share.sum(axis=1) / jnp.maximum(positive.sum(axis=1), 1)
    return per_image.mean()


def losses(task, condition, params, data):
    """(the loss, {"mse", "cross_entropy"}) of Data: reconstruction, cross-entropy, what presses classes together."""
    start, rates = params["network"], params["rates"]
    offsets = inner.offsets(start, rates, task.omega_0, data.x, data.images)
    rendered = jax.vmap(lambda offset: network.render(start, task.omega_0, offset, data.x))(offsets)
    mse, tokens = jnp.mean((rendered - data.images) ** 2), tokens_of(offsets)
    seen = with_gradient(tokens, condition.ce_weight) * condition.shown
    logits, _ = task.reader.apply({"params": params["reader"]}, seen)
    entropy = optax.softmax_cross_entropy_with_integer_labels(logits, data.labels).mean()
    pressure = condition.contrast * contrastive(tokens.reshape(len(tokens), -1), data.labels)
    return mse + entropy + pressure, {"mse": mse, "cross_entropy": entropy}


def step(task, condition, state, data):
    """(state, its losses (2,): mse and cross-entropy) after one step on a batch drawn without replacement."""
    drawn = jax.random.permutation(jax.random.fold_in(state.key, state.step), len(data.images))[: task.batch]
    batch = Data(data.x, data.images[drawn], data.labels[drawn])
    gradient, parts = jax.grad(partial(losses, task, condition), has_aux=True)(state.params, batch)
    updates, opt_state = optimiser(task).update(gradient, state.opt_state, state.params)
    params = optax.apply_updates(state.params, updates)
    measured = jnp.stack([parts["mse"], parts["cross_entropy"]])
    return state.replace(params=params, opt_state=opt_state, step=state.step + 1), measured


@partial(jax.jit, static_argnums=(0, 1))
def train(task, n, condition, state, data):
    """(state, losses (n, 2)) after n steps on Data under a Condition."""
    return jax.lax.scan(lambda state, _: step(task, condition, state, data), state, None, length=n)


def in_batches(function, arrays):
    """What a function gives of AT_ONCE rows at a time, numpy arrays; the last rows are filled up, so that whatever
    their number one program will do."""
    n, found = len(arrays), []
    for first in range(0, n, AT_ONCE):
        rows = np.minimum(np.arange(first, first + AT_ONCE), n - 1)
        found.append([np.asarray(each)[: n - first] for each in function(arrays[rows])])
    return [np.concatenate(each) for each in zip(*found)]


def fitted(task, params, x, images):
    """(tokens (B, L d, d + 1), mse (B,)) of images (B, N, C)."""
    return in_batches(lambda batch: _fitted(task.omega_0, params["network"], params["rates"], x, batch), images)


@partial(jax.jit, static_argnums=0)
def _fitted(omega_0, start, rates, x, images):
    offsets = inner.offsets(start, rates, omega_0, x, images)
    mse = jax.vmap(lambda image, offset: inner.mse(start, omega_0, x, image, offset))(images, offsets)
    return tokens_of(offsets), mse


def read(task, condition, params, tokens):
    """(logits (B, classes), mean tokens (B, blocks + 1, width)) of tokens as they are fitted."""
    return in_batches(lambda batch: _read(task.reader, params["reader"], batch * condition.shown), tokens)


@partial(jax.jit, static_argnums=0)
def _read(reader, params, tokens):
    return reader.apply({"params": params}, tokens)
