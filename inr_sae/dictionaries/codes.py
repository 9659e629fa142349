"""What all methods share: the codes of activations, what a method is fitted to, and a fitted dictionary."""

from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

import flax.struct
import jax
import jax.numpy as jnp
from flax.core import FrozenDict


@flax.struct.dataclass
class Codes:
    """Codes of N rows: sparse, k slots a row with the numbers of their atoms, or dense, one slot for every atom."""

    values: jax.Array  # (N, k), or (N, n) if dense
    indices: jax.Array | None  # (N, k): the atom of each slot; None if dense
    n_atoms: int = flax.struct.field(pytree_node=False)
    signed: bool = flax.struct.field(pytree_node=False)  # False: all at least 0, and an atom "fires" where it is above
    shape: tuple | None = flax.struct.field(pytree_node=False, default=None)  # (height, width) of a whole grid's codes

    def dense(self):
        """Every code, (N, n)."""
        if self.indices is None:
            return self.values
        rows = jnp.arange(self.values.shape[0])[:, None]
        return (
            jnp.zeros((self.values.shape[0], self.n_atoms), self.values.dtype).at[rows, self.indices].set(self.values)
        )

    def of(self, atoms):
        """The codes of some atoms (A,), (A, N)."""
        if self.indices is None:
            return self.values[:, atoms].T
        return jnp.where(self.indices[:, :, None] == atoms, self.values[:, :, None], 0.0).sum(1).T


class Job(NamedTuple):
    """One dictionary to fit."""

    name: str  # of its line in a history, as in "layer_0"
    key: jax.Array
    h: jax.Array  # (N, d), coordinates in raster order
    shape: tuple  # (height, width) of the grid
    behind: Callable  # the network behind the layer, h (N, d) -> (M, N, C), a jax.tree_util.Partial
    config: dict  # of the method
    steps: tuple = ()  # the same network step by step, functions of rows: of each further unit, then of all heads side
    # by side, (N, d) -> (N, M * C); jobs of one network share them. () where nobody can tell them apart


@flax.struct.dataclass
class Dictionary:
    """A fitted dictionary: a method's module, its config, its params; a pytree, so an argument of jitted functions."""

    method: ModuleType = flax.struct.field(pytree_node=False)
    config: FrozenDict = flax.struct.field(pytree_node=False)
    params: dict
    shape: tuple | None = flax.struct.field(pytree_node=False, default=None)  # (height, width) of the grid that h is on

    def encode(self, h):
        """Codes of h (N, d); where they are of the whole field, of all its N = height * width coordinates."""
        if self.method.FIELD:
            h = h.reshape(*self.shape, h.shape[-1])
        return self.method.encode(self.params, h, self.config)

    def at(self, shape):
        """The same dictionary for activations on another grid."""
        return self.replace(shape=tuple(shape))

    def decode(self, codes):
        """h_hat (N, d) of Codes."""
        return self.method.decode(self.params, codes)

    def directions(self):
        """(n, d)."""
        return self.method.directions(self.params)

    def remove(self, h, codes, atom):
        """h (N, d) without one atom."""
        return self.method.remove(self.params, h, codes, atom)


def fit(method, jobs, train):
    """The Dictionary of each Job by a method's module; train: as in the contract."""
    fitted = method.fit(jobs, train)
    return [
        Dictionary(method, FrozenDict(job.config), params, tuple(job.shape))
        for job, params in zip(jobs, fitted, strict=True)
    ]
