import numpy as np
import pytest

from inr_sae.folder.store import Store
from inr_sae.report.figures import study, style
from inr_sae.rows.transfer import HistoryRow, RankRow
from tests.report.builders import labelled, make, metrics, sweep, texts, titles

DEPTHS = pytest.mark.parametrize("depth", [3, 7])


@DEPTHS
def test_every_boundary_is_drawn_with_the_best_and_the_recipe_marked(depth):
    rows = sweep({None: [50.0, 52.0]} | {tau: [30.0 - tau, 31.0 - tau] for tau in range(depth)})
    (ax,) = study.psnr_against_tau(*rows, 1, "SIREN").axes
    lines = labelled(ax)
    assert lines["highest mean"].get_xydata().tolist() == [[0.0, 30.5]]
    assert set(lines["STRAINER's recipe (nothing frozen)"].get_ydata()) == {51.0}
    assert ax.get_xticks().tolist() == list(range(depth))
    assert ax.get_title("left") == "SIREN: s → t, n = 2"
    assert len(ax.collections[0].get_offsets()) == 2 * depth
    assert "layer of highest weight stable rank" in {text.get_text() for text in ax.get_legend().get_texts()}


def test_of_one_boundary_none_is_the_best():
    (ax,) = study.psnr_against_tau(*sweep({1: [30.0, 31.0]}), 1, "SIREN").axes
    assert "highest mean" not in labelled(ax)


@pytest.mark.parametrize("rule", [None, 9])
def test_a_rule_that_names_no_boundary_of_the_sweep_is_not_drawn(rule):
    (ax,) = study.psnr_against_tau(*sweep({0: [30.0], 1: [31.0]}), rule, "SIREN").axes
    legend = {text.get_text() for text in ax.get_legend().get_texts()}
    assert not any("stable rank" in text or "recipe" in text for text in legend)


def test_curves_take_missing_spread(tmp_path):
    rows = sweep({None: [20.0], 0: [20.0], 1: [20.0]})
    style.save(Store(tmp_path), "a.png", study.psnr_against_tau(*rows, 1, "SIREN"))
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_layer_without_a_matrix_is_a_gap_and_never_the_star():
    values = [None, 5.0, 7.0]
    rows = [make(RankRow, layer=i, sr_weight=w, sr_activation=3.0 - i) for i, w in enumerate(values)]
    rows = [row._replace(sr_activation_centred=1.0) for row in rows]
    left, right = study.rank_profiles(rows).axes
    trained = labelled(left)["trained"]
    np.testing.assert_array_equal(trained.get_ydata(), [np.nan, 5.0, 7.0])
    stars = [line.get_xydata().tolist() for line in left.get_lines() if line.get_marker() == "*"]
    assert stars == [[[2.0, 7.0]]]
    for ax in (left, right):
        low, high = ax.get_ylim()
        assert low == 0 and all(np.nanmax(line.get_ydata()) < high for line in ax.get_lines())
    assert "at initialisation" not in labelled(left) and set(labelled(right)) == {"centred", "as they are"}
    study.rank_profiles([row._replace(sr_weight=None) for row in rows])


def test_training_shows_the_mean_over_steps():
    (ax,) = study.training([HistoryRow(10, 0.0, 2.0, 1.0, 3.0), HistoryRow(20, 0.0, 4.0, 3.0, 5.0)]).axes
    assert labelled(ax)["mean over the cohort"].get_xydata().tolist() == [[10.0, 2.0], [20.0, 4.0]]


@DEPTHS
def test_dictionaries_are_drawn_layer_by_layer(depth):
    fig = study.dictionary_statistics(metrics(depth, psnr_substituted_db=20.0))
    active, alive, quality = fig.axes
    assert [bar.get_height() for bar in alive.patches] == [50.0] * depth
    assert labelled(quality)["with the dictionary's reconstruction"].get_ydata().tolist() == [20.0] * depth
    assert active.get_xticks().tolist() == list(range(depth)) and "dead atoms" in titles(fig)
    assert "cohort PSNR (dB)" in texts(fig)


def test_codes_that_do_not_fire_have_neither_active_pixels_nor_dead_atoms():
    fig = study.dictionary_statistics(metrics(3, dead_fraction=None, active_fraction_median=None), "PCA")
    assert titles(fig) == ["inverse participation ratio", "fidelity"]
    assert "with the PCA's reconstruction" in labelled(fig.axes[1])
    assert fig.axes[0].get_lines()[0].get_ydata().tolist() == [0.5] * 3


def test_what_rounding_changes_is_no_difference():
    fig = study.dictionary_statistics(metrics(3, psnr_substituted_db=30.00001, psnr_db=30.0))
    low, high = fig.axes[2].get_ylim()
    assert high - low == pytest.approx(2) and low < 30 < high
