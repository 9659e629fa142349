import itertools

import numpy as np
import pytest
from scipy import stats

from inr_sae.paper import claims, recipe
from inr_sae.paper.claims import Claim, Data, Measured
from inr_sae.paper.convergence_claims import CONVERGENCE
from inr_sae.paper.decomposition_claims import DECOMPOSITIONS, OF_MODELS
from inr_sae.paper.dictionary_claims import DICTIONARIES
from inr_sae.paper.transfer_claims import TRANSFER
from inr_sae.paper.weight_claims import WEIGHTS
from inr_sae.rows.claims import ClaimRow

REAL = Data("kodak 512x768, 14 images", {"paper": (), "notebook": (), "published": ()}, phantom=False)


def claim(judge):
    return Claim("c", "sentence", "Sec. 1", "quantity", "published", "rule", judge)


@pytest.mark.parametrize(
    "judge, measured, verdict",
    [
        (claims.share, Measured(9, total=9), "reproduced"),
        (claims.share, Measured(5, total=9), "partly"),
        (claims.share, Measured(4, total=9), "not reproduced"),
        (claims.share, Measured(1, total=1), "too few cases"),
        (claims.share, Measured(0, total=1), "too few cases"),
        (claims.share, Measured(2, total=2, chance=0.04), "reproduced"),
        (claims.share, Measured(2, total=2, chance=0.25, chance_of_all=0.25), "too few cases"),  # of two boundaries
        (claims.share, Measured(3, total=4, chance=0.31, chance_of_all=0.06), "too few cases"),  # so are fewer
        (claims.share, Measured(0, total=4, chance=1.0, chance_of_all=0.06), "too few cases"),
        (claims.share, Measured(1, total=2, chance=0.36, chance_of_all=0.04), "undecided"),
        (claims.share, Measured(1, total=3, chance=0.49, chance_of_all=0.01), "not reproduced"),
        (claims.share, Measured(5, total=9, chance=0.02), "partly"),
        (claims.near(3.1, 1.0), Measured(2.2, 1.0, 3.0), "reproduced"),
        (claims.near(3.1, 1.0), Measured(1.0, 0.5, 1.5), "partly"),
        (claims.near(3.1, 1.0), Measured(0.5, -0.5, 1.5), "not reproduced"),  # neither the published value
        (claims.near(3.1, 1.0), Measured(1.0, -0.5, 2.5), "undecided"),
        (claims.near(3.1, 1.0), Measured(-10.0, -12.0, -8.0), "not reproduced"),
        (claims.near(3.1, 1.0), Measured(2.2, -0.1, 4.5), "undecided"),  # as published, and as well 0
        (claims.near(3.1, 1.0), Measured(-0.5, -0.6, -0.4, published=0.2), "not reproduced"),  # near, and below 0
        (claims.near(3.1, 1.0), Measured(0.5, 0.4, 0.6, published=0.2), "reproduced"),
        (claims.near(3.1, 1.0), Measured(0.2, -0.4, 0.6, published=0.2), "undecided"),
        (claims.near(3.1, 1.0), Measured(1.0), "not reproduced"),  # one image: no interval, no side
        (claims.within(8.0, 10.0, 4.0), Measured(9.0), "reproduced"),
        (claims.within(8.0, 10.0, 4.0), Measured(4.5), "partly"),
        (claims.within(8.0, 10.0, 4.0), Measured(-8.0), "not reproduced"),
        (claims.at_most(2.0, 5.0), Measured(2.0), "reproduced"),
        (claims.at_most(2.0, 5.0), Measured(5.1), "not reproduced"),
        (claims.at_least(5.0, 2.0), Measured(2.0), "partly"),
        (claims.at_least(5.0, 2.0), Measured(1.9), "not reproduced"),
        (claims.above, Measured(2.0, 1.0, 3.0), "reproduced"),
        (claims.above, Measured(2.0, 1.0, 3.0, n_images=6), "reproduced"),
        (claims.above, Measured(2.0, 1.0, 3.0, n_images=5), "too few images"),
        (claims.above, Measured(-2.0, -3.0, -1.0, n_images=2), "too few images"),
        (claims.above, Measured(2.0, -1.0, 5.0), "undecided"),
        (claims.above, Measured(-2.0, -5.0, 1.0), "undecided"),
        (claims.above, Measured(-2.0, -3.0, -1.0), "not reproduced"),
        (claims.beyond_arithmetic(claims.at_most(0.02, 0.05), 1.5), Measured(0.01, null=0.03), "reproduced"),
        (claims.beyond_arithmetic(claims.at_most(0.02, 0.05), 1.5), Measured(0.01, null=0.008), "true by arithmetic"),
        (claims.beyond_arithmetic(claims.at_most(0.02, 0.05), 1.5), Measured(0.04, null=0.05), "true by arithmetic"),
        (claims.beyond_arithmetic(claims.at_most(0.02, 0.05), 1.5), Measured(0.08, null=0.08), "not reproduced"),
        (claims.below_null(claims.at_most(2.0, 5.0)), Measured(1.5, null=8.0), "reproduced"),
        (claims.below_null(claims.at_most(2.0, 5.0)), Measured(1.5, null=2.0), "not reproduced"),
        (claims.below_null(claims.at_most(2.0, 5.0)), Measured(0.1), "too few cases"),  # no other order
    ],
)
def test_verdicts(judge, measured, verdict):
    (row,) = claims.table([claim(judge)], {"c": measured}, REAL)
    assert row.verdict == verdict


@pytest.mark.parametrize(
    "name, measured, verdict",
    [
        ("rule_sr_activation", Measured(5, chance=0.03), "reproduced"),
        ("rule_sr_activation", Measured(2, chance=0.25, chance_of_all=0.02), "undecided"),  # as published
        ("rule_sr_activation", Measured(1, chance=0.5, chance_of_all=0.5), "too few cases"),  # one encoder
        ("rule_sr_activation", Measured(0, chance=1.0), "not reproduced"),
        ("matches_everywhere", Measured(18, 18, 18, total=18), "reproduced"),
        ("matches_everywhere", Measured(18, 9, 18, total=18), "partly"),
        ("matches_everywhere", Measured(9, 0, 18, total=18), "undecided"),
        ("matches_everywhere", Measured(18, 8, 18, total=18), "undecided"),
        ("matches_everywhere", Measured(8, 0, 8, total=18), "not reproduced"),
        ("matches_everywhere", Measured(1, 1, 1, total=1), "too few cases"),
        ("gain_kodak", Measured(9.0, 4.0, 14.0), "reproduced"),
        ("gain_kodak", Measured(9.0, -1.0, 19.0), "undecided"),
        ("gain_kodak", Measured(3.6, -0.5, 7.9), "undecided"),
        ("gain_kodak", Measured(1.0, -1.0, 3.0), "not reproduced"),
        ("gain_kodak", Measured(9.0), "not reproduced"),  # no interval
        ("cohorts_alike", Measured(-1.5), "reproduced"),
        ("cohorts_alike", Measured(-6.0), "not reproduced"),
        ("ffmlp_concentrates", Measured(7.0, null=0.4), "reproduced"),
        ("ffmlp_concentrates", Measured(7.0, null=6.0), "true by arithmetic"),
        ("ffmlp_concentrates", Measured(20.0, null=0.4), "partly"),
        ("ffmlp_concentrates", Measured(1.2, null=1.0), "not reproduced"),
        ("ffmlp_dies", Measured(0.6, null=0.0), "reproduced"),
        ("ffmlp_dies", Measured(0.6, null=0.5), "true by arithmetic"),
        ("ffmlp_dies", Measured(0.1, null=0.1), "not reproduced"),
        ("ffmlp_costs_more", Measured(1.4, chance=0.01), "reproduced"),
        ("ffmlp_costs_more", Measured(1.4, chance=0.3), "undecided"),
        ("ffmlp_costs_more", Measured(0.5, chance=0.01), "partly"),  # for certain, and less than 1 dB
        ("ffmlp_costs_more", Measured(-0.5, chance=1.0), "not reproduced"),
        ("ffmlp_costs_more", Measured(1.4), "undecided"),
        ("l0_falls", Measured(8, total=8, null=8.0), "reproduced"),
        ("l0_falls", Measured(4, total=8, null=8.0), "partly"),
        ("l0_falls", Measured(0, total=8, null=8.0), "true by arithmetic"),
        ("l0_falls", Measured(0, total=8, null=3.0), "not reproduced"),
        ("l0_falls", Measured(1, total=1, null=1.0), "too few cases"),
    ],
)
def test_verdicts_of_claims_that_have_a_rule_of_their_own(name, measured, verdict):
    (row,) = claims.table([c for c in TRANSFER + DICTIONARIES if c.name == name], {name: measured}, REAL)
    assert row.verdict == verdict


def test_what_was_not_measured_is_not_testable():
    (row,) = claims.table([claim(claims.share)], {}, REAL)
    assert row.verdict == claims.NOT_TESTABLE and row.ours == "not measured"
    assert {row.value, row.low, row.high, row.null, row.chance, row.n_images} == {None}
    assert {row.tested_on, row.short_of_paper, row.short_of_notebook, row.short_of_published} == {""}


def test_a_value_that_is_no_number_is_not_testable():
    (row,) = claims.table([claim(claims.above)], {"c": Measured(float("nan"))}, REAL)
    assert row.verdict == claims.NOT_TESTABLE and row.tested_on == REAL.sets


def test_what_cannot_speak_for_a_claim_is_shown_and_not_testable():
    (row,) = claims.table([claim(claims.share)], {"c": Measured(9, total=9, testable=False, note="why")}, REAL)
    assert row.verdict == claims.NOT_TESTABLE and row.ours == "9 of 9; why"


def test_nothing_is_testable_on_phantoms_but_the_number_is_shown():
    (row,) = claims.table([claim(claims.share)], {"c": Measured(9, total=9)}, REAL._replace(phantom=True))
    assert row.verdict == claims.NOT_TESTABLE and row.ours == "9 of 9"


def test_a_row_says_in_what_the_run_differs_from_each_recipe():
    differences = {"paper": ("8 of 100 images", "fit.seeds is 1, not 3"), "notebook": (), "published": ("x",)}
    short = REAL._replace(differences=differences)
    (row,) = claims.table([claim(claims.share)], {"c": Measured(9, total=9)}, short)
    assert row.short_of_paper == "8 of 100 images; fit.seeds is 1, not 3"
    assert (row.short_of_notebook, row.short_of_published) == ("", "x")


def test_there_is_a_column_of_differences_for_each_recipe():
    columns = [name for name in ClaimRow._fields if name.startswith("short_of_")]
    assert columns == [f"short_of_{name}" for name in recipe.RECIPES]


def test_a_measurement_is_shown_with_its_interval_and_all_that_it_is_judged_by():
    assert Measured(1.234, 1.0, 1.5, note="over 3 means").text == "1.23 (1 to 1.5); over 3 means"
    assert Measured(0, total=4).text == "0 of 4"
    assert Measured(3, 2, 4, total=4, chance=0.00123, n_images=6).text == (
        "3 of 4 (2 to 4); as many by chance in 0.12 %; 6 images"
    )
    assert Measured(0.01, null=0.0078).text == "0.01; without the effect 0.0078"
    assert claims.counted([]) is None


def test_as_many_by_chance_is_the_tail_of_independent_cases():
    assert claims.counted([True, True], [0.5, 0.2]).chance == pytest.approx(0.1)
    assert claims.counted([True, False], [0.5, 0.2]).chance == pytest.approx(0.6), "one or both"
    assert claims.counted([False, False], [0.5, 0.2]).chance == pytest.approx(1.0)
    binomial = claims.tail([0.2] * 9, 5)
    assert binomial == pytest.approx(stats.binom.sf(4, 9, 0.2))
    assert claims.counted([True]).chance != claims.counted([True]).chance, "it has none"


def test_six_claims_are_not_the_papers():
    others = {c.name for c in TRANSFER + DICTIONARIES if not c.by_paper}
    assert others == {
        *("rule_beats_shape", "training_matters", "freezing_helps", "better_than_scratch"),
        *("memorised", "siren_tiling_repeats"),
    }
    assert all(c.published == "not reported" for c in TRANSFER + DICTIONARIES if not c.by_paper)


ALL = (*TRANSFER, *DICTIONARIES, *WEIGHTS, *CONVERGENCE, *DECOMPOSITIONS, *OF_MODELS)


@pytest.mark.parametrize("c", ALL, ids=lambda c: c.name)
def test_a_rule_names_every_verdict_that_it_gives(c):
    """Tried on numbers of every kind: no verdict is given that the column `rule` does not explain."""
    chances = (0.01, 0.9, 1.0) if "chance" in c.rule else (np.nan,)
    numbers = itertools.product(
        (-3.0, 0.0, 0.01, 0.5, 2.0, 9.0),
        ((-1.0, 10.0), (0.5, 10.0), (-5.0, -1.0), (np.nan, np.nan)),
        (1, 2, 9),
        (0.01, 0.5, 9.0),
        chances,
        chances,
        (np.nan, 0.3),
    )
    for value, (low, high), total, null, chance, of_all, published in numbers:
        said = c.judge(Measured(value, low, high, total, null, chance, of_all, published=published))
        assert said == claims.NOT_REPRODUCED or said in c.rule
    assert "reproduced" in c.rule


@pytest.mark.parametrize("listed", [TRANSFER, DICTIONARIES], ids=["transfer", "dictionaries"])
def test_every_claim_has_a_name_of_its_own_and_a_rule(listed):
    names = [c.name for c in listed]
    assert len(set(names)) == len(names)
    assert all(c.sentence.endswith(".") and c.rule and c.where and c.published for c in listed)


def test_by_chance_cases_of_one_block_may_hold_together():
    m = claims.counted([True] * 6, [0.2] * 6, blocks="aaabbb")
    assert m.chance == m.chance_of_all == pytest.approx(0.2**2)
    m = claims.counted([True, True, True, False, False, False], [0.2] * 6, blocks="aaabbb")
    assert m.chance == pytest.approx(1 - 0.8**2) and m.chance_of_all == pytest.approx(0.2**2)
    m = claims.counted([True] * 2, [0.5, 0.2], blocks="aa")
    assert m.chance == pytest.approx(0.2), "no likelier than its least likely case"
    m = claims.counted([True, True, False, False, False, True], [0.5] * 6, blocks="aaabbb")
    assert m.chance == pytest.approx(0.75), "of which of two is ahead most cases say it, and as likely the contrary"
    m = claims.counted([True, False], [0.5, 0.2], blocks="aa")
    assert m.chance == 1, "a block of which some do not hold says nothing against chance"
    rng = np.random.default_rng(0)
    drawn = (rng.uniform(size=(100_000, 3)) < [0.3, 0.5, 0.1]).sum(axis=1)
    for least in range(4):
        assert claims.tail([0.3, 0.5, 0.1], least) == pytest.approx((drawn >= least).mean(), abs=0.01)


def test_targets_that_follow_their_encoder_in_part_are_beyond_chance_no_more_often_than_is_said(rng):
    """The null: two encoders, three targets each; an encoder is best at one of five boundaries, and a target is there
    in 60 %, else at any."""
    draws = 4000
    of_encoder = np.repeat(rng.integers(5, size=(draws, 2)), 3, axis=1)
    targets = np.where(rng.uniform(size=(draws, 6)) < 0.6, of_encoder, rng.integers(5, size=(draws, 6)))
    said = [claims.counted(each == 0, [0.2] * 6, blocks="aaabbb").chance for each in targets]
    for level in (0.04, 0.05, 0.4):
        assert np.mean(np.array(said) <= level) <= level + 3 * np.sqrt(level / draws)
