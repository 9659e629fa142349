import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.sae import match, stats, topk


def test_the_assignment_of_a_known_matrix():
    """Greedy would take 0.9 first and end at 1.0 in all; the best sum is 0.8 + 0.8."""
    found = match.one_to_one(np.array([[0.9, 0.8], [0.8, 0.1]]))
    assert list(zip(found.ours, found.theirs)) == [(0, 1), (1, 0)]
    np.testing.assert_allclose(found.similarity, [0.8, 0.8])


def test_more_atoms_than_there_are_partners_stay_alone():
    found = match.one_to_one(np.array([[0.1, 0.9], [0.2, 0.3], [0.8, 0.7]]))
    assert len(found.ours) == 2 and dict(zip(found.ours, found.theirs)) == {0: 1, 2: 0}


def test_a_permuted_dictionary_is_found_again(rng):
    w = rng.normal(size=(20, 8))
    order = rng.permutation(20)
    found = match.one_to_one(match.cosines(w, 3.0 * w[order]))
    np.testing.assert_array_equal(order[found.theirs], found.ours)
    np.testing.assert_allclose(found.similarity, 1.0)


@pytest.fixture
def two(rng):
    """(SAE, its activations (60, 6), the same SAE with its atoms in another order, that order)."""
    params = topk.init(jax.random.key(0), 12, jnp.zeros(6))
    order = rng.permutation(12)
    other = params | {name: params[name][order] for name in ("w_enc", "b_enc", "w_dec")}
    return params, rng.normal(size=(60, 6)).astype(np.float32), other, order


def test_map_correlations_are_pearsons_whatever_the_chunks(two):
    params, h, other, _ = two
    atoms = np.arange(12)
    found = match.map_correlations(params, h, atoms, other, h, atoms, 4, rows=7)
    a, b = (stats.maps(p, h, atoms, 4) for p in (params, other))
    for i in range(12):
        for j in range(12):
            if a[i].std() > 0 and b[j].std() > 0:
                assert found[i, j] == pytest.approx(np.corrcoef(a[i], b[j])[0, 1], abs=1e-4)
            else:
                assert found[i, j] == 0.0


def test_the_same_dictionary_in_another_order_matches_by_maps(two):
    params, h, other, order = two
    atoms = np.flatnonzero(stats.measure(params, h, 4)[0].firing_rate > 0)
    back = np.argsort(order)[atoms]
    found = match.one_to_one(match.map_correlations(params, h, atoms, other, h, back, 4))
    np.testing.assert_allclose(found.similarity, 1.0, atol=1e-4)


def test_the_null_reads_the_other_map_half_the_image_away():
    order = match.displaced(4, 6)
    image = np.arange(24).reshape(4, 6)
    shifted = image.ravel()[order].reshape(4, 6)
    assert shifted[2, 3] == image[0, 0] and sorted(order) == list(range(24))


def test_summary():
    matches = match.Matches(None, None, np.array([0.95, 0.8, 0.2]))
    row = match.summary(matches, match.Matches(None, None, np.array([0.1, 0.8, 0.3])))
    assert row["similarity_mean"] == pytest.approx(0.65) and row["n_matched"] == 3
    assert row["above_0_9_fraction"] == pytest.approx(1 / 3) and row["above_0_7_fraction"] == pytest.approx(2 / 3)
    assert row["null_mean"] == pytest.approx(0.4) and row["null_above_0_7_fraction"] == pytest.approx(1 / 3)
