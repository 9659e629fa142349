"""Tables of features on grids over [0, 1]^2, read by bilinear interpolation (Mueller et al. 2022).

A level of scale s has ceil(s) + 1 nodes a side, and x lies at s x + 1/2 among them. Where a table holds every node, a
node's entry is its own; else entries are shared by a hash. Indices and weights of a coordinate never move, so they are
computed once.
"""

import jax
import jax.numpy as jnp
import numpy as np

CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))
PRIME = np.uint32(2654435761)
MOST_ENTRIES = 2**24  # of a table: float32 holds a number of one exactly


def scales(coarsest, finest, n_levels):
    """(L,) float32 scales of levels whose cells a side grow by one factor from `coarsest` to `finest`."""
    growth = (max(finest, coarsest) / coarsest) ** (1.0 / max(n_levels - 1, 1))
    return np.float32(coarsest * growth ** np.arange(n_levels) - 1.0)


def sides(scale):
    """Nodes a side, ceil(s) + 1, as floats."""
    return np.ceil(np.asarray(scale, np.float64)) + 1.0


def levels(scale, most):
    """The constants of levels of some scales (L,): "scale", "side", "size" and "offset" of each, (L,) float32 of numpy.

    A level's table has as many entries as there are nodes, at most `most`; in the one table of all, it begins at
    `offset`. Raises ValueError where that one has more than 2^24.
    """
    side = sides(scale)
    size = np.minimum(side**2, most)
    if size.sum() > MOST_ENTRIES:
        raise ValueError(f"{size.sum():.0f} entries")
    offset = np.cumsum(size) - size
    found = {"scale": scale, "side": side, "size": size, "offset": offset}
    return {name: np.asarray(values, np.float32) for name, values in found.items()}


def n_entries(levels):
    """Entries of the one table of all levels."""
    return int(levels["offset"][-1] + levels["size"][-1])


def node_index(row, column, side, size):
    """The entry, below `size`, of nodes (row, column) of a level, uint32 all: dense where side^2 fits, else hashed.

    Past the last node of a row the dense index goes on in the next one, and all are taken mod the table's size.
    """
    # In float32 the comparison may err only above 2^24, the most that a table holds.
    fits = jnp.square(side.astype(jnp.float32)) <= size.astype(jnp.float32)
    dense, hashed = row * side + column, row ^ (column * PRIME)
    return jnp.where(fits, dense, hashed) % size


def columns(x, levels):
    """(N, 8 L) of x (N, 2) in [0, 1]: the four entries of every level around it, then their weights.

    The weights of a level's four sum to 1. Numbers of entries are below 2^24, so float32 holds them exactly.
    """
    place = levels["scale"] * x[:, :, None] + 0.5  # (N, 2, L)
    node = jnp.floor(place)
    share = jnp.stack([1.0 - (place - node), place - node])  # (2, N, 2, L), of the nearer node and the farther one
    node = node.astype(jnp.uint32)
    side, size = (levels[name].astype(jnp.uint32) for name in ("side", "size"))
    entries, weights = [], []
    for down, right in CORNERS:
        index = node_index(node[:, 0] + jnp.uint32(down), node[:, 1] + jnp.uint32(right), side, size)
        entries.append(index.astype(jnp.float32) + levels["offset"])
        weights.append(share[down, :, 0] * share[right, :, 1])
    both = jnp.stack([jnp.stack(entries, axis=-1), jnp.stack(weights, axis=-1)], axis=1)  # (N, 2, L, 4)
    return both.reshape(len(x), -1)


def read(table, columns):
    """Features (N, L F) of a table (T, F) at the coordinates whose `columns` are given."""
    entries, weights = columns.reshape(len(columns), 2, -1).swapaxes(0, 1)
    rows = jnp.asarray(table).at[entries.astype(jnp.int32)].get(mode="promise_in_bounds") * weights[:, :, None]
    return rows.reshape(len(columns), -1, 4, table.shape[1]).sum(2).reshape(len(columns), -1)


def new_table(key, size, n_features):
    """(size, F) entries U(+-1e-4)."""
    return jax.random.uniform(key, (size, n_features), jnp.float32, -1e-4, 1e-4)


def unit_square(x, low, high):
    """Coordinates in [low, high] as in [0, 1]."""
    return (x - low) / (high - low)
