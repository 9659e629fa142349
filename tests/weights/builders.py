"""A tiny reader of weights, and images for it, for tests."""

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.inr import coordinates
from inr_sae.weights import outer
from inr_sae.weights.reader import Reader

SIDE, WIDTH, HIDDEN, INNER = 4, 6, 2, 2
TASK = outer.Task(
    reader=Reader(n_classes=3, width=4, heads=2, blocks=2, gain=100.0),
    omega_0=5.0,
    steps=8,
    batch=6,
    learning_rate=1e-2,
    rate_learning_rate=1e-2,
)


LONG = TASK._replace(steps=60, batch=12)
CONDITION = outer.Condition(0.01, outer.shown("all", WIDTH), 0.0)


def data(n=12, seed=0):
    """`outer.Data` of n images of three classes, each a pattern with noise."""
    rng = np.random.default_rng(seed)
    patterns = np.random.default_rng(1).normal(size=(3, SIDE * SIDE, 1))
    labels = np.arange(n) % 3
    images = np.clip(patterns[labels] + 0.1 * rng.normal(size=(n, SIDE * SIDE, 1)), -1, 1).astype(np.float32)
    return outer.Data(coordinates.grid(SIDE, SIDE), jnp.asarray(images), jnp.asarray(labels, jnp.int32))


def state(task=TASK, inner_steps=INNER, seed=0):
    """Its TrainState at step 0."""
    return outer.init_state(task, jax.random.key(seed), WIDTH, HIDDEN, 1, inner_steps)
