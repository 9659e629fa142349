"""Paired differences with bootstrap intervals clustered by image."""

from typing import NamedTuple

import numpy as np
from scipy import stats

LEVEL = 0.95
RESAMPLES = 5000
LEAST_CLUSTERS = 6


class Interval(NamedTuple):
    """A mean and its bootstrap interval; low and high are nan where there is but one cluster."""

    mean: float
    low: float
    high: float
    n_clusters: int

    @property
    def excludes_zero(self):
        """Whether the interval lies on one side of 0. Never of fewer than LEAST_CLUSTERS images: of so few, a bootstrap
        interval is too narrow, and would exclude a true 0 in one case of five or more."""
        return self.n_clusters >= LEAST_CLUSTERS and bool(self.low > 0 or self.high < 0)


def clustered_interval(values, clusters, level=LEVEL, seed=0):
    """The mean over clusters of the mean within each, with its percentile bootstrap interval over clusters.

    values (n,), clusters (n,): the cluster of each value, as the image of a fit. Fits of one image are alike, so
    resampling fits would make an interval too narrow; whole images are resampled. Every image counts the same,
    however many seeds it has. The interval repeats for the same values, in whatever order they come.
    """
    return stratified_interval(values, clusters, [None] * len(values), level, seed)


def stratified_interval(values, clusters, strata, level=LEVEL, seed=0):
    """As `clustered_interval`, of the mean over strata of the mean over each stratum's clusters.

    strata (n,): the stratum of each value, as the target set of a fit: every set counts the same, however many images
    it has. Images are resampled within their own stratum; one that has a single image leaves the interval nan.
    """
    values = np.asarray(values, np.float64)
    groups = {}
    for value, cluster, stratum in zip(values, clusters, strata):
        groups.setdefault(str(stratum), {}).setdefault(str(cluster), []).append(value)
    if not groups:
        raise ValueError("no values to average")
    samples = tuple(
        np.array([np.mean(sorted(of_cluster)) for _, of_cluster in sorted(of_stratum.items())])
        for _, of_stratum in sorted(groups.items())
    )
    low = high = float("nan")
    if min(map(len, samples)) > 1:
        drawn = stats.bootstrap(
            samples,
            lambda *parts, axis=-1: np.mean([part.mean(axis=axis) for part in parts], axis=0),
            n_resamples=RESAMPLES,
            confidence_level=level,
            method="percentile",
            rng=seed,
        )
        low, high = map(float, drawn.confidence_interval)
    return Interval(float(np.mean([part.mean() for part in samples])), low, high, sum(map(len, samples)))


def paired_interval(ours, theirs, level=LEVEL, seed=0):
    """The mean of ours - theirs over the pairs that both have, and its interval clustered by image.

    ours, theirs: {(image, seed): value}. Raises ValueError where they have no pair in common.
    """
    pairs = [pair for pair in ours if pair in theirs]
    if not pairs:
        raise ValueError("no (image, seed) that both have")
    return clustered_interval([ours[pair] - theirs[pair] for pair in pairs], [pair[0] for pair in pairs], level, seed)
