"""The freeze boundary: what is frozen, what starts anew, which optimiser moves the rest (Sec. 3.1)."""

import jax
import optax

from inr_sae.inr.network import n_units, unit_names


def labels(params, tau):
    """A tree like params {"encoder", "heads"} with "frozen" or "train" at every leaf.

    tau freezes units 0..tau, None freezes none; constants are always frozen. Raises ValueError for a tau that is no
    unit.
    """
    frozen, moving = split(params, tau)
    return merge(jax.tree.map(lambda _: "frozen", frozen), jax.tree.map(lambda _: "train", moving))


def split(params, tau):
    """(frozen, moving): two trees like `params` with whole units in the one or the other; see `merge`."""
    if tau is not None and not 0 <= tau < n_units(params["encoder"]):
        raise ValueError(f"tau = {tau}: the encoder's units are 0..{n_units(params['encoder']) - 1}")
    units = params["encoder"]["units"]
    first = 0 if tau is None else tau + 1
    fixed, free = unit_names(params["encoder"])[:first], unit_names(params["encoder"])[first:]
    frozen = {"units": {name: units[name] for name in fixed}, "constants": params["encoder"]["constants"]}
    moving = {"units": {name: units[name] for name in free}, "constants": {}}
    return {"encoder": frozen, "heads": {}}, {"encoder": moving, "heads": params["heads"]}


def merge(frozen, moving):
    """The tree that `split` took apart."""
    encoder = {part: frozen["encoder"][part] | moving["encoder"][part] for part in ("units", "constants")}
    return {"encoder": encoder, "heads": frozen["heads"] | moving["heads"]}


def optimizer(learning_rate, label_tree, adam=None):
    """Adam (0.9, 0.999) on the leaves labelled "train"; the others get a zero update and no moments.

    adam: {"b1", "b2", "eps"} where they are others.

    `optax.masked` would not do: it passes the raw gradient of a masked leaf on, and adds it.
    """
    train = optax.adam(learning_rate, **adam or {})
    return optax.partition({"train": train, "frozen": optax.set_to_zero()}, label_tree)


def join(prefix, suffix, tau):
    """An encoder of units 0..tau of the one and the units beyond of the other; tau = None: all of `prefix`.

    Constants are the prefix's.
    """
    if tau is None:
        return prefix
    beyond = unit_names(prefix)[tau + 1 :]
    units = {name: suffix["units"][name] if name in beyond else unit for name, unit in prefix["units"].items()}
    return prefix | {"units": units}
