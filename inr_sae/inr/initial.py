"""Names, initial weights and biases of linear layers."""

from functools import partial

import jax
import jax.numpy as jnp


def unit_names(n, stem="hidden"):
    """(`hidden_0`, ..., `hidden_{n-1}`), with leading zeros where it takes them for the names to sort in order."""
    digits = len(str(n - 1))
    return tuple(f"{stem}_{i:0{digits}d}" for i in range(n))


def uniform_linear(key, d_in, d_out, weight_bound):
    """{"w": (d_in, d_out) ~ U(+-weight_bound), "b": (d_out,) ~ U(+-1/sqrt(d_in))}.

    The bias law is PyTorch's default, which the code of Sitzmann, STRAINER and Tancik inherits.
    """
    key_w, key_b = jax.random.split(key)
    bias_bound = d_in**-0.5
    return {
        "w": jax.random.uniform(key_w, (d_in, d_out), jnp.float32, -weight_bound, weight_bound),
        "b": jax.random.uniform(key_b, (d_out,), jnp.float32, -bias_bound, bias_bound),
    }


def as_in_torch(key, linear):
    """The layer {"w", "b"} drawn anew by PyTorch's default law, U(+-1/sqrt(d_in)) for both; leading axes are kept."""
    d_in, d_out = linear["w"].shape[-2:]
    draw = partial(uniform_linear, d_in=d_in, d_out=d_out, weight_bound=d_in**-0.5)
    return jax.vmap(draw)(jax.random.split(key, len(linear["w"]))) if linear["w"].ndim == 3 else draw(key)


def uniform_layers(key, d_in, width, names, bound):
    """{name: `uniform_linear`} of layers d_in -> width -> ... -> width, the weights of layer i within +-bound(i, d_in).

    Each has its own key, so a layer's weights do not depend on how many there are.
    """
    sizes = [d_in] + [width] * len(names)
    return {
        name: uniform_linear(jax.random.fold_in(key, i), sizes[i], sizes[i + 1], bound(i, sizes[i]))
        for i, name in enumerate(names)
    }
