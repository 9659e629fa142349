"""Recipes against published numbers: what is compared with what, and how far away it is."""

import pytest

from inr_sae.measure.cap import CAP_DB
from inr_sae.paper import deviations, published
from inr_sae.paper.deviations import Measurements, Recipe
from inr_sae.rows.claims import PublishedRow
from inr_sae.rows.transfer import CurveRow, RankRow
from tests.matrix_rows import fit_row

RECIPE = Recipe((0.0, 1.0), 700, 0, 100, 100, 1e-4, "backbone", clipped=False)


def cell(quantity="psnr_db", protocol="freeze", tau=1, value=30.0, std=2.0, target="t"):
    return PublishedRow(quantity, "s", target, "siren", protocol, tau, value, std, "a table")


def measured(psnr=(34.0, 36.0), clipped=1.0):
    """Two images, frozen to 1, after 100 steps; 10 dB lower at step 50."""
    fits = [fit_row("freeze", 1, image, 0, db, psnr_clipped_db=db + clipped, ssim=0.9) for image, db in zip("ab", psnr)]
    keys = [row[:9] for row in fits]
    curves = [CurveRow(*key, step, step, db + step / 5 - 20) for key, db in zip(keys, psnr) for step in (0, 50, 100)]
    ranks = [RankRow(layer, 10.0 * layer, None, 5.0, 4.0) for layer in range(3)]
    return Measurements("s", "siren", ranks, {"cohort_psnr_db": 31.0}, fits, curves)


@pytest.mark.parametrize(
    "recipe, published, ours",
    [
        (RECIPE, cell(), 35.0),
        (RECIPE._replace(steps=50, steps_full=50), cell(), 25.0),
        (RECIPE._replace(clipped=True), cell(), 36.0),
        (RECIPE, cell("psnr_clipped_db"), 36.0),
        (RECIPE, cell("ssim"), 0.9),
        (RECIPE._replace(clipped=True), cell("ssim"), 0.9),
        (RECIPE, cell("sr_weight", "", 2, 18.0, None, ""), 20.0),
        (RECIPE, cell("cohort_psnr_db", "", None, 30.0, None, ""), 31.0),
    ],
)
def test_a_number_is_compared_with_the_mean_over_images_of_the_same_thing(recipe, published, ours):
    (row,) = deviations.of_recipe(recipe, measured(), [published])
    assert row.ours == pytest.approx(ours) and row.deviation == pytest.approx(ours - published.value)
    assert row.in_std == (None if published.std is None else pytest.approx(row.deviation / published.std))
    assert row.recipe == recipe.name and "cohort 700" in row.recipe and row.cohort_steps == 700


def test_a_stable_rank_is_that_of_the_cells_own_layer_in_whatever_order_layers_come():
    three = measured()
    for ranks in (three.ranks, three.ranks[::-1]):
        (row,) = deviations.of_recipe(RECIPE, three._replace(ranks=ranks), [cell("sr_weight", "", 1, 18.0, None, "")])
        assert row.ours == 10.0


def test_a_fit_counts_under_the_budget_that_it_had():
    """STRAINER's recipe ran 50 steps only: that is none of 100, and it stands beside 100 of freezing."""
    both = measured()
    full = [row._replace(protocol="full", tau=None, psnr_db=38.0) for row in both.fits]
    ends = [CurveRow(*row[:9], step, step, 38.0) for row in full for step in (0, 50)]
    both = both._replace(fits=both.fits + full, curves=both.curves + ends)
    of_full = cell(protocol="full", tau=None, value=43.0)
    assert deviations.of_recipe(RECIPE, both, [of_full]) == []
    mixture = RECIPE._replace(steps_full=50)
    rows = deviations.of_recipe(mixture, both, [of_full, cell()])
    assert [row.ours for row in rows] == [pytest.approx(38.0), pytest.approx(35.0)]
    assert "full 50, frozen 100 steps" in mixture.name and rows[0].steps_full == 50


def test_the_interval_is_over_whom_the_images_show():
    three = measured((34.0, 36.0))
    (row,) = deviations.of_recipe(RECIPE, three, [cell()])
    assert row.low < 34.0 and row.high > 36.0 and row.n_images == 2
    one = three._replace(fits=[fit._replace(subject="one") for fit in three.fits])
    (row,) = deviations.of_recipe(RECIPE, one, [cell()])
    assert (row.low, row.high) == (None, None), "two images of one subject say nothing of others"
    (row,) = deviations.of_recipe(RECIPE, three, [cell("sr_weight", "", 2, 18.0, None, "")])
    assert (row.low, row.high) == (None, None)
    fits = three.fits + [three.fits[1]._replace(image=name, subject=three.fits[1].subject) for name in "cde"]
    many = three._replace(
        fits=fits, curves=three.curves + [row._replace(image=n) for n in "cde" for row in three.curves[3:]]
    )
    (row,) = deviations.of_recipe(RECIPE, many, [cell()])
    assert row.n_images == 5 and row.ours == pytest.approx(35.0) and row.low < 35.0 < row.high


@pytest.mark.parametrize(
    "recipe, published",
    [
        (RECIPE, cell(target="u")),
        (RECIPE, cell(tau=2)),
        (RECIPE, cell(protocol="full", tau=None)),
        (RECIPE._replace(steps=50, steps_full=50), cell("ssim")),  # of the last step alone
        (RECIPE._replace(steps=50, steps_full=50, clipped=True), cell()),
        (RECIPE, cell()._replace(backbone="ffmlp")),
        (RECIPE, cell()._replace(source="another")),
        (RECIPE, cell("sr_weight", "", 2, 18.0, None, "")._replace(source="another")),
        (RECIPE, cell("cohort_psnr_db", "", None, 30.0, None, "")._replace(source="another")),
    ],
)
def test_what_was_not_measured_is_left_out(recipe, published):
    assert deviations.of_recipe(recipe, measured(), [published]) == []


def test_the_nearest_recipe_is_named_first_and_a_planted_one_is_it():
    near, far = RECIPE, RECIPE._replace(steps=50, steps_full=50)
    rows = [row for recipe in (far, near) for row in deviations.of_recipe(recipe, measured(), [cell(value=35.5)])]
    scores = deviations.score(rows)
    assert list(scores) == [near.name, far.name]
    assert scores[near.name] == (pytest.approx(0.25), 1)
    further = [row._replace(quantity="ssim", in_std=9.0) for row in rows if row.recipe == near.name]
    assert deviations.score(rows + further) == scores, "a number that one recipe alone speaks to counts for none"
    of_another = [row._replace(quantity="ssim") for row in rows if row.recipe == far.name]
    assert deviations.score([row for row in rows if row.recipe == near.name] + of_another) == {}


def test_numbers_far_away_weigh_more_than_near_ones():
    cells = [cell(value=34.0), cell("psnr_clipped_db", value=43.0)]
    rows = deviations.of_recipe(RECIPE, measured(), cells)
    assert [row.in_std for row in rows] == pytest.approx([0.5, -3.5])
    assert deviations.score(rows) == {RECIPE.name: (pytest.approx(((0.5**2 + 3.5**2) / 2) ** 0.5), 2)}


def test_the_published_numbers_are_all_there():
    rows = published.rows()
    tables = [row for row in rows if row.where == "Tables 3-5"]
    assert len(tables) == 2 * 6 * 5 + 2 * 18 * 6
    assert len(rows) - len(tables) == 5 + 6 + 1
    assert all(row.std > 0 for row in tables if row.quantity in ("psnr_db", "ssim"))


@pytest.mark.parametrize("quantity", ["psnr_db", "psnr_clipped_db"])
def test_of_a_fit_beyond_the_cap_the_cap_counts(quantity):
    (row,) = deviations.of_recipe(RECIPE, measured(psnr=(155.3, 40.0), clipped=0.0), [cell(quantity)])
    assert row.ours == pytest.approx((CAP_DB + 40.0) / 2)
