import numpy as np
import pytest

from inr_sae.errors import InputError
from inr_sae.signals import noise

RULES = {"size": (30, 40), "seed": 0, "grey": False}


def test_pixels_are_uniform_and_have_nothing_to_do_with_each_other():
    image = noise.read("", "noise_0001", RULES)
    assert image.shape == (30, 40, 3) and image.min() >= 0 and image.max() < 1
    assert image.mean() == pytest.approx(0.5, abs=0.02) and image.var() == pytest.approx(1 / 12, rel=0.05)
    centred = image - image.mean()
    for axis in (0, 1, 2):
        assert abs((centred * np.roll(centred, 1, axis)).mean()) < 0.1 * image.var()


def test_grey_noise_is_as_uniform():
    image = noise.read("", "noise_0001", RULES | {"grey": True})
    assert image.shape == (30, 40, 1) and image.var() == pytest.approx(1 / 12, rel=0.05)


def test_images_and_seeds_are_told_apart():
    one = noise.read("", "noise_0001", RULES)
    np.testing.assert_array_equal(one, noise.read("elsewhere", "noise_0001", RULES))
    assert (one != noise.read("", "noise_0002", RULES)).mean() > 0.99
    assert (one != noise.read("", "noise_0001", RULES | {"seed": 1})).mean() > 0.99


def test_without_a_size_it_is_refused():
    with pytest.raises(InputError, match="size is not set"):
        noise.read("", "noise_0001", RULES | {"size": None})
