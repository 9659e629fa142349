import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.atoms import matching, statistics
from inr_sae.dictionaries import topk
from inr_sae.dictionaries.topk import model
from inr_sae.measure import blocks
from tests.atoms.builders import signed_axes
from tests.dictionaries import orthogonal
from tests.dictionaries.builders import dictionary


def test_the_assignment_of_a_known_matrix():
    """Greedy would take 0.9 first and end at 1.0 in all; the best sum is 0.8 + 0.8."""
    found = matching.one_to_one(np.array([[0.9, 0.8], [0.8, 0.1]]))
    assert list(zip(found.ours, found.theirs)) == [(0, 1), (1, 0)]
    np.testing.assert_allclose(found.similarity, [0.8, 0.8])


def test_more_atoms_than_there_are_partners_stay_alone():
    found = matching.one_to_one(np.array([[0.1, 0.9], [0.2, 0.3], [0.8, 0.7]]))
    assert len(found.ours) == 2 and dict(zip(found.ours, found.theirs)) == {0: 1, 2: 0}


def test_a_permuted_dictionary_is_found_again(rng):
    w = rng.normal(size=(20, 8))
    order = rng.permutation(20)
    found = matching.one_to_one(matching.cosines(w, 3.0 * w[order]))
    np.testing.assert_array_equal(order[found.theirs], found.ours)
    np.testing.assert_allclose(found.similarity, 1.0)


def test_of_signed_codes_a_direction_and_its_opposite_are_one(rng):
    w = np.vstack([rng.normal(size=(5, 8)), np.zeros(8)])
    np.testing.assert_allclose(np.diag(matching.cosines(w, -w)), [-1.0] * 5 + [0.0])
    np.testing.assert_allclose(np.diag(matching.cosines(w, -w, signed=True)), [1.0] * 5 + [0.0])
    h = np.float32(rng.normal(size=(9, 8)))
    atoms = dictionary(topk, model.init(jax.random.key(0), 12, jnp.zeros(8)), k=4)
    assert matching.signed((signed_axes(8), h), (atoms, h)) and not matching.signed((atoms, h), (atoms, h))


@pytest.fixture
def two(rng):
    """(dictionary, its activations (60, 6), the same dictionary with its atoms in another order, that order)."""
    params = model.init(jax.random.key(0), 12, jnp.zeros(6))
    order = rng.permutation(12)
    other = params | {name: params[name][order] for name in ("w_enc", "b_enc", "w_dec")}
    h = rng.normal(size=(60, 6)).astype(np.float32)
    return dictionary(topk, params, k=4), h, dictionary(topk, other, k=4), order


def pearson(a, b):
    """Correlation of each of some maps (A, N) with each of others (B, N); 0 for a map that is constant."""
    return np.array([[np.corrcoef(x, y)[0, 1] if x.std() * y.std() > 0 else 0.0 for y in b] for x in a])


def test_map_correlations_are_pearsons_whatever_the_chunks(two, rows):
    one, h, other, _ = two
    atoms = np.arange(12)
    found = matching.map_correlations(matching.Reading(one, h, atoms), matching.Reading(other, h, atoms))
    expected = pearson(*(statistics.maps(each, h, atoms) for each in (one, other)))
    assert (expected < 0).any()
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_map_correlations_of_signed_codes_have_no_sign(rng, rows):
    """The sign of a signed atom is arbitrary, so that of a correlation is too."""
    h = rng.normal(size=(60, 5)).astype(np.float32)
    order, signs = rng.permutation(5), np.array([1.0, -1.0, 1.0, -1.0, -1.0], np.float32)
    params = {"mean": jnp.zeros(5), "directions": jnp.asarray(np.eye(5, dtype=np.float32)[order] * signs[:, None])}
    turned, atoms = dictionary(orthogonal, params, n_atoms=5), np.arange(5)
    found = matching.map_correlations(matching.Reading(signed_axes(5), h, atoms), matching.Reading(turned, h, atoms))
    np.testing.assert_allclose(found, np.abs(pearson(h.T, h.T[order])), atol=1e-4)
    matches = matching.one_to_one(found)
    np.testing.assert_array_equal(order[matches.theirs], matches.ours)
    np.testing.assert_allclose(matches.similarity, 1.0, atol=1e-4)


def test_a_signed_and_an_unsigned_dictionary_can_be_matched(two):
    one, h, _, _ = two
    found = matching.map_correlations(
        matching.Reading(signed_axes(6), h, np.arange(6)), matching.Reading(one, h, np.arange(12))
    )
    assert found.shape == (6, 12) and (found >= 0).all() and (found <= 1 + 1e-6).all()


def test_the_same_dictionary_in_another_order_matches_by_maps(two):
    one, h, other, order = two
    atoms = np.flatnonzero(statistics.measure(one, h)[0].alive)
    back = np.argsort(order)[atoms]
    found = matching.one_to_one(
        matching.map_correlations(matching.Reading(one, h, atoms), matching.Reading(other, h, back))
    )
    np.testing.assert_allclose(found.similarity, 1.0, atol=1e-4)


def test_the_null_reads_the_other_map_half_the_image_away(two):
    order = blocks.half_away(4, 6)
    image = np.arange(24).reshape(4, 6)
    shifted = image.ravel()[order].reshape(4, 6)
    assert shifted[2, 3] == image[0, 0] and sorted(order) == list(range(24))
    one, h, other, _ = two
    atoms, order = np.arange(12), blocks.half_away(6, 10)
    found = matching.map_correlations(matching.Reading(one, h, atoms), matching.Reading(other, h, atoms), order)
    expected = pearson(statistics.maps(one, h, atoms), statistics.maps(other, h, atoms)[:, order])
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("ripple", [0.0, 1e-7, 1e-5, 1e-3, 1.0])
def test_maps_that_are_almost_constant_correlate_as_they_do_or_not_at_all(ripple):
    z = (0.7 * (1 + ripple * np.random.default_rng(0).uniform(size=(9701, 2)))).astype(np.float32)
    one = matching.Reading(signed_axes(2), z, np.array([0, 1]))
    found = matching.map_correlations(one, one)
    assert (np.abs(found) <= 1 + 1e-4).all()
    np.testing.assert_allclose(np.diag(found), 1.0 if ripple >= 1e-3 else np.round(np.diag(found)), atol=3e-3)


def test_summary():
    matches = matching.Matches(None, None, np.array([0.95, 0.8, 0.2]))
    row = matching.summary(matches, matching.Matches(None, None, np.array([0.1, 0.8, 0.3])))
    assert row["similarity_mean"] == pytest.approx(0.65) and row["n_matched"] == 3
    assert row["above_0_9_fraction"] == pytest.approx(1 / 3) and row["above_0_7_fraction"] == pytest.approx(2 / 3)
    assert row["null_mean"] == pytest.approx(0.4) and row["null_above_0_7_fraction"] == pytest.approx(1 / 3)
