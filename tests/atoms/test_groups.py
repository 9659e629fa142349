"""One to many and many to many, of units that were made to be so."""

import builtins

import numpy as np
import pytest

from inr_sae.atoms import groups, partners
from inr_sae.errors import InputError

pytest.importorskip("sklearn", reason="needs scikit-learn")


@pytest.fixture
def sources(rng):
    """(Maps of eight units, which of 400 coordinates are fitted)."""
    return partners.maps_of(rng.normal(size=(400, 8))), np.arange(400) % 2 == 0


def test_from_the_largest_penalty_on_all_weights_are_0(sources, rng):
    maps, rows = sources
    found = groups.one_to_many(maps, partners.maps_of(rng.normal(size=(400, 3))), rows, penalties=(2.0, 1.0))
    assert (found.weights == 0).all() and np.abs(found.r2).max() < 1e-9 and (groups.used(found) == 0).all()


def test_a_sum_of_two_units_is_found_and_explained_elsewhere(sources):
    maps, rows = sources
    target = partners.maps_of(maps.values[:, :1] + maps.values[:, 3:4])
    found = groups.one_to_many(maps, target, rows, penalties=(0.5, 0.1, 0.001))
    assert set(np.flatnonzero(found.weights[0, :, 1])) == {0, 3} and groups.used(found)[0, 1] == pytest.approx(
        2, abs=0.1
    )
    assert found.r2_held_out[-1] > 0.999 and (np.diff(found.r2) > 0).all()


def test_noise_is_explained_where_it_was_fitted_and_not_elsewhere(rng):
    maps, rows = partners.maps_of(rng.normal(size=(60, 25))), np.arange(60) < 30
    found = groups.one_to_many(maps, partners.maps_of(rng.normal(size=(60, 10))), rows)
    assert found.r2[-1] > 0.6 and found.r2_held_out[-1] < 0


def test_of_one_source_many_explain_what_that_one_does(sources, rng):
    maps, rows = sources
    values = maps.values[:, [2, 5]] @ np.array([[1.0, -0.5], [0.3, 2.0]]) + 0.1 * rng.normal(size=(400, 2))
    targets, one = partners.maps_of(values), maps._replace(values=maps.values[:, 2:3])
    many = groups.one_to_many(one, targets, rows, penalties=(1e-9,))
    alone = groups.one_to_one(one, targets, np.zeros(2, int), rows)
    assert 0 < alone < 1 and many.r2_held_out[0] == pytest.approx(alone, abs=1e-6)


def test_a_target_that_hardly_varies_elsewhere_does_not_rule(sources, rng):
    maps, rows = sources
    values = maps.values[:, :2] + 0.1 * rng.normal(size=(400, 2))
    values[~rows, 1] = 1e-3 * rng.normal(size=200)
    found = groups.one_to_many(maps, partners.maps_of(values), rows, penalties=(0.001,))
    assert -2 < found.r2_held_out[0] < 0, "its own R² there is below -1e5"


def test_the_descent_is_exact(sources, rng):
    """The conditions of a minimum: the gradient is -λ sign(w) where w is not 0, and within λ elsewhere."""
    maps, rows = sources
    target = partners.maps_of(maps.values @ rng.normal(size=(8, 1)) + rng.normal(size=(400, 1)))
    found = groups.one_to_many(maps, target, rows, penalties=(0.1,))
    x, y = (np.asarray(each.values[rows], np.float64) for each in (maps, target))
    x, y = x - x.mean(axis=0), y[:, 0] - y.mean()
    penalty, w = 0.1 * np.abs(x.T @ y).max() / len(x), found.weights[0, :, 0]
    gradient = x.T @ (x @ w - y) / len(x)
    np.testing.assert_allclose(gradient[w != 0], -penalty * np.sign(w[w != 0]), atol=1e-3 * penalty + 1e-4)
    assert (np.abs(gradient) <= penalty * 1.001 + 1e-4).all()
    assert found.r2[0] == pytest.approx(1 - np.square(y - x @ w).sum() / np.square(y).sum(), abs=1e-6)


def clusters(one, other):
    one, other = partners.maps_of(one), partners.maps_of(other)
    return groups.many_to_many(*(partners.correlations(*pair) for pair in ((one, one), (one, other), (other, other))))


def test_two_disjoint_blocks_are_two_clusters(rng):
    sources = rng.normal(size=(500, 2))
    one, other = (sources[:, [0, 0, 0, 1, 1]] + 0.3 * rng.normal(size=(500, 5)) for _ in range(2))
    found = clusters(one, other)
    assert groups.shared(found)["n_clusters"] == groups.shared(found)["n_shared"] == 2
    assert len(set(found.labels[[0, 1, 2, 5, 6, 7]])) == len(set(found.labels[[3, 4, 8, 9]])) == 1
    assert sorted(map(tuple, found.members)) == [(2, 2), (3, 3)]


def test_two_networks_with_nothing_in_common_share_no_cluster(rng):
    one, other = (rng.normal(size=(500, 1)) + 0.3 * rng.normal(size=(500, 6)) for _ in range(2))
    row = groups.shared(clusters(one, other))
    assert row["n_clusters"] == 2 and row["n_shared"] == 0 and row["units_in_shared_fraction"] == 0


def test_each_pair_of_twins_is_a_cluster(rng):
    one = rng.normal(size=(500, 5))
    row = groups.shared(clusters(one, one[:, ::-1] + 0.1 * rng.normal(size=(500, 5))))
    assert row["n_clusters"] == row["n_shared"] == row["n_pairs"] == 5


def of_graph(graph, n_first):
    """Clusters of a graph of correlations (A + B, A + B), whose diagonal is 1."""
    return groups.many_to_many(graph[:n_first, :n_first], graph[:n_first, n_first:], graph[n_first:, n_first:])


def blocks(within, across):
    """Correlations of six units: of a block of three with each other, and of two such blocks."""
    graph = np.kron(np.eye(2), np.full((3, 3), within - across)) + across
    np.fill_diagonal(graph, 1.0)
    return graph


def test_a_unit_has_no_edge_to_itself():
    """Two triangles whatever their weight: eigenvalues 0, 0, and 3/2 four times."""
    found = of_graph(blocks(0.5, 0.0), 2)
    assert found.gap == pytest.approx(1.5) and len(set(found.labels)) == 2
    assert sorted(map(tuple, found.members)) == [(0, 3), (2, 1)]


def test_the_gap_behind_the_first_eigenvalue_does_not_count():
    """Blocks that hang together: eigenvalues 0, 6/7, and 9/7 four times, by degrees 1 + 1 + 3/2."""
    found = of_graph(blocks(1.0, 0.5), 3)
    assert found.gap == pytest.approx(3 / 7) and sorted(map(tuple, found.members)) == [(0, 3), (3, 0)]


def test_units_that_hardly_correlate_go_with_those_they_correlate_with():
    """Twice a pair, one unit of each network, and six units that each correlate 0.01 with both: their eigenvectors'
    rows are short, and of one direction."""
    half = np.eye(8)
    half[:2, :2], half[:2, 2:], half[2:, :2] = 1.0, 0.01, 0.01
    order = np.concatenate([np.arange(16)[::2], np.arange(16)[1::2]])  # each second unit is of the first network
    found = of_graph(np.kron(np.eye(2), half)[np.ix_(order, order)], 8)
    pair = order // 8
    assert found.members.tolist() == [[4, 4], [4, 4]] and len(set(zip(pair, found.labels))) == 2


def test_counts_of_clusters_by_hand():
    """Of the networks 2 and 1, 1 and 1, 1 and 0, 0 and 2 units."""
    found = groups.Clusters(np.array([0, 0, 1, 2, 0, 1, 3, 3]), 4, 0.5)
    assert groups.shared(found) == {
        "n_clusters": 4,
        "n_shared": 2,
        "units_in_shared_fraction": 5 / 8,
        "n_pairs": 1,
        "largest_fraction": 3 / 8,
        "gap": 0.5,
    }


@pytest.mark.parametrize("scale", [1e-3, 1.0])
def test_weights_are_used_as_they_share_the_work_and_not_by_their_size(scale):
    weights = scale * np.array([[[0.0, 0.2], [0.0, -0.2], [-0.3, 0.2]], [[0.0, 3.0], [0.0, 1.0], [0.0, 0.0]]])
    found = groups.OneToMany((1.0, 0.1), weights, None, None)
    np.testing.assert_allclose(groups.used(found), [[1, 3], [0, 1.6]])


def test_without_scikit_learn_a_sentence_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("sklearn"):
            raise ImportError("No module named 'sklearn'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"need scikit-learn .*pip install 'inr-sae\[analysis\]'"):
        groups.needed()


def test_the_intercept_is_that_of_the_coordinates_it_was_fitted_at(sources):
    """A prediction without weights is the fitted half's mean, and on the other half of another mean worth less than
    nothing."""
    maps, rows = sources
    target = partners.maps_of(np.where(rows, 1.0, -1.0)[:, None] + 0.5 * maps.values[:, :1])
    found = groups.one_to_many(maps, target, rows, penalties=(1.0, 0.001))
    off, spread = 4.0, 0.25 * maps.values[~rows, 0].var()
    assert found.r2_held_out[0] == pytest.approx(-off / spread, rel=0.3)
    assert found.r2[1] > 0.99 and found.r2_held_out[1] < -10
    assert groups.one_to_one(maps, target, [0], rows) == pytest.approx(found.r2_held_out[1], rel=0.02)
