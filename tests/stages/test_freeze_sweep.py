"""The freeze sweep's stage: every fit once, their summary, and the boundaries that are marked in it."""

from types import SimpleNamespace

import numpy as np
import pytest

from configs import base
from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.rows.transfer import CurveRow, FitRow, SweepSummaryRow
from inr_sae.run import sweep
from inr_sae.stages import freeze_sweep
from tests.stages import studies

AT = "freeze_sweep/phantom"


def taus(single):
    """The boundaries of a study, as a csv file has them; "" is STRAINER's recipe, which has none."""
    return ["", *map(str, sweep.taus(single.config))]


def test_every_measurement_has_one_row(single):
    fits = single.rows(f"{AT}/fits.csv")
    assert tuple(fits[0]) == FitRow._fields
    keys = {(row["protocol"], row["tau"], row["image"], row["seed"]) for row in fits}
    assert len(fits) == len(keys) == len(taus(single)) * 2 * 2  # two images, two seeds
    assert {row["tau"] for row in fits if row["protocol"] == "full"} == {""}
    assert {row["tau"] for row in fits if row["protocol"] == "freeze"} == set(taus(single)[1:])
    assert {row["lpips"] for row in fits} == {""}, "it was not measured"


def test_every_boundary_is_fitted_unless_the_config_names_some(single):
    config = single.config.copy_and_resolve_references()
    config.fit.taus = ()
    assert sweep.taus(config) == tuple(range(single.last + 1))
    if single.config.inr.n_layers == min(studies.DEPTHS):
        assert taus(single) == ["", "0", "1", "2"]


def test_every_fit_has_its_curve_from_the_first_step_to_its_score(single):
    curves, fits = single.rows(f"{AT}/curves.csv"), single.rows(f"{AT}/fits.csv")
    assert tuple(curves[0]) == CurveRow._fields
    assert {row["step"] for row in curves} == {"0", "2", "4"} and len(curves) == 3 * len(fits)
    last = [row["psnr_db"] for row in curves if row["step"] == "4"]
    assert last == [row["psnr_db"] for row in fits]


def test_the_summary_is_of_these_fits_and_marks_two_boundaries(single):
    fits, summary = single.rows(f"{AT}/fits.csv"), single.rows(f"{AT}/summary.csv")
    assert tuple(summary[0]) == SweepSummaryRow._fields
    assert [row["tau"] for row in summary] == taus(single)
    for row in summary:
        values = [float(fit["psnr_db"]) for fit in fits if fit["tau"] == row["tau"]]
        assert float(row["psnr_db_mean"]) == pytest.approx(np.mean(values))
        assert float(row["psnr_db_std"]) == pytest.approx(np.std(values, ddof=1))
        assert (row["n"], row["n_images"]) == ("4", "2")
    frozen = [row for row in summary if row["protocol"] == "freeze"]
    best = max(frozen, key=lambda row: float(row["psnr_db_mean"]))
    assert [row["tau"] for row in summary if row["is_best"] == "1"] == [best["tau"]]
    ranks = {row["layer"]: float(row["sr_weight"]) for row in single.rows("rank/stable_rank.csv")}
    rule = max(ranks, key=ranks.get)
    assert [row["tau"] for row in summary if row["is_rule"] == "1"] == [rule] * (rule in taus(single))


def test_the_first_images_fits_are_kept_with_what_they_scored(single):
    fits = single.rows(f"{AT}/fits.csv")
    for row in fits:
        if (row["image"], row["seed"]) != (fits[0]["image"], "0"):
            continue
        kept = np.load(single.workdir / AT / f"example/{row['protocol']}_{row['tau'] or 'full'}_0.npz")
        psnr = -10 * np.log10(np.mean((kept["output"] - kept["target"]) ** 2))
        assert float(row["psnr_db"]) == pytest.approx(psnr, abs=1e-3)
    assert not (single.workdir / AT / "parts").exists()


def test_fits_of_a_split_that_is_not_fitted_now_are_no_example(single):
    """They may be behind an encoder that is another by now."""
    config, store = single.config.copy_and_resolve_references(), Store(single.workdir)
    way = ("freeze", int(taus(single)[1]))
    assert freeze_sweep.example(config, store, way, 0) is not None
    config.fit.splits = ("cohort",)
    assert freeze_sweep.example(config, store, way, 0) is None


def test_the_budgets_told_are_those_of_the_config_in_their_unit():
    config = base.by_recipe(base.get_config(), "published")
    assert freeze_sweep.budget_of(config).told == "2000 steps (full: 500)"
    config.fit.pixels = 8192
    assert freeze_sweep.budget_of(config).told == "2000 epochs (full: 500)"


@pytest.mark.parametrize("side, lpips, words", [(10, False, "window of 11x11"), (30, True, "LPIPS needs 31 pixels")])
def test_signals_are_large_enough_for_their_metrics(side, lpips, words):
    def check(side):
        signals = SimpleNamespace(cohort=np.zeros((1, side, 40, 3)))
        freeze_sweep.check_size("signals", signals, SimpleNamespace(lpips=lpips))

    with pytest.raises(UserError, match=f"{words}.*signals.size"):
        check(side)
    check(side + 1)
