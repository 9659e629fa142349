"""Principal components: orthonormal directions of the centred activations, by 1/N in float64, most variance first."""

from inr_sae.dictionaries import linear
from inr_sae.dictionaries.linear import check, decode, directions, encode, n_atoms, remove

LABEL = "PCA"
DEFAULTS = {}
POINTWISE, FIELD, LINEAR = True, False, True
__all__ = ["DEFAULTS", "check", "decode", "directions", "encode", "fit", "n_atoms", "remove"]


def fit(jobs, train):
    """The mean, and the eigenvectors of the covariance."""
    return [components(job.h) for job in jobs]


def components(h):
    """The parameters for activations h (N, d)."""
    mean, covariance = linear.covariance(h)
    _, vectors = linear.eigen(covariance)
    return linear.params(mean, vectors, vectors.T)
