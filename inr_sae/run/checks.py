"""What a config must satisfy before anything runs: sentences that several stages' checks share."""

from contextlib import contextmanager

from inr_sae.errors import InputError, UserError


@contextmanager
def naming(group):
    """Within it an InputError becomes a UserError that names its arguments as keys of the config group."""
    try:
        yield
    except InputError as error:
        raise UserError(error.sentence(f"{group}.")) from error


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


def units(key, values, n_units):
    """Raise UserError unless the values are different units of an encoder of so many; none of them means all."""
    for value in values:
        if isinstance(value, bool) or value not in range(n_units):
            raise UserError(f"{key} has {value!r}; layers are 0..{n_units - 1}")
    if values:
        some(key, values)


def positive_value(key, value):
    """Raise UserError unless a number of the config is above 0; what is no number is left to whom it concerns."""
    if isinstance(value, int | float) and not isinstance(value, bool) and not value > 0:
        raise UserError(f"{key} is {value}; it must be above 0")
