"""Reading one image file into a float32 array, and the rules of cropping and resizing."""

import warnings

import numpy as np
from PIL import Image, ImageOps

from inr_sae.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
CROPS = ("none", "center")
_SIXTEEN_BIT = ("I;16", "I;16L", "I;16B", "I;16N")


def read(path):
    """An image file as (H, W, C) float32 in [0, 1], C = 1 for grey and 3 for colour, turned as its EXIF says.

    8 and 16 bit; palettes, CMYK and an alpha channel are brought to RGB or grey, alpha ignored. Raises InputError
    naming a file that is no image, is cut short, is a decompression bomb, or has pixels of another kind.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                image.load()
                image = ImageOps.exif_transpose(image)
                return _to_array(image)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError(
            f"{path} is larger than {Image.MAX_IMAGE_PIXELS} pixels, which may be a decompression bomb; remove or "
            f"shrink it"
        ) from error
    except Exception as error:  # a damaged file makes every format's reader raise kinds of its own
        said = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} cannot be read as an image ({said}); remove or replace it") from error


def _to_array(image):
    if image.mode in _SIXTEEN_BIT:
        return np.asarray(image, np.float32)[:, :, None] / np.float32(65535)
    if image.mode in ("I", "F"):
        raise ValueError(f"pixels of kind {image.mode} have no fixed range; save it with 8 or 16 bit")
    grey = image.mode in ("1", "L", "LA", "La")
    pixels = np.asarray(image.convert("L" if grey else "RGB"), np.float32) / np.float32(255)
    return pixels[:, :, None] if grey else pixels


def center_crop(image, aspect):
    """The largest centred part of an image (H, W, C) whose height / width is `aspect`, up to rounding."""
    height, width = image.shape[:2]
    new_height, new_width = min(height, round(width * aspect)), min(width, round(height / aspect))
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
