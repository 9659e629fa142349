import numpy as np
import pytest
from PIL import Image

from inr_sae.errors import InputError
from inr_sae.signals import image_file


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def pixels(rng):
    return rng.integers(0, 256, (9, 7, 3), dtype=np.uint8)


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_colour_round_trip(tmp_path, pixels, suffix):
    Image.fromarray(pixels).save(tmp_path / f"a.{suffix}", **({"lossless": True} if suffix == "webp" else {}))
    np.testing.assert_array_equal(image_file.read(tmp_path / f"a.{suffix}"), pixels.astype(np.float32) / 255)


def test_jpeg_is_close(tmp_path):
    smooth = np.tile(np.linspace(0, 255, 64)[:, None, None], (1, 48, 3)).astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / "a.jpg", quality=95)
    np.testing.assert_allclose(image_file.read(tmp_path / "a.jpg"), smooth / 255.0, atol=0.03)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bit_keeps_its_precision(tmp_path, suffix):
    values = np.array([[0, 1, 256], [32768, 65534, 65535]], np.uint16)
    Image.fromarray(values).save(tmp_path / f"a.{suffix}")
    image = image_file.read(tmp_path / f"a.{suffix}")
    assert image.shape == (2, 3, 1)
    np.testing.assert_allclose(image[:, :, 0], values / 65535, atol=1e-7)


@pytest.mark.parametrize("mode, channels", [("L", 1), ("LA", 1), ("1", 1), ("RGBA", 3), ("P", 3), ("CMYK", 3)])
def test_every_mode_becomes_grey_or_colour(tmp_path, pixels, mode, channels):
    name = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    Image.fromarray(pixels).convert(mode).save(name)
    image = image_file.read(name)
    assert image.shape == (9, 7, channels) and image.dtype == np.float32
    assert 0 <= image.min() <= image.max() <= 1


def test_is_turned_as_its_exif_says(tmp_path, pixels):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to show
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(image_file.read(tmp_path / "a.png"), np.rot90(pixels, -1) / np.float32(255))


def damaged(tmp_path, kind, pixels):
    path = tmp_path / "bad.png"
    if kind == "no image":
        path.write_text("not an image")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "cut short":
        Image.fromarray(np.tile(pixels, (20, 20, 1))).save(path)
        path.write_bytes(path.read_bytes()[:-2000])
    elif kind == "float pixels":
        path = tmp_path / "bad.tif"
        Image.fromarray(np.ones((4, 4), np.float32)).save(path)
    return path


@pytest.mark.parametrize("kind", ["no image", "empty", "cut short", "float pixels", "missing"])
def test_a_file_that_is_no_whole_image_is_named(tmp_path, pixels, kind):
    path = damaged(tmp_path, kind, pixels)
    with pytest.raises(InputError, match=str(path)):
        image_file.read(path)


def test_a_decompression_bomb_is_named(tmp_path, pixels, monkeypatch):
    Image.fromarray(pixels).save(tmp_path / "bomb.png")
    for limit in (pixels[:, :, 0].size - 1, pixels[:, :, 0].size // 3):  # where Pillow warns, and where it raises
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(InputError, match="bomb.png .*decompression bomb"):
            image_file.read(tmp_path / "bomb.png")


def test_centre_crop_keeps_the_middle_and_the_proportions():
    image = np.arange(10 * 6, dtype=np.float32).reshape(10, 6, 1)
    np.testing.assert_array_equal(image_file.center_crop(image, 1.0), image[2:8])
    np.testing.assert_array_equal(image_file.center_crop(image, 5 / 2), image[:, 1:5])


@pytest.mark.parametrize("shape, size", [((40, 1), (2, 8)), ((1, 40), (8, 2)), ((30, 3), (8, 80))])
def test_of_a_thin_image_the_crop_has_a_pixel(shape, size):
    cropped = image_file.fit_to(np.full((*shape, 1), 0.7, np.float32), size, "center")
    np.testing.assert_allclose(cropped, 0.7, atol=1e-6)


def test_resize_of_a_constant_is_constant_and_of_the_same_size_is_untouched(rng):
    np.testing.assert_allclose(image_file.resize(np.full((9, 7, 3), 0.3, np.float32), (5, 4)), 0.3, atol=1e-6)
    image = rng.uniform(size=(5, 4, 1)).astype(np.float32)
    assert image_file.resize(image, (5, 4)) is image


def test_resize_stays_in_the_unit_interval(rng):
    image = (rng.uniform(size=(16, 16, 1)) > 0.5).astype(np.float32)
    resized = image_file.resize(image, (37, 41))
    assert resized.shape == (37, 41, 1) and resized.min() >= 0 and resized.max() <= 1


def test_fit_to_stretches_or_crops():
    image = np.zeros((10, 20, 1), np.float32)
    image[:, :5] = 1.0  # only in the border that a centre crop to a square loses
    assert image_file.fit_to(image, (8, 8), "none").max() > 0.9
    assert image_file.fit_to(image, (8, 8), "center").max() == 0.0
    assert image_file.fit_to(image, None, "center") is image
