"""From the name of a set with classes to arrays of each split, drawn so that classes keep their shares."""

import hashlib
import importlib
import pkgutil
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from inr_sae.errors import InputError, argument
from inr_sae.signals import image_file, labelled
from inr_sae.signals.names import shown
from inr_sae.signals.notes import gathered

SPLITS = ("train", "validation", "test")
LEAST = 2  # images of a class in every split that has any: alone, none has a neighbour


class Part(NamedTuple):
    """The images of one split."""

    names: tuple
    images: np.ndarray  # (n, H, W, C) float32 in [0, 1]
    labels: np.ndarray  # (n,)
    digests: tuple  # SHA-256 of each image's pixels


class Split(NamedTuple):
    """A set with classes, drawn."""

    train: Part
    validation: Part
    test: Part
    classes: tuple
    notes: tuple = ()  # sentences on what was passed over


class Wanted(NamedTuple):
    """The arguments of `load`."""

    dataset: str  # one of `sets`
    root: str  # its folder; "" for a set that needs none
    size: tuple | None  # (height, width) that images of a folder are brought to; None or (): their own
    crop: str  # "none" or "center"
    background: float | None  # grey behind what is transparent
    grey: bool  # average the channels
    n_train: int
    n_validation: int
    n_test: int
    seed: int  # of the draw
    nan_to_zero: bool = False  # what is not a number in .npy is 0; else it is refused


def sets():
    """The names of the sets that there are."""
    names = [module.name for module in pkgutil.iter_modules(labelled.__path__)]
    return [name for name in names if hasattr(importlib.import_module(f"{labelled.__name__}.{name}"), "read")]


def load(dataset, root, **others):
    """The Split of a set; the arguments are the fields of `Wanted`. Raises InputError for what cannot be.

    What was read is kept for the next call with the same arguments; arrays are read-only.
    """
    wanted = Wanted(dataset, root, **others)
    return _load(wanted._replace(size=tuple(wanted.size or ()) or None))


def forget():
    """Drop what `load` has kept, so that it reads the files again."""
    _load.cache_clear()


@lru_cache(maxsize=4)
def _load(wanted):
    _check(wanted)
    source = importlib.import_module(f"{labelled.__name__}.{wanted.dataset}")
    rules = {key: getattr(wanted, key) for key in ("size", "crop", "background", "nan_to_zero")}
    with gathered() as notes:
        found = source.read(wanted.root, rules)
    images, places = one_shape(found, wanted), draw(found, wanted)
    parts = [_part(found, images, places[split]) for split in SPLITS]
    return Split(*parts, found.classes, (*notes, *told_twice(parts)))


def told_twice(parts):
    """Sentences on the images of a split that are, pixel for pixel, also in the one that is trained on."""
    train, *others = (part.digests for part in parts)
    trained_on = set(train)
    for split, digests in zip(SPLITS[1:], others):
        n = sum(digest in trained_on for digest in digests)
        if n:
            yield f"{n} of {len(digests)} {split} images are also among those that are trained on, pixel for pixel"


def _part(found, images, places):
    chosen, labels = images[places], found.labels[places]
    chosen.flags.writeable = labels.flags.writeable = False
    digests = tuple(hashlib.sha256(image.tobytes()).hexdigest() for image in chosen)
    return Part(tuple(found.names[i] for i in places), chosen, labels, digests)


def one_shape(found, wanted):
    """All images as one array (N, H, W, C); raises InputError naming two whose sizes differ.

    Grey ones are repeated to three channels where there are colour ones among them.
    """
    images = [image.mean(axis=2, keepdims=True) for image in found.images] if wanted.grey else found.images
    for name, image in zip(found.names, images):
        if image.shape[:2] != images[0].shape[:2]:
            sizes = ["{}x{}".format(*each.shape[:2]) for each in (images[0], image)]
            raise InputError(
                f"{shown(found.names[0])} is {sizes[0]} and {shown(name)} is {sizes[1]} (height x width), and all are "
                f"read by one network; set {argument('size')}=(height,width)"
            )
    channels = max(image.shape[2] for image in images)
    return np.stack([np.broadcast_to(image, (*image.shape[:2], channels)) for image in images])


def draw(found, wanted):
    """{split: numbers of its images, sorted}, by classes in their shares; test from what the set holds out, if it does.

    Raises InputError for a class that is too small, and for a set with fewer images than are wanted.
    """
    rng = np.random.default_rng(wanted.seed)
    held = np.zeros(len(found.names), bool) if found.held_out is None else found.held_out
    sizes = {split: getattr(wanted, f"n_{split}") for split in SPLITS}
    if found.held_out is None:
        return stratified(found, rng, np.arange(len(held)), sizes)
    drawn = stratified(found, rng, np.flatnonzero(~held), {split: sizes[split] for split in SPLITS[:2]})
    return drawn | stratified(found, rng, np.flatnonzero(held), {"test": sizes["test"]})


def stratified(found, rng, pool, sizes):
    """{split: numbers of images of a pool}: of each class, split for split, its share of what is left."""
    left = {number: rng.permutation(pool[found.labels[pool] == number]) for number in range(len(found.classes))}
    for number, places in left.items():
        if len(places) < LEAST * len(sizes):
            raise InputError(
                f"class {shown(found.classes[number])} has {len(places)} image{'s' * (len(places) != 1)}, and "
                f"{', '.join(sizes)} take {LEAST} of each class at least; add some, or take the class out"
            )
    if sum(sizes.values()) > len(pool):
        keys = " + ".join(argument(f"n_{split}") for split in sizes)
        raise InputError(f"{keys} is {sum(sizes.values())}, and there are {len(pool)} images")
    drawn = {}
    for split, size in sizes.items():
        counts = shares({number: len(places) for number, places in left.items()}, size)
        drawn[split] = np.sort(np.concatenate([left[number][:n] for number, n in counts.items()]))
        few = [found.classes[number] for number, n in counts.items() if n < LEAST]
        if few:
            raise InputError(
                f"{argument(f'n_{split}')} is {size}, of which class {shown(few[0])} gets fewer than {LEAST}; raise it"
            )
        left = {number: places[counts[number] :] for number, places in left.items()}
    return drawn


def shares(counts, size):
    """{class: its share of `size`}, whole numbers by largest remainder."""
    exact = {number: size * count / sum(counts.values()) for number, count in counts.items()}
    whole = {number: int(share) for number, share in exact.items()}
    order = sorted(exact, key=lambda number: (whole[number] - exact[number], number))
    for number in order[: size - sum(whole.values())]:
        whole[number] += 1
    return whole


def _check(wanted):
    """Raise InputError naming the argument that is wrong whatever the images are."""
    for key, known in {"dataset": sets(), "crop": image_file.CROPS}.items():
        if getattr(wanted, key) not in known:
            raise InputError(f"{argument(key)} is {getattr(wanted, key)!r}; it is one of {', '.join(known)}")
    for split in SPLITS:
        if getattr(wanted, f"n_{split}") < 1:
            raise InputError(f"{argument(f'n_{split}')} is {getattr(wanted, f'n_{split}')}; it is at least 1")
    size = wanted.size
    if size and (len(size) != 2 or not all(isinstance(side, int) and side >= 2 for side in size)):
        raise InputError(f"{argument('size')} is {size!r}; it is (height, width), each a whole number of at least 2")
    image_file.check_background(wanted.background)
    if not 0 <= wanted.seed < 2**32:
        raise InputError(f"{argument('seed')} is {wanted.seed}; it is from 0 to {2**32 - 1}")
