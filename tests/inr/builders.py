"""What the tests of this room share: every backbone there is and one unlike them all, and networks of them."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.inr import coordinates, fit, network
from tests.inr import uneven

BACKBONES = {name: network.backbone(name) for name in network.backbone_names()} | {"uneven": uneven}
EVERY = pytest.mark.parametrize("backbone", BACKBONES.values(), ids=BACKBONES)
SIGNALS = np.linspace(0, 1, 3 * 30 * 2, dtype=np.float32).reshape(3, 6, 5, 2)
X = coordinates.grid(6, 5)


def settings(backbone, width=8, n_layers=3):
    """What a backbone gets of a config: its own defaults, and the sizes of all backbones."""
    return backbone.DEFAULTS | {"width": width, "n_layers": n_layers, "coordinates": (-1.0, 1.0)}


@cache
def built(backbone, n_layers=3, key=0):
    """Params {"encoder", "heads"} of a new network, a head for each of the signals."""
    return network.init(backbone, jax.random.split(jax.random.key(key)), settings(backbone, n_layers=n_layers), SIGNALS)


@cache
def new(backbone, n_layers=3, seed=1):
    """Params of a network that starts anew for the first signal."""
    return fit.new_network(backbone, settings(backbone, n_layers=n_layers), jax.random.key(seed), SIGNALS[:1])


def unit(encoder, i):
    """The leaves of unit i of an encoder."""
    return encoder["units"][network.unit_names(encoder)[i]]


def same(a, b):
    """Whether two trees are bit-equal."""
    return all((x == y).all() for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def flat(signals):
    """Signals (M, H, W, C) as targets (M, N, C)."""
    return jnp.asarray(signals).reshape(len(signals), -1, signals.shape[-1])
