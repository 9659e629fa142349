"""Statistics against a dictionary small enough to work out by hand: atoms along the axes, k = 1."""

import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.sae import stats

# Three atoms in the plane; the third never fires. h - b_pre picks atom 0 or 1.
PARAMS = {
    "w_enc": jnp.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]),
    "b_enc": jnp.zeros(3),
    "w_dec": jnp.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]),
    "b_pre": jnp.array([1.0, 1.0]),
}
# z of atom 0: 2, 0, 0, 0.005; of atom 1: 0, 1, 3, 0.
H = np.array([[3.0, 1.0], [1.0, 2.0], [1.5, 4.0], [1.005, 1.0]], np.float32)


@pytest.fixture(params=[2, 3, 100])
def measured(request):
    """(AtomStats, Reconstruction); the same whatever the size of the chunks."""
    return stats.measure(PARAMS, H, 1, rows=request.param)


def test_statistics_of_each_atom(measured):
    atoms, _ = measured
    np.testing.assert_allclose(atoms.mean_magnitude, [2.005 / 4, 1.0, 0.0], rtol=1e-5)
    np.testing.assert_allclose(atoms.firing_rate, [0.5, 0.5, 0.0])
    np.testing.assert_allclose(atoms.active_fraction, [0.25, 0.5, 0.0])
    np.testing.assert_allclose(
        atoms.ipr[:2], [(16 + 0.005**4) / (4 + 0.005**2) ** 2, (1 + 81) / (1 + 9) ** 2], rtol=1e-5
    )
    assert np.isnan(atoms.ipr[2])


def test_reconstruction(measured):
    _, reconstruction = measured
    # All is reconstructed but the 0.5 of row 2's first dimension.
    np.testing.assert_allclose(reconstruction.h_hat, [[3, 1], [1, 2], [1, 4], [1.005, 1]], atol=1e-6)
    assert reconstruction.mse == pytest.approx(0.25 / 8)
    variance = np.square(H - H.mean(0)).sum()
    assert reconstruction.r2 == pytest.approx(1 - 0.25 / variance, rel=1e-6)


def test_summary_is_over_alive_atoms(measured):
    row = stats.summary(measured[0])
    assert row["alive_fraction"] == pytest.approx(2 / 3) and row["dead_fraction"] == pytest.approx(1 / 3)
    assert row["spatial_l0"] == pytest.approx(0.5)
    assert row["active_fraction_median"] == pytest.approx(0.375)
    assert np.isfinite(row["ipr_median"])


def test_summary_of_a_dictionary_that_is_all_dead_has_no_medians():
    zero = np.zeros(3)
    row = stats.summary(stats.AtomStats(zero, zero, zero, np.full(3, np.nan)))
    assert row["dead_fraction"] == 1 and np.isnan(row["spatial_l0"]) and np.isnan(row["ipr_median"])


def test_r2_takes_each_dimensions_own_mean():
    """Dimensions far apart: predicting each one's mean explains nothing, however large the spread between them."""
    h = np.array([[100.0, 0.0], [102.0, 2.0]])
    assert stats.r_squared(np.square(h - h.mean(0)).sum(), h) == pytest.approx(0.0)


def test_r2_of_constant_activations_is_nan():
    assert np.isnan(stats.r_squared(0.0, np.ones((4, 2))))


def test_concentration_is_the_top_atom_over_the_mean_of_the_next_tier():
    zero = np.zeros(20)
    magnitude = np.r_[zero[:3], 7.0, np.full(15, 1.0), 0.5]
    assert stats.concentration(stats.AtomStats(magnitude, zero, zero, zero)) == pytest.approx(7.0)
    assert np.isnan(stats.concentration(stats.AtomStats(np.r_[1.0, zero], zero, zero, zero)))


def test_top_atoms_by_mean_magnitude():
    atoms = stats.AtomStats(np.array([0.1, 0.5, 0.5, 0.2]), None, None, None)
    np.testing.assert_array_equal(stats.top_atoms(atoms, 3), [1, 2, 3])


def test_maps_are_the_codes_at_every_coordinate():
    np.testing.assert_allclose(stats.maps(PARAMS, H, [1, 0], 1, rows=3), [[0, 1, 3, 0], [2, 0, 0, 0.005]], atol=1e-6)


def test_binned_maps_are_means_over_the_bins():
    bins = np.array([0, 0, 1, 1])
    small = stats.binned_maps(PARAMS, H, 1, bins, rows=3)
    np.testing.assert_allclose(small, [[1.0, 0.5, 0.0], [0.0025, 1.5, 0.0]], atol=1e-6)
