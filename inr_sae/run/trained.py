"""A trained encoder with the signals that it was trained on: what ranks, fits and dictionaries start from."""

from types import ModuleType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.errors import UserError
from inr_sae.inr import coordinates, fit, network
from inr_sae.measure.cap import CAP_DB
from inr_sae.measure.image import psnr_from_mse
from inr_sae.run import checks
from inr_sae.signals.load import Signals


def backbone_of(config, key="inr.backbone"):
    """The backbone's module that a config group `inr` names; raises UserError naming the key."""
    try:
        return network.backbone(config.backbone)
    except ValueError as error:
        raise UserError(f"{key} is {config.backbone!r}; it is one of {', '.join(network.backbone_names())}") from error


def settings(config):
    """What a backbone gets of a config group `inr`: what all share, and its own keys, as a plain dict."""
    shared = {key: config[key] for key in ("width", "n_layers", "coordinates")}
    return shared | config[config.backbone].to_dict()


def frequency(config):
    """The value of the key that sets how high the backbone's frequencies are; None if it has none."""
    key = backbone_of(config).FREQUENCY
    return None if key is None else float(f"{config[config.backbone][key]:.9g}")  # as a csv file keeps it


def check_several(config, group):
    """Raise UserError unless a config group's backbones are some that there are, each with rates of its own or none."""
    names = config[group].backbones
    checks.some(f"{group}.backbones", names)
    for name in names:
        checks.one_of(f"{group}.backbones", name, network.backbone_names())
        given, key = config.rates[name], f"rates.{name}"
        if len(given) not in (0, 2):
            raise UserError(f"{key} is {tuple(given)}; it is the cohort's rate and the test-time fits', or empty")
        for value in given:
            checks.rate(key, value)


def take_rates(config):
    """Set the rates of a config of one backbone among several to those that `rates` has for it."""
    rates = config.rates[config.inr.backbone]
    if rates:
        config.cohort.learning_rate = rates[0]
        if "fit" in config:
            config.fit.learning_rate = rates[1]


def n_units(config):
    """How many units the backbone of a config group `inr` has."""
    return len(backbone_of(config).unit_names(settings(config)))


def like(config, signals):
    """The encoder of a config group `inr` for signals (M, H, W, C), as shapes alone.

    Raises UserError naming the key at which there can be none.
    """
    backbone = backbone_of(config)
    with checks.naming("inr"):
        return jax.eval_shape(lambda: network.init_encoder(backbone, jax.random.key(0), settings(config), signals))


def unit_widths(config):
    """The width of each unit of the backbone of a config group `inr`."""
    return network.widths(backbone_of(config), like(config, np.zeros((1, 8, 8, 3), np.float32)))


def size(config):
    """How large the backbone of a config group `inr` is, for a reader."""
    widths = unit_widths(config)
    several = len(set(widths)) > 1
    listed = ", ".join(map(str, widths if several else widths[:1]))
    return f"{len(widths)} layers of width{'s' * several} {listed}"


def sizes(configs):
    """How large the backbones of several config groups `inr` are; whose is whose where they differ."""
    named = {}
    for config in configs:
        named.setdefault(size(config), {})[backbone_of(config).LABEL] = None
    several = len({label for labels in named.values() for label in labels}) > 1 and len(named) > 1
    return "; ".join(f"{', '.join(labels)}: {each}" if several else each for each, labels in named.items())


def grid(settings, signals):
    """The coordinates (N, 2) of signals (M, H, W, C), in the range that a backbone's settings say."""
    return coordinates.grid(*signals.shape[1:3], *settings["coordinates"])


def flat(signals):
    """Signals (M, H, W, C) as targets (M, N, C)."""
    return jnp.asarray(signals.reshape(signals.shape[0], -1, signals.shape[-1]))


@jax.jit
def mean_psnr(behind, h, targets):
    """Mean over the cohort of the PSNR in dB with h (N, d) in place of a layer's activations; targets (M, N, C)."""
    psnr = psnr_from_mse(jnp.mean(jnp.square(behind(h) - targets), axis=(1, 2)))
    return jnp.minimum(psnr, CAP_DB).mean()


class TrainedCohort(NamedTuple):
    """An encoder and M heads, and the signals (M, H, W, C) that these give at the coordinates x (N, 2)."""

    config: dict  # the backbone's settings
    backbone: ModuleType
    params: dict  # {"encoder", "heads"}
    signals: Signals  # .cohort is what it was trained on
    x: jax.Array

    @property
    def encoder(self):
        """The encoder's parameters."""
        return self.params["encoder"]

    @property
    def shape(self):
        """(height, width) of the signals."""
        return self.signals.cohort.shape[1:3]

    @property
    def n_units(self):
        """Number of the encoder's units."""
        return network.n_units(self.encoder)

    def activations(self, layers=None):
        """Activations (N, d) of some units, or of all, over the whole grid: a list."""
        every = network.activations(self.backbone, self.encoder, self.x)
        return every if layers is None else [every[layer] for layer in layers]

    def on_grid(self, shape):
        """The same network read on another grid over the same image: its signals are then another's."""
        return self._replace(x=coordinates.grid(*shape, *self.config["coordinates"]))

    def behind(self, layer):
        """The network behind a unit, h (N, d) -> (M, N, C), a jax.tree_util.Partial."""
        return network.behind(self.backbone, self.params, layer)

    def steps(self):
        """The network behind the first unit, see `network.steps`: those from number `layer` on are behind that unit."""
        return network.steps(self.backbone, self.params)

    def with_head(self, j):
        """The parameters with the head of signal j alone."""
        return self.params | {"heads": jax.tree.map(lambda leaf: leaf[j : j + 1], self.params["heads"])}

    def outputs(self):
        """The network's signals (M, H, W, C)."""
        first = network.prefix(self.backbone, self.encoder, -1, self.x)
        outputs = np.asarray(fit.outputs(self.backbone, self.params, None, first))
        return outputs.reshape(self.signals.cohort.shape)
