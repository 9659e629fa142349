"""What a set of images with classes is."""

from typing import NamedTuple

import numpy as np


class Labelled(NamedTuple):
    """Images with classes."""

    names: tuple  # of the images, each once
    images: list  # (H, W, C) each, float32 in [0, 1], C = 1 for grey and 3 for colour
    labels: np.ndarray  # (N,), numbers of classes
    classes: tuple  # their names
    held_out: np.ndarray | None = None  # (N,) bool: the images that test is drawn from; None: the set has no such part
