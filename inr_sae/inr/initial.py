"""Initial weights and biases of linear layers."""

import jax
import jax.numpy as jnp


def uniform_linear(key, d_in, d_out, weight_bound):
    """{"w": (d_in, d_out) ~ U(+-weight_bound), "b": (d_out,) ~ U(+-1/sqrt(d_in))}.

    The bias law is PyTorch's default, which SIREN's, STRAINER's and Tancik's code inherit.
    """
    key_w, key_b = jax.random.split(key)
    bias_bound = d_in**-0.5
    return {
        "w": jax.random.uniform(key_w, (d_in, d_out), jnp.float32, -weight_bound, weight_bound),
        "b": jax.random.uniform(key_b, (d_out,), jnp.float32, -bias_bound, bias_bound),
    }


def uniform_layers(key, d_in, config, weight_bound):
    """{"hidden_0": ..., "hidden_{L-1}": ...}, each from its own key: layer i's weights do not depend on L."""
    sizes = [d_in] + [config["width"]] * config["n_layers"]
    return {
        f"hidden_{i}": uniform_linear(
            jax.random.fold_in(key, i), sizes[i], sizes[i + 1], weight_bound(i, sizes[i], config)
        )
        for i in range(config["n_layers"])
    }
