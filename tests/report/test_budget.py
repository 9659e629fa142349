"""What a caption says of budgets."""

import pytest

from configs import base
from inr_sae.report import budget
from inr_sae.report.budget import Budget


@pytest.mark.parametrize(
    "given, told, equal",
    [
        ({"full": 500, "freeze": 500}, "500 steps", True),
        ({"full": 500, "freeze": 2000}, "2000 steps (full: 500)", False),
        ({"full": 500, "freeze": 2000, "thaw": 2000, "scratch": 9}, "2000 steps (full: 500, scratch: 9)", False),
    ],
)
def test_budgets_that_differ_are_told(given, told, equal):
    assert Budget(given).told == told and (Budget(given).caveat == ()) == equal
    assert equal or told in Budget(given).caveat[0]


def test_they_are_those_of_the_config_in_its_unit():
    fit = base.by_recipe(base.get_config(), "published").fit
    assert budget.of_config(fit).told == "2000 steps (full: 500)"
    fit.pixels = 8192
    assert budget.of_config(fit).told == "2000 epochs (full: 500)"
