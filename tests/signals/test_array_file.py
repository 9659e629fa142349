import numpy as np
import pytest

from inr_sae.errors import InputError
from inr_sae.signals import array_file

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (5, 4), dtype=np.uint8)


@pytest.mark.parametrize(
    "array, expected",
    [
        (BYTES, BYTES[:, :, None] / 255),
        (BYTES.astype(np.uint16) * 257, BYTES[:, :, None] / 255),
        (BYTES > 100, (BYTES > 100)[:, :, None]),
        (RNG.uniform(size=(5, 4, 3)), None),
        (RNG.uniform(size=(5, 4, 1)).astype(np.float16), None),
        (RNG.uniform(size=(5, 4)).astype(">f4"), None),
    ],
    ids=lambda array: str(getattr(array, "dtype", "")),
)
def test_an_array_is_an_image(array, expected, tmp_path):
    np.save(tmp_path / "a.npy", array)
    image = array_file.read(tmp_path / "a.npy")
    expected = array.reshape(5, 4, -1) if expected is None else expected
    assert image.dtype == np.float32 and image.shape == expected.shape
    np.testing.assert_allclose(image, expected, atol=1e-6)


@pytest.mark.parametrize(
    "array, words",
    [
        (np.full((3, 3), 1.5), "goes from 1.5 to 1.5; floats are in"),
        (np.full((3, 3), -0.1), "floats are in"),
        (np.full((3, 3), np.inf), "not finite"),
        (np.full((3, 3), 1e300), "not finite"),
        (np.full((3, 3), np.nan), "not a number; set nan_to_zero=True if they stand for 0"),
        (np.zeros((3, 3), np.int64), "is of int64; save it as uint8, uint16, or floats"),
        (np.zeros((3, 3), complex), "is of complex128"),
        (np.zeros((3, 3, 2)), r"is of shape \(3, 3, 2\); an image is"),
        (np.zeros((2, 3, 3, 3)), "is of shape"),
        (np.zeros((0, 3)), ""),
        (np.array([None, {}], object), "cannot be read as an array"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_image_is_named(array, words, tmp_path):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InputError, match=f"a.npy.*{words}"):
        array_file.read(tmp_path / "a.npy")


def test_an_array_that_is_cut_short_is_named(tmp_path):
    np.save(tmp_path / "a.npy", BYTES)
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-3])
    with pytest.raises(InputError, match="a.npy cannot be read as an array"):
        array_file.read(tmp_path / "a.npy")


def test_an_archive_of_arrays_is_none(tmp_path):
    with open(tmp_path / "a.npy", "wb") as file:
        np.savez(file, a=BYTES)
    with pytest.raises(InputError, match="a.npy cannot be read as an array"):
        array_file.read(tmp_path / "a.npy")


def test_what_is_not_a_number_can_stand_for_0(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[np.nan, 0.5], [1.0, 0.25]]))
    np.testing.assert_array_equal(array_file.read(tmp_path / "a.npy", True)[:, :, 0], [[0, 0.5], [1.0, 0.25]])
