"""From a data set's name to arrays: the door of this folder, whose docstring says what a data set is."""

import hashlib
import importlib
import pkgutil
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from inr_sae import signals
from inr_sae.errors import InputError, argument
from inr_sae.signals import image_file, oasis, split

TRAIN_ON = {  # how many signals of the cohort an encoder is trained on
    "cohort": None,  # all
    "first": 1,  # one alone
    "validation": None,  # the validation signals in the cohort's place: a second cohort that shares none with the first
}
FUNCTIONS = ("find", "subject", "read")  # of a data set


class Signals(NamedTuple):
    """Signals of each split, (M, H, W, C) float32 in [0, 1], their names and the SHA-256 of their pixels."""

    cohort: np.ndarray
    validation: np.ndarray | None  # None: of this split there are no signals
    test: np.ndarray | None
    names: split.Split
    subjects: split.Split  # whom each shows; its own name where a signal stands alone
    digests: split.Split


class _Request(NamedTuple):
    """The arguments of `load`, hashable."""

    dataset: str
    root: str
    size: tuple | None
    crop: str
    plane: str
    grey: bool
    n_cohort: int
    n_validation: int
    n_test: int
    train_on: str
    seed: int
    cohort_names: tuple


def load(dataset, root, size, crop, plane, grey, n_cohort, n_validation, n_test, train_on, seed, cohort_names=()):
    """Draw and read the signals of a data set.

    dataset: one of `data_sets`. root: its folder, "" for the phantom. size: (height, width), or None for the images'
    own. crop: "none" or "center" (see `image_file.fit_to`). plane: of NIfTI volumes. grey: average the channels.
    n_*: how many signals for each split. train_on: what stands as the cohort, see `TRAIN_ON`. seed: of the draw.
    cohort_names: which ones are the cohort, () to draw them.
    Colour and grey images may be mixed: then all become colour. Raises InputError for all that is wrong with the data.

    What was read is kept for the next call with the same arguments, so the arrays are read-only; `forget` drops it.
    """
    size, counts = tuple(size) if size else None, (n_cohort, n_validation, n_test)
    return _load(_Request(dataset, root, size, crop, plane, grey, *counts, train_on, seed, tuple(cohort_names)))


def forget():
    """Drop what `load` has kept, so that it reads the files again."""
    _load.cache_clear()


def data_sets():
    """The names of the data sets that there are: the files of this folder with a data set's three functions."""
    names = [module.name for module in pkgutil.iter_modules(signals.__path__)]
    return [name for name in names if all(hasattr(_module(name), function) for function in FUNCTIONS)]


def n_trained(config):
    """How many signals an encoder of a config group `signals` is trained on."""
    of_cohort = range(config["n_cohort"])[: TRAIN_ON[config["train_on"]]]
    return config["n_validation"] if config["train_on"] == "validation" else len(of_cohort)


@lru_cache(maxsize=8)
def _load(request):
    _check(request)
    source = _module(request.dataset)
    drawn = _draw(source, request)
    rules = {key: getattr(request, key) for key in ("size", "crop", "plane", "seed")}
    images = {name: source.read(request.root, name, rules) for part in drawn for name in part}
    if request.grey:
        images = {name: image.mean(axis=2, keepdims=True) for name, image in images.items()}
    images = _one_shape(images, Path(request.root))
    parts = [_stack([images[name] for name in part]) if part else None for part in drawn]
    digests = [tuple(hashlib.sha256(images[name].tobytes()).hexdigest() for name in part) for part in drawn]
    subjects = [tuple(source.subject(name) for name in part) for part in drawn]
    return Signals(*parts, drawn, split.Split(*subjects), split.Split(*digests))


def _draw(source, request):
    """The names of each split, what the encoder is trained on as the cohort."""
    sizes = (request.n_cohort, request.n_validation, request.n_test)
    names = source.find(request.root, sum(sizes))
    subjects = [source.subject(name) for name in names]
    drawn = split.draw(names, subjects, sizes, request.seed, request.cohort_names)
    if request.train_on == "validation":
        return drawn._replace(cohort=drawn.validation)
    return drawn._replace(cohort=drawn.cohort[: TRAIN_ON[request.train_on]])


def _module(name):
    return importlib.import_module(f"{signals.__name__}.{name}")


def _stack(images):
    """One array of images of a shape, read-only, because all callers of `load` share it."""
    stacked = np.stack(images)
    stacked.flags.writeable = False
    return stacked


def _check(request):
    """Raise InputError naming the argument that is wrong whatever the images are."""
    choices = {"dataset": data_sets(), "crop": image_file.CROPS, "train_on": TRAIN_ON, "plane": oasis.PLANES}
    for key, known in choices.items():
        value = getattr(request, key)
        if value not in known:
            raise InputError(f"{argument(key)} is {value!r}; it is one of {', '.join(known)}")
    if request.train_on == "validation" and request.n_validation < 1:
        raise InputError(f"{argument('train_on')} is 'validation' and {argument('n_validation')} is 0; raise it")
    if request.size and (len(request.size) != 2 or min(request.size) < 2):
        raise InputError(f"{argument('size')} is {request.size}; it is (height, width), each at least 2")
    for key, least in (("n_cohort", 1), ("n_validation", 0), ("n_test", 0)):
        if getattr(request, key) < least:
            raise InputError(f"{argument(key)} is {getattr(request, key)}; it is at least {least}")
    n_names = len(request.cohort_names)
    if n_names not in (0, request.n_cohort):
        raise InputError(
            f"{argument('cohort_names')} has {n_names} names, and {argument('n_cohort')} is {request.n_cohort}"
        )


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
            raise InputError(
                f"{root / first} is {shapes[0]} and {root / name} is {shapes[1]} (height x width), and a cohort shares "
                f"its coordinates; set {argument('size')}=(height,width), and {argument('crop')}=center to keep "
                "proportions"
            )
    return images
