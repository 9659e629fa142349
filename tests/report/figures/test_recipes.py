"""Figures of recipes against published numbers show every number that was measured."""

import numpy as np
import pytest

from inr_sae.report.figures import recipes
from inr_sae.rows.claims import DeviationRow
from tests.report.builders import make


def row(recipe, tau, ours, low=None, high=None, **columns):
    protocol = "full" if tau is None else "freeze"
    at = dict(source="s", target="t", backbone="siren", protocol=protocol, tau=tau, quantity="psnr_db", where="a table")
    numbers = dict(value=30.0, std=2.0, ours=ours, low=low, high=high, n_images=3, deviation=ours - 30.0)
    return make(DeviationRow, recipe=recipe, in_std=(ours - 30.0) / 2, **(at | numbers | columns))


ROWS = [row("500 steps", None, 31.0, 30.0, 33.0), row("500 steps", 1, 25.0, 24.0, 26.0)]
ROWS += [row("2000 steps", None, 38.0, 1.0, 75.0, n_images=2), row("2000 steps", 1, 32.0)]
ROWS += [row("2000 steps", 1, 9.0, target="u")]


def points(ax, label):
    """(means, [[low, high]]) of the points of a recipe; an interval that is not known is left out."""
    (container,) = [each for each in ax.containers if each.get_label().startswith(label)]
    (bars,) = container.lines[2]
    intervals = [segment[:, 1] for segment in bars.get_segments() if segment.ndim == 2]
    return container.lines[0].get_ydata().astype(float), intervals


def test_published_and_ours_stand_side_by_side_by_boundary():
    fig = recipes.beside(ROWS, ["500 steps", "2000 steps"])
    left, right = fig.axes
    assert [each.get_text() for each in left.get_xticklabels()] == ["full", "τ = 1"]
    means, intervals = points(left, "500 steps")
    np.testing.assert_allclose(means, [31.0, 25.0])
    np.testing.assert_allclose(intervals, [[30.0, 33.0], [24.0, 26.0]])
    means, intervals = points(left, "2000 steps")
    np.testing.assert_allclose(means, [38.0, 32.0])
    assert intervals == []
    published = [line.get_ydata() for line in left.lines if line.get_linestyle() == "-" and len(line.get_ydata()) == 2]
    assert [30.0, 30.0] in [list(each) for each in published]
    np.testing.assert_allclose(points(right, "2000 steps")[0], [9.0])


def test_recipes_without_psnr_have_no_such_figure():
    assert recipes.beside([row("500 steps", 1, 25.0, quantity="ssim")], ["500 steps"]) is None


def test_the_heat_map_has_each_deviation_at_its_place():
    (ax, _) = recipes.deviations(ROWS, ["2000 steps", "500 steps"]).axes
    texts = {(round(each.get_position()[1]), round(each.get_position()[0])): each.get_text() for each in ax.texts}
    assert texts[0, 0] == "4.0" and texts[1, 1] == "-2.5"


def of_cohort(steps, tau, ours, **columns):
    at = dict(cohort_steps=steps, coordinates_low=0.0, coordinates_high=1.0) | columns
    return row(f"[0, 1], cohort {steps}, 500 steps", tau, ours, ours - 1, ours + 2, **at)


def test_what_a_longer_training_of_the_cohort_changes_is_a_line_for_each_boundary():
    rows = [
        of_cohort(steps, tau, db)
        for tau, dbs in {None: (35.0, 40.0), 1: (32.0, 33.0)}.items()
        for steps, db in zip((1500, 500), dbs[::-1])
    ]
    rows += [of_cohort(500, None, 28.3, quantity="cohort_psnr_db")]
    rows += [of_cohort(500, 1, 9.0, target="u"), of_cohort(500, 1, 77.0, clipped=1)]
    left, right = recipes.by_cohort(rows).axes
    means, intervals = points(left, "STRAINER's recipe")
    np.testing.assert_allclose(means, [35.0, 40.0])
    np.testing.assert_allclose(intervals, [[34.0, 37.0], [39.0, 42.0]])
    np.testing.assert_allclose(points(left, "frozen to τ = 1")[0], [32.0, 33.0])
    assert [each.get_text() for each in left.get_xticklabels()] == ["1500", "500\n28.3 dB"]
    assert "[0, 1], 500 steps" in left.get_title(loc="left"), "the cohort's length is the axis"
    np.testing.assert_allclose(points(right, "frozen to τ = 1")[0], [9.0])


def test_protocols_of_one_boundary_are_told_apart():
    rows = [
        of_cohort(steps, tau, db + steps / 1000, protocol=protocol)
        for steps in (500, 1500)
        for protocol, tau, db in (
            ("full", None, 40.0),
            ("scratch", None, 30.0),
            ("freeze", 1, 35.0),
            ("random", 1, 20.0),
        )
    ]
    (ax,) = recipes.by_cohort(rows).axes
    for label, db in (("STRAINER's recipe", 40), ("scratch", 30), ("frozen to τ = 1", 35), ("random, τ = 1", 20)):
        np.testing.assert_allclose(points(ax, label)[0], [db + 0.5, db + 1.5])
    (ax,) = recipes.beside(rows[:4], [rows[0].recipe]).axes
    assert [each.get_text() for each in ax.get_xticklabels()] == ["full", "scratch", "τ = 1", "random, τ = 1"]
    np.testing.assert_allclose(points(ax, rows[0].recipe)[0], [40.5, 30.5, 35.5, 20.5])
    columns = [
        each.get_text() for each in recipes.deviations(rows, [rows[0].recipe, rows[4].recipe]).axes[0].get_xticklabels()
    ]
    assert len(set(columns)) == 4


def test_of_one_length_there_is_no_such_figure():
    assert recipes.by_cohort([of_cohort(500, 1, 25.0)]) is None
    assert (
        recipes.by_cohort([of_cohort(500, 1, 0.9, quantity="ssim"), of_cohort(1500, 1, 0.9, quantity="ssim")]) is None
    )


@pytest.mark.parametrize("std, shown", [(2.0, 0.5), (None, 1 / 3)])
def test_where_nothing_scatters_a_tenth_of_the_value_is_the_measure(std, shown):
    of_one = row("r", 1, 31.0, std=std)._replace(in_std=0.5 if std else None)
    assert recipes.units_of(of_one) == pytest.approx(shown)
