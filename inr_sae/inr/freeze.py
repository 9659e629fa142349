"""The freeze boundary: what is frozen, what starts anew, which optimiser moves the rest (Sec. 3.1)."""

import jax
import optax

from inr_sae.inr.network import layer_index, n_layers


def labels(params, tau):
    """A tree like params {"encoder", "heads"} with "frozen" or "train" at every leaf.

    tau in 0..L-1 freezes hidden layers 0..tau, None freezes none. Whatever an encoder holds besides hidden layers
    (`fourier`, `siren`) is always frozen. Raises ValueError for a tau that is no layer.
    """
    last = -1 if tau is None else tau
    if tau is not None and not 0 <= tau < n_layers(params["encoder"]):
        raise ValueError(f"tau = {tau}: the encoder's layers are 0..{n_layers(params['encoder']) - 1}")

    def label(name):
        index = layer_index(name)
        return "frozen" if index is None or index <= last else "train"

    encoder = {name: jax.tree.map(lambda _: label(name), group) for name, group in params["encoder"].items()}
    return {"encoder": encoder, "heads": jax.tree.map(lambda _: "train", params["heads"])}


def split(params, tau):
    """(frozen, moving): two trees like `params` with whole layers in the one or the other; see `merge`."""
    kept = {name: group for name, group in labels(params, tau)["encoder"].items() if "frozen" in jax.tree.leaves(group)}
    encoder = params["encoder"]
    frozen = {"encoder": {name: encoder[name] for name in kept}, "heads": {}}
    moving = {"encoder": {name: encoder[name] for name in encoder if name not in kept}, "heads": params["heads"]}
    return frozen, moving


def merge(frozen, moving):
    """The tree that `split` took apart."""
    return {part: frozen[part] | moving[part] for part in moving}


def optimizer(learning_rate, label_tree):
    """Adam (0.9, 0.999) on the leaves labelled "train"; the others get a zero update and no moments.

    `optax.masked` would not do: it passes the raw gradient of a masked leaf on, and adds it.
    """
    return optax.partition({"train": optax.adam(learning_rate), "frozen": optax.set_to_zero()}, label_tree)


def join(prefix, suffix, tau):
    """An encoder of layers 0..tau of the one and the hidden layers beyond of the other; tau = None: all of `prefix`.

    What is no hidden layer (`fourier`, `siren`) is the prefix's.
    """
    if tau is None:
        return prefix

    def is_beyond(name):
        index = layer_index(name)
        return index is not None and index > tau

    return {name: suffix[name] if is_beyond(name) else group for name, group in prefix.items()}
