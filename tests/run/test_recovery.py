"""A known dictionary of functions, and what counts as learned again."""

import jax
import numpy as np
import pytest

from inr_sae.run import recovery

CONFIG = {"atoms": 5, "points": 12, "modes": 3}


@pytest.mark.parametrize("points", [12, 13])
def test_all_modes_of_a_line_are_an_orthonormal_basis_of_it(points):
    basis = np.asarray(recovery.fourier(points, points // 2 + 1))
    assert basis.shape == (points, points)
    np.testing.assert_allclose(basis.T @ basis, np.eye(points), atol=1e-6)


@pytest.mark.parametrize("kind, low", [("smooth", True), ("rough", False)])
def test_smooth_atoms_have_few_modes_and_rough_ones_all(kind, low, rng):
    atoms = np.asarray(recovery.known(kind, CONFIG, rng))
    np.testing.assert_allclose(np.linalg.norm(atoms, axis=1), 1, atol=1e-6)
    of_modes = np.abs(np.fft.rfft(atoms, axis=1))
    assert (of_modes[:, CONFIG["modes"] :].max() < 1e-5) == low


def test_samples_are_sums_of_so_many_atoms_with_weights_about_one():
    codes = np.asarray(recovery.samples(jax.random.key(0), np.eye(8, dtype=np.float32), 3, 2000))
    assert ((codes > 0).sum(axis=1) == 3).all()
    weights = codes[codes > 0]
    assert 0.5 <= weights.min() < 0.51 and 1.49 < weights.max() <= 1.5
    np.testing.assert_allclose((codes > 0).mean(axis=0), 3 / 8, atol=0.04)


def test_an_atom_is_learned_by_its_own_direction_and_not_by_the_opposite_one():
    atoms = np.eye(3, dtype=np.float32)
    learned = np.array([[2.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 0.0]], np.float32)
    np.testing.assert_allclose(recovery.best_cosines(learned, atoms), [1, 0, 0], atol=1e-6)
