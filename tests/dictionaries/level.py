"""A method whose atoms' parts are not pointwise: what an atom adds anywhere is its mean over the whole grid.

Its codes are dense and at least 0, and 0 at many coordinates.
"""

import jax
import jax.numpy as jnp

from inr_sae.dictionaries.codes import Codes
from tests.dictionaries import orthogonal
from tests.dictionaries.orthogonal import DEFAULTS, check, decode, directions, fit, n_atoms

LABEL = "Level"
POINTWISE, FIELD, LINEAR = False, False, False
__all__ = ["DEFAULTS", "check", "decode", "directions", "encode", "fit", "n_atoms", "remove"]


def encode(params, h, config):
    """The positive part of the projections."""
    codes = orthogonal.encode(params, h, config)
    return Codes(jax.nn.relu(codes.values), None, codes.n_atoms, signed=False)


def remove(params, h, codes, atom):
    """h without the atom's mean."""
    return h - codes.of(jnp.asarray(atom)[None])[0].mean() * params["directions"][atom]
