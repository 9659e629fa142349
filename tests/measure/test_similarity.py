"""Likeness of whole representations: 1 under what must not matter, near 0 of what has nothing in common."""

import numpy as np
import pytest

from inr_sae.errors import InputError
from inr_sae.measure import similarity

MEASURES = {
    "cka": similarity.linear_cka,
    "svcca": lambda a, b: similarity.svcca(similarity.moments(a, b)),
    "procrustes": lambda a, b: similarity.procrustes(similarity.moments(a, b)),
}
EACH = pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)


@pytest.fixture
def a(rng):
    return rng.normal(size=(400, 12)) * np.linspace(0.5, 2.0, 12) + 3.0


@EACH
def test_a_rotation_a_scale_and_a_shift_change_nothing(measure, a, rng):
    turn = np.linalg.qr(rng.normal(size=(12, 12)))[0]
    assert measure(a, 5.0 * a @ turn - 1.0) == pytest.approx(1.0, abs=1e-9)


@EACH
def test_it_is_symmetric_and_at_most_1(measure, a, rng):
    b = a[:, :7] @ rng.normal(size=(7, 9)) + rng.normal(size=(400, 9))
    assert measure(a, b) == pytest.approx(measure(b, a), abs=1e-9) and 0.05 < measure(a, b) < 1


def test_debiased_cka_of_nothing_in_common_is_0_where_the_plain_one_is_not(rng):
    """20 coordinates, 40 units: the plain one, |a'b|² / |a'a| |b'b|, is near 0.7."""
    pairs = [(rng.normal(size=(20, 40)), rng.normal(size=(20, 40))) for _ in range(200)]
    plain = []
    for a, b in pairs:
        m = similarity.moments(a, b)
        plain.append(np.square(m.ab).sum() / np.linalg.norm(m.aa) / np.linalg.norm(m.bb))
    found = [similarity.linear_cka(a, b) for a, b in pairs]
    assert np.mean(plain) > 0.5 and abs(np.mean(found)) < 0.02


def test_three_coordinates_are_too_few_for_an_unbiased_cka(rng):
    with pytest.raises(InputError, match="needs 4 coordinates, and there are 3"):
        similarity.linear_cka(*rng.normal(size=(2, 3, 5)))
    assert np.isfinite(similarity.linear_cka(*rng.normal(size=(2, 4, 5))))


def test_what_was_fitted_is_scored_on_other_coordinates(rng):
    """Twelve directions fitted to 30 coordinates of noise are alike there, and nowhere else."""
    a, b = rng.normal(size=(1030, 12)), rng.normal(size=(1030, 12))
    few, others = similarity.moments(a[:30], b[:30]), similarity.moments(a[30:], b[30:])
    for measure in (similarity.svcca, similarity.procrustes):
        assert measure(few) > 0.3 and abs(measure(few, others)) < 0.1


@EACH
def test_a_constant_representation_has_no_likeness(measure, a):
    for value in (1.0, 0.1):  # the mean of as many 0.1 is not 0.1
        assert np.isnan(measure(a, np.full((400, 3), value))) and np.isnan(measure(a[1:], np.full((399, 3), value)))


def test_units_that_are_constant_but_for_rounding_take_no_part(a, rng):
    """Not as directions either, however large they are."""
    units = np.concatenate([a, np.full((400, 1), 0.1), 1e9 + 1e-3 * rng.normal(size=(400, 1))], axis=1)
    found = similarity.centred(units)
    np.testing.assert_array_equal(found[:, :12], a - a.mean(axis=0))
    assert not found[:, 12:].any()


@pytest.mark.parametrize("variances, n", [([90.0, 8, 1.5, 0.5], 3), ([98, 1.5, 0.3, 0.2], 2), ([60, 20, 18, 2], 4)])
def test_svcca_keeps_the_directions_that_hold_99_percent_of_the_variance(variances, n):
    """Each over its standard deviation; the planted ones lie along the axes."""
    found = similarity.whitening(np.diag(variances))
    assert found.shape == (4, n)
    np.testing.assert_allclose(np.abs(found), np.diag(1 / np.sqrt(variances))[:, :n], atol=1e-12)


@EACH
def test_two_grids_are_refused(measure, a):
    with pytest.raises(InputError, match="one has 400 coordinates and the other 399"):
        measure(a, a[1:])
