"""The sentences that stages' checks share."""

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
        checks.units("fit.taus", values, 3)
    checks.units("fit.taus", (), 3)
    checks.units("fit.taus", (2, 0), 3)


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
