"""The sentences that stages' checks share."""

import math
import re

import pytest
from ml_collections import ConfigDict

from inr_sae.errors import InputError, UserError, argument
from inr_sae.run import checks


@pytest.mark.parametrize("value, good", [(1, True), (1e-9, True), (0, False), (-1.0, False), (float("nan"), False)])
def test_above_zero(value, good):
    config = ConfigDict({"cohort": {"steps": value, "name": "x"}})
    if good:
        checks.positive(config, "cohort.steps")
    else:
        with pytest.raises(UserError, match=r"cohort\.steps is .*; it must be above 0"):
            checks.positive(config, "cohort.steps")


@pytest.mark.parametrize("value", ["text", None, True, (0,)])
def test_what_is_no_number_is_left_to_whom_it_concerns(value):
    checks.positive_value("x", value)


@pytest.mark.parametrize("values", [(), (1, 1)])
def test_some_and_none_twice(values):
    with pytest.raises(UserError, match="x is .*; it names at least one, and none twice"):
        checks.some("x", values)
    checks.some("x", (1, 2))


@pytest.mark.parametrize("values", [(3,), (-1,), (True,), ("full",), (1, 1), (0.5,)])
def test_units_are_those_of_the_encoder_and_none_means_all(values):
    with pytest.raises(UserError, match="fit.taus"):
        checks.units("fit.taus", values, "siren", 3)
    checks.units("fit.taus", (), "siren", 3)
    checks.units("fit.taus", (2, 0), "siren", 3)


def test_whose_layers_they_are_is_said():
    with pytest.raises(UserError, match="fit.taus has 3; layers of siren are 0..2"):
        checks.units("fit.taus", (0, 3), "siren", 3)


def test_an_error_from_below_names_the_key_of_the_config():
    with pytest.raises(UserError, match=r"^dictionary\.topk\.k = 5 is more than dictionary\.topk\.n_atoms$"):
        with checks.naming("dictionary.topk"):
            raise InputError(f"{argument('k')} = 5 is more than {argument('n_atoms')}")
    with pytest.raises(ValueError), checks.naming("x"):
        raise ValueError("of ours, with its traceback")


def test_one_of():
    checks.one_of("x", "a", ("a", "b"))
    with pytest.raises(UserError, match="x is 'c'; it is one of a, b"):
        checks.one_of("x", "c", ("a", "b"))


@pytest.mark.parametrize(
    "key, value, noun",
    [
        ("signals.size", ("24", "24"), "whole numbers"),
        ("sets.mine.size", (24.5, 24), "whole numbers"),
        ("signals.size", 24, "whole numbers"),
        ("fit.taus", (0.5,), "whole numbers"),
        ("dictionary.layers", (True,), "whole numbers"),
        ("fit.other_rates", ("abc",), "numbers"),
        ("recovery.rates_adam", ("fast",), "numbers"),
        ("transfer.frequencies.any", ("a",), "numbers"),
        ("recipes.coordinates", (0, 1), "tuples of numbers"),
        ("recipes.coordinates", (("a", "b"),), "tuples of numbers"),
        ("recipes.clipped", (1,), "True or False"),
        ("signals.cohort_names", (1, 2), "texts"),
        ("stages", "cohort", "texts"),
    ],
)
def test_a_tuple_holds_elements_of_its_keys_kind(key, value, noun):
    with pytest.raises(UserError, match=re.escape(f"{key} is {value!r}; it is a tuple of {noun}")):
        checks.values({"seed": 0, key: value})


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, (0.0, math.inf), ((0.0, 1.0), (math.nan, 1.0))])
def test_a_number_is_finite(value):
    with pytest.raises(UserError, match=re.escape(f"any.key is {value!r}; it must be finite")):
        checks.values({"any.key": value})


def test_values_of_the_right_kind_pass():
    checks.values(
        {"signals.size": None, "fit.taus": (), "fit.other_rates": (1, 1e-3), "inr.any.size": 3, "x": ("a", 1)}
    )


@pytest.mark.parametrize("key", ["seed", "signals.seed", "sets.mine.seed", "stability.seeds"])
@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_has_32_bits(key, seed):
    of_key = (lambda value: (0, value)) if key.endswith("s") else (lambda value: value)
    with pytest.raises(UserError, match=f"{key} is .*; a seed is from 0 to 4294967295"):
        checks.values({key: of_key(seed)})
    checks.values({key: of_key(2**32 - 1)})
