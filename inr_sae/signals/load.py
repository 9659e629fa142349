"""From a data set's name to arrays: the door of this folder, whose docstring says what a data set is."""

import hashlib
import importlib
import numbers
import pkgutil
import warnings
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from inr_sae import signals
from inr_sae.errors import InputError, argument
from inr_sae.signals import copies, image_file, nifti_file, split, subjects
from inr_sae.signals.names import listed, located, shown
from inr_sae.signals.notes import Note, gathered

TRAIN_ON = {  # how many signals of the cohort an encoder is trained on
    "cohort": None,  # all
    "first": 1,  # one alone
    "validation": None,  # the validation signals in the cohort's place: a second cohort that shares none with the first
}
FUNCTIONS = ("find", "subjects", "read")  # of a data set
RULES = ("size", "crop", "plane", "background", "nan_to_zero", "seed", "grey")  # arguments of `load` that `read` gets


class Signals(NamedTuple):
    """Signals of each split, (M, H, W, C) float32 in [0, 1], their names and the SHA-256 of their pixels."""

    cohort: np.ndarray
    validation: np.ndarray | None  # None: of this split there are no signals
    test: np.ndarray | None
    names: split.Split
    subjects: split.Split  # whom each shows; its own name where a signal stands alone
    digests: split.Split
    notes: tuple = ()  # sentences: what was passed over, whose image each is, what looks alike
    labels: split.Split | None = None  # (M, H, W) uint8 of each split, what each pixel shows, where the data set knows
    label_names: tuple = ()  # of the numbers in them


class Wanted(NamedTuple):
    """The arguments of `load`."""

    dataset: str  # one of `data_sets`
    root: str  # its folder, "" for the phantom
    size: tuple | None  # (height, width); None or (): the images' own
    crop: str  # "none" or "center", see `image_file.fit_to`
    plane: str  # of NIfTI volumes, see `nifti_file.read`
    grey: bool  # average the channels
    n_cohort: int  # signals of each split
    n_validation: int
    n_test: int
    train_on: str  # what stands as the cohort, one of TRAIN_ON
    seed: int  # of the draw
    cohort_names: tuple = ()  # which ones are the cohort; empty: drawn
    subject: str = ""  # a regular expression that matches the subject in an image's name; "": as the data set says
    background: float | None = None  # grey behind what is transparent, see `image_file.read`
    nan_to_zero: bool = False  # what is not a number is 0, in NIfTI and .npy; else it is refused


def load(dataset, root, **others):
    """Draw and read the signals of a data set; the arguments are the fields of `Wanted`.

    Colour and grey images may be mixed: then all become colour. Raises InputError for all that is wrong with the data.

    What was read is kept for the next call with the same arguments, so the arrays are read-only; `forget` drops it.
    """
    wanted = Wanted(dataset, root, **others)
    lists = {key: tuple(value) for key, value in wanted._asdict().items() if isinstance(value, list)}
    return _load(wanted._replace(**lists))


def forget():
    """Drop what `load` has kept, so that it reads the files again."""
    _load.cache_clear()


def data_sets():
    """The names of the data sets that there are: the files of this folder with a data set's three functions."""
    names = [module.name for module in pkgutil.iter_modules(signals.__path__)]
    return [name for name in names if all(hasattr(_module(name), function) for function in FUNCTIONS)]


def n_trained(config):
    """How many signals an encoder of a config group `signals` is trained on."""
    drawn = config["n_validation"] if config["train_on"] == "validation" else config["n_cohort"]
    return len(range(min(drawn, config["n_cohort"]))[: TRAIN_ON[config["train_on"]]])


@lru_cache(maxsize=8)
def _load(wanted):
    _check(wanted)
    source = _module(wanted.dataset)
    with gathered() as notes:
        drawn, subject_of = _draw(source, wanted)
        rules = {key: getattr(wanted, key) for key in RULES} | {"size": wanted.size or None}
        images = _read(source, wanted.root, dict.fromkeys(name for part in drawn for name in part), rules)
    if wanted.grey:
        images = {name: image.mean(axis=2, keepdims=True) for name, image in images.items()}
    images = _one_shape(images, wanted.root)
    digests = {name: hashlib.sha256(image.tobytes()).hexdigest() for name, image in images.items()}
    roles = {name: role for role, part in zip(split.SPLITS, drawn) for name in part}
    notes += copies.within([copies.picture(name, roles[name], digests[name], images[name]) for name in images])
    parts = [_stack([images[name] for name in part]) if part else None for part in drawn]
    by_split = [split.Split(*(tuple(of[name] for name in part) for part in drawn)) for of in (subject_of, digests)]
    return Signals(*parts, drawn, *by_split, tuple(notes), *_labels(source, wanted.root, drawn, rules))


def _read(source, root, names, rules):
    """{name: image}; raises InputError for what is wrong with the first that cannot be read, and names some others."""
    images, wrong = {}, {}
    for name in names:
        try:
            images[name] = source.read(root, name, rules)
        except InputError as error:
            wrong[name] = error
    if not wrong:
        return images
    (_, first), *others = wrong.items()
    if not others:
        raise first
    raise InputError(f"{first.args[0]}; also wrong: {listed([name for name, _ in others])}") from first


def _labels(source, root, drawn, rules):
    """(labels of each split, their names) of a data set that knows what its pixels show; (None, ()) of others."""
    if not hasattr(source, "labels"):
        return None, ()
    parts = [_stack([source.labels(root, name, rules) for name in part]) if part else None for part in drawn]
    return split.Split(*parts), source.LABELS


def _draw(source, wanted):
    """(the names of each split, what the encoder is trained on as the cohort; {name: its subject}), with a Note on the
    latter."""
    sizes = (wanted.n_cohort, wanted.n_validation, wanted.n_test)
    names = source.find(wanted.root, sum(sizes))
    whose, origin = subjects.by_pattern(names, wanted.subject) if wanted.subject else source.subjects(names)
    if wanted.root:
        warnings.warn(Note(subjects.sentence(whose, origin)))
    drawn = split.draw(names, whose, sizes, wanted.seed, wanted.cohort_names, origin)
    if wanted.train_on == "validation":
        drawn = drawn._replace(cohort=drawn.validation[: wanted.n_cohort])
    return drawn._replace(cohort=drawn.cohort[: TRAIN_ON[wanted.train_on]]), dict(zip(names, whose))


def _module(name):
    return importlib.import_module(f"{signals.__name__}.{name}")


def _stack(images):
    """One array of images of a shape, read-only, because all callers of `load` share it."""
    stacked = np.stack(images)
    stacked.flags.writeable = False
    return stacked


def _check(wanted):
    """Raise InputError naming the argument that is wrong whatever the images are."""
    choices = {"dataset": data_sets(), "crop": image_file.CROPS, "train_on": TRAIN_ON, "plane": nifti_file.PLANES}
    for key, known in choices.items():
        value = getattr(wanted, key)
        if value not in known:
            raise InputError(f"{argument(key)} is {value!r}; it is one of {', '.join(known)}")
    if wanted.train_on == "validation" and wanted.n_validation < 1:
        raise InputError(f"{argument('train_on')} is 'validation' and {argument('n_validation')} is 0; raise it")
    if wanted.size not in (None, ()) and not _is_size(wanted.size):
        raise InputError(
            f"{argument('size')} is {wanted.size!r}; it is (height, width), each a whole number of at least 2"
        )
    for key, least in (("n_cohort", 1), ("n_validation", 0), ("n_test", 0)):
        if getattr(wanted, key) < least:
            raise InputError(f"{argument(key)} is {getattr(wanted, key)}; it is at least {least}")
    if not 0 <= wanted.seed < 2**32:
        raise InputError(f"{argument('seed')} is {wanted.seed}; it is from 0 to {2**32 - 1}")
    image_file.check_background(wanted.background)
    n_names = len(wanted.cohort_names)
    if n_names not in (0, wanted.n_cohort):
        raise InputError(
            f"{argument('cohort_names')} has {n_names} names, and {argument('n_cohort')} is {wanted.n_cohort}"
        )


def _is_size(value):
    """Whether a value is (height, width)."""
    if not isinstance(value, tuple) or len(value) != 2:
        return False
    return all(isinstance(side, numbers.Integral) and side >= 2 for side in value)


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
            files = [shown(located(root, key)) for key in (first, name)]
            raise InputError(
                f"{files[0]} is {shapes[0]} and {files[1]} is {shapes[1]} (height x width), and a cohort shares its "
                f"coordinates; set {argument('size')}=(height,width), and {argument('crop')}=center to keep proportions"
            )
    return images
