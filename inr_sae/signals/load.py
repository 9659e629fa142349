"""From a data set's name to arrays: the door of this folder.

A data set is one file here with three functions: `find(root, n) -> names`, `subject(name)` and
`read(root, name, rules) -> (H, W, C)` float32 in [0, 1].
"""

import hashlib
import importlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from inr_sae.errors import UserError
from inr_sae.signals import image_file, oasis, split

TRAIN_ON = {  # how many signals of the cohort an encoder is trained on
    "cohort": None,  # all
    "first": 1,  # one alone
    "validation": None,  # the validation signals in the cohort's place: a second cohort that shares none with the first
}
DATA_SETS = ("phantom", "folder", "celebahq", "kodak", "oasis")


class Signals(NamedTuple):
    """Signals of each split, (M, H, W, C) float32 in [0, 1], their names and the SHA-256 of their pixels."""

    cohort: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    names: split.Split
    digests: split.Split


def load(dataset, root, size, crop, plane, grey, n_cohort, n_validation, n_test, train_on, seed, cohort_names=()):
    """Draw and read the signals of a data set.

    dataset: one of DATA_SETS. root: its folder, "" for the phantom. size: (height, width), or None for the images'
    own. crop: "none" or "center" (see `image_file.fit_to`). plane: of NIfTI volumes. grey: average the channels.
    n_*: how many signals for each split. train_on: what stands as the cohort, see `TRAIN_ON`. seed: of the draw.
    cohort_names: which ones are the cohort, () to draw them.
    Colour and grey images may be mixed: then all become colour. Raises UserError for all that is wrong with the data.
    """
    _check(dataset, size, crop, plane, train_on, n_cohort, n_validation, n_test)
    source = importlib.import_module(f"inr_sae.signals.{dataset}")
    if cohort_names and len(cohort_names) != n_cohort:
        raise UserError(f"signals.cohort_names has {len(cohort_names)} names, and signals.n_cohort is {n_cohort}")
    sizes = (n_cohort, n_validation, n_test)
    names = source.find(root, sum(sizes))
    drawn = split.draw(names, [source.subject(name) for name in names], sizes, seed, cohort_names)
    drawn = drawn._replace(cohort=drawn.validation if train_on == "validation" else drawn.cohort[: TRAIN_ON[train_on]])
    rules = {"size": tuple(size) if size else None, "crop": crop, "plane": plane, "seed": seed}
    images = {name: source.read(root, name, rules) for part in drawn for name in part}
    if grey:
        images = {name: image.mean(axis=2, keepdims=True) for name, image in images.items()}
    images = _one_shape(images, Path(root))
    parts = [np.stack([images[name] for name in part]) if part else None for part in drawn]
    digests = [tuple(hashlib.sha256(images[name].tobytes()).hexdigest() for name in part) for part in drawn]
    return Signals(*parts, names=drawn, digests=split.Split(*digests))


def n_trained(config):
    """How many signals an encoder of a config group `signals` is trained on."""
    of_cohort = range(config["n_cohort"])[: TRAIN_ON[config["train_on"]]]
    return config["n_validation"] if config["train_on"] == "validation" else len(of_cohort)


def _check(dataset, size, crop, plane, train_on, n_cohort, n_validation, n_test):
    if dataset not in DATA_SETS:
        raise UserError(f"signals.dataset is {dataset!r}; it is one of {', '.join(DATA_SETS)}")
    if crop not in image_file.CROPS:
        raise UserError(f"signals.crop is {crop!r}; it is one of {', '.join(image_file.CROPS)}")
    if train_on not in TRAIN_ON:
        raise UserError(f"signals.train_on is {train_on!r}; it is one of {', '.join(TRAIN_ON)}")
    if train_on == "validation" and n_validation < 1:
        raise UserError("signals.train_on is 'validation' and signals.n_validation is 0; raise it")
    if plane not in oasis.PLANES:
        raise UserError(f"signals.plane is {plane!r}; it is one of {', '.join(oasis.PLANES)}")
    if size and (len(size) != 2 or min(size) < 2):
        raise UserError(f"signals.size is {tuple(size)}; it is (height, width), each at least 2")
    if dataset == "phantom" and not size:
        raise UserError("signals.size is not set; the phantom needs (height, width)")
    for key, n, least in (("n_cohort", n_cohort, 1), ("n_validation", n_validation, 0), ("n_test", n_test, 0)):
        if n < least:
            raise UserError(f"signals.{key} is {n}; it is at least {least}")


def _one_shape(images, root):
    """All images of one shape, grey ones repeated to three channels if there are colour ones among them."""
    channels = max(image.shape[2] for image in images.values())
    images = {
        name: image if image.shape[2] == channels else np.repeat(image, channels, axis=2)
        for name, image in images.items()
    }
    first, *others = images
    for name in others:
        if images[name].shape != images[first].shape:
            shapes = ["{}x{}".format(*images[key].shape[:2]) for key in (first, name)]
            raise UserError(
                f"{root / first} is {shapes[0]} and {root / name} is {shapes[1]} (height x width), and a cohort shares "
                "its coordinates; set signals.size=(height,width), and signals.crop=center to keep proportions"
            )
    return images
