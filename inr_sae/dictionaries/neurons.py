"""Neurons: the identity basis, each unit less its mean over the coordinates; what every other basis is held against."""

import numpy as np

from inr_sae.dictionaries import linear
from inr_sae.dictionaries.linear import check, decode, directions, encode, n_atoms, remove

LABEL = "Neurons"
DEFAULTS = {}
POINTWISE, FIELD, LINEAR = True, False, True
__all__ = ["DEFAULTS", "check", "decode", "directions", "encode", "fit", "n_atoms", "remove"]


def fit(jobs, train):
    """The mean, and the axes."""
    fitted = []
    for job in jobs:
        axes = np.eye(job.h.shape[1])
        fitted.append(linear.params(np.asarray(job.h).mean(axis=0, dtype=np.float64), axes, axes))
    return fitted
