"""Reading one array of numpy's, .npy, as an image."""

import numpy as np

from inr_sae.errors import InputError, argument
from inr_sae.signals.names import shown

SUFFIX = ".npy"
LARGEST = {"b": 1, "u1": 255, "u2": 65535, "f": 1}  # by kind, and size where it matters: what becomes 1


def read(path, nan_to_zero=False):
    """An array (H, W) or (H, W, C) as (H, W, C) float32 in [0, 1], C = 1 for grey and 3 for colour.

    uint8 is divided by 255 and uint16 by 65535; bool and floats are taken as they are. nan_to_zero: what is not a
    number becomes 0. Raises InputError naming a file that is damaged, of another kind or shape, or leaves [0, 1].
    """
    file = shown(path)
    try:
        # Mapped, an array that is shorter than its header says is refused before memory is asked for.
        array = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # a damaged header makes numpy and Python's parser raise kinds of their own
        said = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{file} cannot be read as an array ({said}); remove or replace it") from error
    kind = array.dtype.str[1:] if array.dtype.kind == "u" else array.dtype.kind
    if kind not in LARGEST:
        raise InputError(f"{file} is of {array.dtype}; save it as uint8, uint16, or floats in [0, 1]")
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (1,), (3,)) or not array.size:
        raise InputError(f"{file} is of shape {array.shape}; an image is (H, W), (H, W, 1) or (H, W, 3)")
    with np.errstate(over="ignore"):  # infinity is told below
        image = np.asarray(array, np.float32) / np.float32(LARGEST[kind])
    image = finite(image, file, nan_to_zero)
    if not 0 <= image.min() <= image.max() <= 1:
        raise InputError(f"{file} goes from {image.min():g} to {image.max():g}; floats are in [0, 1]")
    return image.reshape(*image.shape[:2], -1)


def finite(image, file, nan_to_zero):
    """A file's values, 0 in the place of NaN if asked for; raises InputError naming it for what else is not finite."""
    if nan_to_zero:
        image = np.where(np.isnan(image), np.float32(0), image)
    if np.isnan(image).any():
        raise InputError(
            f"{file} holds values that are not a number; set {argument('nan_to_zero')}=True if they stand for 0, as a "
            "background, or repair it"
        )
    if not np.isfinite(image).all():
        raise InputError(f"{file} holds values that are not finite; remove or repair it")
    return image
