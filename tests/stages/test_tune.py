"""The tuning's stage: the best point of a grid, for each regime."""

import pytest

from inr_sae.errors import UserError
from inr_sae.rows.transfer import SummaryRow, TuneRow, WinnerRow
from inr_sae.run import once
from inr_sae.stages import tune
from tests.stages import studies


def row(protocol, source, frequency, rate, psnr, tau=None, backbone="siren"):
    """A SummaryRow whose numbers are given."""
    nothing = dict.fromkeys(SummaryRow._fields)
    keys = dict(source=source, target="t", backbone=backbone, frequency=frequency, protocol=protocol, tau=tau)
    return SummaryRow(**nothing | keys | dict(learning_rate=rate, psnr_db_mean=psnr, psnr_db_std=1.0, n=4, n_images=2))


GRID = [
    *(row("full", "t", f, r, 40 - abs(f - 30) - 1e4 * abs(r - 2e-4)) for f in (10, 30, 50) for r in (1e-4, 2e-4, 5e-4)),
    *(row("scratch", "untrained", f, r, f + 1e4 * r) for f in (10, 30, 50) for r in (1e-4, 2e-4, 5e-4)),
    row("full", "other", 10, 1e-4, 99.0),  # another cohort's encoder does not tune this set's
    row("freeze", "t", 10, 1e-4, 99.0, tau=0),  # nor does a fit behind a boundary
]


def test_each_regime_has_its_own_winner_and_says_whether_it_lies_at_the_edge():
    cohort, single = tune.winners(tune.points(GRID))
    assert (cohort.regime, cohort.frequency, cohort.learning_rate, cohort.at_edge) == ("cohort", 30, 2e-4, 0)
    assert (single.regime, single.frequency, single.learning_rate) == ("single-signal", 50, 5e-4)
    assert single.at_edge == 1
    assert len(tune.points(GRID)) == 18


def test_a_backbone_without_a_frequency_is_tuned_by_its_rate_alone():
    grid = [row("scratch", "untrained", None, rate, 1e4 * rate, backbone="x") for rate in (1e-4, 2e-4)]
    (winner,) = tune.winners(tune.points(grid))
    assert (winner.frequency, winner.learning_rate, winner.at_edge) == (None, 2e-4, 1)


def test_tuning_fits_validation_signals_and_stores_the_winners(tuned):
    winners, grid = tuned.rows("tune/winners.csv"), tuned.rows("tune/grid.csv")
    assert tuple(winners[0]) == WinnerRow._fields and tuple(grid[0]) == TuneRow._fields
    assert [(row["regime"], row["backbone"]) for row in winners] == [
        ("cohort", "siren"),
        ("cohort", "ffmlp"),
        ("single-signal", "siren"),
        ("single-signal", "ffmlp"),
    ]
    assert len(grid) == 2 * (2 + 1) * 2  # regimes, frequencies of both, rates
    drawn = tuned.rows("transfer/signals_heads.csv")
    validation = {row["name"] for row in drawn if row["split"] == "validation"}
    assert {row["image"] for row in tuned.rows("transfer/fits.csv")} == validation and len(validation) == 2
    assert "Tuned on 2 validation images" in (tuned.workdir / "report/index.html").read_text()


def test_a_winner_is_the_highest_of_its_group(tuned):
    for winner in tuned.rows("tune/winners.csv"):
        same = ("regime", "target", "backbone")
        group = [row for row in tuned.rows("tune/grid.csv") if all(row[key] == winner[key] for key in same)]
        assert winner["psnr_db_mean"] == max((row["psnr_db_mean"] for row in group), key=float)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"fit.protocols": ("freeze", "thaw")}, "add one to fit.protocols"),
        ({"fit.protocols": ("full",), "transfer.targets": ("fine_heads",)}, "no set is both in transfer.sources"),
    ],
)
def test_what_cannot_be_judged_is_refused(changes, words):
    config = studies.tuning(3)
    config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=words):
        tune.check(once.declared(config, tune.READS))
