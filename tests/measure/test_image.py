import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.measure import image


@pytest.fixture
def pair(rng):
    b = rng.uniform(size=(2, 24, 20, 3)).astype(np.float32)
    return b + rng.normal(0, 0.1, size=b.shape).astype(np.float32), b


def test_psnr_of_a_constant_error():
    assert image.psnr(np.full((4, 4, 1), 0.6), np.full((4, 4, 1), 0.5)) == pytest.approx(20.0, abs=1e-4)


def test_psnr_of_a_perfect_fit_is_what_float32_can_tell(pair):
    perfect = image.psnr(pair[1], pair[1])
    assert np.isfinite(perfect).all() and perfect == pytest.approx(155.28, abs=0.01)
    mse = np.float32([1e-3, 0.02, 1e-12])
    assert np.asarray(image.psnr_from_mse(mse)).tobytes() == np.asarray(-10.0 * jnp.log10(mse)).tobytes()
    assert np.isnan(image.psnr_from_mse(np.float32(np.nan)))


def test_psnr_is_of_each_image_alone(pair):
    together = image.psnr(*pair)
    assert together.shape == (2,)
    assert together[1] == pytest.approx(image.psnr(pair[0][1], pair[1][1]))


def test_clipping_can_only_help(pair):
    assert (image.psnr_clipped(*pair) > image.psnr(*pair)).all()


def test_ssim_of_equal_images_is_one(pair):
    np.testing.assert_allclose(image.ssim(pair[1], pair[1]), 1.0, atol=1e-6)


def test_ssim_is_below_one_for_unequal_images_and_clips(pair):
    a, b = pair
    assert (image.ssim(a, b) < 0.999).all()
    np.testing.assert_allclose(image.ssim(a, b), image.ssim(np.clip(a, 0, 1), b))


def test_ssim_equals_its_definition(pair):
    """Against Wang et al.'s formula with an 11x11 Gaussian window of sigma 1.5, written out with numpy."""
    a, b = np.clip(pair[0][0, :, :, :1], 0, 1).astype(np.float64), pair[1][0, :, :, :1].astype(np.float64)
    x = np.arange(-5, 6)
    window = np.exp(-0.5 * (x / 1.5) ** 2)
    window = np.outer(window, window) / window.sum() ** 2

    def blur(image):
        patches = np.lib.stride_tricks.sliding_window_view(image[:, :, 0], (11, 11))
        return (patches * window).sum((2, 3))

    ma, mb = blur(a), blur(b)
    va, vb, vab = blur(a * a) - ma**2, blur(b * b) - mb**2, blur(a * b) - ma * mb
    c1, c2 = 0.01**2, 0.03**2
    expected = ((2 * ma * mb + c1) * (2 * vab + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))).mean()
    assert image.ssim(pair[0][:1, :, :, :1], pair[1][:1, :, :, :1])[0] == pytest.approx(expected, abs=2e-5)


def test_ssim_refuses_an_image_smaller_than_its_window():
    with pytest.raises(ValueError, match="11x11"):
        image.ssim(np.zeros((1, 10, 20, 1)), np.zeros((1, 10, 20, 1)))
