"""Reading one image file into a float32 array, and the rules of cropping and resizing."""

import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from inr_sae.errors import InputError, argument
from inr_sae.signals.decoding import decoded
from inr_sae.signals.names import shown
from inr_sae.signals.notes import Note
from inr_sae.signals.pixels import Refused, turned

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".ppm", ".pgm", ".pbm", ".pnm")
SUFFIXES += (".jp2", ".j2k", ".avif")
CROPS = ("none", "center")


def read(path, background=None):
    """An image file as (H, W, C) float32 in [0, 1], C = 1 for grey and 3 for colour, turned as its EXIF says.

    Every depth is kept; palettes and CMYK are brought to RGB; BUILD.md says for every kind of pixels what happens.
    background: grey from 0 to 1 that shows where the image is transparent; None: an image that is so anywhere is
    refused. What is left out of a file is a Note. Raises InputError naming a file that is no image, is cut short, is a
    decompression bomb, or has pixels of another kind.
    """
    with _naming(path):
        found = decoded(Path(path).read_bytes())
    for note in found.notes:
        warnings.warn(Note(note, path))
    pixels = found.pixels
    if found.alpha is not None and found.alpha.min() < 1:
        if background is None:
            raise InputError(
                f"{shown(path)} is transparent in places; set {argument('background')} to the grey that shows there, "
                "from 0 (black) to 1 (white), or save it without"
            )
        alpha = found.alpha[:, :, None]
        pixels = alpha * pixels + (1 - alpha) * np.float32(background)
    return np.ascontiguousarray(turned(pixels, found.orientation))


@contextmanager
def _naming(path):
    """Within it, what is wrong with a file becomes an InputError that names it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except Refused as error:
        raise InputError(f"{shown(path)} {error}") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError(
            f"{shown(path)} is larger than {Image.MAX_IMAGE_PIXELS} pixels, which may be a decompression bomb; remove "
            "or shrink it"
        ) from error
    except UnidentifiedImageError as error:  # which would name a buffer in memory
        raise InputError(f"{shown(path)} cannot be read as an image (of no format that is known); remove it") from error
    except Exception as error:  # a damaged file makes every format's reader raise kinds of its own
        said = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{shown(path)} cannot be read as an image ({said}); remove or replace it") from error


def check_background(background):
    """Raise InputError unless a background is a grey, or None."""
    if background is not None and not 0 <= background <= 1:
        raise InputError(f"{argument('background')} is {background}; it is from 0 (black) to 1 (white)")


def center_crop(image, aspect):
    """The largest centred part of an image (H, W, C) whose height / width is `aspect`, up to rounding, and never less
    than a pixel."""
    height, width = image.shape[:2]
    new_height, new_width = min(height, max(1, round(width * aspect))), min(width, max(1, round(height / aspect)))
    top, left = (height - new_height) // 2, (width - new_width) // 2
    return image[top : top + new_height, left : left + new_width]


def resize(image, size):
    """Lanczos to (height, width), in float32, clipped to [0, 1]; an image of that size comes back untouched."""
    if image.shape[:2] == tuple(size):
        return image
    channels = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(image[:, :, c])).resize((size[1], size[0]), Image.Resampling.LANCZOS)
        )
        for c in range(image.shape[2])
    ]
    return np.clip(np.stack(channels, axis=-1), 0.0, 1.0).astype(np.float32)


def fit_to(image, size, crop):
    """The image at `size` (height, width): as it is if size is None, else cropped by the rule `crop`, then resized.

    crop: "center" keeps the proportions and loses the borders; "none" stretches.
    """
    if size is None:
        return image
    return resize(center_crop(image, size[0] / size[1]) if crop == "center" else image, size)
