"""Statistics against dictionaries small enough to work out by hand: atoms along the axes, sparse and signed."""

import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.atoms import statistics
from inr_sae.dictionaries import topk
from tests.atoms.builders import axes, signed_axes
from tests.dictionaries.builders import METHODS, dictionary, fitted

# Three atoms in the plane, one a coordinate; the third never fires. h - b_pre picks atom 0 or 1.
SPARSE = dictionary(
    topk,
    {
        "w_enc": jnp.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]),
        "b_enc": jnp.zeros(3),
        "w_dec": jnp.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]),
        "b_pre": jnp.array([1.0, 1.0]),
    },
    k=1,
)
# z of atom 0: 2, 0, 0, 0.005; of atom 1: 0, 1, 3, 0.
H = np.array([[3.0, 1.0], [1.0, 2.0], [1.5, 4.0], [1.005, 1.0]], np.float32)
SIGNED_H = np.array([[3.0, 0.0, 0.0], [-1.0, 2.0, 0.0], [0.005, -4.0, 0.0], [0.0, 0.0, 0.0]], np.float32)


@pytest.fixture
def measured(rows):
    """(AtomStats, Reconstruction); the same whatever the size of the chunks."""
    return statistics.measure(SPARSE, H)


@pytest.fixture
def measured_signed(rows):
    return statistics.measure(signed_axes(3), SIGNED_H)


def test_statistics_of_each_atom(measured):
    atoms, _ = measured
    np.testing.assert_allclose(atoms.mean_magnitude, [2.005 / 4, 1.0, 0.0], rtol=1e-5)
    np.testing.assert_allclose(atoms.firing_rate, [0.5, 0.5, 0.0])
    np.testing.assert_allclose(atoms.active_fraction, [0.25, 0.5, 0.0])
    np.testing.assert_allclose(
        atoms.ipr[:2], [(16 + 0.005**4) / (4 + 0.005**2) ** 2, (1 + 81) / (1 + 9) ** 2], rtol=1e-5
    )
    assert np.isnan(atoms.ipr[2])
    np.testing.assert_array_equal(atoms.alive, [True, True, False])


def test_signed_codes_have_magnitudes_and_neither_fire_nor_are_active(measured_signed):
    atoms, reconstruction = measured_signed
    np.testing.assert_allclose(atoms.mean_magnitude, [4.005 / 4, 1.5, 0.0], rtol=1e-5)
    assert np.isnan(atoms.firing_rate).all() and np.isnan(atoms.active_fraction).all()
    np.testing.assert_allclose(atoms.ipr[:2], [(81 + 1) / (9 + 1) ** 2, (16 + 256) / (4 + 16) ** 2], rtol=1e-4)
    np.testing.assert_array_equal(atoms.alive, [True, True, False])
    np.testing.assert_allclose(reconstruction.h_hat, SIGNED_H)
    assert reconstruction.mse == 0 and reconstruction.r2 == 1


def test_reconstruction(measured):
    _, reconstruction = measured
    # All is reconstructed but the 0.5 of row 2's first dimension.
    np.testing.assert_allclose(reconstruction.h_hat, [[3, 1], [1, 2], [1, 4], [1.005, 1]], atol=1e-6)
    assert reconstruction.mse == pytest.approx(0.25 / 8)
    variance = np.square(H - H.mean(0)).sum()
    assert reconstruction.r2 == pytest.approx(1 - 0.25 / variance, rel=1e-6)


def test_k_is_the_number_of_codes_of_a_coordinate(measured, measured_signed):
    assert measured[1].k == 1 and measured_signed[1].k == 3


def test_summary_is_over_alive_atoms(measured):
    row = statistics.summary(measured[0])
    assert row["alive_fraction"] == pytest.approx(2 / 3) and row["dead_fraction"] == pytest.approx(1 / 3)
    assert row["spatial_l0"] == pytest.approx(0.5) and row["l0"] == pytest.approx(1.0)
    assert row["active_fraction_median"] == pytest.approx(0.375)
    assert np.isfinite(row["ipr_median"])


def test_quartiles_are_over_alive_atoms():
    shares, alive = np.array([0.5, 0.1, 0.9, 0.3, 0.2, 0.4]), np.array([1.0, 1, 0, 1, 1, 1])
    row = statistics.summary(statistics.AtomStats(alive, shares, shares, 2 * shares))
    for name, times in (("active_fraction", 1), ("ipr", 2)):
        found = [row[f"{name}_{which}"] for which in ("q25", "median", "q75")]
        assert found == pytest.approx([0.2 * times, 0.3 * times, 0.4 * times])


def test_summary_of_signed_codes_tells_only_what_has_a_meaning(measured_signed):
    row = statistics.summary(measured_signed[0])
    assert row["alive_fraction"] == pytest.approx(2 / 3) and np.isfinite(row["ipr_median"])
    assert row["concentration"] == pytest.approx(1.5 / (4.005 / 4), rel=1e-4), "over those that fire"
    assert all(np.isnan(row[name]) for name in ("l0", "spatial_l0", "active_fraction_median", "dead_fraction"))


def test_summary_of_a_dictionary_that_is_all_dead_has_no_medians():
    zero = np.zeros(3)
    row = statistics.summary(statistics.AtomStats(zero, zero, zero, np.full(3, np.nan)))
    assert row["dead_fraction"] == 1 and np.isnan(row["spatial_l0"]) and np.isnan(row["ipr_median"])


def test_r2_takes_each_dimensions_own_mean():
    """Dimensions far apart: predicting each one's mean explains nothing, however large the spread between them."""
    h = np.array([[100.0, 0.0], [102.0, 2.0]])
    assert statistics.r_squared(np.square(h - h.mean(0)).sum(), h) == pytest.approx(0.0)


def test_an_atom_too_faint_for_its_fourth_power_has_no_ipr():
    atoms, _ = statistics.measure(axes(2), np.float32([[1.0, 1e-11]] * 4))
    assert atoms.alive.all() and atoms.ipr[0] == pytest.approx(0.25) and np.isnan(atoms.ipr[1])
    assert statistics.summary(atoms)["ipr_median"] == pytest.approx(0.25)


def test_r2_of_constant_activations_is_nan():
    for constant in (np.ones((4, 2)), np.full((1000, 2), 0.1)):  # the mean of the latter is not 0.1 to the last bit
        assert np.isnan(statistics.r_squared(0.0, constant))


def test_concentration_is_the_top_atom_over_the_mean_of_the_next_tier():
    zero = np.zeros(20)
    magnitude = np.r_[zero[:3], 7.0, np.full(15, 1.0), 0.5]
    assert statistics.concentration(statistics.AtomStats(magnitude, zero, zero, zero)) == pytest.approx(7.0)
    assert np.isnan(statistics.concentration(statistics.AtomStats(np.r_[1.0, zero], zero, zero, zero)))
    few = statistics.AtomStats(np.r_[[1.0] * 3, zero], zero, zero, zero)
    assert statistics.concentration(few) == pytest.approx(1.0), "of three alike none is above the others"


def test_top_atoms_by_mean_magnitude():
    atoms = statistics.AtomStats(np.array([0.1, 0.5, 0.5, 0.2]), None, None, None)
    np.testing.assert_array_equal(statistics.top_atoms(atoms, 3), [1, 2, 3])


def test_maps_are_the_codes_at_every_coordinate(rows):
    np.testing.assert_allclose(statistics.maps(SPARSE, H, [1, 0]), [[0, 1, 3, 0], [2, 0, 0, 0.005]], atol=1e-6)
    np.testing.assert_array_equal(statistics.maps(signed_axes(3), SIGNED_H, [1, 0]), SIGNED_H.T[[1, 0]])


def test_binned_maps_are_mean_magnitudes_over_the_bins(rows):
    bins = np.array([0, 0, 1, 1])
    small = statistics.binned_maps(SPARSE, H, bins)
    np.testing.assert_allclose(small, [[1.0, 0.5, 0.0], [0.0025, 1.5, 0.0]], atol=1e-6)
    signed = statistics.binned_maps(signed_axes(3), SIGNED_H, bins)
    np.testing.assert_allclose(signed, [[2.0, 1.0, 0.0], [0.0025, 2.0, 0.0]], atol=1e-6)


@pytest.mark.parametrize("name", METHODS)
def test_every_methods_codes_are_read_alike(name):
    job, fit = fitted(name)[0]
    z = np.asarray(fit.encode(job.h).dense(), np.float64)
    atoms, reconstruction = statistics.measure(fit, job.h)
    np.testing.assert_allclose(atoms.mean_magnitude, np.abs(z).mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(reconstruction.h_hat, fit.decode(fit.encode(job.h)), atol=1e-5)
    some = [len(atoms.alive) - 1, 0]
    np.testing.assert_allclose(statistics.maps(fit, job.h, some), z[:, some].T, atol=1e-5)
    np.testing.assert_allclose(statistics.codes_of(fit, job.h, some), z[:, some], atol=1e-5)
    bins = np.arange(len(z)) % 4
    expected = [np.abs(z[bins == each]).mean(0) for each in range(4)]
    np.testing.assert_allclose(statistics.binned_maps(fit, job.h, bins), expected, atol=1e-5)
    assert statistics.codes_like(fit, job.h).signed == fit.encode(job.h).signed
