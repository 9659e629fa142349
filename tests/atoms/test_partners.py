"""One to one: what must be found is found, and chance is not taken for it."""

import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.atoms import matching, partners
from inr_sae.dictionaries import topk
from inr_sae.errors import InputError
from tests.atoms.builders import axes, signed_axes
from tests.dictionaries.builders import dictionary


@pytest.fixture
def maps(rng):
    """Values of ten units over 300 coordinates."""
    return rng.normal(size=(300, 10)).astype(np.float32)


def test_greedy_and_assignment_of_a_known_matrix():
    found = partners.one_to_one(np.array([[0.9, 0.8], [0.85, 0.1]]))
    row = partners.summary(found)
    assert row["best_mean"] == pytest.approx(0.875) and row["matched_mean"] == pytest.approx(0.825)
    assert row["overlap_fraction"] == 0.5 and row["mutual_fraction"] == 0.5


@pytest.mark.parametrize("shape", [(6, 6), (5, 9), (9, 5)])
def test_no_assignment_beats_the_best_partners(rng, shape):
    x = rng.uniform(-1, 1, shape)
    found = partners.one_to_one(x)
    best = dict(zip(found.best.ours, found.best.similarity))
    assert all(s <= best[i] for i, s in zip(found.matched.ours, found.matched.similarity))
    if shape[0] <= shape[1]:
        assert partners.summary(found)["matched_mean"] <= partners.summary(found)["best_mean"]


def test_a_permuted_copy_with_other_signs_is_found_without_signs_and_not_with(maps, rng):
    order, signs = rng.permutation(10), np.where(np.arange(10) % 2, -1, 1)
    one, other = partners.maps_of(maps), partners.maps_of(2 * maps[:, order] * signs + 1)
    assert one.signed and other.signed
    found = partners.one_to_one(partners.correlations(one, other))
    np.testing.assert_array_equal(order[found.matched.theirs], found.matched.ours)
    np.testing.assert_allclose(found.matched.similarity, 1.0, atol=1e-5)
    assert found.overlap == found.mutual == 1.0
    signed = partners.correlations(*(each._replace(signed=False) for each in (one, other)))
    assert partners.one_to_one(signed).best.similarity.mean() < 0.8


def test_units_that_are_never_negative_keep_their_signs(maps):
    """Where the one is high the other is low: such units are no partners."""
    one = partners.maps_of(np.maximum(maps, 0))
    other = partners.maps_of(np.maximum(-maps, 0))
    assert not one.signed and np.diag(partners.correlations(one, other)).max() < 0


def test_correlations_are_pearsons_whatever_the_chunks(maps, rng, monkeypatch):
    monkeypatch.setattr(partners, "ROWS", 7)
    other = maps[:, :4] + rng.normal(size=(300, 4))
    order = rng.permutation(300)
    found = partners.correlations(partners.maps_of(maps, signed=False), partners.maps_of(other, signed=False), order)
    np.testing.assert_allclose(found, np.corrcoef(maps.T, other[order].T)[:10, 10:], atol=1e-5)


def test_constant_and_dead_units_are_left_out_and_counted(maps):
    values = np.concatenate([maps[:, :3], np.full((300, 1), 0.7), np.zeros((300, 1)), maps[:, 3:4]], axis=1)
    found = partners.maps_of(values)
    np.testing.assert_array_equal(found.numbers, [0, 1, 2, 5])
    assert found.n_excluded == 2 and np.isfinite(found.values).all()


def test_dead_atoms_are_left_out_and_the_strongest_come_first(rng):
    h = np.abs(rng.normal(size=(50, 4))).astype(np.float32) * np.array([1.0, 3.0, -1.0, 2.0], np.float32)
    params = {"w_enc": jnp.eye(4), "b_enc": jnp.zeros(4), "w_dec": jnp.eye(4), "b_pre": jnp.zeros(4)}
    found = partners.maps_of_atoms(dictionary(topk, params, k=4), h, 2)
    np.testing.assert_array_equal(found.numbers, [1, 3])
    assert found.n_excluded == 1 and not found.signed
    assert partners.maps_of_atoms(signed_axes(4), h, 9).signed


def test_pairs_are_scored_on_coordinates_that_did_not_choose_them(maps, rng):
    """A partner of noise that was the best of many by chance is none elsewhere; a true one is."""
    noise = partners.maps_of(rng.normal(size=(300, 200)))
    fitted = np.arange(300) < 40
    one = partners.maps_of(maps)
    for other, low, high in ((noise, -0.1, 0.1), (partners.maps_of(maps[:, ::-1]), 0.99, 1.01)):
        parts = (partners.at_rows(each, fitted) for each in (one, other))
        assert partners.one_to_one(partners.correlations(*parts)).matched.similarity.mean() > 0.3
        assert low <= partners.held_out(one, other, fitted).mean() <= high


def test_a_pair_that_turns_elsewhere_is_none(maps):
    rows = np.arange(300) < 150
    found = partners.held_out(partners.maps_of(maps), partners.maps_of(np.where(rows[:, None], maps, -maps)), rows)
    np.testing.assert_allclose(found, -1.0, atol=0.05)
    found = partners.held_out(partners.maps_of(maps), partners.maps_of(-maps), rows)
    np.testing.assert_allclose(found, 1.0, atol=1e-5)


def test_over_some_coordinates_alone_correlations_are_pearsons_there(maps, rng):
    """Of maps whose mean in one half is not that in the other."""
    rows = np.arange(300) < 150
    values = [each + 3.0 * rows[:, None] for each in (maps, 0.5 * maps + rng.normal(size=maps.shape))]
    one, other = (partners.maps_of(each, signed=False) for each in values)
    expected = np.corrcoef(*(each[rows].T for each in values))[:10, 10:]
    found = partners.correlations(*(partners.at_rows(each, rows) for each in (one, other)))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    pairs = matching.Matches(np.array([0, 3, 5]), np.array([0, 3, 1]), np.ones(3))
    np.testing.assert_allclose(
        partners.pair_correlations(one, other, pairs, rows), expected[pairs.ours, pairs.theirs], atol=1e-5
    )


def test_a_map_that_is_constant_where_partners_are_chosen_correlates_0_there(maps):
    values = maps.copy()
    values[:40, 0] = 2.0
    one = partners.at_rows(partners.maps_of(values), np.arange(300) < 40)
    assert (partners.correlations(one, partners.at_rows(partners.maps_of(maps), np.arange(300) < 40))[0] == 0).all()


def test_of_units_that_are_all_dead_none_is_left():
    dead = partners.maps_of(np.zeros((132, 3), np.float32))
    assert len(dead.numbers) == 0 and dead.n_excluded == 3


def test_a_share_is_beyond_every_null():
    nulls = [np.zeros(100), np.linspace(0, 1, 101)]
    assert partners.beyond(np.array([0.99, 0.96, 0.5, 0.0]), nulls) == 0.5
    assert partners.beyond(nulls[1], nulls) <= 0.05 and np.isnan(partners.beyond(nulls[1], []))


def test_two_grids_are_refused(maps):
    with pytest.raises(InputError, match="one has 300 coordinates and the other 299"):
        partners.correlations(partners.maps_of(maps), partners.maps_of(maps[1:]))


def test_maximum_cosines_go_both_ways():
    assert partners.mean_max_cosine(matching.cosines(np.eye(3)[:2], np.eye(3))) == pytest.approx((1.0, 2 / 3))


def test_rows_that_atoms_are_read_by_are_the_encoders(rng):
    params = {name: jnp.asarray(rng.normal(size=(6, 4)), jnp.float32) for name in ("w_enc", "w_dec")}
    one = dictionary(topk, params | {"b_enc": jnp.zeros(6), "b_pre": jnp.zeros(4)}, k=2)
    h = rng.normal(size=(80, 4)).astype(np.float32)
    atoms = partners.maps_of_atoms(one, h, 6).numbers
    np.testing.assert_allclose(partners.readers(one, h, atoms), np.asarray(params["w_enc"])[atoms], atol=1e-5)
    np.testing.assert_allclose(partners.readers(axes(4), h, np.arange(4)), np.eye(4), atol=1e-6)
