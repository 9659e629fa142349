"""How far classes lie together in a space of features: neighbours, clusters, spread, and what a linear model reads.

Features are (n, D) and labels (n,), whole numbers. scikit-learn does the work; it is imported where it is used, since
it is an extra.
"""

from functools import wraps
from typing import NamedTuple

import numpy as np

from inr_sae.measure.similarity import centred

NEIGHBOURS = 10
FOLDS = 5
NAN = float("nan")


def on_one_thread(function):
    """Decorator: within the function linear algebra has one thread, so that its last bits do not depend on the number
    of cores, and threads do not wait for each other on a machine that is shared."""

    @wraps(function)
    def limited(*arguments, **keywords):
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            return function(*arguments, **keywords)

    return limited


class Geometry(NamedTuple):
    """How far classes lie together."""

    purity: float
    purity_shuffled: float  # the same of labels in another order
    silhouette: float
    silhouette_shuffled: float
    fisher: float
    fisher_shuffled: float


@on_one_thread
def geometry(features, labels, rng):
    """The Geometry of features; rng, numpy's, shuffles the labels of the null."""
    features, shuffled = flat(features), rng.permutation(labels)
    near = neighbours(features, labels)
    measured = []
    for each in (labels, shuffled):
        measured.append((purity(near, each), silhouette(features, each), fisher(features, each)))
    return Geometry(*(value for pair in zip(*measured) for value in pair))


def flat(features):
    """Features as (n, D) float64."""
    return np.asarray(features, np.float64).reshape(len(features), -1)


def neighbours(features, labels):
    """The numbers (n, k) of each point's nearest neighbours, itself not among them.

    k is NEIGHBOURS, or as many as the smallest class has beside a point: of more none could be all of one class.
    """
    from sklearn.neighbors import NearestNeighbors

    k = max(1, min(NEIGHBOURS, np.unique(labels, return_counts=True)[1].min() - 1))
    return NearestNeighbors(n_neighbors=k).fit(features).kneighbors(return_distance=False)


def purity(near, labels):
    """The mean share of a point's neighbours (n, k) that are of its class."""
    return float(np.mean(labels[near] == labels[:, None]))


def chance_purity(labels):
    """The purity to expect where features say nothing of the classes."""
    counts = np.unique(labels, return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (len(labels) * (len(labels) - 1)))


def silhouette(features, labels):
    """The mean silhouette, from -1 to 1 (Rousseeuw 1987); nan where nothing varies, or where no class has two."""
    from sklearn.metrics import silhouette_score

    n_classes = len(np.unique(labels))
    if not 1 < n_classes < len(labels) or not np.ptp(features, axis=0).any():
        return NAN
    return float(silhouette_score(features, labels))


def fisher(features, labels):
    """Variance between classes over that within, each summed over dimensions; nan where nothing varies within."""
    grand, between, within = features.mean(axis=0), 0.0, 0.0
    for label in np.unique(labels):
        members = features[labels == label]
        between += len(members) * np.square(members.mean(axis=0) - grand).sum()
        within += np.square(centred(members)).sum()
    return float(between / within) if within > 0 else NAN


def linear_model():
    """Logistic regression on standardised features."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=200, tol=1e-3))


@on_one_thread
def probe(train, train_labels, test, test_labels):
    """The accuracy on test of a linear model of the training features."""
    model = linear_model().fit(flat(train), train_labels)
    return float(model.score(flat(test), test_labels))


@on_one_thread
def cross_probe(features, labels):
    """The accuracy of a linear model on points that it has not seen, over FOLDS parts; nan where a class has one."""
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    folds = min(FOLDS, np.unique(labels, return_counts=True)[1].min())
    if folds < 2:
        return NAN
    splits = StratifiedKFold(int(folds), shuffle=True, random_state=0)
    return float(cross_val_score(linear_model(), flat(features), labels, cv=splits).mean())


@on_one_thread
def nearest_accuracy(train, train_labels, test, test_labels):
    """The accuracy on test of a vote of the NEIGHBOURS nearest training points."""
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(min(NEIGHBOURS, len(train))).fit(flat(train), train_labels)
    return float(model.score(flat(test), test_labels))


@on_one_thread
def flattened_to_plane(features, seed=0):
    """A map (n, 2) of features by t-SNE, from their first 50 principal components; zeros where none varies."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    features = flat(features)
    if not centred(features).any():  # scikit-learn would divide by how far they vary
        return np.zeros((len(features), 2))
    reduced = PCA(min(50, *features.shape), random_state=seed).fit_transform(features)
    perplexity = min(30.0, (len(features) - 1) / 3)
    return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(reduced)
