"""NeuRBF: features of the four nearest radial kernels, a small grid, then a network of two layers (Chen et al. 2023).

Here the kernels' centres and shapes stay fixed, as their first weighted k-means leaves them: a cohort shares them, and
what they give a coordinate is computed once. Beyond the published: one rate for all, without its cosine.
"""

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.errors import InputError, argument
from inr_sae.inr import initial, lookup
from inr_sae.inr.backbones.neurbf import kernels
from inr_sae.inr.sine import sine

LABEL = "NeuRBF"
DEFAULTS = {
    "highest": 4096.0,  # of the multipliers m of phi, from 1/8
    "pixels_per_kernel": 8.0,
    "channels": 32,  # of a kernel
    "coarsest": 16,  # cells a side of the grid's first level; the second has a quarter of the longer side's pixels
    "n_features": 2,  # of each of the grid's two levels
    "hidden": 64,  # width of the two layers behind, whatever inr.width is
}
FREQUENCY = "highest"
RATE = 5e-3
ADAM = {"b2": 0.99, "eps": 1e-15}
N_LEVELS = 2


def unit_names(config):
    """`kernels`, then `mlp_0` and `mlp_1`, however many layers others have."""
    return ("kernels", "mlp_0", "mlp_1")


def init(key, config, signals):
    """`kernels` {"weights" (K, channels), "bias", "table" (T, F)} ~ U(+-1e-4), `mlp_i` {"w", "b"} by
    PyTorch's default; of signals (M, H, W, C) the kernels' centres (K, 2) and shapes (K, 2, 2), in pixels, never
    trained.

    Raises InputError where there would be more kernels than pixels.
    """
    size = signals.shape[1:3]
    n_pixels = size[0] * size[1]
    n = max(kernels.NEAREST, round(n_pixels / config["pixels_per_kernel"]))
    if n > n_pixels:
        raise InputError(
            f"{argument('neurbf.pixels_per_kernel')} = {config['pixels_per_kernel']:g} asks for {n} kernels, and an "
            f"image has {n_pixels} pixels; raise it, or take larger images"
        )
    keys = jax.random.split(key, 5)
    levels = lookup.levels(lookup.scales(config["coarsest"], max(size) / 4, N_LEVELS), lookup.MOST_ENTRIES / N_LEVELS)
    units = {
        "kernels": {
            "weights": kernels.uniform(keys[0], (n, config["channels"]), 1e-4),
            "bias": kernels.uniform(keys[1], (config["channels"],), 1e-4),
            "table": lookup.new_table(keys[2], lookup.n_entries(levels), config["n_features"]),
        }
    }
    d_in = config["channels"] + N_LEVELS * config["n_features"]
    for name, own, d in zip(("mlp_0", "mlp_1"), keys[3:], (d_in, config["hidden"])):
        units[name] = initial.uniform_linear(own, d, config["hidden"], d**-0.5)
    centres, shapes = kernels.place(signals, n)
    low, high = config["coordinates"]
    constants = {
        "centres": jnp.asarray(centres, jnp.float32),
        "shapes": jnp.asarray(shapes, jnp.float32),
        "multipliers": kernels.frequencies(0.125, config["highest"], config["channels"]),
        "frequencies": kernels.frequencies(10.0, 100.0, config["hidden"]),
        "levels": jax.tree.map(jnp.asarray, levels),
        "low": jnp.float32(low),
        "high": jnp.float32(high),
        "pixels_per_unit": jnp.asarray((np.array(size) - 1) / (high - low), jnp.float32),
    }
    return {"units": units, "constants": constants}


def embed(params, x):
    """(N, 2) -> (N, 4 + 4 channels + 16): numbers of the nearest kernels, sin(m phi) of each, and the grid's entries
    with their weights."""
    constants = params["constants"]
    pixels = (x - constants["low"]) * constants["pixels_per_unit"]
    numbers, values = kernels.nearest(pixels, constants["centres"], constants["shapes"])
    waves = sine(values[:, :, None] * constants["multipliers"]).reshape(len(x), -1)
    x = lookup.unit_square(x, constants["low"], constants["high"])
    return jnp.concatenate([numbers.astype(jnp.float32), waves, lookup.columns(x, constants["levels"])], axis=1)


def apply(params, unit, h):
    """[sum_k w_k sin(m phi_k) + bias, grid], z + sin(f z), ReLU(z)."""
    leaves = params["units"][unit]
    if unit == "kernels":
        return features(leaves, h)
    z = h @ leaves["w"] + leaves["b"]
    return z + sine(params["constants"]["frequencies"] * z) if unit == "mlp_0" else jax.nn.relu(z)


def features(leaves, h):
    """(N, channels + 2 F) of the first unit's leaves and its input."""
    n, channels = kernels.NEAREST, leaves["weights"].shape[1]
    numbers, rest = h[:, :n].astype(jnp.int32), n * (1 + channels)
    waves = h[:, n:rest].reshape(-1, n, channels)
    rows = jnp.asarray(leaves["weights"]).at[numbers].get(mode="promise_in_bounds")
    radial = jnp.einsum("nkc,nkc->nc", rows, waves) + leaves["bias"]
    return jnp.concatenate([radial, lookup.read(leaves["table"], h[:, rest:])], axis=1)


def matrix(params, unit):
    """The kernels' weights (K, channels), or the layer's W (d_in, d)."""
    return params["units"][unit]["weights" if unit == "kernels" else "w"]


def head_bound(config, d):
    """1/sqrt(d), as of a hidden layer."""
    return d**-0.5
