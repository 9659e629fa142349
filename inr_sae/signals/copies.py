"""The same picture under two names: pixel for pixel, or nearly, as at two sizes or compressed again."""

from itertools import combinations, product
from typing import NamedTuple

import numpy as np

from inr_sae.errors import InputError
from inr_sae.signals.image_file import resize
from inr_sae.signals.names import listed

SIDE = 16  # of the thumbnails that are compared
# Correlation of two thumbnails. Photographs, faces and slices at a third of their size and with a JPEG's losses have
# 0.9988 or more; different ones at most 0.85, slices of one head 5 mm apart 0.97, phantoms of one template 0.992.
ALIKE = 0.997


class Picture(NamedTuple):
    """An image as it is compared."""

    name: str
    role: str  # what it is for, as in "cohort" or "test"
    digest: str  # of its pixels
    thumbnail: np.ndarray


def picture(name, role, digest, image):
    """The Picture of an image (H, W, C)."""
    small = resize(image.mean(axis=2, keepdims=True), (SIDE, SIDE)).ravel().astype(np.float64)
    small -= small.mean()
    norm = np.linalg.norm(small)
    return Picture(name, role, digest, small / norm if norm > 1e-6 else np.zeros_like(small))


def within(pictures):
    """Sentences on Pictures of one set that are one, or nearly; raises InputError naming two of different roles that
    are one."""
    return _sentences(combinations(pictures, 2))


def between(first, other):
    """The same of every Picture of one list with every one of another."""
    return _sentences(product(first, other))


def _sentences(pairs):
    equal, near = [], []
    for first, other in pairs:
        if first.digest == other.digest:
            equal.append((first, other))
        elif first.thumbnail @ other.thumbnail > ALIKE:
            near.append((first, other))
    for first, other in equal:
        if first.role != other.role:
            raise InputError(
                f"{_told(first, other)} are the same picture; remove one of them, for nothing is tested on what it was "
                "trained on"
            )
    texts = {"the same picture twice": equal, "nearly the same picture, as at two sizes or compressed again": near}
    return [f"{text}: {listed([_told(*pair) for pair in found])}" for text, found in texts.items() if found]


def _told(first, other):
    return " and ".join(f"{picture.name} ({picture.role})" for picture in (first, other))
