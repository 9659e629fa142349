"""Locality and content against maps small enough to work out by hand: one atom an axis, k = 1 or 2."""

import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.sae import shape

HEIGHT, WIDTH = 12, 10


def sae(n):
    """Atoms along the axes with no bias: z_a is what of h points along axis a."""
    return {"w_enc": jnp.eye(n), "b_enc": jnp.zeros(n), "w_dec": jnp.eye(n), "b_pre": jnp.zeros(n)}


def locality_of(*maps):
    h = np.stack([m.ravel() for m in maps], axis=1).astype(np.float32)
    n = h.shape[1]
    return shape.locality(shape.moments(sae(n), h, n, *maps[0].shape), *maps[0].shape)


def test_centroid_and_spread_of_two_pixels():
    z = np.zeros((HEIGHT, WIDTH))
    z[3, 2], z[3, 8] = 2.0, 2.0
    found = locality_of(z, np.zeros_like(z))
    assert (found.row[0], found.column[0]) == pytest.approx((3.0, 5.0))
    assert found.spread[0] == pytest.approx(3.0)
    assert found.spread_disc[0] == pytest.approx(np.sqrt(1 / (2 * np.pi))), "two pixels of equal energy"
    whole = (HEIGHT**2 - 1) / 12 + (WIDTH**2 - 1) / 12
    assert found.spread_scattered[0] == pytest.approx(np.sqrt(whole / 2))
    assert np.isnan(found.spread[1]) and np.isnan(found.locality[1]), "an atom that never fires has no place"


def test_weights_are_z_squared():
    z = np.zeros((HEIGHT, WIDTH))
    z[0, 0], z[0, 4] = 1.0, 3.0
    assert locality_of(z).column[0] == pytest.approx(0.9 * 4)


def test_a_disc_scores_1_and_scattered_pixels_score_0(rng):
    y, x = np.mgrid[:80, :80]
    disc = (np.hypot(y - 30, x - 40) < 12).astype(float)
    scattered = np.zeros(80 * 80)
    scattered[rng.choice(80 * 80, int(disc.sum()), replace=False)] = 1.0
    ring = (np.abs(np.hypot(y - 40, x - 40) - 36) < 2).astype(float)
    found = locality_of(disc, scattered.reshape(80, 80), ring)
    assert found.locality[0] == pytest.approx(1.0, abs=0.02)
    assert found.locality[1] == pytest.approx(0.0, abs=0.05)
    assert found.locality[2] < 0.1, "a ring around the whole image is not local"
    blur = np.exp(-((y - 30) ** 2 + (x - 40) ** 2) / (2 * 6.0**2))
    assert 0.9 < locality_of(blur).locality[0] <= 1.05, "nor does it need a sharp edge"


def test_a_single_pixel_is_as_local_as_can_be():
    z = np.zeros((HEIGHT, WIDTH))
    z[5, 5] = 0.3
    assert locality_of(z).locality[0] == 1.0


@pytest.fixture
def images(rng):
    """Smooth random images (6, 40, 30, 1)."""
    noise = rng.normal(size=(6, 40, 30))
    spectrum = np.fft.fft2(noise)
    fy, fx = np.fft.fftfreq(40)[:, None], np.fft.fftfreq(30)
    smooth = np.fft.ifft2(spectrum * np.exp(-200 * (fy**2 + fx**2))).real
    return ((smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)[..., None]


def test_an_atom_that_draws_a_cohort_signal_has_content_and_one_that_draws_noise_has_none(images, rng):
    features = shape.features(images[:3], images[3:], rng)
    edges = np.hypot(*np.gradient(images[2, :, :, 0]))
    maps = [images[1, :, :, 0], edges, images[4, :, :, 0], rng.uniform(size=(40, 30)), np.zeros((40, 30))]
    h = np.stack([m.ravel() for m in maps], axis=1).astype(np.float32)
    content = shape.content(shape.correlations(sae(5), h, 5, features.maps), features)
    assert content.content[0] == pytest.approx(1.0, abs=1e-4) and content.content_signal[0] == 1
    assert content.content_gradient[1] == pytest.approx(1.0, abs=1e-4)
    assert content.content_held_out[2] == pytest.approx(1.0, abs=1e-4)
    assert content.content[0] > content.content_held_out[0] and content.content[2] < content.content_held_out[2]
    assert content.content_shuffled[0] < 0.7, "the displaced signals are not where the map is"
    assert content.content[3] < 0.2 and content.content_of_as_many[3] == content.content[3]
    assert np.isnan(content.content[4]) and content.content_signal[4] == -1


def test_correlation_is_pearsons(images, rng):
    features = shape.features(images[:2], None, rng)
    z = rng.exponential(size=(1200, 1)).astype(np.float32)
    found = shape.correlations(sae(1), z, 1, features.maps)
    for j, image in enumerate(images[:2]):
        assert found[0, j] == pytest.approx(np.corrcoef(z[:, 0], image.ravel())[0, 1], abs=1e-5)
    content = shape.content(found, features)
    assert np.isnan(content.content_held_out[0]), "without held-out signals there is nothing to compare with"


def test_a_constant_signal_correlates_with_nothing(rng):
    flat = np.full((1, 12, 10, 1), 0.5, np.float32)
    features = shape.features(flat, None, rng)
    found = shape.correlations(sae(1), rng.uniform(size=(120, 1)).astype(np.float32), 1, features.maps)
    assert found[0, 0] == pytest.approx(0.0, abs=1e-6)


def test_summary_is_over_alive_atoms():
    nan = np.full(2, np.nan)
    values = np.array([0.2, np.nan])
    row = shape.summary(shape.Locality(*[values] * 6), shape.Content(*[values] * 6, np.array([0, -1])))
    assert row["locality_median"] == 0.2 and row["content_median"] == 0.2
    dead = shape.summary(shape.Locality(*[nan] * 6), shape.Content(*[nan] * 6, np.array([-1, -1])))
    assert np.isnan(dead["locality_median"])
