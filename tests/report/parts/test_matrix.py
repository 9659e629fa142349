import pytest

from inr_sae.folder.store import Store
from inr_sae.report.budget import Budget
from inr_sae.report.exhibits import Exhibits
from inr_sae.report.parts import matrix
from inr_sae.rows.common import UNTRAINED
from inr_sae.rows.transfer import AgreementRow, BestTauRow, MeanCurveRow, PairedRow, TuneRow, WinnerRow
from tests.report.builders import PAIR, encoder_ranks, make, sweep


@pytest.fixture
def exhibits(tmp_path):
    return Exhibits(Store(tmp_path), "report")


def measured(depth, tau_by_sr_weight=1, **changes):
    """A matrix of one pair, at two rates; scratch is there too."""
    summary, _ = sweep({None: [30.0]} | {tau: [20.0 + tau] for tau in range(depth)})
    summary.append(summary[0]._replace(source=UNTRAINED, protocol="scratch", psnr_db_mean=10.0))
    summary += [row._replace(learning_rate=1.0, psnr_db_mean=99.0) for row in summary]
    best = make(
        BestTauRow,
        **PAIR,
        best_tau=1,
        runner_up_tau=0,
        tau_by_sr_weight=tau_by_sr_weight,
        tau_by_sr_activation_centred=0,
    )
    curve = make(MeanCurveRow, **PAIR, protocol="full", learning_rate=1e-4, step=0, psnr_db_mean=5.0)
    paired = make(PairedRow, **PAIR, learning_rate=1e-4, tau=1, protocol="freeze", minus="full", difference_db=-9.0)
    fields = dict(ranks=encoder_ranks([1.0, 5.0, *[2.0] * (depth - 2)]), fits=[], curves=[curve], summary=summary)
    fields |= dict(best=[best], paired=[paired, paired._replace(learning_rate=1.0, difference_db=5.0)])
    fields |= dict(agreement=[AgreementRow("siren", "sr_weight", 1, 1, 0, 0)], learning_rate=1e-4)
    fields |= dict(
        budget=Budget({"full": 500, "freeze": 500, "scratch": 500}),
        n_units={"siren": depth},
        lpips=False,
    )
    return matrix.Matrix(**fields, labels={"siren": "SIREN"})._replace(**changes)


@pytest.mark.parametrize("depth", [3, 7])
def test_boundaries_are_drawn_and_tabled_at_the_main_rate(exhibits, depth):
    section = matrix.boundary_section(exhibits, measured(depth))
    assert section.anchor == "matrix" and exhibits.store.names("report/figures") == ["figure_2.png"]
    assert {"table_1.csv", "best_tau.csv", "agreement.csv", "freeze_depth_s.csv"} <= set(
        exhibits.store.names("report/tables")
    )
    table = exhibits.store.path("report/tables/freeze_depth_s.csv").read_text().splitlines()
    assert len(table) == 2 + depth and "99.00" not in "".join(table)
    assert section.sentences[0].startswith("SIREN: the best freeze boundary is 1 in 1 of 1 pairs")
    assert "after 500 steps at rate 0.0001" in section.html


def test_of_a_single_boundary_none_is_the_best_and_the_page_stands(exhibits):
    section = matrix.boundary_section(exhibits, measured(3, agreement=[]))
    assert "Table 1" in section.html and not exhibits.store.exists("report/tables/agreement.csv")


def test_without_a_frozen_fit_there_is_no_boundary(exhibits):
    section = matrix.boundary_section(exhibits, measured(3, best=[]))
    assert "No fit was frozen" in section.html and section.sentences == ()


@pytest.mark.parametrize("depth", [3, 7])
def test_the_controls_have_a_figure_of_rates_where_there_are_several(exhibits, depth):
    section = matrix.protocols_section(exhibits, measured(depth))
    assert section.anchor == "protocols"
    assert exhibits.store.names("report/figures") == ["budget.png", "protocols.png", "rates_s_t.png"]
    assert "-9.0 dB against full (ahead in 0 of 1 pairs)" in section.sentences[0]
    at_one = [row for row in measured(depth).summary if row.learning_rate == 1e-4]
    assert "rates" not in matrix.protocols_section(exhibits, measured(depth, summary=at_one)).html
    others = [row._replace(backbone="other", learning_rate=1.0) for row in at_one]
    named = {"labels": {"siren": "SIREN", "other": "Other"}, "n_units": {"siren": depth, "other": depth}}
    own = measured(depth, summary=at_one + others, main_rates={"other": 1.0})._replace(**named)
    assert "rates" not in matrix.protocols_section(exhibits, own).html, "each has one, though not the same"


def test_a_backbone_with_a_main_rate_of_its_own_is_shown_at_that():
    own = measured(3, main_rates={"siren": 1.0})
    assert {row.psnr_db_mean for row in own.at_main_rate(own.summary)} == {99.0} and own.told_rate == "rate 1"
    several = measured(3, main_rates={"siren": 1.0, "other": 0.5})
    assert several.told_rate == "rates 1 (SIREN), 0.5 (other)" and measured(3).told_rate == "rate 0.0001"


def test_a_rule_that_names_no_layer_has_no_controls_to_tell(exhibits):
    section = matrix.protocols_section(exhibits, measured(3, tau_by_sr_weight=None))
    assert section.sentences == () and "budget.png" in exhibits.store.names("report/figures")


def test_a_matrix_of_untrained_networks_has_neither_pair_nor_figure(exhibits):
    untrained = [row for row in measured(3).summary if row.source == UNTRAINED]
    section = matrix.protocols_section(exhibits, measured(3, summary=untrained, best=[]))
    assert section.sentences == () and exhibits.store.names("report/figures") == []


def test_tuning_names_the_frequency_by_its_key(exhibits):
    key = dict(regime="cohort", target="t", frequency=30.0, learning_rate=1e-4, psnr_db_mean=30.0, n_images=1)
    winners = [make(WinnerRow, **key, backbone=name, at_edge=0) for name in ("siren", "other")]
    grid = [make(TuneRow, **key, backbone="siren")]
    section = matrix.tune_section(exhibits, grid, winners, {"siren": "omega_0", "other": None})
    assert "siren: omega_0 = 30 at" in section.sentences[0] and "other: frequency = 30 at" in section.sentences[1]
    assert exhibits.store.names("report/tables")[:3] == ["tuned.csv", "tuned.md", "tuned.tex"]


def test_encoders_are_an_appendix(exhibits):
    section = matrix.encoders_section(exhibits, [("s-siren-30", 31.234, b"png")], encoder_ranks([1.0, None]))
    assert section.appendix and "s-siren-30: cohort PSNR 31.23 dB" in section.html and "<td>–</td>" in section.html
    assert "<table>" not in matrix.encoders_section(exhibits, [], []).html
