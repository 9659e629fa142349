"""What a config must satisfy before anything runs: sentences that several stages' checks share."""

import fnmatch
import math
import numbers
from contextlib import contextmanager
from pathlib import Path

from ml_collections import ConfigDict

from inr_sae.errors import InputError, UserError
from inr_sae.folder.store import format_cell

# What the elements of a tuple are, by the key that has one, * for any part of it.
ELEMENTS = {
    numbers.Integral: ("signals.size", "sets.*.size", "classes.size", "fit.taus", "fit.boundaries.*")
    + ("dictionary.layers",)
    + ("recipes.pixels", "recipes.steps", "recipes.cohort_steps", "size_sweep.n_atoms", "size_sweep.k")
    + ("networks.n_layers", "networks.widths", "steering.kept")
    + ("stability.seeds", "networks.seeds", "weights.seeds", "recovery.seeds", "convergence.seeds")
    + ("convergence.dictionary_seeds",),
    numbers.Real: ("inr.coordinates", "fit.other_rates", "recipes.coordinates", "recipes.rates", "rates.*")
    + ("transfer.frequencies.*", "weights.ce_weights", "weights.contrasts", "decompositions.shares", "steering.alphas")
    + ("steering.fit_alphas", "recovery.rates_*"),
    str: ("stages", "*.cohort_names", "*.backbones", "*.regimes", "*.protocols", "*.sets", "*.methods", "*.through")
    + ("fit.splits", "transfer.sources", "transfer.targets", "recipes.targets", "recipes.new", "weights.tokens")
    + ("convergence.of",),
    bool: ("recipes.clipped",),
}
NOUNS = {numbers.Integral: "whole numbers", numbers.Real: "numbers", str: "texts", bool: "True or False"}
NESTED = ("recipes.coordinates",)  # tuples of tuples
MOST_SEED = 2**32 - 1  # beyond it keys of random numbers begin again


@contextmanager
def naming(group):
    """Within it an InputError becomes a UserError that names its arguments as keys of the config group."""
    try:
        yield
    except InputError as error:
        raise UserError(error.sentence(f"{group}.")) from error


def there(config, keys):
    """Raise UserError naming the first of some keys or groups, as in "cohort.steps", that a config lacks."""
    for key in keys:
        node, parts = config, key.split(".")
        for depth, part in enumerate(parts, 1):
            if not isinstance(node, ConfigDict) or part not in node:
                missing = ".".join(parts[:depth])
                raise UserError(
                    f"the config has no {missing!r}; a config is get_config() of configs/base.py, with what differs "
                    "changed"
                )
            node = node[part]


def given(flat, defaults):
    """Raise UserError naming the first of {key: value} that is None where its default is a value."""
    for key, value in flat.items():
        if value is None and defaults.get(key) is not None:
            raise UserError(f"{key} is None; it is as in {defaults[key]!r}, its default")


def refuse_remote(name, text):
    """Raise UserError where a flag or key of that name gives no path, but an address as in s3://bucket/folder."""
    if "://" in text:
        raise UserError(f"{name} is {text!r}, and only this machine's own folders and files are used; mount it there")


def local(name, text):
    """The path that a flag or key of that name gives, with the home directory for ~; "" stays.

    Raises UserError for an address that is no path, and where nobody knows the home directory.
    """
    refuse_remote(name, text)
    try:
        return text and str(Path(text).expanduser())
    except RuntimeError as error:
        raise UserError(f"{name} is {text!r}, and nobody knows that home directory; write the path out") from error


def positive(config, *keys):
    """Raise UserError unless each key, as in "cohort.steps", is above 0."""
    for key in keys:
        group, _, name = key.partition(".")
        positive_value(key, config[group][name])


def one_of(key, value, choices):
    """Raise UserError unless a key's value is one of the choices."""
    if value not in choices:
        raise UserError(f"{key} is {value!r}; it is one of {', '.join(map(str, choices))}")


def some(key, values):
    """Raise UserError unless a key names at least one value, and none twice."""
    if not values or len(set(values)) != len(values):
        raise UserError(f"{key} is {tuple(values)}; it names at least one, and none twice")


def units(key, values, backbone, n_units):
    """Raise UserError unless the values are different units of a backbone of so many; none of them means all."""
    for value in values:
        if isinstance(value, bool) or value not in range(n_units):
            raise UserError(f"{key} has {value!r}; layers of {backbone} are 0..{n_units - 1}")
    if values:
        some(key, values)


def rate(key, value):
    """Raise UserError unless a test-time rate is above 0 and a table can keep it, as fits are known by theirs."""
    positive_value(key, value)
    if value != float(format_cell(float(value))):
        raise UserError(
            f"{key} has {value!r}, with more digits than tables keep; give it as {format_cell(float(value))}"
        )


def positive_value(key, value):
    """Raise UserError unless a number of the config is above 0; what is no number is left to whom it concerns."""
    if isinstance(value, int | float) and not isinstance(value, bool) and not value > 0:
        raise UserError(f"{key} is {value}; it must be above 0")


def values(flat):
    """Raise UserError naming the first of {key: value} that is not finite, whose tuple holds what it cannot, or that is
    no seed."""
    for key, value in flat.items():
        if not all(math.isfinite(number) for number in numbers_in(value)):
            raise UserError(f"{key} is {value!r}; it must be finite")
        kind = kind_of_elements(key)
        if kind and value is not None and not all_of(kind, value, key in NESTED):
            raise UserError(f"{key} is {value!r}; it is a tuple of {'tuples of ' * (key in NESTED)}{NOUNS[kind]}")
        if key.rpartition(".")[2] in ("seed", "seeds", "dictionary_seeds"):
            for seed in value if isinstance(value, tuple | list) else (value,):
                if not 0 <= seed <= MOST_SEED:
                    raise UserError(f"{key} is {value!r}; a seed is from 0 to {MOST_SEED}")


def numbers_in(value):
    """The floats in a value of the config, or in its tuples."""
    if isinstance(value, tuple | list):
        return [number for each in value for number in numbers_in(each)]
    return [value] if isinstance(value, float) else []


def kind_of_elements(key):
    """The type of the elements of a key's tuple, None where the key has none or nobody has said."""
    found = (kind for kind, keys in ELEMENTS.items() if any(fnmatch.fnmatchcase(key, each) for each in keys))
    return next(found, None)


def all_of(kind, value, nested=False):
    """Whether a value is a tuple of a kind, or of such tuples; a bool is a number to Python, and none here."""
    if not isinstance(value, tuple | list):
        return False
    if nested:
        return all(all_of(kind, item) for item in value)
    return all(isinstance(item, kind) and isinstance(item, bool) == (kind is bool) for item in value)
