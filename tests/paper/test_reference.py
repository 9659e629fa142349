"""The published numbers are the published numbers."""

import csv
from pathlib import Path

import numpy as np
import pytest

from inr_sae.paper import reference

TABLES = Path(__file__).resolve().parents[3] / "shared" / "paper" / "tables_3_4_5_freeze_sweep.csv"
NAMES = {"celeba": "celebahq", "kodak": "kodak", "oasis": "oasis"}


def test_tables_3_to_5_row_by_row():
    if not TABLES.is_file():
        pytest.skip(f"no copy of the paper's tables at {TABLES}")
    with open(TABLES, newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 108
    for row in rows:
        source, target, backbone = NAMES[row["source"]], NAMES[row["target"]], row["backbone"]
        index = 0 if row["tau"] == "full" else 1 + int(row["tau"])
        columns = [f"{metric}_{kind}" for metric in ("psnr", "ssim", "lpips") for kind in ("mean", "std")]
        assert reference.FREEZE_SWEEP[source, target, backbone][index] == tuple(float(row[key]) for key in columns)
        if index:
            ranks = (float(row["sr_weight"]), float(row["sr_activation"]))
            assert reference.STABLE_RANK[source, backbone][int(row["tau"])] == ranks


def test_table_1_follows_from_tables_3_to_5():
    """Up to the rounding of nine means."""
    for backbone, means in reference.MEAN_PSNR_DB.items():
        cells = [rows for key, rows in reference.FREEZE_SWEEP.items() if key[2] == backbone]
        assert len(cells) == 9
        best = 1 + reference.BEST_TAU[backbone]
        assert np.mean([rows[0][0] for rows in cells]) == pytest.approx(means["full"], abs=0.01)
        assert np.mean([rows[best][0] for rows in cells]) == pytest.approx(means["freeze"], abs=0.01)
        assert means["freeze"] - means["full"] == pytest.approx(reference.MEAN_GAIN_DB[backbone], abs=0.06)
