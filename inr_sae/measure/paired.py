"""Paired differences with bootstrap intervals clustered by image."""

from typing import NamedTuple

import numpy as np
from scipy import stats

LEVEL = 0.95
RESAMPLES = 5000


class Interval(NamedTuple):
    """A mean and its bootstrap interval; low and high are nan where there is but one cluster."""

    mean: float
    low: float
    high: float
    n_clusters: int

    @property
    def excludes_zero(self):
        """Whether the interval lies on one side of 0; never, where there is no interval."""
        return bool(self.low > 0 or self.high < 0)


def clustered_interval(values, clusters, level=LEVEL, seed=0):
    """The mean over clusters of the mean within each, with its percentile bootstrap interval over clusters.

    values (n,), clusters (n,): the cluster of each value, as the image of a fit. Fits of one image are alike, so
    resampling fits would make an interval too narrow; whole images are resampled. Every image counts the same,
    however many seeds it has. The interval repeats for the same values, in whatever order they come.
    """
    values = np.asarray(values, np.float64)
    names = sorted(set(clusters))
    if not names:
        raise ValueError("no values to average")
    means = np.array([values[[cluster == name for cluster in clusters]].mean() for name in names])
    low = high = float("nan")
    if len(means) > 1:
        drawn = stats.bootstrap(
            (means,), np.mean, n_resamples=RESAMPLES, confidence_level=level, method="percentile", rng=seed
        )
        low, high = map(float, drawn.confidence_interval)
    return Interval(float(means.mean()), low, high, len(means))


def paired_interval(ours, theirs, level=LEVEL, seed=0):
    """The mean of ours - theirs over the pairs that both have, and its interval clustered by image.

    ours, theirs: {(image, seed): value}. Raises ValueError where they have no pair in common.
    """
    pairs = [pair for pair in ours if pair in theirs]
    if not pairs:
        raise ValueError("no (image, seed) that both have")
    return clustered_interval([ours[pair] - theirs[pair] for pair in pairs], [pair[0] for pair in pairs], level, seed)
