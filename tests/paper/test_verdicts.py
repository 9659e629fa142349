"""Every claim is fed what has nothing of it, and what has all of it: the one is not reproduced, the other is.

A claim without its case fails the first test.
"""

from collections import Counter
from functools import cache

import numpy as np
import pytest

from inr_sae.measure.paired import transformed_t
from inr_sae.paper import claims
from inr_sae.paper.dictionary_claims import DICTIONARIES
from inr_sae.paper.transfer_claims import TRANSFER
from tests.paper import matrices
from tests.paper.verdict_cases import ARITHMETIC, CASES, OF_DICTIONARIES, OF_TRANSFER, white_noise

CLAIMS = {claim.name: claim for claim in (*TRANSFER, *DICTIONARIES)}
REAL = claims.Data("images", {}, phantom=False)
DRAWS = 10


@cache
def drawn(build, seed):
    """What a matrix or dictionaries give; kept, since many claims rest on the same."""
    return build(np.random.default_rng(seed))


def reproduced(name, build):
    """In how many draws the claim is reproduced."""
    verdicts = [claims.verdict_on(CLAIMS[name], drawn(build, seed).get(name), REAL) for seed in range(DRAWS)]
    return verdicts.count(claims.REPRODUCED)


def test_every_claim_has_its_case():
    assert CASES.keys() == CLAIMS.keys()


@pytest.mark.parametrize("name", CASES)
def test_fed_with_a_null_no_claim_is_reproduced(name):
    for number, null in enumerate(CASES[name].nulls):
        assert reproduced(name, null) <= 1, f"null number {number}"  # in one of ten draws by chance


@pytest.mark.parametrize("name", CASES)
def test_fed_with_its_effect_every_claim_is_reproduced(name):
    assert reproduced(name, CASES[name].planted) >= DRAWS - 1


HOLDS_OF_NOTHING = ("matches_everywhere",)  # where nothing differs it is true
BEYOND_AN_INTERVAL = (
    "training_matters",
    "freezing_helps",
    "better_than_scratch",
    "gain_siren",
    "gain_ffmlp",
    "gain_kodak",
)


def test_of_hundreds_of_nulls_no_more_speak_for_a_claim_than_its_level_says():
    """Ten draws cannot tell one in forty from one in ten. Six images a target, the fewest that have a verdict."""
    spoken, draws = Counter(), 200
    of_numbers = {"ffmlp_costs_more": CASES["ffmlp_costs_more"].nulls[0]}
    for seed in range(draws):
        m = matrices.nothing(np.random.default_rng(1000 + seed), 6)
        m |= {name: null(np.random.default_rng(seed))[name] for name, null in of_numbers.items()}
        said = {name: claims.verdict_on(CLAIMS[name], m[name], REAL) for name in m.keys() - HOLDS_OF_NOTHING}
        spoken.update(name for name, verdict in said.items() if verdict in (claims.REPRODUCED, claims.PARTLY))
    for name, count in spoken.items():
        level = 0.025 if name in BEYOND_AN_INTERVAL else claims.CHANCE
        assert count <= draws * level + 3 * np.sqrt(draws * level * (1 - level)), name
    assert spoken["training_matters"] + spoken["freezing_helps"] + spoken["better_than_scratch"] > 0, (
        "it is their level"
    )


OF_IMAGES = [name for name in OF_TRANSFER if name not in ("rule_beats_shape", "stable_ranks", "cohorts_alike")]


@pytest.mark.parametrize("name", OF_IMAGES)
@pytest.mark.parametrize("n_images", [2, 5])
def test_two_images_or_five_are_too_few_for_whatever_they_show(name, n_images):
    m = few(n_images).get(name)
    assert claims.verdict_on(CLAIMS[name], m, REAL) == claims.TOO_FEW_IMAGES


@cache
def few(n_images):
    return matrices.published(np.random.default_rng(0), n_images)


def test_one_target_of_few_images_is_enough_to_leave_it_open():
    m = few_on_kodak()
    assert m["gain_siren"].n_images == 2
    assert claims.verdict_on(CLAIMS["gain_siren"], m["gain_siren"], REAL) == claims.TOO_FEW_IMAGES


def few_on_kodak():
    rows_of_fits = matrices.fits(matrices.published_level, np.random.default_rng(0))
    few_images = [row for row in rows_of_fits if row.target != "kodak" or row.image in ("kodak0", "kodak1")]
    return matrices.measured(few_images, matrices.published_ranks())


def test_slices_of_one_subject_are_one_image():
    slices = [row._replace(subject="one") for row in matrices.fits(matrices.published_level, np.random.default_rng(0))]
    m = matrices.measured(slices, matrices.published_ranks())
    assert {m[name].n_images for name in OF_IMAGES} == {1}


@pytest.mark.parametrize("n", [6, 10, 14, 100])
def test_a_true_difference_of_0_is_called_positive_in_one_case_of_forty(n):
    _, low, _ = transformed_t([np.random.default_rng(0).normal(size=(10000, n))])
    assert 0.015 <= (low > 0).mean() <= 0.035


@pytest.mark.parametrize("name", ARITHMETIC)
def test_what_holds_of_any_dictionary_is_called_arithmetic(name):
    assert claims.verdict_on(CLAIMS[name], drawn(ARITHMETIC[name], 0)[name], REAL) == claims.BY_ARITHMETIC


@pytest.mark.parametrize("name", OF_DICTIONARIES)
def test_nothing_is_testable_on_a_dictionary_that_does_not_describe_what_it_reads(name):
    m = drawn(white_noise, 0)[name]
    assert "has R² of 0.8" in m.note and claims.verdict_on(CLAIMS[name], m, REAL) == claims.NOT_TESTABLE
