"""How far PSNR says anything."""

import numpy as np
import pytest

from inr_sae.measure import cap
from tests.matrix_rows import fit_row


def test_the_cap_is_what_rounding_to_8_bits_costs(rng):
    signal = rng.uniform(size=(200, 200))
    rounded = np.round(255 * signal) / 255
    assert -10 * np.log10(np.square(signal - rounded).mean()) == pytest.approx(cap.CAP_DB, abs=0.05)


def test_below_the_cap_nothing_changes_and_beyond_it_all_is_the_cap():
    below = np.float64([-3.0, 0.1 + 0.2, 58.92])
    assert cap.capped(below).tobytes() == below.tobytes()
    assert cap.capped([58.93, 155.0, np.inf]).tolist() == [cap.CAP_DB] * 3
    assert np.isnan(cap.capped(np.nan)), "what was not measured stays so"


def test_fits_beyond_it_are_counted():
    rows = [fit_row("full", None, "a", seed, db) for seed, db in enumerate((30.0, 58.9, 59.0, 155.3))]
    assert cap.n_beyond(rows) == 2
