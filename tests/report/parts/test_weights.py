"""What the page says of readers of weights and of fits by data set, from rows whose numbers are given."""

import numpy as np
import pytest

from inr_sae.folder.store import Store
from inr_sae.report.exhibits import Exhibits
from inr_sae.report.parts import weights
from inr_sae.rows.weights import (
    BIASES,
    CONTROL,
    OFFSETS,
    BaselineRow,
    FitGeometryRow,
    FlowRow,
    InterventionRow,
    ReadingRow,
)

CONDITIONS = {"ce_0.01_all": (0.01, "all", 0.0), "ce_0.01_biases": (0.01, "biases", 0.0)}


def row(kind, *first, **columns):
    """A row whose other columns are 0.5."""
    return kind(**dict.fromkeys(kind._fields, 0.5) | dict(zip(kind._fields, first)) | columns)


@pytest.fixture
def study():
    readings, flow, changed = [], [], []
    for name, about in CONDITIONS.items():
        for seed in (0, 1):
            keys = (name, *about, seed)
            ranks = dict(bias_rank=12.5, pixel_rank=30.0, control_rank=11.0, bias_dimensions=96, control_columns=1)
            readings.append(row(ReadingRow, *keys, accuracy_test=0.9 + 0.02 * seed, psnr_db=33.0, **ranks))
            purity = {OFFSETS: (None, 0.6), "embedded": (0, 0.65), "block 1": (1, 0.8)}
            for place, (block, value) in purity.items():
                flow.append(row(FlowRow, *keys, place, block, purity=value, purity_shuffled=0.1, probe=0.97))
            for kind in weights.figures.KINDS:
                for place, drop in ((BIASES, 0.3), (CONTROL, 0.1)):
                    drops = dict(accuracy=0.9 - drop, accuracy_drop=drop, as_donor=0.25)
                    changed.append(row(InterventionRow, *keys, kind, place, None, **drops))
    rng = np.random.default_rng(0)
    maps = {"labels": np.arange(20) % 2, "offsets": rng.normal(size=(20, 2)), "last": rng.normal(size=(20, 2))}
    baselines = [BaselineRow("nearest neighbours of pixels", 0.96)]
    return weights.Study(readings, flow, changed, baselines, "ce_0.01_all", {"ce_0.01_all": maps}, ("cat", "dog"))


def test_the_answer_has_accuracy_purity_interventions_and_rank(study, tmp_path):
    sections = weights.study_sections(Exhibits(Store(tmp_path), "report"), study)
    said = " ".join(sentence for section in sections for sentence in section.sentences)
    for words in (
        "names the class of 91.0 % of test images, from networks that reconstruct them at 33.0 dB",
        "nearest neighbours of pixels 96.0 %",
        "60 % are of its class by raw offsets (10 % where labels are shuffled) and 80 % after the reader's last block",
        "loses 30.0 points and names that class in 25.0 %; with weight columns",
        "matched in norm (1 of them) it loses 10.0",
        "effective rank of 12.5 of 96, weight columns matched in norm one of 11.0, the pixels one of 30.0",
    ):
        assert words in said
    names = {path.name for path in (tmp_path / "report/figures").iterdir()}
    assert names == {
        f"{name}.png" for name in ("reader_accuracy", "token_flow", "purity_accuracy", "interventions", "maps")
    }


def test_intervals_are_over_seeds(study):
    first, *_ = weights.condition_table(study)
    assert first["n_seeds"] == 2 and first["accuracy"] == pytest.approx(0.91)
    assert first["accuracy_low"] < 0.9 < 0.92 < first["accuracy_high"]
    assert first["purity_offsets"] == 0.6 and first["purity_last"] == pytest.approx(0.8)


def test_fits_are_told_part_by_part(tmp_path):
    rows = [row(FitGeometryRow, "freeze", "head", 24, 3, 257, purity=0.9, purity_shuffled=0.3, probe=1.0)]
    rows.append(row(FitGeometryRow, "", "pixels", 24, 3, 5, purity=0.8, purity_shuffled=0.3, probe=0.9))
    section = weights.fits_section(Exhibits(Store(tmp_path), "report"), rows)
    assert section.sentences[0].startswith(
        "By head of 24 fits (freeze), 90 % of neighbours are of the same data set, 30 %"
    )
    assert section.sentences[1].startswith("By pixels of 24 fits, 80 %")
