"""The digits in scikit-learn's package: 1,797 handwritten ones of 8x8 pixels (UCI, Alpaydin and Kaynak 1998)."""

import numpy as np

from inr_sae.machine import extras
from inr_sae.signals.labelled.kinds import Labelled

MOST = 16.0  # of a pixel, as it is stored


def read(root, rules):
    """All of them; `root` and `rules` are not used. Raises InputError where scikit-learn is missing."""
    extras.need_scikit_learn("the digits need")
    from sklearn.datasets import load_digits

    stored = load_digits()
    names = tuple(f"digit_{i:04d}" for i in range(len(stored.target)))
    images = list((stored.images / MOST).astype(np.float32)[..., None])
    return Labelled(names, images, np.asarray(stored.target, np.int64), tuple(map(str, stored.target_names)))
