"""What decoding an image file gives, whatever its format; and what a sound file can have that is refused."""

from typing import NamedTuple

import numpy as np
from PIL import Image

# How stored pixels are shown, by EXIF's number: rows and columns swapped first, then rows, then columns reversed.
TURNS = {
    1: (False, False, False),
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}
FRAMES = "has further frames, and the first alone is read"
NO_RANGE = "has pixels of no fixed range; save it with 8 or 16 bits, or as .npy with floats in [0, 1]"
CHANNELS = "has channels beside colour and alpha, and they are left out"


class Refused(ValueError):
    """What of a sound file is not read; its text goes on behind the file's name."""


class Decoded(NamedTuple):
    """One image as it is stored, (H, W, 1 or 3) float32 in [0, 1]."""

    pixels: np.ndarray
    alpha: np.ndarray | None = None  # (H, W), 0 where it is transparent; pixels are not multiplied by it
    orientation: int = 1  # a key of TURNS
    notes: tuple = ()  # what of the file was left out


def scaled(values, bits):
    """Whole numbers from 0 to 2**bits - 1 as float32 in [0, 1]."""
    return np.asarray(values, np.float32) / np.float32(2**bits - 1)


def split_channels(image):
    """(pixels (H, W, 1 or 3), alpha (H, W) or None) of an array (H, W) or (H, W, 1 to 4), alpha last."""
    image = image.reshape(*image.shape[:2], -1)
    n_colours = 3 if image.shape[2] > 2 else 1
    return image[:, :, :n_colours], image[:, :, n_colours] if image.shape[2] > n_colours else None


def turned(image, orientation):
    """An image (H, W, ...) as EXIF's orientation says that it is shown."""
    swapped, rows, columns = TURNS[orientation]
    image = np.swapaxes(image, 0, 1) if swapped else image
    return image[:: -1 if rows else 1, :: -1 if columns else 1]


def refuse_bomb(width, height):
    """Raise Pillow's DecompressionBombError for more pixels than Pillow takes."""
    if Image.MAX_IMAGE_PIXELS is not None and width * height > Image.MAX_IMAGE_PIXELS:
        raise Image.DecompressionBombError


def codecs(bits):
    """The module imagecodecs; Refused names it where it is not installed."""
    try:
        import imagecodecs
    except ImportError as error:
        raise Refused(
            f"has {bits} bits a channel, and to read it at that depth needs imagecodecs: pip install 'inr-sae[codecs]'"
        ) from error
    return imagecodecs
