"""An encoder shared by M signals, one linear head a signal (Eq. 1): all that does not depend on the backbone."""

import importlib
import pkgutil
import zlib
from functools import lru_cache, partial

import jax
import jax.numpy as jnp

from inr_sae.inr import backbones
from inr_sae.inr.initial import uniform_linear


def backbone_names():
    """The names of all backbones there are, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(backbones.__path__)))


def backbone(name):
    """The module `inr/backbones/<name>.py`. Raises ValueError naming the ones there are."""
    if name not in backbone_names():
        raise ValueError(f"there is no backbone {name!r}; there are {', '.join(backbone_names())}")
    return importlib.import_module(f"{backbones.__name__}.{name}")


def rate(backbone):
    """The learning rate that a backbone is trained with unless told otherwise: its own, or the paper's 1e-4."""
    return getattr(backbone, "RATE", 1e-4)


def has_key_as_given(backbone):
    """Whether a backbone draws from a key itself; the first that there was does."""
    return getattr(backbone, "KEY_AS_GIVEN", False)


def own_key(backbone, key):
    """A backbone's own key: of one key every backbone draws other numbers, for its encoder and for its heads, or what
    two have in common could be what both started from."""
    if has_key_as_given(backbone):
        return key
    return jax.random.fold_in(key, zlib.crc32(backbone.__name__.rpartition(".")[2].encode()))


def init_encoder(backbone, key, config, signals):
    """The backbone's new encoder. Raises ValueError where its units' names do not sort in forward order."""
    encoder = backbone.init(own_key(backbone, key), config, signals)
    if tuple(sorted(encoder["units"])) != tuple(backbone.unit_names(config)):
        raise ValueError(
            f"{backbone.__name__}: the units {', '.join(encoder['units'])} are not those of unit_names(config), or "
            "these do not sort in forward order"
        )
    return encoder


def unit_names(params):
    """The names of an encoder's units, in forward order."""
    return sorted(params["units"])


def n_units(params):
    """Number of units of an encoder."""
    return len(params["units"])


def widths(backbone, params):
    """The width of each unit's activations."""
    x = jax.ShapeDtypeStruct((1, 2), jnp.float32)
    return [h.shape[1] for h in jax.eval_shape(partial(activations, backbone), params, x)]


def init_heads(backbone, key, config, d, n_signals, channels):
    """Heads {"w": (M, d, C), "b": (M, C)} on d inputs, each from its own key; weights follow the backbone's law."""
    bound, key = backbone.head_bound(config, d), own_key(backbone, key)
    keys = jax.vmap(lambda j: jax.random.fold_in(key, j))(jnp.arange(n_signals))
    return jax.vmap(lambda key: uniform_linear(key, d, channels, bound))(keys)


def init(backbone, keys, config, signals):
    """New parameters {"encoder", "heads"} for signals (M, H, W, C); keys: of the encoder, and of the heads."""
    encoder = init_encoder(backbone, keys[0], config, signals)
    d = widths(backbone, encoder)[-1]
    return {"encoder": encoder, "heads": init_heads(backbone, keys[1], config, d, len(signals), signals.shape[-1])}


def run_units(backbone, params, start, h):
    """Units start, start + 1, ... on the input h of unit `start`, (N, d_in) -> (N, d); past the last, h itself."""
    for name in unit_names(params)[start:]:
        h = backbone.apply(params, name, h)
    return h


@partial(jax.jit, static_argnums=(0, 2))
def prefix(backbone, params, tau, x):
    """Activations of unit tau at coordinates x, (N, 2) -> (N, d); tau = -1 gives the first unit's input."""
    h = backbone.embed(params, x)
    for name in unit_names(params)[: tau + 1]:
        h = backbone.apply(params, name, h)
    return h


@partial(jax.jit, static_argnums=0)
def activations(backbone, params, x):
    """Activations of every unit at coordinates x: a list of arrays (N, d)."""
    h, out = backbone.embed(params, x), []
    for name in unit_names(params):
        h = backbone.apply(params, name, h)
        out.append(h)
    return out


def apply_heads(heads, h):
    """Every head on the encoder's output, (N, d) -> (M, N, C)."""
    return jax.vmap(lambda head: h @ head["w"] + head["b"])(heads)


def outputs(backbone, params, start, h):
    """Signals (M, N, C) of params {"encoder", "heads"} from the input h (N, d_in) of unit `start`."""
    return apply_heads(params["heads"], run_units(backbone, params["encoder"], start, h))


@lru_cache
def _unit(backbone, name):
    return jax.jit(lambda params, h: backbone.apply(params, name, h))


def _affine(w, b, h):
    return h @ w + b


def steps(backbone, params):
    """The network one step after another, functions of rows that are jax.tree_util.Partial: of each unit but the first
    (N, d) -> (N, d'), then of all heads side by side, (N, d) -> (N, M * C)."""
    units = [jax.tree_util.Partial(_unit(backbone, name), params["encoder"]) for name in unit_names(params["encoder"])]
    w, b = params["heads"]["w"], params["heads"]["b"]
    return *units[1:], jax.tree_util.Partial(_affine, jnp.moveaxis(w, 0, 1).reshape(w.shape[1], -1), b.ravel())


@lru_cache
def _behind(backbone, layer):
    # One function object, so that a program that takes it as an argument is compiled once.
    return jax.jit(lambda params, h: outputs(backbone, params, layer + 1, h))


def behind(backbone, params, layer):
    """The network behind unit `layer` as one compiled function h (N, d) -> (M, N, C), which may be an argument of a
    jitted one."""
    return jax.tree_util.Partial(_behind(backbone, layer), params)
