"""Image files with damage of every kind: read, or refused in a sentence; never a crash, never a hang."""

import random
import signal

import numpy as np
import pytest
import tifffile
from PIL import Image

from inr_sae.errors import InputError
from inr_sae.signals import oasis

KINDS = ("png", "16.png", "colour16.png", "jpg", "tif", "16.tif", "colour16.tif", "webp", "gif", "jp2", "avif", "ppm")
KINDS += ("npy", "nii", "nii.gz")
EACH = 100
LONGEST_S = 20


def sound(kind, folder, rng):
    """A sound file of a kind."""
    pixels = rng.integers(0, 256, (24, 20, 3), dtype=np.uint8)
    deep = pixels.astype(np.uint16) * 257
    path = folder / f"sound.{kind}"
    if kind == "npy":
        np.save(path, pixels)
    elif kind.startswith("16."):
        Image.fromarray(deep[:, :, 0]).save(path)
    elif kind == "colour16.tif":
        tifffile.imwrite(path, deep, photometric="rgb", compression="deflate")
    elif kind == "colour16.png":
        path.write_bytes(pytest.importorskip("imagecodecs").png_encode(deep))
    elif kind.startswith("nii"):
        nibabel = pytest.importorskip("nibabel")
        nibabel.Nifti1Image(pixels[:, :, :1].astype(np.float32) / 255, np.eye(4)).to_filename(path)
    else:
        Image.fromarray(pixels).save(path)
    return path.read_bytes()


def mutated(data, rng):
    """The bytes with one kind of harm done to them, most often to the header."""
    data = bytearray(data)
    kind = rng.choice(("flip", "header", "cut", "zeros", "insert", "repeat", "numbers"))
    at = rng.randrange(len(data))
    if kind == "flip":
        for _ in range(rng.randrange(1, 8)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == "header":
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(min(len(data), 360))] = rng.randrange(256)
    elif kind == "cut":
        del data[at:]
    elif kind == "zeros":
        data[at : at + rng.randrange(1, 64)] = bytes(rng.randrange(1, 64))
    elif kind == "insert":
        data[at:at] = rng.randbytes(rng.randrange(1, 64))
    elif kind == "repeat":
        data += data[at:]
    else:  # a number of four bytes that is far too large
        at = rng.randrange(max(1, min(len(data), 360) - 4))
        data[at : at + 4] = rng.choice((b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff"))
    return bytes(data)


class TooLong(BaseException):
    """What no reader catches."""


def too_long(number, frame):
    raise TooLong


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_files_are_read_or_refused(kind, tmp_path, rng):
    data, draw = sound(kind, tmp_path, rng), random.Random(kind)
    rules = {"plane": "stored", "size": None, "crop": "none", "background": 0.0, "nan_to_zero": False}
    refused = 0
    before = signal.signal(signal.SIGALRM, too_long)
    try:
        for i in range(EACH):
            path = tmp_path / f"{i}.{kind}"
            path.write_bytes(mutated(data, draw))
            signal.alarm(LONGEST_S)
            try:
                image = oasis.read(tmp_path, path.name, rules)
                assert image.dtype == np.float32 and image.ndim == 3 and image.size
                assert np.isfinite(image).all() and 0 <= image.min() and image.max() <= 1
            except InputError as error:
                assert str(path) in str(error) and "\n" not in str(error)
                refused += 1
            finally:
                signal.alarm(0)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert 0 < refused
