import numpy as np
import pytest

from inr_sae.measure.paired import (
    clustered_interval,
    moments,
    paired_interval,
    stratified_interval,
    transformed_t,
    untransformed,
)

DRAWS = 10000  # a coverage of 95 % is then known to 0.2 %
SHAPES = {
    "normal": (lambda rng, *size: rng.normal(size=size), 0.0),
    "gamma 4": (lambda rng, *size: rng.gamma(4.0, size=size), 4.0),
    "gamma 2": (lambda rng, *size: rng.gamma(2.0, size=size), 2.0),
    "gamma 2, the other way": (lambda rng, *size: -rng.gamma(2.0, size=size), -2.0),
}


def coverage(samples, mean):
    """In what share of the draws the interval holds the true mean; samples (draws, n) of each stratum."""
    _, low, high = transformed_t(samples)
    return ((low < mean) & (mean < high)).mean()


@pytest.mark.parametrize("n", [6, 10, 14, 100])
@pytest.mark.parametrize("shape", SHAPES)
def test_an_interval_holds_the_true_mean_as_often_as_it_says(shape, n, rng):
    draw, mean = SHAPES[shape]
    assert 0.93 <= coverage([draw(rng, DRAWS, n)], mean) <= 0.97


@pytest.mark.parametrize("shape", ["normal", "gamma 2"])
def test_so_it_does_over_strata_of_different_size_and_scatter(shape, rng):
    draw, mean = SHAPES[shape]
    samples = [draw(rng, DRAWS, 6), 3 * draw(rng, DRAWS, 14), draw(rng, DRAWS, 100)]
    assert 0.93 <= coverage(samples, 5 * mean / 3) <= 0.97


@pytest.mark.parametrize("shape", ["normal", "gamma 2"])
def test_so_it_does_for_several_images_of_a_subject_and_several_fits_of_an_image(shape, rng):
    """Of 8 subjects with 3 images of 2 fits each; were the 48 fits independent, they would tell far more."""
    draw, mean = SHAPES[shape]
    effects = draw(rng, 1000, 8)[..., None, None] + rng.normal(size=(1000, 8, 3, 1))
    fits = effects + 0.3 * rng.normal(size=(1000, 8, 3, 2))
    subjects, fits_alone = np.repeat(np.arange(8), 6), np.arange(48)
    held = alone = 0
    for values in fits.reshape(1000, 48):
        held += holds(clustered_interval(values, subjects), mean)
        alone += holds(clustered_interval(values, fits_alone), mean)
    assert 0.93 <= held / 1000 <= 0.97 and alone / 1000 < 0.8


def holds(interval, mean):
    return interval.low < mean < interval.high


def test_few_exponential_values_are_covered_a_bit_less_than_said(rng):
    assert 0.92 <= coverage([rng.exponential(size=(DRAWS, 6))], 1.0) < 0.945


def transformed(x, kappa):
    """g of Hall (1992), of a mean."""
    return x + kappa * x**2 / 3 + kappa**2 * x**3 / 27 + kappa / 6


@pytest.mark.parametrize("kappa", [-0.8, -0.1, 1e-9, 0.1, 0.8])
def test_what_is_untransformed_is_transformed_back(kappa):
    x = np.linspace(-4, 4, 17)
    np.testing.assert_allclose(transformed(untransformed(x, kappa), kappa), x, atol=1e-8)


def test_moments_of_four_values_by_hand():
    """Deviations -1, -1, -1, 3: squares 12, cubes 24; of the mean 12 / 3 / 4, and 24 · 4 / (3 · 2) / 16."""
    assert moments(np.array([0.0, 0.0, 0.0, 4.0])) == pytest.approx((1.0, 1.0, 3))


@pytest.mark.parametrize("n_strata, kappa, student", [(1, 1.0, 3.1824), (2, 0.5**0.5, 2.4469), (4, 0.5, 2.1788)])
def test_an_intervals_ends_are_where_the_transformed_t_is_students(n_strata, kappa, student):
    """Of strata of these four values: 3 degrees of freedom each, variance 1 / S and third moment 1 / S^2."""
    mean, low, high = transformed_t([np.array([0.0, 0.0, 0.0, 4.0])] * n_strata)
    ts = (mean - np.array([low, high])) * n_strata**0.5
    assert mean == 1 and transformed(ts, kappa) == pytest.approx([student, -student], rel=1e-4)


def test_where_nothing_is_skewed_it_is_students_t():
    interval = clustered_interval([-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, -3.0], range(7))
    half = 2.4469 * np.sqrt(28 / 6 / 7)
    assert (interval.low, interval.high) == (pytest.approx(-half, rel=1e-4), pytest.approx(half, rel=1e-4))


def test_a_long_tail_draws_the_interval_to_its_side():
    interval = clustered_interval([0.0, 0.1, 0.2, 0.1, 0.0, 0.2, 5.0], range(7))
    assert interval.high - interval.mean > 1.5 * (interval.mean - interval.low) > 0
    mirrored = clustered_interval([0.0, -0.1, -0.2, -0.1, 0.0, -0.2, -5.0], range(7))
    assert (mirrored.low, mirrored.high) == (pytest.approx(-interval.high), pytest.approx(-interval.low))


def test_the_mean_counts_every_cluster_once_however_many_values_it_has():
    interval = clustered_interval([1.0, 1.0, 1.0, 3.0], ["a", "a", "a", "b"])
    assert interval.mean == 2.0 and interval.n_clusters == 2


def test_seeds_of_one_image_do_not_narrow_the_interval():
    """A hundred fits of each of eight images tell as much about images as one fit of each does."""
    per_image = np.arange(8.0)
    few = clustered_interval(per_image, list("abcdefgh"))
    many = clustered_interval(np.repeat(per_image, 100), list(np.repeat(list("abcdefgh"), 100)))
    assert (few.low, few.high) == (many.low, many.high)
    assert few.low < 3.5 < few.high


def test_values_that_are_all_equal_have_an_interval_of_width_0():
    interval = clustered_interval([1.5] * 6, range(6))
    assert interval == (1.5, 1.5, 1.5, 6, 6) and interval.excludes_zero


def test_one_cluster_has_no_interval_and_decides_nothing():
    interval = clustered_interval([4.0, 5.0], ["a", "a"])
    assert interval.mean == 4.5 and np.isnan(interval.low) and np.isnan(interval.high) and not interval.excludes_zero


def test_two_clusters_have_a_wide_interval():
    interval = clustered_interval([4.0, 5.0], ["a", "b"])
    assert interval.low == pytest.approx(4.5 - 12.7062 * 0.5, rel=1e-4)


def test_the_order_of_the_values_does_not_matter():
    a = clustered_interval([1.0, 2.0, 5.0], ["x", "y", "z"])
    b = clustered_interval([5.0, 1.0, 2.0], ["z", "x", "y"])
    assert a == b


@pytest.mark.parametrize("n_clusters, n_strata", [(1, 1), (9, 1), (1, 7)])
def test_nor_does_it_for_the_last_bit(n_clusters, n_strata, rng):
    """Of values within a cluster, of clusters, and of strata."""
    clusters, strata = (np.repeat(np.arange(n), 63 // n) for n in (n_clusters, n_strata))
    values = rng.normal(size=63)
    orders = [rng.permutation(63) for _ in range(20)]
    found = {str(stratified_interval(values[order], clusters[order], strata[order])) for order in orders}
    assert len(found) == 1


def test_differences_are_taken_pair_by_pair():
    """Images differ by tens of dB and protocols by one: only pairing sees it."""
    ours = {(name, 0): 20.0 * i + 1.0 for i, name in enumerate("abcdef")} | {("c", 0): 41.5, ("x", 9): 0.0}
    theirs = {(name, 0): 20.0 * i for i, name in enumerate("abcdef")} | {("y", 9): 0.0}
    interval = paired_interval(ours, theirs)
    assert interval.mean == pytest.approx(6.5 / 6) and interval.n_clusters == 6
    assert interval.low > 0.8 and interval.excludes_zero


def test_images_of_one_subject_count_as_one():
    ours = {(image, 0): float(i) for i, image in enumerate("abcdefgh")}
    theirs = {(image, 0): 0.0 for image in "abcdefgh"}
    subjects = {"a": "first", "b": "first", "c": "first"}  # the others stand alone
    interval = paired_interval(ours, theirs, subjects)
    assert interval.n_clusters == 6 and interval.mean == pytest.approx((1.0 + 3 + 4 + 5 + 6 + 7) / 6)
    one = paired_interval(ours, theirs, dict.fromkeys("abcdefgh", "first"))
    assert one.n_clusters == 1 and np.isnan(one.low) and not one.excludes_zero


def test_nothing_in_common_is_an_error():
    with pytest.raises(ValueError, match="both have"):
        paired_interval({("a", 0): 1.0}, {("b", 0): 1.0})


def test_few_clusters_decide_nothing():
    five = clustered_interval([1.0] * 5, range(5))
    assert five.low > 0 and not five.excludes_zero
    assert clustered_interval([1.0] * 6, range(6)).excludes_zero


def test_the_stratum_that_has_the_fewest_decides_whether_there_are_enough():
    interval = stratified_interval([1.0] * 11, range(11), ["many"] * 6 + ["few"] * 5)
    assert interval.n_clusters == 11 and interval.n_least == 5 and not interval.excludes_zero


def test_every_stratum_counts_the_same_and_keeps_its_own_clusters():
    values = [0.0] * 100 + [9.0, 11.0]
    interval = stratified_interval(values, range(102), ["many"] * 100 + ["few"] * 2)
    assert interval.mean == pytest.approx(5.0) and interval.n_clusters == 102
    assert interval.low == pytest.approx(5.0 - 12.7062 * 0.5, rel=1e-4), "only the second stratum scatters"
    assert np.isnan(stratified_interval(values[:101], range(101), ["many"] * 100 + ["few"]).low)
