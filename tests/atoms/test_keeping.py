import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.atoms import keeping
from tests.dictionaries.builders import METHODS, fitted


@pytest.mark.parametrize("name", METHODS)
def test_all_atoms_kept_are_the_reconstruction_and_none_is_its_mean(name):
    job, dictionary = fitted(name)[0]
    h_hat, n = np.asarray(dictionary.decode(dictionary.encode(job.h))), dictionary.directions().shape[0]
    np.testing.assert_allclose(keeping.kept(dictionary, job.h, np.ones(n, bool)), h_hat, atol=1e-5)
    nothing = keeping.kept(dictionary, job.h, np.zeros(n, bool))
    np.testing.assert_allclose(nothing, np.broadcast_to(h_hat.mean(axis=0), h_hat.shape), atol=1e-5)
    assert keeping.energies(dictionary, job.h).shape == (n,)


def test_of_components_the_error_is_the_variance_of_those_left_out():
    job, dictionary = fitted("pca")[0]
    energies = keeping.energies(dictionary, job.h)
    assert (np.diff(energies) <= 1e-6 * energies[0]).all(), "as they are sorted"
    for n in (0, 1, 3):
        h_hat = keeping.kept(dictionary, job.h, np.arange(len(energies)) < n)
        error = np.square(h_hat - np.asarray(job.h)).sum(axis=1).mean()
        assert error == pytest.approx(energies[n:].sum(), rel=1e-3)


def test_counts_double_from_none_to_all():
    assert keeping.steps(6) == [0, 1, 2, 4, 6] and keeping.steps(8) == [0, 1, 2, 4, 8] and keeping.steps(1) == [0, 1]


def test_as_many_as_needed_from_there_on():
    def needed(*psnr):
        along = dict(enumerate(psnr))
        return keeping.needed({n: along[n] for n in keeping.steps(len(psnr) - 1)}, along.get, 29)

    assert needed(5, 6, 7, 8, 9, 28, 28, 29, 30) == 7, "between 4 and 8"
    assert needed(5, 29.5, 20, 29.2, 29.5) == 3, "a peak on the way is none"
    assert needed(29.5, 29.5, 29.5) == 0 and needed(5, 20) is None


def test_every_unit_keeps_its_strongest_coordinates(rng):
    h = rng.normal(size=(10, 3)).astype(np.float32)
    np.testing.assert_array_equal(keeping.at_strongest(h, 1.0), h)
    half = keeping.at_strongest(h, 0.5)
    for column, found in zip(h.T, half.T):
        assert (found != 0).sum() == 5 and set(np.abs(found[found != 0])) == set(np.sort(np.abs(column))[5:])
    by_chance = keeping.at_random(h, 0.5, rng)
    assert ((by_chance != 0).sum(axis=0) == 5).all() and (by_chance[by_chance != 0] == h[by_chance != 0]).all()
    assert np.abs(half).sum() > np.abs(by_chance).sum()


def test_coordinates_by_chance_are_drawn_for_every_unit(rng):
    kept = keeping.at_random(np.ones((64, 5)), 0.5, rng)
    assert len(np.unique(kept, axis=1).T) == 5 and (kept.sum(axis=0) == 32).all()


def test_a_local_layer_needs_few_coordinates_and_a_spread_one_all(rng):
    """Planted: each unit is a spot, or everywhere alike; the outputs are its sum over units."""
    n = 64
    spots, even = np.eye(n, dtype=np.float32), np.ones((n, n), np.float32) + 0.01 * rng.random((n, n), np.float32)
    behind = jax.jit(lambda h: jnp.sum(h, axis=1))
    for h, enough in ((spots, True), (even, False)):
        error = np.square(behind(keeping.at_strongest(h, 1 / n)) - behind(h)).mean()
        assert (error < 1e-6) == enough
