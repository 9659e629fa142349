import numpy as np
import pytest

from inr_sae.measure.paired import clustered_interval, paired_interval, stratified_interval


def test_the_mean_counts_every_image_once_however_many_seeds_it_has():
    interval = clustered_interval([1.0, 1.0, 1.0, 3.0], ["a", "a", "a", "b"])
    assert interval.mean == 2.0 and interval.n_clusters == 2


def test_seeds_of_one_image_do_not_narrow_the_interval():
    """A hundred fits of each of eight images tell as much about images as one fit of each does."""
    per_image = np.arange(8.0)
    few = clustered_interval(per_image, list("abcdefgh"))
    many = clustered_interval(np.repeat(per_image, 100), list(np.repeat(list("abcdefgh"), 100)))
    assert (few.low, few.high) == (many.low, many.high)
    assert few.low < 3.5 < few.high


def test_the_interval_of_a_normal_sample_is_near_the_known_one(rng):
    """The mean of 200 draws of N(5, 2^2) has a standard error of 0.141."""
    interval = clustered_interval(rng.normal(5.0, 2.0, 200), range(200))
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * 2.0 / np.sqrt(200), rel=0.15)
    assert interval.low < 5.0 < interval.high


def test_it_covers_the_truth_about_as_often_as_it_says(rng):
    """Percentile intervals of 30 images cover a bit less than 95 %."""
    hits = sum(
        interval.low < 0.0 < interval.high
        for interval in (clustered_interval(rng.normal(size=30), range(30)) for _ in range(200))
    )
    assert 0.87 <= hits / 200 <= 0.99


def test_one_image_has_no_interval_and_decides_nothing():
    interval = clustered_interval([4.0, 5.0], ["a", "a"])
    assert interval.mean == 4.5 and np.isnan(interval.low) and not interval.excludes_zero


def test_the_order_of_the_values_does_not_matter():
    a = clustered_interval([1.0, 2.0, 5.0], ["x", "y", "z"])
    b = clustered_interval([5.0, 1.0, 2.0], ["z", "x", "y"])
    assert a == b


def test_differences_are_taken_pair_by_pair():
    """Images differ by tens of dB and protocols by one: only pairing sees it."""
    ours = {(name, 0): 20.0 * i + 1.0 for i, name in enumerate("abcdef")} | {("c", 0): 41.5, ("x", 9): 0.0}
    theirs = {(name, 0): 20.0 * i for i, name in enumerate("abcdef")} | {("y", 9): 0.0}
    interval = paired_interval(ours, theirs)
    assert interval.mean == pytest.approx(6.5 / 6) and interval.n_clusters == 6
    assert interval.low >= 1.0 and interval.excludes_zero


def test_nothing_in_common_is_an_error():
    with pytest.raises(ValueError, match="both have"):
        paired_interval({("a", 0): 1.0}, {("b", 0): 1.0})


def test_few_images_decide_nothing():
    """Of five normal draws a percentile interval misses a true 0 far more often than one time in twenty."""
    five = clustered_interval([1.0] * 5, range(5))
    assert five.low > 0 and not five.excludes_zero
    assert clustered_interval([1.0] * 6, range(6)).excludes_zero


def test_every_stratum_counts_the_same_and_keeps_its_own_images():
    values = [0.0] * 100 + [9.0, 11.0]
    interval = stratified_interval(values, range(102), ["many"] * 100 + ["few"] * 2)
    assert interval.mean == pytest.approx(5.0) and interval.n_clusters == 102
    assert interval.low == pytest.approx(4.5) and interval.high == pytest.approx(5.5)
    assert np.isnan(stratified_interval(values[:101], range(101), ["many"] * 100 + ["few"]).low)
