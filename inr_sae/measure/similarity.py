"""How alike two representations of the same coordinates are as a whole, whatever the bases: CKA, SVCCA, Procrustes.

a (N, d), b (N, e): activations at the same N coordinates. Each measure is 1 where b is a rotated and scaled.
"""

from typing import NamedTuple

import numpy as np

from inr_sae.errors import InputError

LEAST = 4  # coordinates of which an unbiased HSIC can be made
KEPT = 0.99  # of the variance, in the directions that SVCCA keeps
FAINTEST = 1e-6  # of a map's size: a standard deviation below it is that of rounding


class Moments(NamedTuple):
    """Centred second moments of two representations, float64."""

    aa: np.ndarray  # (d, d)
    bb: np.ndarray  # (e, e)
    ab: np.ndarray  # (d, e)


def same_coordinates(a, b):
    """Raise InputError unless two representations have as many coordinates."""
    if len(a) != len(b):
        raise InputError(
            f"two networks are compared on one grid, and of these one has {len(a)} coordinates and the other {len(b)}"
        )


def centred(values):
    """(N, d) less the mean of each column, float64; 0 in columns that vary no more than rounding does."""
    values = np.asarray(values, np.float64)
    found = values - values.mean(axis=0)
    found[:, found.std(axis=0) <= FAINTEST * np.abs(values).max(axis=0)] = 0.0
    return found


def moments(a, b):
    """The Moments of a and b. Raises InputError where they have not as many coordinates."""
    same_coordinates(a, b)
    a, b = centred(a), centred(b)
    return Moments(a.T @ a, b.T @ b, a.T @ b)


def linear_cka(a, b):
    """Linear CKA (Kornblith et al. 2019) by the unbiased estimate of HSIC (Song et al. 2012); nan where one of them is
    constant.

    For centred rows of Gram matrices K = aaᵀ and L = bbᵀ the estimate, times n(n-3), is |aᵀb|² - n/(n-2) Σ k_ii l_ii +
    tr K tr L / ((n-1)(n-2)).
    """
    same_coordinates(a, b)
    if len(a) < LEAST:
        raise InputError(f"the unbiased CKA needs {LEAST} coordinates, and there are {len(a)}")
    a, b = centred(a), centred(b)
    rows = [np.square(each).sum(axis=1) for each in (a, b)]

    def hsic(x, y, of_x, of_y):
        n, product = len(x), np.square(x.T @ y).sum()
        return product - n / (n - 2) * (of_x @ of_y) + of_x.sum() * of_y.sum() / ((n - 1) * (n - 2))

    scale = hsic(a, a, rows[0], rows[0]) * hsic(b, b, rows[1], rows[1])
    return float(hsic(a, b, *rows) / np.sqrt(scale)) if scale > 0 else float("nan")


def svcca(fitted, scored=None):
    """Mean canonical correlation (Raghu et al. 2017) within the directions that hold 99 % of each one's variance.

    fitted: Moments that directions are found by; scored: Moments of other coordinates, on which they are then measured.
    """
    scored = fitted if scored is None else scored
    left, right = whitening(fitted.aa), whitening(fitted.bb)
    if not left.size or not right.size:
        return float("nan")
    u, _, vt = np.linalg.svd(left.T @ fitted.ab @ right, full_matrices=False)
    p, q = left @ u, right @ vt.T
    scale = np.sqrt(np.einsum("ik,ij,jk->k", p, scored.aa, p) * np.einsum("ik,ij,jk->k", q, scored.bb, q))
    cross = np.einsum("ik,ij,jk->k", p, scored.ab, q)
    return float(np.divide(cross, scale, out=np.zeros_like(cross), where=scale > 0).mean())


def whitening(covariance):
    """(d, k): the directions of the largest variances, KEPT of it together, each over its standard deviation."""
    energies, vectors = np.linalg.eigh(covariance)
    energies, vectors = np.maximum(energies[::-1], 0.0), vectors[:, ::-1]
    if energies[0] <= 0:
        return np.zeros((len(covariance), 0))
    n = int(np.searchsorted(np.cumsum(energies) / energies.sum(), KEPT)) + 1
    return vectors[:, :n] / np.sqrt(energies[:n])


def procrustes(fitted, scored=None):
    """Cosine of a and the b that the best rotation brings nearest to it; fitted, scored: as of `svcca`."""
    scored = fitted if scored is None else scored
    u, _, vt = np.linalg.svd(fitted.ab, full_matrices=False)
    scale = np.sqrt(np.trace(scored.aa) * np.trace(scored.bb))
    return float(np.einsum("ij,ij->", u @ vt, scored.ab) / scale) if scale > 0 else float("nan")
