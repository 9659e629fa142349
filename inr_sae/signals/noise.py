"""Uniform noise, each value of each pixel drawn by itself: whether an encoder needs images at all.

After SNP, the follow-up of STRAINER's authors, which pretrains the shared encoder on such images.
"""

import re

import numpy as np

from inr_sae.errors import InputError, argument
from inr_sae.signals.subjects import each_alone as subjects  # noqa: F401  (a data set is its three functions)

NOISE = 0x4E  # so that noise shares its draws with nothing else of a seed


def find(root, n):
    """Names of `n` images of noise; there are as many as are asked for, and `root` is not used."""
    return [f"noise_{i:04d}" for i in range(n)]


def read(root, name, rules):
    """The image (height, width, C) of `rules["size"]`, U(0, 1), drawn from `rules["seed"]` and its number; C is 1 where
    grey is asked for, since a mean of channels would not be uniform, and else 3.

    Raises InputError where there is no size.
    """
    if not rules["size"]:
        raise InputError(f"{argument('size')} is not set; noise needs (height, width)")
    number = int(re.search(r"\d+$", name)[0])
    rng = np.random.default_rng([rules["seed"], number, NOISE])
    return rng.uniform(size=(*rules["size"], 1 if rules["grey"] else 3)).astype(np.float32)
