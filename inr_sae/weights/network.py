"""The sine network that is adapted to an image: a shared start, and an offset of the layers behind the first."""

import jax
import jax.numpy as jnp

from inr_sae.inr import sine

FIRST_OUTPUT_SCALE = 0.1  # of the output; learned


@jax.custom_jvp
def sin_cos(x):
    """(sin x, cos x), elementwise; its derivatives of every order come from the same range reduction."""
    return sine.sin_cos(x)


@sin_cos.defjvp
def _sin_cos_jvp(primals, tangents):
    s, c = sin_cos(*primals)
    return (s, c), (c * tangents[0], -s * tangents[0])


def init(key, width, n_hidden, channels):
    """The shared start {"first", "hidden" (L, d, d + 1), "out"}; biases are 0.

    Weights of the first layer are U(±1/2), all others U(±sqrt(6 / d)); the output is scaled by a learned number.
    """
    keys, bound = jax.random.split(key, 3), (6 / width) ** 0.5
    hidden = jax.random.uniform(keys[1], (n_hidden, width, width), minval=-bound, maxval=bound)
    return {
        "first": {"w": jax.random.uniform(keys[0], (2, width), minval=-0.5, maxval=0.5), "b": jnp.zeros(width)},
        "hidden": jnp.concatenate([hidden, jnp.zeros((n_hidden, width, 1))], axis=-1),
        "out": {
            "w": jax.random.uniform(keys[2], (width, channels), minval=-bound, maxval=bound),
            "b": jnp.zeros(channels),
            "scale": jnp.float32(FIRST_OUTPUT_SCALE),
        },
    }


def render(network, omega_0, offset, x):
    """The image (N, C) of the network with an offset (L, d, d + 1) at coordinates x (N, 2).

    omega_0 multiplies the argument of the first layer's sine, its bias included, and no other's.
    """
    first, out = network["first"], network["out"]
    h = sin_cos(omega_0 * (x @ first["w"] + first["b"]))[0]
    for layer in network["hidden"] + offset:
        h = sin_cos(h @ layer[:, :-1].T + layer[:, -1])[0]
    return out["scale"] * (h @ out["w"]) + out["b"]
