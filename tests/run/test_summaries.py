"""Means over fits."""

import numpy as np
import pytest

from inr_sae.measure.cap import CAP_DB
from inr_sae.rows.transfer import FitRow
from inr_sae.run import summaries


def fit_row(image, seed, psnr):
    values = dict(source="s", target="t", backbone="b", frequency=1.0, protocol="freeze", tau=0, learning_rate=1e-4)
    values |= dict(image=image, seed=seed, psnr_db=psnr, psnr_clipped_db=psnr, ssim=0.5, lpips=None)
    return FitRow(*(values.get(field) for field in FitRow._fields))


def test_summary_of_known_numbers():
    rows = [fit_row(*of) for of in (("a", 0, 20.0), ("a", 1, 22.0), ("b", 0, 30.0), ("b", 1, 32.0))]
    (row,) = summaries.summarise(rows)
    assert row.psnr_db_mean == 26.0 and row.psnr_db_std == pytest.approx(np.std([20, 22, 30, 32], ddof=1))
    assert row.n == 4 and row.n_images == 2 and np.isnan(row.lpips_mean)
    (single,) = summaries.summarise(rows[:1])
    assert np.isnan(single.psnr_db_std)
    other = [row._replace(tau=1) for row in rows]
    assert [(row.tau, row.n) for row in summaries.summarise(rows + other)] == [(0, 4), (1, 4)]


def test_means_count_psnr_up_to_its_cap_and_nothing_else():
    rows = [fit_row("a", 0, 155.3), fit_row("b", 0, 40.0)]
    (row,) = summaries.summarise(rows)
    assert row.psnr_db_mean == row.psnr_clipped_db_mean == pytest.approx((CAP_DB + 40) / 2)
    assert row.psnr_db_std == pytest.approx((CAP_DB - 40) / 2**0.5) and row.ssim_mean == 0.5
    (row,) = summaries.summarise([rows[0], fit_row("b", 0, 70.0)])
    assert (row.psnr_db_mean, row.psnr_db_std) == (CAP_DB, 0.0)


def test_in_means_every_subject_counts_the_same():
    """As where the best boundary is chosen, or a table would mark one whose mean is not the highest."""
    fits = [fit_row(f"a{i}", 0, 20.0)._replace(subject="a") for i in range(3)]
    fits += [fit_row("b", 0, 40.0)._replace(subject="b")]
    (row,) = summaries.summarise(fits)
    assert row.psnr_db_mean == pytest.approx(30.0) and row.psnr_db_std == pytest.approx(10.0) and row.n == 4
