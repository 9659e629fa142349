"""An encoder shared by M signals, one linear head a signal (Eq. 1): all that does not depend on the backbone."""

import importlib
import pkgutil
import re
from functools import partial

import jax
import jax.numpy as jnp

from inr_sae.errors import UserError
from inr_sae.inr import backbones
from inr_sae.inr.initial import uniform_linear


def backbone(name):
    """The module `inr/backbones/<name>.py`. Raises UserError naming the ones there are."""
    names = [module.name for module in pkgutil.iter_modules(backbones.__path__)]
    if name not in names:
        raise UserError(f"inr.backbone is {name!r}; there are {', '.join(sorted(names))}")
    return importlib.import_module(f"{backbones.__name__}.{name}")


def layer_index(name):
    """i for the parameter group `hidden_i`, None for any other name."""
    match = re.fullmatch(r"hidden_(\d+)", name)
    return int(match[1]) if match else None


def n_layers(params):
    """Number L of hidden layers of an encoder."""
    return sum(layer_index(name) is not None for name in params)


def init_heads(backbone, key, config, n_signals, channels):
    """Heads {"w": (M, d, C), "b": (M, C)}, each from its own key; weights follow the backbone's law for a layer L."""
    bound = backbone.weight_bound(config["n_layers"], config["width"], config)
    keys = jax.vmap(lambda j: jax.random.fold_in(key, j))(jnp.arange(n_signals))
    return jax.vmap(lambda key: uniform_linear(key, config["width"], channels, bound))(keys)


def run_layers(backbone, params, start, h):
    """Layers start..L-1 on the input h of layer `start`, (N, d_in) -> (N, d). start = L returns h itself."""
    for i in range(start, n_layers(params)):
        h = backbone.layer(params, i, h)
    return h


@partial(jax.jit, static_argnums=(0, 2))
def prefix(backbone, params, tau, x):
    """Post-activations of layer tau at coordinates x, (N, 2) -> (N, d); tau = -1 gives layer 0's input."""
    h = backbone.embed(params, x)
    for i in range(tau + 1):
        h = backbone.layer(params, i, h)
    return h


@partial(jax.jit, static_argnums=0)
def activations(backbone, params, x):
    """Post-activations of every layer at coordinates x: a list of L arrays (N, d)."""
    h, out = backbone.embed(params, x), []
    for i in range(n_layers(params)):
        h = backbone.layer(params, i, h)
        out.append(h)
    return out


def apply_heads(heads, h):
    """Every head on the encoder's output, (N, d) -> (M, N, C)."""
    return jax.vmap(lambda head: h @ head["w"] + head["b"])(heads)


def outputs(backbone, params, start, h):
    """Signals (M, N, C) of params {"encoder", "heads"} from the input h (N, d_in) of layer `start`."""
    return apply_heads(params["heads"], run_layers(backbone, params["encoder"], start, h))
