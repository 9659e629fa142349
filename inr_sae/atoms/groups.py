"""Convergent learning beyond pairs: a unit from many of another network, and groups of units of both (Li et al. 2016).

Both need scikit-learn; `needed` says so where it is missing.
"""

import warnings
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh

from inr_sae.machine import extras

PENALTIES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)  # of the least one at which a target's weights are all 0
MOST_CLUSTERS = 64


def needed():
    """scikit-learn's linear_model and cluster. Raises InputError with the command that installs it."""
    extras.need_scikit_learn("predicting a unit from many, and clusters of units, need")
    from sklearn import cluster, linear_model

    return linear_model, cluster


class OneToMany(NamedTuple):
    """T units, each predicted from all of another network's with an L1 penalty, along P penalties, the largest
    first."""

    penalties: tuple  # of the least at which all weights of a target are 0
    weights: np.ndarray  # (T, A, P)
    r2: np.ndarray  # (P,) of all targets together, on the coordinates that weights were fitted on
    r2_held_out: np.ndarray  # (P,) on the others


def one_to_many(sources, targets, rows, penalties=PENALTIES):
    """The OneToMany of target Maps from source Maps, fitted at the coordinates where rows (N,) is True.

    Exact: coordinate descent on the Gram matrix, min_w |y - Xw|² / 2N + λ |w|₁ on standardised maps.
    """
    linear_model, _ = needed()
    parts = [np.asarray(each.values[part], np.float64) for part in (rows, ~rows) for each in (sources, targets)]
    means = [part.mean(axis=0) for part in parts[:2]]  # of the fitted half: the intercept is fitted, too
    x, y, x_other, y_other = (part - mean for part, mean in zip(parts, 2 * means))
    n, d = x.shape
    gram, cross, variance = x.T @ x / n, x.T @ y / n, np.square(y).mean(axis=0)
    # d rows with the products that the n rows of x have: all that the descent and its bound ask for.
    energies, vectors = np.linalg.eigh(gram)
    rooted = np.asfortranarray((np.sqrt(d * np.maximum(energies, 0.0)) * vectors).T)
    products = rooted.T @ rooted
    weights = np.zeros((y.shape[1], d, len(penalties)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the smallest penalty's weights have not come within 1e-4 of exact
        for t, of_target in enumerate(cross.T):
            top, energy = np.abs(of_target).max(), np.full(d, np.sqrt(variance[t]))
            if top > 0:
                _, weights[t], _ = linear_model.lasso_path(
                    rooted, energy, precompute=products, Xy=d * of_target, alphas=[top * p for p in penalties]
                )
    second = (each.T @ other / max(1, len(x_other)) for each, other in ((x_other, x_other), (x_other, y_other)))
    error = np.square(y_other).mean(axis=0)
    r2 = explained(weights, gram, cross, variance, variance)
    return OneToMany(tuple(penalties), weights, r2, explained(weights, *second, error, y_other.var(axis=0)))


def one_to_one(sources, targets, chosen, rows):
    """R² of all targets together, each from the one source whose number is chosen (T,), by the rules of `one_to_many`:
    fitted where rows (N,) is True, and scored on the other coordinates."""
    x, y = (np.asarray(each, np.float64) for each in (sources.values[:, chosen], targets.values))
    (x, y), (x_other, y_other) = ([each[part] - each[rows].mean(axis=0) for each in (x, y)] for part in (rows, ~rows))
    energy = np.square(x).mean(axis=0)
    slope = np.divide((x * y).mean(axis=0), energy, out=np.zeros_like(energy), where=energy > 0)
    error, variance = (np.square(each).sum() for each in (y_other - slope * x_other, y_other - y_other.mean(axis=0)))
    return float(1 - error / variance) if variance > 0 else 0.0


def explained(weights, gram, cross, square, variance):
    """1 - summed squared error over summed variance (T,) of all targets, (P,), from second moments; 0 of no variance.

    The moments, `square` (T,) that of the targets, are about the means that a prediction starts from.

    Together, for a target that hardly varies on some coordinates would else rule the mean.
    """
    error = np.einsum("tap,ab,tbp->p", weights, gram, weights, optimize=True)
    error += square.sum() - 2 * np.einsum("tap,at->p", weights, cross)
    return 1.0 - error / variance.sum() if variance.sum() > 0 else np.zeros_like(error)


def used(found):
    """(T, P): how many weights of a OneToMany share the work, (sum |w|)² / sum w²: n of n equal ones, 0 of none.

    No bound on single weights would do: of a basis turned altogether they are as small as the layer is wide.
    """
    sizes = np.abs(found.weights)
    squares = np.square(sizes).sum(axis=1)
    return np.divide(np.square(sizes.sum(axis=1)), squares, out=np.zeros_like(squares), where=squares > 0)


class Clusters(NamedTuple):
    """Groups of units of two networks, from the graph of their correlations."""

    labels: np.ndarray  # (A + B,) the cluster of each, the first network's first
    n_first: int  # A
    gap: float  # of the eigenvalue behind the last cluster to its own: how clear their number is

    @property
    def members(self):
        """(K, 2): how many units of each network each cluster holds."""
        counts = np.zeros((self.labels.max() + 1, 2), int)
        np.add.at(counts, (self.labels, (np.arange(len(self.labels)) >= self.n_first).astype(int)), 1)
        return counts


def many_to_many(within, between, within_other, seed=0):
    """The Clusters of two networks' units from their correlations: (A, A), (A, B) and (B, B).

    Spectral clustering of |correlation| without self-loops: the normalised Laplacian's first k eigenvectors, rows
    normalised, k-means; k by the largest gap of its eigenvalues from 2 to MOST_CLUSTERS [own]: that behind the first is
    of any connected graph.
    """
    _, cluster = needed()
    affinity = np.abs(np.block([[within, between], [between.T, within_other]]).astype(np.float64))
    np.fill_diagonal(affinity, 0.0)
    degree = affinity.sum(axis=1)
    scale = np.where(degree > 0, 1.0 / np.sqrt(np.where(degree > 0, degree, 1.0)), 0.0)
    laplacian = np.eye(len(affinity)) - scale[:, None] * affinity * scale
    last = min(MOST_CLUSTERS, len(affinity) - 1)
    values, vectors = eigh(laplacian, subset_by_index=[0, last])
    gaps = np.diff(values)
    k = int(gaps[1:].argmax()) + 2 if len(gaps) > 1 else len(gaps)
    rows = vectors[:, :k]
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows / np.where(norms > 0, norms, 1.0)
    labels = cluster.KMeans(k, n_init=10, random_state=seed).fit_predict(rows)
    return Clusters(labels, len(within), float(gaps[k - 1]))


def shared(found):
    """Columns of a table of Clusters: how many there are, and how many hold units of both networks."""
    members = found.members
    of_both = (members > 0).all(axis=1)
    return {
        "n_clusters": len(members),
        "n_shared": int(of_both.sum()),
        "units_in_shared_fraction": float(members[of_both].sum() / members.sum()),
        "n_pairs": int((members == 1).all(axis=1).sum()),
        "largest_fraction": float(members.sum(axis=1).max() / members.sum()),
        "gap": found.gap,
    }
