"""What is done to tokens at test time, before a reader sees them: which entries, and what stands there instead.

Tokens are (B, T, D), the last column is the biases'. A place is a mask (T, D) of entries.
"""

import numpy as np

KINDS = ("zeroed", "averaged", "swapped within", "swapped across", "shuffled", "noise")


def columns(tokens, which, layer=None, n_layers=1):
    """The mask of whole columns, of all layers or of one alone; tokens are in the order of their layers."""
    mask = np.zeros(tokens.shape[1:], bool)
    width = len(mask) // n_layers
    rows = slice(None) if layer is None else slice(layer * width, (layer + 1) * width)
    mask[rows, list(which)] = True
    return mask


def bias_column(tokens):
    """The number of the biases' column, in a tuple."""
    return (tokens.shape[-1] - 1,)


def matched_columns(tokens):
    """Weight columns whose norm is as the biases': the nearest one, or the largest ones together until they reach it.

    The norm of columns is the root mean square over images of their entries' norm.
    """
    norms = column_norms(tokens)
    target, weights = norms[-1], norms[:-1]
    if weights.max() >= target:
        return (int(np.argmin(np.abs(weights - target))),)
    order = np.argsort(-weights)
    reach = np.sqrt(np.cumsum(weights[order] ** 2))
    return tuple(int(i) for i in order[: 1 + int(np.searchsorted(reach, target))])


def column_norms(tokens):
    """(D,): the norm of each column."""
    return np.sqrt((np.asarray(tokens, np.float64) ** 2).sum(axis=1).mean(axis=0))


def partners(kind, labels, rng):
    """(B,): from which image each takes what is swapped, as in KINDS; alone in its class, an image has only itself."""
    everyone = np.arange(len(labels))
    if kind == "shuffled":
        return rng.permutation(everyone)
    chosen = everyone.copy()
    for label in np.unique(labels):
        members = everyone[labels == label]
        if kind == "swapped within":
            order = rng.permutation(members)
            chosen[order] = np.roll(order, 1)
        else:
            others = everyone[labels != label]
            chosen[members] = rng.choice(others, len(members), replace=len(members) > len(others))
    return chosen


def swapped(tokens, place, donors):
    """Tokens whose entries of a place are those of other images, donors (B,)."""
    return np.where(place, tokens[donors], tokens)


def intervened(kind, tokens, place, labels, rng):
    """(tokens after an intervention of KINDS on a place, the donors (B,) of a swap or None)."""
    if kind == "zeroed":
        return np.where(place, np.zeros_like(tokens), tokens), None
    mean = tokens.mean(axis=0)
    if kind == "averaged":
        return np.where(place, mean, tokens), None
    if kind == "noise":  # of the mean and the deviation of every entry
        drawn = mean + tokens.std(axis=0) * rng.standard_normal(tokens.shape).astype(tokens.dtype)
        return np.where(place, drawn, tokens), None
    donors = partners(kind, labels, rng)
    return swapped(tokens, place, donors), donors


def log_odds(logits, labels):
    """(B,): the log odds of the true class by logits (B, classes); unlike accuracy it has no floor and no ceiling."""
    logits = np.asarray(logits, np.float64)
    true = np.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    others = np.where(np.arange(logits.shape[1]) == labels[:, None], -np.inf, logits)
    top = others.max(axis=1, keepdims=True)
    return true - (top[:, 0] + np.log(np.exp(others - top).sum(axis=1)))
