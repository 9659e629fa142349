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


def scales(coarsest, finest, n_levels):
    """(L,) float32 scales of levels whose cells a side grow by one factor from `coarsest` to `finest`."""
    growth = (max(finest, coarsest) / coarsest) ** (1.0 / max(n_levels - 1, 1))
    return np.float32(coarsest * growth ** np.arange(n_levels) - 1.0)


def sides(scale):
    """Nodes a side, ceil(s) + 1, as floats."""
    return np.ceil(scale) + 1.0


def sizes(scale, most):
    """Entries of each level's table: as many as there are nodes, at most `most`."""
    return [int(min(side**2, most)) for side in sides(np.asarray(scale, np.float64))]


def node_index(row, column, side, size):
    """The entry, below `size`, of nodes (row, column) of a level, uint32 all: dense where side^2 fits, else hashed.

    Past the last node of a row the dense index goes on in the next one, and all are taken mod the table's size.
    """
    # In float32 the comparison may err only above 2^24, the most that a table holds.
    fits = jnp.square(side.astype(jnp.float32)) <= size
    dense, hashed = row * side + column, row ^ (column * PRIME)
    return jnp.where(fits, dense, hashed) % jnp.uint32(size)


def corners(x, scale, size):
    """(indices (N, 4) int32, weights (N, 4) that sum to 1) of x (N, 2) in [0, 1] in one level's table."""
    place = jnp.asarray(scale, jnp.float32) * x + 0.5
    node = jnp.floor(place)
    share, node = place - node, node.astype(jnp.uint32)
    side = (jnp.ceil(scale) + 1.0).astype(jnp.uint32)
    indices, weights = [], []
    for corner in CORNERS:
        row, column = (node[:, axis] + jnp.uint32(step) for axis, step in enumerate(corner))
        indices.append(node_index(row, column, side, size))
        of_axes = [share[:, axis] if step else 1.0 - share[:, axis] for axis, step in enumerate(corner)]
        weights.append(of_axes[0] * of_axes[1])
    return jnp.stack(indices, axis=1).astype(jnp.int32), jnp.stack(weights, axis=1)


def as_columns(parts):
    """(indices, weights) of several levels as one float32 array (N, 8 L): all indices, then all weights.

    An index is below 2^24, so float32 holds it exactly.
    """
    indices, weights = zip(*parts)
    return jnp.concatenate([*(each.astype(jnp.float32) for each in indices), *weights], axis=1)


def read(tables, columns):
    """Features (N, L F) of tables [(T, F)] at the coordinates whose `as_columns` are given."""
    n = 4 * len(tables)
    indices, weights = columns[:, :n].astype(jnp.int32), columns[:, n:]
    found = []
    for level, table in enumerate(tables):
        at = slice(4 * level, 4 * level + 4)
        found.append(combined(table, indices[:, at], weights[:, at]))
    return jnp.concatenate(found, axis=1)


def combined(table, indices, weights):
    """sum_k weights[n, k] table[indices[n, k]], (N, F)."""
    rows = table.at[indices].get(mode="promise_in_bounds")
    return jnp.einsum("nkf,nk->nf", rows, weights)


def new_table(key, size, n_features):
    """(size, F) entries U(+-1e-4)."""
    return jax.random.uniform(key, (size, n_features), jnp.float32, -1e-4, 1e-4)


def unit_square(x, low, high):
    """Coordinates in [low, high] as in [0, 1]."""
    return (x - low) / (high - low)
