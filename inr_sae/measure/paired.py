"""Means of paired differences, with intervals over those whom the images show.

Fits of one image are alike, and so are images of one subject; a cluster is what counts as one, a subject. The interval
is Hall's (1992) transformed t, "On the removal of skewness by transformation", J. R. Stat. Soc. B 54: with T the mean's
deviation in standard errors, and kappa the skewness of the mean,

    g(T) = T + a kappa T^2 + a^2 kappa^2 T^3 / 3 + b kappa,   a = 1/3, b = 1/6,

is nearer to Student's t than T is, and g is inverted in closed form. Of 6, 10, 14 and 100 clusters a 95 % interval
holds the true mean in 93.5 to 95.5 % of normal samples and of gamma samples of shape 2 or more, of 6 exponential values
in 93 %.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

LEVEL = 0.95
LEAST_CLUSTERS = 6
A, B = 1 / 3, 1 / 6  # of a mean


class Interval(NamedTuple):
    """A mean and its interval; low and high are nan where a stratum has but one cluster."""

    mean: float
    low: float
    high: float
    n_clusters: int
    n_least: int  # clusters of the stratum that has the fewest

    @property
    def excludes_zero(self):
        """Whether the interval lies on one side of 0; never of fewer than LEAST_CLUSTERS clusters in a stratum, which
        say too little of how values scatter."""
        return self.n_least >= LEAST_CLUSTERS and bool(self.low > 0 or self.high < 0)


def clustered_interval(values, clusters, level=LEVEL):
    """The Interval of the mean over clusters of the mean within each.

    values (n,), clusters (n,): the cluster of each value. Every cluster counts the same, however many values it has.
    The order of the values does not matter.
    """
    return stratified_interval(values, clusters, [None] * len(values), level)


def stratified_interval(values, clusters, strata, level=LEVEL):
    """As `clustered_interval`, of the mean over strata of the mean over each stratum's clusters.

    strata (n,): the stratum of each value, as the target set of a fit: every set counts the same, however many images
    it has. Clusters of one name in two strata are two.
    """
    groups = {}
    for value, cluster, stratum in zip(np.asarray(values, np.float64), clusters, strata, strict=True):
        groups.setdefault(str(stratum), []).append((value, cluster))
    if not groups:
        raise ValueError("no values to average")
    samples = [cluster_means(*zip(*of_stratum)) for _, of_stratum in sorted(groups.items())]
    sizes = [len(sample) for sample in samples]
    mean, low, high = map(float, transformed_t(samples, level))
    return Interval(mean, low, high, sum(sizes), min(sizes))


def cluster_means(values, clusters):
    """The mean (C,) within each cluster, sorted by their names, of values (n,) of clusters (n,), in whatever order."""
    groups = {}
    for value, cluster in zip(np.asarray(values, np.float64), clusters, strict=True):
        groups.setdefault(str(cluster), []).append(value)
    return np.array([np.mean(sorted(of_cluster)) for _, of_cluster in sorted(groups.items())])


def paired_interval(ours, theirs, subjects=None, level=LEVEL):
    """The Interval of the mean of ours - theirs over the pairs that both have.

    ours, theirs: {(image, seed): value}. subjects: {image: whom it shows}; an image that it lacks is its own. Raises
    ValueError where they have no pair in common.
    """
    pairs, subjects = [pair for pair in ours if pair in theirs], subjects or {}
    if not pairs:
        raise ValueError("no (image, seed) that both have")
    values = [ours[pair] - theirs[pair] for pair in pairs]
    return clustered_interval(values, [subjects.get(image, image) for image, _ in pairs], level)


def transformed_t(samples, level=LEVEL):
    """(mean, low, high) of the mean over strata of each stratum's mean; leading axes of the samples are kept.

    samples: an array (..., n_s) of independent values for each stratum. Degrees of freedom are Welch-Satterthwaite's.
    The interval is nan where a stratum has one value, and of width 0 where no stratum's values differ.
    """
    n_strata = len(samples)
    mean = sum(sample.mean(axis=-1) for sample in samples) / n_strata
    if min(sample.shape[-1] for sample in samples) < 2:
        return mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    parts = [moments(sample) for sample in samples]
    squared = sum(of_mean for of_mean, _, _ in parts) / n_strata**2
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = (n_strata**2 * squared) ** 2 / sum(of_mean**2 / df for of_mean, _, df in parts)
        skewness = sum(third for _, third, _ in parts) / n_strata**3 / squared**1.5
    differ, error = squared > 0, np.sqrt(squared)
    skewness, freedom = np.where(differ, skewness, 0.0), np.where(differ, freedom, 1.0)
    t = stats.t.ppf(0.5 + level / 2, freedom)
    return mean, mean - untransformed(t, skewness) * error, mean - untransformed(-t, skewness) * error


def moments(sample):
    """(squared standard error of the mean, its third central moment, degrees of freedom) along the last axis."""
    n = sample.shape[-1]
    deviations = sample - sample.mean(axis=-1, keepdims=True)
    third = (deviations**3).sum(axis=-1) * n / ((n - 1) * max(n - 2, 1))  # unbiased; of two values it is 0
    return (deviations**2).sum(axis=-1) / (n - 1) / n, third / n**2, n - 1


def untransformed(x, kappa):
    """The inverse of g: which T is x after the transformation; x itself as kappa goes to 0."""
    small = np.abs(kappa) < 1e-6
    k = np.where(small, 1.0, kappa)
    return np.where(small, x, (np.cbrt(1 + 3 * A * (k * x - B * k**2)) - 1) / (A * k))
