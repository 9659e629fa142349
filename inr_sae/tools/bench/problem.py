"""What is timed: a fit of random images by a network of the paper's size, and the operations of one of its steps."""

from types import ModuleType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.inr import fit, network
from inr_sae.machine import devices
from inr_sae.run import trained
from inr_sae.state import TrainState

RATE = 1e-4  # the learning rate


class Sizes(NamedTuple):
    """How large what is timed is; by default the paper's cohort of CelebA-HQ images."""

    scale: float = 1.0  # of the height, and of a dictionary's atoms and batch
    height: int = 218  # pixels
    width: int = 178  # pixels
    n_signals: int = 10
    network: tuple = (("width", 256), ("n_layers", 5), ("coordinates", (-1.0, 1.0)))  # of every backbone's config


class Problem(NamedTuple):
    """A fit of images at step 0."""

    backbone: ModuleType
    state: TrainState
    data: fit.Tiles
    x: jax.Array  # (N, 2) coordinates
    targets: jax.Array  # (M, N, C)


def at_scale(scale):
    """The paper's Sizes, the image's height scaled."""
    return Sizes(scale, height=scaled(Sizes().height, scale))


def scaled(size, scale):
    """A size at a scale, at least 64."""
    return max(64, int(size * scale))


def settings(name, sizes):
    """The config of a backbone: its own defaults at the size that all share."""
    return dict(sizes.network) | network.backbone(name).DEFAULTS


def images(sizes):
    """Random images (M, H, W, 3)."""
    shape = (sizes.n_signals, sizes.height, sizes.width, 3)
    return np.random.default_rng(0).uniform(size=shape).astype(np.float32)


def problem(name, sizes, tau, signals=None):
    """A Problem of a backbone with units 0..tau frozen; signals (M, H, W, C), by default random images of that size."""
    backbone, config = network.backbone(name), settings(name, sizes)
    signals = images(sizes) if signals is None else signals
    params = network.init(backbone, (jax.random.key(0), jax.random.key(1)), config, signals)
    x, targets = trained.grid(config, signals), trained.flat(signals)
    h = network.prefix(backbone, params["encoder"], -1 if tau is None else tau, x)
    rows = tile_rows(backbone, params["encoder"], 1)
    state = fit.init_state(params, tau, RATE, jax.random.key(2))
    return Problem(backbone, state, fit.tiles(h, targets, rows), x, targets)


def tile_rows(backbone, encoder, n_fits):
    """How many pixels a tile of `n_fits` vmapped fits has on this machine."""
    return fit.tile_rows(n_fits, fit.bytes_a_row(backbone, encoder), devices.accelerator_memory())


def step_operations(backbone, params, n_pixels, tau):
    """Operations of a step's matrix products: forward, weight gradients, input gradients of all units but the first.

    They are read off the matrices that multiply a unit's input: a unit without one counts none, as of a table that is
    read row by row, and a complex product counts as four. None where the heads alone move: a step touches no pixel.
    """
    encoder = params["encoder"]
    names, first = network.unit_names(encoder), fit.first_moving_unit(tau)
    if first == len(names):
        return None
    embedded = jax.eval_shape(backbone.embed, encoder, jax.ShapeDtypeStruct((1, 2), jnp.float32)).shape[1]
    inputs = [embedded, *network.widths(backbone, encoder)]
    products = [products_of(backbone.matrix(encoder, names[i]), inputs[i]) for i in range(first, len(names))]
    total = 3 * sum(products) - products[0] + 3 * params["heads"]["w"].size
    return 2.0 * n_pixels * total


def products_of(matrix, d_in):
    """Real products of a row of d_in real numbers with a matrix, 0 where it is None or does not multiply such rows."""
    if matrix is None:
        return 0
    parts = 2 if jnp.iscomplexobj(matrix) else 1
    return matrix.size * parts**2 if len(matrix) * parts == d_in else 0
