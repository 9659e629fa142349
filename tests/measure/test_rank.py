import numpy as np
import pytest

from inr_sae.measure.rank import effective_rank, stable_rank


def test_of_a_rank_one_matrix_is_one(rng):
    assert stable_rank(np.outer(rng.normal(size=7), rng.normal(size=4))) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("shape", [(9, 5), (5, 9)])
def test_of_orthonormal_rows_or_columns_is_their_number(rng, shape):
    q, _ = np.linalg.qr(rng.normal(size=(9, 5)))
    assert stable_rank(q if shape == q.shape else q.T) == pytest.approx(5.0)


def test_is_the_ratio_of_squared_norms(rng):
    a = rng.normal(size=(30, 8))
    assert stable_rank(a) == pytest.approx((np.linalg.norm(a) / np.linalg.norm(a, 2)) ** 2)


@pytest.mark.parametrize("shape", [(9, 5), (5, 9)])
def test_of_a_complex_matrix_counts_both_parts(rng, shape):
    a = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    assert stable_rank(a) == pytest.approx((np.linalg.norm(a) / np.linalg.norm(a, 2)) ** 2)


def test_does_not_change_with_scale_or_transposition(rng):
    a = rng.normal(size=(6, 11))
    assert stable_rank(a) == pytest.approx(stable_rank(-1e-3 * a.T))


def test_is_not_centred():
    assert stable_rank(np.ones((5, 3))) == pytest.approx(1.0)


def test_lies_between_one_and_the_rank(rng):
    a = rng.normal(size=(20, 3)) @ rng.normal(size=(3, 10))
    assert 1.0 <= stable_rank(a) <= 3.0


def test_of_zeros_is_nan():
    assert np.isnan(stable_rank(np.zeros((3, 3))))


@pytest.mark.parametrize("bad", [np.ones(3), np.array([[1.0, np.nan]])])
def test_refuses_what_is_no_finite_matrix(bad):
    with pytest.raises(ValueError):
        stable_rank(bad)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.0, 1.0, 0.1])
def test_what_does_not_vary_has_no_effective_rank(value, kind):
    """The mean of fifty 0.1 is not 0.1."""
    assert np.isnan(effective_rank(np.full((50, 3), value, kind)))


def test_effective_rank_of_known_singular_values(rng):
    """Shares 1/2, 1/4 and 1/4 have an entropy of 3/2 ln 2; a mean is no direction, nor is a unit without variance."""
    columns = np.linalg.qr(np.concatenate([np.ones((50, 1)), rng.normal(size=(50, 3))], axis=1))[0][:, 1:]
    a = columns * np.array([2.0, 1.0, 1.0]) + np.array([5.0, 0.0, -1.0])
    assert effective_rank(a) == pytest.approx(2**1.5)
    assert effective_rank(np.concatenate([a, np.full((50, 1), 0.1)], axis=1)) == pytest.approx(2**1.5)
