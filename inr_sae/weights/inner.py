"""The inner loop: a few gradient steps fit the shared network to an image, of whose class they know nothing."""

import jax
import jax.numpy as jnp

from inr_sae.weights.network import render

LEAST_RATE, MOST_RATE = 0.1, 1.0  # of the uniform law that rates start from


def init_rates(key, steps, shape):
    """Rates (k, *shape) of every step and adapted parameter."""
    return jax.random.uniform(key, (steps, *shape), minval=LEAST_RATE, maxval=MOST_RATE)


def mse(network, omega_0, x, image, offset):
    """Mean squared error of an image (N, C)."""
    return jnp.mean((render(network, omega_0, offset, x) - image) ** 2)


def adapt(network, rates, omega_0, x, image):
    """The offset (L, d, d + 1) of one image (N, C): from 0, a step of rate times gradient for each of the rates.

    It can be differentiated by the network and the rates, through all steps.
    """

    def step(offset, rate):
        gradient = jax.grad(mse, argnums=4)(network, omega_0, x, image, offset)
        return offset - rate * gradient, None

    return jax.lax.scan(step, jnp.zeros_like(network["hidden"]), rates)[0]


def offsets(network, rates, omega_0, x, images):
    """The offsets (B, L, d, d + 1) of images (B, N, C)."""
    return jax.vmap(lambda image: adapt(network, rates, omega_0, x, image))(images)
