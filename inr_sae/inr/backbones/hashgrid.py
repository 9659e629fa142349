"""Hash grid: features on grids of several resolutions, read bilinearly, then a small ReLU network (Mueller et al.
2022, Instant-NGP).

A table is T x 2, of stable rank at most 2, so for the grid's unit the features speak, over the image's square. Entries
that no pixel of a fit lies beside never move: their gradient is 0 at every step, so Adam's moments stay 0 (eps is above
0). Where a step takes a part of the pixels (`fit.pixels`), an entry that it does not touch goes on by its moments:
nothing is skipped, unlike in the authors' code.
"""

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.errors import InputError, argument
from inr_sae.inr import initial, lookup

LABEL = "Hash grid"
DEFAULTS = {
    "cells_per_pixel": 0.5,  # of the finest level, along the image's longer side
    "coarsest": 16,  # cells a side of the coarsest level, N_min
    "n_levels": 16,
    "n_features": 2,  # of a level
    "log2_table": 19,  # a level has at most 2^this entries, and fewer where it has fewer nodes
    "hidden": 64,  # width of the network behind the grid, whatever inr.width is
    "n_hidden": 2,  # its layers, whatever inr.n_layers is
}
FREQUENCY = "cells_per_pixel"
RATE = 1e-2
ADAM = {"b2": 0.99, "eps": 1e-15}  # gradients of entries are small, and eps must be smaller
LATTICE = 128  # points a side at which the features' matrix is read


def unit_names(config):
    """`grid`, then `mlp_0` ..."""
    return ("grid", *initial.unit_names(config["n_hidden"], "mlp"))


def init(key, config, signals):
    """`grid` {"table": (T, F) ~ U(+-1e-4)} of all levels, `mlp_i` {"w"} by Xavier's uniform law and without a bias.

    The finest level follows the longer side of signals (M, H, W, C). Raises InputError for levels that cannot be.
    """
    levels = levels_of(config, max(signals.shape[1:3]))
    keys = jax.random.split(key)
    units = {"grid": {"table": lookup.new_table(keys[0], lookup.n_entries(levels), config["n_features"])}}
    widths = [config["n_levels"] * config["n_features"]] + [config["hidden"]] * config["n_hidden"]
    for i, (name, d_in, d) in enumerate(zip(unit_names(config)[1:], widths, widths[1:])):
        bound, own = (6.0 / (d_in + d)) ** 0.5, jax.random.fold_in(keys[1], i)
        units[name] = {"w": jax.random.uniform(own, (d_in, d), jnp.float32, -bound, bound)}
    ends = dict(zip(("low", "high"), map(jnp.float32, config["coordinates"])))
    return {"units": units, "constants": {"levels": jax.tree.map(jnp.asarray, levels)} | ends}


def levels_of(config, longer_side):
    """`lookup.levels` of a config for images of a longer side; raises InputError."""
    finest = max(config["cells_per_pixel"] * longer_side, config["coarsest"])
    if finest >= 2**32:
        raise InputError(
            f"{argument('hashgrid.cells_per_pixel')} or {argument('hashgrid.coarsest')} gives a level of {finest:.3g} "
            "cells a side, finer than 2^32, which an index counts; lower it"
        )
    scale = lookup.scales(config["coarsest"], finest, config["n_levels"])
    try:
        return lookup.levels(scale, 2.0 ** config["log2_table"])
    except ValueError as error:
        raise InputError(
            f"{argument('hashgrid.log2_table')} = {config['log2_table']} gives {error} in all levels, and an index "
            "counts 2^24; lower it"
        ) from error


def embed(params, x):
    """The four entries of every level around a coordinate, and their weights, (N, 2) -> (N, 8 L)."""
    constants = params["constants"]
    return lookup.columns(lookup.unit_square(x, constants["low"], constants["high"]), constants["levels"])


def apply(params, unit, h):
    """The features (N, L F); ReLU(h W) beyond."""
    leaves = params["units"][unit]
    return lookup.read(leaves["table"], h) if unit == "grid" else jax.nn.relu(h @ leaves["w"])


def matrix(params, unit):
    """The layer's W (d_in, d); of the grid the triangular factor of its features over a lattice, which has their
    singular values."""
    if unit != "grid":
        return params["units"][unit]["w"]
    ends = np.asarray(params["constants"]["low"]), np.asarray(params["constants"]["high"])
    axis = jnp.linspace(*ends, LATTICE)
    lattice = jnp.stack(jnp.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    return jnp.linalg.qr(apply(params, "grid", embed(params, lattice)), mode="r")


def head_bound(config, d):
    """Xavier's uniform bound of d inputs and 3 outputs, of grey images too."""
    return (6.0 / (d + 3)) ** 0.5
