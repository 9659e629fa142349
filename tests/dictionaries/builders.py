"""What the tests of dictionaries and of atoms share: every method there is and two unlike them, fitted to a network."""

from functools import cache

import jax
from flax.core import FrozenDict

from inr_sae import dictionaries, state
from inr_sae.dictionaries import codes
from inr_sae.inr import network
from tests.dictionaries import level, orthogonal
from tests.inr.builders import BACKBONES, SIGNALS, X, built

METHODS = {name: dictionaries.method(name) for name in dictionaries.method_names()} | {
    "orthogonal": orthogonal,
    "level": level,
}
SMALL = {"n_atoms": 24, "k": 3, "steps": 6, "batch": 16, "log_every": 3}  # in the place of what is large by default
LAYERS = (0, 2)  # of different widths


def small(method):
    """A method's config at a size for tests."""
    return method.DEFAULTS | {key: value for key, value in SMALL.items() if key in method.DEFAULTS}


def net():
    """(backbone, params) of a network whose layers differ in width."""
    backbone = BACKBONES["uneven"]
    return backbone, built(backbone)


def jobs(method, layers=LAYERS):
    """A Job for each of some layers."""
    backbone, params = net()
    hidden, steps = network.activations(backbone, params["encoder"], X), network.steps(backbone, params)
    return [
        codes.Job(
            name=f"layer_{layer}",
            key=jax.random.fold_in(jax.random.key(0), layer),
            h=hidden[layer],
            shape=SIGNALS.shape[1:3],
            behind=network.behind(backbone, params, layer),
            config=small(method),
            steps=steps[layer:],
        )
        for layer in layers
    ]


@cache
def fitted(name):
    """[(Job, Dictionary)] of a method, one a layer, fitted in one call."""
    listed = jobs(METHODS[name])
    return list(zip(listed, codes.fit(METHODS[name], listed, state.train), strict=True))


def dictionary(method, params, **config):
    """A Dictionary of given params."""
    return codes.Dictionary(method, FrozenDict(config), params)
