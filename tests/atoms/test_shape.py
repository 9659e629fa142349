"""Locality and content against maps small enough to work out by hand: one atom an axis."""

import itertools

import numpy as np
import pytest

from inr_sae.atoms import shape
from tests.atoms.builders import axes, signed_axes

HEIGHT, WIDTH = 12, 10


def locality_of(*maps, dictionary=axes):
    h = np.stack([m.ravel() for m in maps], axis=1).astype(np.float32)
    return shape.locality(shape.moments(dictionary(len(maps)), h, *maps[0].shape), *maps[0].shape)


def test_centroid_and_spread_of_two_pixels():
    z = np.zeros((HEIGHT, WIDTH))
    z[3, 2], z[3, 8] = 2.0, 2.0
    found = locality_of(z, np.zeros_like(z))
    assert (found.row[0], found.column[0]) == pytest.approx((3.0, 5.0))
    assert found.spread[0] == pytest.approx(3.0)
    assert found.spread_disc[0] == pytest.approx(np.sqrt(1 / (2 * np.pi))), "two pixels of equal energy"
    whole = (HEIGHT**2 - 1) / 12 + (WIDTH**2 - 1) / 12
    assert found.spread_scattered[0] == pytest.approx(np.sqrt(whole / 2))
    assert found.extent[0] == pytest.approx(3.0 / np.sqrt(whole))
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


def test_a_signed_map_is_as_local_as_its_magnitude(rng):
    y, x = np.mgrid[:40, :30]
    blur = np.exp(-((y - 20) ** 2 + (x - 10) ** 2) / (2 * 4.0**2))
    signs = rng.choice([-1.0, 1.0], blur.shape)
    signed = locality_of(blur * signs, -blur, dictionary=signed_axes)
    for found, expected in zip(signed, locality_of(blur, blur)):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


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
    content = shape.content(shape.correlations(axes(5), h, features.maps), features)
    assert content.content[0] == pytest.approx(1.0, abs=1e-4) and content.content_signal[0] == 1
    assert content.content_gradient[1] == pytest.approx(1.0, abs=1e-4)
    assert content.content_held_out[2] == pytest.approx(1.0, abs=1e-4)
    assert content.content[0] > content.content_held_out[0] and content.content[2] < content.content_held_out[2]
    assert content.content_shuffled[0] < 0.7, "the displaced signals are not where the map is"
    assert content.content[3] < 0.2 and content.content_of_as_many[3] == content.content[3]
    assert np.isnan(content.content[4]) and content.content_signal[4] == -1


def test_signals_are_displaced_by_a_quarter_of_each_axis_at_least(rng):
    """A hundred signals that are one bright pixel; every displacement between a quarter and the rest comes."""
    spots = np.zeros((100, HEIGHT, WIDTH, 1))
    spots[:, 0, 0] = 1.0
    features = shape.features(spots, None, rng)
    at = features.maps[:, features.columns["shifted"]].argmax(axis=0)
    for places, n in zip(np.unravel_index(at, (HEIGHT, WIDTH)), (HEIGHT, WIDTH)):
        assert set(places) == set(range(n // 4, n - n // 4 + 1))


def test_the_null_is_the_mean_over_displacements_of_the_most_alike():
    """By hand, of two cohort signals: three displacements of both, of luminance and of gradients."""
    shifted, gradients = [0.1, -0.4, 0.2, 0.3, -0.8, 0.5], [0.1, 0.2, 0.0, -0.3, 0.7, 0.6]
    correlation = np.array([[0.5, -0.9, 0.1, -0.6, *shifted, *gradients, 0.7]])
    names, ends = ("cohort", "gradient", "shifted", "shifted_gradient", "held_out"), (0, 2, 4, 10, 16, 17)
    found = shape.likeness(correlation, dict(zip(names, map(slice, ends, ends[1:]))))
    expected = {"content": 0.9, "content_gradient": 0.6, "content_shuffled": 0.5, "content_gradient_shuffled": 0.4}
    expected |= {"content_held_out": 0.7, "content_of_as_many": 0.7}
    assert {name: value.tolist() for name, value in found.items()} == {
        k: [pytest.approx(v)] for k, v in expected.items()
    }


def test_correlation_is_pearsons(images, rng):
    features = shape.features(images[:2], None, rng)
    z = rng.exponential(size=(1200, 1)).astype(np.float32)
    found = shape.correlations(axes(1), z, features.maps)
    for j, image in enumerate(images[:2]):
        assert found[0, j] == pytest.approx(np.corrcoef(z[:, 0], image.ravel())[0, 1], abs=1e-5)
    content = shape.content(found, features)
    assert np.isnan(content.content_held_out[0]), "without held-out signals there is nothing to compare with"


def test_a_signed_map_and_its_negative_draw_a_signal_alike(images, rng):
    features = shape.features(images[:3], images[3:], rng)
    drawn = images[1].ravel() - images[1].mean()
    h = np.stack([drawn, -drawn], axis=1).astype(np.float32)
    content = shape.content(shape.correlations(signed_axes(2), h, features.maps), features)
    np.testing.assert_allclose(content.content, 1.0, atol=1e-4)
    assert list(content.content_signal) == [1, 1]


def test_a_map_that_hardly_varies_is_like_no_signal(images, rng):
    features = shape.features(images[:2], None, rng)
    ripples = np.array([0.0, 1e-5, 1e-3, 0.1])
    z = (0.7 * (1 + ripples * rng.uniform(size=(1200, 4)))).astype(np.float32)
    found = shape.correlations(axes(4), z, features.maps)
    assert np.isnan(found[:3]).all() and (np.abs(found[3]) < 0.5).all()


def test_a_constant_signal_correlates_with_nothing(rng):
    flat = np.full((1, 12, 10, 1), 0.5, np.float32)
    features = shape.features(flat, None, rng)
    found = shape.correlations(axes(1), rng.uniform(size=(120, 1)).astype(np.float32), features.maps)
    assert found[0, 0] == pytest.approx(0.0, abs=1e-6)


def test_what_is_local_is_compact_and_small():
    """A disc over half the image is compact, and not small; the whole image evenly lit has an extent of 1."""
    y, x = np.mgrid[:60, :60]
    radius = np.hypot(y - 29.5, x - 29.5)
    found = locality_of(radius < 5, radius < 24, np.ones((60, 60)))
    assert found.locality[0] > 0.95 and found.locality[1] > 0.95
    assert found.extent[0] < 0.2 and found.extent[1] > 0.6 and found.extent[2] == pytest.approx(1.0)


@pytest.mark.parametrize("m", [1, 2, 3, 5])
def test_the_expected_largest_is_the_mean_over_all_choices(rng, m):
    values = rng.normal(size=(4, 5))
    choices = [values[:, list(columns)].max(axis=1) for columns in itertools.combinations(range(5), m)]
    np.testing.assert_allclose(shape.expected_largest(values, m), np.mean(choices, axis=0), rtol=1e-12)


def test_the_expected_largest_of_none_is_unknown(rng):
    assert np.isnan(shape.expected_largest(rng.normal(size=(4, 5)), 0)).all()


def test_the_cohort_and_held_out_signals_are_compared_by_equally_many(images, rng):
    """The largest of more is larger; swapped, the two numbers swap."""
    h = rng.normal(size=(1200, 4)).astype(np.float32)
    contents = []
    for cohort, held_out in ((images[:4], images[4:]), (images[4:], images[:4])):
        features = shape.features(cohort, held_out, np.random.default_rng(0))
        contents.append(shape.content(shape.correlations(signed_axes(4), h, features.maps), features))
    assert (contents[0].content_compared == 2).all() and (contents[1].content_compared == 2).all()
    assert (contents[0].content_of_as_many <= contents[0].content).all()
    # Of four held-out signals and a cohort of two, the first two are taken.
    np.testing.assert_allclose(contents[1].content_of_as_many, contents[0].content_held_out, atol=1e-6)


def test_the_share_of_a_copy_is_1_on_average_and_of_noise_about_0(images, rng):
    features = shape.features(images[:3], images[3:], rng)
    h = np.concatenate([images[:3].reshape(3, -1).T, rng.uniform(size=(1200, 1))], axis=1).astype(np.float32)
    content = shape.content(shape.correlations(axes(4), h, features.maps), features)
    for share in (content.content_share, content.content_share_cohort):
        assert share[:3].mean() == pytest.approx(1.0, abs=1e-3)
        assert abs(share[3]) < 0.2


def test_summary_is_over_alive_atoms():
    values, nan = np.array([0.1, 0.2, np.nan, 0.9]), np.full(4, np.nan)  # of three the median, which is not the mean

    def row(values, signals):
        likeness = dict.fromkeys(shape.Content._fields, values)
        counts = {"content_compared": np.full(4, 3), "content_signal": np.array(signals)}
        return shape.summary(
            shape.Locality(*[values] * len(shape.Locality._fields)), shape.Content(**likeness | counts)
        )

    alive, dead = row(values, [0, 1, -1, 1]), row(nan, [-1] * 4)
    for name in ("locality", "spread", "extent", "content", "content_share"):
        assert alive[f"{name}_median"] == 0.2 and np.isnan(dead[f"{name}_median"])
    assert alive["content_compared"] == dead["content_compared"] == 3
    assert not {"content_signal_median", "content_compared_median"} & alive.keys()


@pytest.mark.parametrize("size", [(1, 40), (40, 1)])
def test_an_image_of_one_row_or_column_has_no_slope_across(size, rng):
    image = rng.uniform(size=size)
    along = int(size[0] == 1)
    found = shape.gradient(image)
    assert not found[1 - along].any()
    np.testing.assert_allclose(found[along].ravel(), np.gradient(image.ravel()))
    assert np.isfinite(shape.features(image[None, :, :, None], None, rng).maps).all()
