"""The cohort's stage: what it leaves of a training, and when that ends."""

import numpy as np
import pytest
from PIL import Image

from inr_sae import study
from inr_sae.errors import UserError
from inr_sae.measure.cap import CAP_DB
from inr_sae.rows.transfer import HistoryRow, SignalRow
from inr_sae.stages import cohort
from tests.helpers import rows
from tests.stages import studies


def test_history_has_a_row_a_chunk_and_its_loss_falls(single):
    history = single.rows("cohort/history.csv")
    assert tuple(history[0]) == HistoryRow._fields
    assert [int(row["step"]) for row in history] == [100, 200]
    assert float(history[-1]["loss"]) < float(history[0]["loss"])
    for row in history:
        low, mean, high = (float(row[f"psnr_db_{key}"]) for key in ("min", "mean", "max"))
        assert low <= mean <= high


def test_every_drawn_signal_is_named_with_its_pixels_digest(single):
    signals = single.rows("cohort/signals.csv")
    assert tuple(signals[0]) == SignalRow._fields
    assert [row["split"] for row in signals] == ["cohort"] * 2 + ["test"] * 2
    assert len({row["name"] for row in signals}) == len({row["sha256_of_pixels"] for row in signals}) == 4


def test_the_picture_has_every_signal_of_the_cohort(single):
    with Image.open(single.workdir / "cohort/reconstructions.png") as picture:
        pixels = np.asarray(picture.convert("L"), np.float64)
    assert pixels.shape[1] > pixels.shape[0] / 4 and pixels.std() > 0


def test_a_cohort_stops_at_the_psnr_asked_for(tmp_path):
    config = studies.single("siren", min(studies.DEPTHS))
    config.stages = ("cohort",)
    config.cohort.update(dict(steps=2000, stop_psnr_db=25.0))
    study.run(config, tmp_path / "run")
    history = rows(tmp_path / "run/cohort/history.csv")
    assert 100 < int(history[-1]["step"]) < 2000
    assert float(history[-1]["psnr_db_mean"]) >= 25.0 > float(history[-2]["psnr_db_mean"])


def test_a_cohort_cannot_be_asked_for_more_than_means_count(tiny_ffmlp):
    tiny_ffmlp.cohort.stop_psnr_db = 60.0
    with pytest.raises(UserError, match=r"cohort\.stop_psnr_db is 60\.0; .* at most 58\.92 dB"):
        cohort.check(tiny_ffmlp)
    assert cohort.history_row([5, 0.0, 1e-4])[2:] == pytest.approx(((CAP_DB + 40) / 2, 40.0, CAP_DB))
    assert cohort.mean_psnr([0.0, 1e-4]) == pytest.approx((CAP_DB + 40) / 2)


def test_a_page_is_titled_by_whose_encoder_it_is(tiny_ffmlp):
    assert cohort.heading(tiny_ffmlp).title == "FFMLP on phantom: the encoder of a cohort"
    tiny_ffmlp.signals.n_cohort = 1
    assert cohort.heading(tiny_ffmlp).title == "FFMLP on phantom: the encoder of one signal"
