import pytest

from inr_sae.paper import claims
from inr_sae.paper.claims import Claim, Data, Measured

REAL = Data("kodak 512x768 (14 images)", (), phantom=False)


def claim(judge):
    return Claim("c", "sentence", "Sec. 1", "quantity", "published", "rule", judge)


@pytest.mark.parametrize(
    "judge, measured, verdict",
    [
        (claims.share, Measured(9, of=9), "reproduced"),
        (claims.share, Measured(5, of=9), "partly"),
        (claims.share, Measured(4, of=9), "not reproduced"),
        (claims.near(3.1, 1.0), Measured(2.2, 1.0, 3.0), "reproduced"),
        (claims.near(3.1, 1.0), Measured(1.0, 0.5, 1.5), "partly"),
        (claims.near(3.1, 1.0), Measured(1.0, -0.5, 2.5), "not reproduced"),
        (claims.near(3.1, 1.0), Measured(-10.0, -12.0, -8.0), "not reproduced"),
        (claims.near(3.1, 1.0), Measured(1.0), "not reproduced"),  # one image: no interval, no side
        (claims.within(8.0, 10.0, 4.0), Measured(9.0), "reproduced"),
        (claims.within(8.0, 10.0, 4.0), Measured(4.5), "partly"),
        (claims.within(8.0, 10.0, 4.0), Measured(-8.0), "not reproduced"),
        (claims.at_most(2.0, 5.0), Measured(5.1), "not reproduced"),
        (claims.positive, Measured(2.0, 1.0, 3.0), "reproduced"),
        (claims.positive, Measured(2.0, -1.0, 5.0), "partly"),
        (claims.positive, Measured(-2.0, -3.0, -1.0), "not reproduced"),
    ],
)
def test_verdicts(judge, measured, verdict):
    (row,) = claims.table([claim(judge)], {"c": measured}, REAL)
    assert row["verdict"] == verdict


def test_what_was_not_measured_is_not_testable():
    (row,) = claims.table([claim(claims.share)], {}, REAL)
    assert row["verdict"] == claims.NOT_TESTABLE and row["ours"] == "not measured"


def test_nothing_is_testable_on_phantoms_but_the_number_is_shown():
    (row,) = claims.table([claim(claims.share)], {"c": Measured(9, of=9)}, REAL._replace(phantom=True))
    assert row["verdict"] == claims.NOT_TESTABLE and row["ours"] == "9 of 9"


def test_a_row_says_how_far_the_data_fall_short():
    short = REAL._replace(shortfalls=("8 of 100 images", "1 of 3 seeds"))
    (row,) = claims.table([claim(claims.share)], {"c": Measured(9, of=9)}, short)
    assert row["short_of_the_paper"] == "8 of 100 images; 1 of 3 seeds"


def test_every_claim_has_a_name_of_its_own_and_a_rule():
    names = [c.name for c in claims.TRANSFER]
    assert len(set(names)) == len(names)
    assert all(c.sentence.endswith(".") and c.rule and c.where and c.published for c in claims.TRANSFER)
