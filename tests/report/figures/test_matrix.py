import numpy as np
import pytest

from inr_sae.measure.boundaries import Pair
from inr_sae.protocols import PROTOCOLS
from inr_sae.report.figures import matrix
from inr_sae.rows.common import UNTRAINED
from inr_sae.rows.transfer import MeanCurveRow, SummaryRow
from tests.report.builders import PAIR, encoder_ranks, labelled, legend, make, sweep, titles

DEPTHS = pytest.mark.parametrize("depth", [3, 7])
LABELS = {"siren": "SIREN"}
SETS = [("s", "t")]
NAMES = tuple(PROTOCOLS)
SIREN = Pair(**PAIR)


def summary(depth, rate=1e-4, **columns):
    """Every different fit of every protocol: PSNR is 10 times the protocol's number, plus tau."""
    rows = []
    for i, (name, protocol) in enumerate(PROTOCOLS.items()):
        source = "s" if protocol.prefix_of_cohort else UNTRAINED
        last = name in ("warm", "thaw")  # behind the last unit they are another protocol
        for tau in range(depth - last) if protocol.has_boundary else [None]:
            key = PAIR | dict(source=source, protocol=name, tau=tau, learning_rate=rate) | columns
            rows.append(make(SummaryRow, **key, psnr_db_mean=10.0 * i + (tau or 0), n=1))
    return rows


def stars(ax):
    return [line.get_xydata().tolist() for line in ax.get_lines() if line.get_marker() == "*"]


def test_every_protocol_has_a_style():
    assert set(matrix.PROTOCOL_STYLE) == set(PROTOCOLS)


@DEPTHS
def test_figure_2_has_a_panel_a_target_and_the_ranks_at_the_right(depth):
    rows, _ = sweep({None: [50.0, 52.0]} | {tau: [30.0 + (tau == 2), 31.0] for tau in range(depth)})
    rows += [row._replace(target="u", psnr_db_mean=40.0 - (row.tau or 0)) for row in rows]
    fig = matrix.figure_2(rows, encoder_ranks([1.0, *[5.0] * (depth - 2), 6.0]), LABELS)
    assert titles(fig) == ["on t", "on u", "sr(W)", "sr(H), centred"]
    assert [stars(ax) for ax in fig.axes] == [[[[2.0, 31.0]]], [[[0.0, 40.0]]], [[[depth - 1, 6.0]]], [[[0.0, 9.0]]]]
    assert set(labelled(fig.axes[0])["SIREN, nothing frozen"].get_ydata()) == {51.0}
    assert legend(fig) == ["SIREN, nothing frozen", "SIREN"]
    assert fig.axes[0].get_ylabel() == "from s\nPSNR (dB)"
    assert [ax.get_xlabel() for ax in fig.axes] == ["τ", "τ", "layer", "layer"]


def test_figure_2_leaves_a_gap_where_a_matrix_has_no_meaning():
    rows, _ = sweep({0: [1.0], 1: [2.0], 2: [3.0]})
    weights = matrix.figure_2(rows, encoder_ranks([None, 4.0, 3.0]), {}).axes[1]
    np.testing.assert_array_equal(weights.get_lines()[0].get_ydata(), [np.nan, 4.0, 3.0])
    assert stars(weights) == [[[1.0, 4.0]]]
    assert stars(matrix.figure_2(rows, encoder_ranks([None] * 3), {}).axes[1]) == []


@DEPTHS
def test_behind_the_last_unit_a_protocol_has_the_fit_that_is_the_same(depth):
    curves = matrix.curves_of(summary(depth), SIREN, dict.fromkeys(NAMES, 500), depth)
    last = depth - 1
    assert list(curves) == list(matrix.PROTOCOL_STYLE)
    assert curves["warm"][last] == curves["freeze"][last] and curves["thaw"][last] == curves["full"][None]
    assert curves["warm"][0] != curves["freeze"][0]
    assert curves["random"][last].source == UNTRAINED and list(curves["scratch"]) == [None]
    assert list(matrix.curves_of(summary(depth), SIREN, {"warm": 500}, depth)) == ["warm"]
    unequal = dict.fromkeys(NAMES, 2000) | {"full": 500}
    curves = matrix.curves_of(summary(depth), SIREN, unequal, depth)
    assert last not in curves["thaw"] and last in curves["warm"], "full has not as many steps"


@DEPTHS
def test_protocols_are_curves_over_the_boundary_or_levels(depth):
    fig = matrix.protocols(summary(depth), SETS, dict.fromkeys(NAMES, 500), {"siren": depth}, LABELS)
    (ax,) = fig.axes
    lines = labelled(ax)
    assert legend(fig) == list(matrix.PROTOCOL_STYLE) and titles(fig) == ["SIREN: s → t"]
    assert lines["freeze"].get_xydata().tolist() == [[tau, tau] for tau in range(depth)]
    assert set(lines["full"].get_ydata()) == {10.0} and lines["thaw"].get_ydata()[-1] == 10.0
    assert set(lines["scratch"].get_ydata()) == {50.0} and lines["random"].get_ydata()[-1] == 40.0 + depth - 1


def test_backbones_of_other_depths_stand_beside_each_other():
    rows = summary(3) + summary(7, backbone="third", frequency=None)
    fig = matrix.protocols(rows, SETS, dict.fromkeys(NAMES, 500), {"siren": 3, "third": 7}, LABELS)
    assert titles(fig) == ["SIREN: s → t", "third: s → t"]
    assert [len(labelled(ax)["warm"].get_xdata()) for ax in fig.axes] == [3, 7]


@DEPTHS
def test_budget_shows_one_boundary_and_what_has_none(depth):
    curves = [curve_row(row, step) for row in summary(depth) for step in (0, 5)]
    fig = matrix.budget(curves, SETS, {("s", "siren", 30.0): 1}, LABELS)
    (ax,) = fig.axes
    assert titles(fig) == ["SIREN: s → t, τ = 1"] and legend(fig) == list(matrix.PROTOCOL_STYLE)
    assert labelled(ax)["freeze"].get_xydata().tolist() == [[0.0, 1.0], [5.0, 6.0]]
    assert labelled(ax)["full"].get_ydata().tolist() == [10.0, 15.0]
    fig = matrix.budget(curves, SETS, {("s", "siren", 30.0): None}, LABELS)
    assert legend(fig) == ["full", "scratch"] and titles(fig) == ["SIREN: s → t, τ = –"]


def curve_row(row, step):
    """A point of the curve of a SummaryRow's fit, a dB a step."""
    keys = {key: getattr(row, key) for key in ("source", "target", "backbone", "frequency", "protocol", "tau")}
    return make(MeanCurveRow, **keys, step=step, psnr_db_mean=row.psnr_db_mean + step)


def test_rates_are_sorted_and_every_boundary_is_a_line():
    rows = summary(3, 1e-3) + summary(3, 1e-4) + summary(3, 1e-2, source="elsewhere")
    (ax,) = matrix.rates(rows, "s", "t", LABELS).axes
    lines = labelled(ax)
    assert {"full", "scratch", "freeze 0", "freeze 2", "warm 1", "random 2"} <= set(lines)
    assert lines["freeze 2"].get_xydata().tolist() == [[1e-4, 2.0], [1e-3, 2.0]]
    assert lines["freeze 2"].get_alpha() < lines["freeze 0"].get_alpha() == 1.0
