"""Codes multiplied: nothing at 1, a removal at 0, and where a code is 0 nothing whatever."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.atoms import steering
from tests.dictionaries.builders import METHODS, fitted


@pytest.fixture(params=METHODS)
def one(request):
    """(h (N, d), Dictionary) of each method."""
    job, dictionary = fitted(request.param)[0]
    return np.asarray(job.h), dictionary


def ones(dictionary):
    return steering.multipliers(len(dictionary.directions()), {})


def test_codes_times_1_change_nothing(one):
    h, dictionary = one
    np.testing.assert_array_equal(steering.steer(dictionary, h, ones(dictionary)), h)
    decoded = dictionary.decode(dictionary.encode(h))
    np.testing.assert_allclose(steering.steer(dictionary, h, ones(dictionary), rebuilt=True), decoded, atol=1e-5)


def test_codes_times_0_are_a_removal_and_times_alpha_what_it_took_as_often(one):
    h, dictionary = one
    if not dictionary.method.POINTWISE:
        pytest.skip("what its removal takes is more than its code")
    codes = dictionary.encode(h)
    for atom in (0, 1):
        removed = h - np.asarray(dictionary.remove(h, codes, atom))
        for alpha in (-2.0, 0.0, 8.0):
            scale = steering.multipliers(codes.n_atoms, {atom: alpha})
            expected = h + (alpha - 1) * removed
            np.testing.assert_allclose(steering.steer(dictionary, h, scale), expected, atol=1e-4)


def test_several_atoms_add_up_before_the_network(one):
    h, dictionary = one
    n = len(dictionary.directions())
    both = steering.steer(dictionary, h, steering.multipliers(n, {0: 3.0, 1: -1.0})) - h
    each = [steering.steer(dictionary, h, steering.multipliers(n, {a: x})) - h for a, x in ((0, 3.0), (1, -1.0))]
    np.testing.assert_allclose(both, sum(each), atol=1e-4)


def test_all_atoms_kept_are_all_there_is_and_none_kept_is_the_constant(one):
    h, dictionary = one
    n = len(dictionary.directions())
    np.testing.assert_array_equal(steering.steer(dictionary, h, steering.only(n, range(n))), h)
    nothing = steering.steer(dictionary, h, steering.only(n, []), rebuilt=True)
    codes = dictionary.encode(h)
    expected = dictionary.decode(codes.replace(values=jnp.zeros_like(codes.values)))
    np.testing.assert_allclose(nothing, expected, atol=1e-5)


def test_what_interacts_is_told_from_what_adds_up(rng):
    alone = rng.normal(size=(3, 20, 2))
    assert steering.interaction(alone.sum(axis=0), alone) == pytest.approx(0.0)
    assert steering.interaction(2 * alone.sum(axis=0), alone) == pytest.approx(0.25)
    assert np.isnan(steering.interaction(np.zeros((20, 2)), 0 * alone))


def test_it_is_a_function_of_arrays_alone(one):
    h, dictionary = one
    scale = steering.multipliers(len(dictionary.directions()), {0: 2.0})
    found = [steering.steer(dictionary, values, scale) for values in (h, jax.device_put(h))]
    np.testing.assert_array_equal(*found)
