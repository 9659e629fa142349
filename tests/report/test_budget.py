"""What a caption says of budgets."""

import pytest

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
