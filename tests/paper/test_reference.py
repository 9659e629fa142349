"""The published numbers are the published numbers: a few of them copied here once more, and what follows from them."""

import numpy as np
import pytest

from inr_sae.paper import reference

SETS = ("celebahq", "kodak", "oasis")
BACKBONES = ("siren", "ffmlp")
MEAN_PSNR_DB = {"siren": (40.69, 43.80), "ffmlp": (34.66, 35.91)}  # Table 1: STRAINER's recipe, best boundary
ROWS = {  # of Tables 3 to 5: (source, target, backbone, tau; None: the row *)
    ("celebahq", "celebahq", "siren", None): (43.15, 2.26, 0.9879, 0.0027, 0.0035, 0.0017),
    ("celebahq", "kodak", "siren", 1): (39.77, 1.99, 0.9754, 0.0065, 0.0111, 0.0067),
    ("celebahq", "oasis", "ffmlp", 0): (42.93, 2.21, 0.9894, 0.0023, 0.005, 0.0018),
    ("kodak", "kodak", "siren", 4): (29.95, 1.64, 0.8332, 0.0284, 0.2074, 0.0734),
    ("kodak", "celebahq", "ffmlp", 3): (17.73, 1.28, 0.338, 0.0354, 0.6701, 0.0514),
    ("oasis", "oasis", "siren", 2): (48.17, 1.49, 0.9963, 0.0007, 0.0035, 0.0009),
    ("oasis", "oasis", "ffmlp", 4): (21.88, 1.81, 0.6569, 0.0413, 0.2039, 0.0168),
}
RANKS = {  # of Tables 3 to 5: (source, backbone, layer): (sr(W), sr(H))
    ("celebahq", "siren", 1): (32.45, 32.26),
    ("kodak", "siren", 3): (24.55, 53.73),
    ("kodak", "ffmlp", 0): (81.07, 65.84),
    ("oasis", "ffmlp", 4): (22.94, 1.1),
}


@pytest.mark.parametrize("key", ROWS)
def test_rows_of_tables_3_to_5(key):
    *names, tau = key
    index = 0 if tau is None else 1 + reference.TAUS.index(tau)
    assert reference.FREEZE_SWEEP[tuple(names)][index] == ROWS[key]


@pytest.mark.parametrize("key", RANKS)
def test_ranks_of_tables_3_to_5(key):
    source, backbone, layer = key
    assert reference.STABLE_RANK[source, backbone][layer] == RANKS[key]


def test_tables_3_to_5_are_whole():
    assert reference.FREEZE_SWEEP.keys() == {(s, t, b) for s in SETS for t in SETS for b in BACKBONES}
    assert reference.STABLE_RANK.keys() == {(s, b) for s in SETS for b in BACKBONES}
    for rows in reference.FREEZE_SWEEP.values():
        assert np.shape(rows) == (1 + len(reference.TAUS), 6)
        psnr, _, ssim, _, lpips, _ = np.transpose(rows)
        assert (psnr > 10).all() and (psnr < 60).all() and (ssim <= 1).all() and (0 < lpips).all() and (lpips < 1).all()
    assert all(np.shape(layers) == (len(reference.TAUS), 2) for layers in reference.STABLE_RANK.values())


@pytest.mark.parametrize("backbone", BACKBONES)
def test_table_1_follows_from_tables_3_to_5(backbone):
    """Up to the rounding of nine means."""
    cells = [rows for key, rows in reference.FREEZE_SWEEP.items() if key[2] == backbone]
    best, (full, frozen) = 1 + reference.BEST_TAU[backbone], MEAN_PSNR_DB[backbone]
    assert np.mean([rows[0][0] for rows in cells]) == pytest.approx(full, abs=0.01)
    assert np.mean([rows[best][0] for rows in cells]) == pytest.approx(frozen, abs=0.01)
    assert frozen - full == pytest.approx(reference.MEAN_GAIN_DB[backbone], abs=0.06)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_best_boundary_is_the_highest_of_each_pair_and_the_peak_of_each_encoder(backbone):
    best = reference.BEST_TAU[backbone]
    pairs = [rows for key, rows in reference.FREEZE_SWEEP.items() if key[2] == backbone]
    assert {int(np.argmax([row[0] for row in rows[1:]])) for rows in pairs} == {best}
    encoders = [layers for key, layers in reference.STABLE_RANK.items() if key[1] == backbone]
    assert {int(np.argmax([sr_weight for sr_weight, _ in layers])) for layers in encoders} == {best}
