import pytest

from inr_sae.measure.cap import CAP_DB
from inr_sae.report import transfer_tables
from inr_sae.rows.transfer import BestTauRow, SummaryRow
from tests.report.builders import encoder_ranks, make

LABELS = {"siren": "SIREN"}


def row(target, protocol, tau, mean, std=1.0, **columns):
    key = dict(source="a", target=target, backbone="siren", frequency=30.0, protocol=protocol, tau=tau) | columns
    return make(SummaryRow, **key, psnr_db_mean=mean, psnr_db_std=std, ssim_mean=0.9, ssim_std=0.01)


def summary(depth):
    """STRAINER's recipe at 40 and 30 dB; a boundary is a dB better than the one before."""
    rows = []
    for target, base in (("a", 40.0), ("b", 30.0)):
        rows += [row(target, "full", None, base), *(row(target, "freeze", i, base + i + 1) for i in range(depth))]
    return rows


def best(target, tau, weight, centred):
    row = make(BestTauRow, source="a", target=target, backbone="siren", frequency=30.0, best_tau=tau)
    return row._replace(tau_by_sr_weight=weight, tau_by_sr_activation_centred=centred)


def test_table_1_has_a_row_a_pair_and_the_mean():
    rows = transfer_tables.table_1(summary(2), [best("a", 1, 1, 0), best("b", 1, 1, 0)], LABELS)
    assert [r["source → target"] for r in rows] == ["a → a", "a → b", "mean"]
    assert rows[0]["SIREN W/H"] == "✓/✗" and rows[0]["SIREN PSNR"] == "42.00 ± 1.00" and rows[0]["SIREN frozen to"] == 1
    assert rows[2]["SIREN no freeze"] == "35.00" and rows[2]["SIREN PSNR"] == "37.00"


def test_table_1_has_a_dash_where_the_rule_names_no_layer_or_nothing_was_fitted():
    (first, last) = transfer_tables.table_1(summary(2), [best("a", 1, None, 1)], LABELS)
    assert first["SIREN W/H"] == "–/✓" and first["SIREN frozen to"] is None and first["SIREN PSNR"] == "–"
    assert first["SIREN no freeze"] == "40.00 ± 1.00" and last["SIREN PSNR"] == "–"
    other = best("b", 1, 1, 1)._replace(backbone="third", frequency=None)
    rows = transfer_tables.table_1(summary(2), [best("a", 1, 1, 1), other], LABELS)
    assert rows[1]["SIREN W/H"] == "–/–" and rows[1]["third PSNR"] == "–"


@pytest.mark.parametrize("depth", [3, 7])
def test_freeze_depth_has_strainers_row_and_every_boundary_of_every_target(depth):
    ranks = encoder_ranks([2.0 + i for i in range(depth)], source="a")
    rows = transfer_tables.freeze_depth(summary(depth), ranks, "a", LABELS)
    assert [(r["target"], r["tau"]) for r in rows] == [(t, tau) for t in "ab" for tau in ("*", *map(str, range(depth)))]
    assert rows[0]["SIREN sr(W)"] == "" and rows[2]["SIREN sr(W)"] == "3.00"
    assert rows[2]["SIREN sr(H) centred"] == "8.00"
    assert rows[2]["SIREN ssim"] == "0.9000 ± 0.0100" and rows[2]["SIREN lpips"] == "–"
    assert rows[0]["SIREN psnr_db"] == "40.00 ± 1.00" and rows[depth]["SIREN psnr_db"] == f"{40 + depth}.00 ± 1.00"


def test_a_matrix_without_meaning_has_a_dash_for_its_rank():
    rows = transfer_tables.freeze_depth(summary(2), encoder_ranks([None, 4.0], source="a"), "a", LABELS)
    assert [r["SIREN sr(W)"] for r in rows[:3]] == ["", "–", "4.00"]


def test_frequencies_are_named_where_a_backbone_has_several():
    several = summary(1) + [row("a", "full", None, 1.0, frequency=50.0)]
    assert list(transfer_tables.kinds(summary(1), LABELS).values()) == ["SIREN"]
    assert list(transfer_tables.kinds(several, LABELS).values()) == ["SIREN 30", "SIREN 50"]
    assert list(transfer_tables.kinds(several, {}).values()) == ["siren 30", "siren 50"]


def test_a_mean_at_the_cap_is_told_as_no_less_with_its_deviation():
    def told(mean, std):
        return transfer_tables.mean_and_spread(row("a", "full", None, mean, std), "psnr_db")

    assert told(CAP_DB, 0.0) == "≥ 58.92 ± 0.00" and told(CAP_DB, None) == "≥ 58.92"
    assert told(58.9, 0.1) == "58.90 ± 0.10"


@pytest.mark.parametrize("std", [None, float("nan")])
def test_a_single_fit_has_no_deviation(std):
    assert transfer_tables.mean_and_spread(row("a", "full", None, 40.0, std), "psnr_db") == "40.00"


def test_table_1_has_a_dash_where_a_rule_names_a_boundary_that_was_not_tried():
    (first, _) = transfer_tables.table_1(summary(2), [best("a", 1, 3, 0)], LABELS)
    assert first["SIREN W/H"] == "–/✗" and first["SIREN frozen to"] == 3 and first["SIREN PSNR"] == "–"
