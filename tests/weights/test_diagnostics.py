"""Geometry of classes: what is planted is found, and where labels are shuffled nothing is."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from inr_sae.measure.rank import effective_rank
from inr_sae.weights import diagnostics

RNG = np.random.default_rng(0)
LABELS = np.repeat(np.arange(4), 20)
PLANTED = 10 * np.eye(4)[LABELS] + RNG.normal(size=(80, 4))
NOISE = RNG.normal(size=(80, 4))


def test_planted_classes_are_found_and_shuffled_labels_are_not():
    found = diagnostics.geometry(PLANTED, LABELS, np.random.default_rng(1))
    assert found.purity > 0.99 and found.silhouette > 0.5 and found.fisher > 5
    chance = diagnostics.chance_purity(LABELS)
    assert found.purity_shuffled == pytest.approx(chance, abs=0.08)
    assert found.silhouette_shuffled < 0 and found.fisher_shuffled < 0.2


def test_noise_has_no_classes():
    found = diagnostics.geometry(NOISE, LABELS, np.random.default_rng(1))
    assert found.purity == pytest.approx(diagnostics.chance_purity(LABELS), abs=0.08)
    assert found.silhouette < 0.02 and found.fisher < 0.2
    halves = (NOISE[::2], LABELS[::2], NOISE[1::2], LABELS[1::2])
    assert diagnostics.probe(*halves) < 0.5 and diagnostics.nearest_accuracy(*halves) < 0.5
    assert diagnostics.cross_probe(NOISE, LABELS) < 0.5


def test_models_read_planted_classes():
    halves = (PLANTED[::2], LABELS[::2], PLANTED[1::2], LABELS[1::2])
    assert diagnostics.probe(*halves) == diagnostics.nearest_accuracy(*halves) == 1
    assert diagnostics.cross_probe(PLANTED, LABELS) == 1


def test_purity_leaves_the_point_itself_out():
    features = np.array([[0.0], [0.1], [5.0], [5.1]])
    near = diagnostics.neighbours(features, np.zeros(4))
    assert near.shape == (4, 3) and all(i not in row for i, row in enumerate(near))
    assert diagnostics.purity(near[:, :1], np.array([0, 0, 1, 1])) == 1
    assert diagnostics.purity(near[:, :1], np.array([0, 1, 0, 1])) == 0


@pytest.mark.parametrize(
    "labels, chance", [([0, 0, 1], 1 / 3), ([0, 0, 1, 1], 1 / 3), ([0, 0, 0, 1], 1 / 2), ([0, 1], 0)]
)
def test_by_chance_neighbours_are_of_the_class_as_often_as_the_others_of_it_are_many(labels, chance):
    assert diagnostics.chance_purity(np.array(labels)) == pytest.approx(chance)


@pytest.mark.parametrize("of_each", [2, 5, 30])
def test_small_classes_that_lie_apart_are_pure(of_each):
    labels = np.repeat([0, 1, 2], of_each)
    features = 100.0 * labels[:, None] + np.random.default_rng(0).normal(size=(len(labels), 2))
    near = diagnostics.neighbours(features, labels)
    assert near.shape[1] == min(diagnostics.NEIGHBOURS, of_each - 1) and diagnostics.purity(near, labels) == 1


def test_features_that_do_not_vary_say_nothing():
    found = diagnostics.geometry(np.zeros((80, 3)), LABELS, np.random.default_rng(0))
    assert np.isnan(found.silhouette) and np.isnan(found.fisher)
    same = np.where(np.arange(3000)[:, None] < 1000, 0.1, 0.3)  # whose means are not these to the last bit
    assert np.isnan(diagnostics.fisher(same, same[:, 0] > 0.2))
    assert np.isnan(effective_rank(np.zeros((8, 3))))


def test_fishers_ratio_is_of_variances():
    features = np.array([[-1.0], [1.0], [9.0], [11.0]])
    assert diagnostics.fisher(features, np.array([0, 0, 1, 1])) == pytest.approx(25.0)


def test_a_map_keeps_planted_classes_apart():
    plane = diagnostics.flattened_to_plane(PLANTED)
    assert plane.shape == (80, 2)
    assert diagnostics.purity(diagnostics.neighbours(plane, LABELS), LABELS) > 0.95
    np.testing.assert_array_equal(plane, diagnostics.flattened_to_plane(PLANTED))


def test_a_map_of_what_does_not_vary_has_one_place():
    """scikit-learn's own ends the process."""
    assert not diagnostics.flattened_to_plane(np.full((20, 5), 0.1)).any()
