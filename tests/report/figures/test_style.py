import itertools

import matplotlib
import numpy as np

from inr_sae.folder.store import Store
from inr_sae.report.figures import study, style
from inr_sae.rows.common import Condition
from inr_sae.rows.transfer import HistoryRow
from tests.report.builders import legend, make

REGIMES = ("single", "cohort", "second")


def test_two_backbones_have_the_colours_they_are_known_by():
    conditions = [Condition(regime, name, 0) for regime, name in itertools.product(REGIMES, ("siren", "ffmlp"))]
    assert list(style.condition_styles(conditions).values()) == [
        ("#c2506b", "--", "o"),
        (style.GREEN, "--", "s"),
        (style.ORANGE, "-", "o"),
        (style.BLUE, "-", "s"),
        ("#7a3e9d", ":", "o"),
        ("#1a9aa8", ":", "s"),
    ]


def test_five_backbones_in_four_regimes_can_be_told_apart():
    conditions = [Condition(*pair, 0) for pair in itertools.product((*REGIMES, "other"), "abcde")]
    styles = style.condition_styles(conditions).values()
    assert len(set(styles)) == len(conditions)


def test_a_star_stands_at_the_largest_of_what_is_known():
    _, ((ax,),) = style.figure(1, 1)
    style.star(ax, [0, 1, 2], np.array([1.0, np.nan, 3.0]), style.BLUE)
    assert ax.get_lines()[0].get_xydata().tolist() == [[2.0, 3.0]]
    style.star(ax, [0], np.array([np.nan]), style.BLUE)
    assert len(ax.get_lines()) == 1


def test_a_column_has_nan_for_none():
    rows = [make(HistoryRow, step=1, loss=2.0), make(HistoryRow, step=2)]
    np.testing.assert_array_equal(style.column(rows, "loss"), [2.0, np.nan])


def test_drawing_leaves_matplotlibs_settings_alone():
    before = dict(matplotlib.rcParams)
    study.training([HistoryRow(1, 0.0, 2.0, 1.0, 3.0)])
    assert dict(matplotlib.rcParams) == before


def titled(title):
    fig, ((ax,),) = style.figure(1, 1)
    return fig, ax.set_title(title)


def test_characters_without_a_font_are_written_in_ascii(monkeypatch, tmp_path):
    monkeypatch.setattr(style, "FURTHER_FONTS", ("No such font",))
    fig, title = titled("頭 Ü🧠.png\nτ = 1")
    style.save(Store(tmp_path), "a.png", fig)
    assert title.get_text() == "\\u982d Ü\\U0001f9e0.png\nτ = 1"


def test_a_font_that_has_them_is_taken_where_there_is_one(monkeypatch, tmp_path, recwarn):
    monkeypatch.setattr(style, "FURTHER_FONTS", ("No such font", "STIXGeneral"))  # which comes with matplotlib
    fig, title = titled("a \u20dd b")
    style.save(Store(tmp_path), "a.png", fig)
    assert title.get_text() == "a \u20dd b" and title.get_family() == [style.FONT, "STIXGeneral"] and not recwarn


def test_a_name_with_dollars_is_no_formula(tmp_path):
    fig, _ = titled(style.literal("cost $1^{$.png"))
    style.save(Store(tmp_path), "a.png", fig)


def test_one_legend_names_what_any_panel_has_and_each_once():
    fig, ((left, right),) = style.figure(3, 2, 1, 2)
    left.plot([0, 1], label="both")
    right.plot([0, 1], label="both")
    right.plot([1, 0], label="right alone")
    style.legend(fig, more={"a null": right.lines[0]})
    assert legend(fig) == ["both", "right alone", "a null"]


def test_a_legend_is_no_wider_than_its_figure():
    fig, ((ax,),) = style.figure(3, 2)
    for i in range(4):
        ax.plot([0, i], label=f"a rather long name, number {i}")
    style.legend(fig, ncols=4)
    (shown,) = fig.legends
    assert shown.get_window_extent(fig.canvas.get_renderer()).width <= fig.bbox.width
    assert len(shown.get_texts()) == 4
