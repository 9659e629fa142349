"""Stable rank (Eq. 3), and effective rank."""

import numpy as np

from inr_sae.measure.similarity import centred


def stable_rank(a):
    """Stable rank ||A||_F^2 / ||A||_2^2 of one matrix (Eq. 3), not centred, in float64.

    a: (rows, columns), real or complex. For activations this is the (N, d) matrix of post-activations. The singular
    values come from the smaller of the two Gram matrices, so a (393216, 256) matrix costs one product and a 256x256
    eigenproblem.

    Returns a float in [1, rank(A)]; nan for a matrix of zeros, whose stable rank is undefined.
    Raises ValueError if `a` is not a matrix or holds a value that is not finite.
    """
    a = np.asarray(a)
    a = a.astype(np.result_type(a, np.float64))
    if a.ndim != 2:
        raise ValueError(f"stable rank is of a matrix, not of an array of shape {a.shape}")
    if not np.isfinite(a).all():
        raise ValueError("stable rank of a matrix with values that are not finite")
    gram = a.conj().T @ a if a.shape[0] >= a.shape[1] else a @ a.conj().T
    energies = np.linalg.eigvalsh(gram)
    return float(np.trace(gram).real / energies[-1]) if energies[-1] > 0 else float("nan")


def effective_rank(a):
    """exp(entropy of the singular values, which are made to sum to 1) of a centred matrix (Roy and Vetterli 2007).

    a: (observations, dimensions); columns are centred here. Returns a float in [1, rank]; nan where nothing varies.
    """
    values = np.linalg.svd(centred(a), compute_uv=False)
    if not values.any():
        return float("nan")
    shares = values[values > 0] / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))
