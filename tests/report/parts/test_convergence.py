import numpy as np
import pytest

from inr_sae.folder.store import Store
from inr_sae.report.exhibits import Exhibits
from inr_sae.report.parts import convergence, meaning, steering
from inr_sae.rows.comparisons import MeantRow, PartnersRow, SteeredFitRow, SteeringRow
from tests.report.builders import FFMLP, make
from tests.report.figures.test_convergence import partners


@pytest.fixture
def exhibits(tmp_path):
    return Exhibits(Store(tmp_path), "report")


def test_what_two_networks_share_is_told_beside_its_nulls(exhibits):
    numbers = dict.fromkeys(PartnersRow._fields[-7:-2], 0.5)
    rows = [row._replace(**numbers) for row in partners()]
    tables = {"one_to_one": rows, "one_to_many": [], "many_to_many": [], "likeness": [], "cosines": []}
    arrays = {"units_best": np.array([0.9, 0.5]), "units_matched": np.array([0.9, 0.5])}
    found = convergence.section(exhibits, tables, {("encoder seeds", "a", "b"): {0: arrays}})
    assert "0.60 (0.20), 0.61 (0.21), 0.62 (0.22)" in found.sentences[0]
    assert exhibits.store.names("report/figures") == ["convergence_curves_units.png", "convergence_partners.png"]


def test_what_explains_most_atoms_of_the_last_layer_is_told(exhibits):
    shares = {"position": 0.1, "tissue": 0.4, "nothing": 0.5}
    rows = [MeantRow(*FFMLP, layer, kind, 10, share, 0.05, 0.3) for layer in (0, 3) for kind, share in shares.items()]
    found = meaning.section(exhibits, rows)
    assert "layer 3: 50 % of alive atoms are explained, the largest part by tissue (40 %)" in found.sentences[0]
    assert "5 % would be" in found.sentences[0]


def test_what_a_steered_fit_keeps_is_told_and_a_layer_without_atoms_has_no_figure(exhibits):
    fit = make(SteeredFitRow, layer=0, alpha=0.5, psnr_outside_db=20.0, psnr_outside_plain_db=21.5)
    tables = {"doses": {(FFMLP, 0): []}, "kept": {(FFMLP, 0): []}, "fits": {(FFMLP, 0): [fit]}}
    found = steering.section(exhibits, tables, {(FFMLP, 0): {}})
    assert "one has its code times 0.5, a held-out image" in found.sentences[0]
    assert "-1.50 dB on average (-1.50 to -1.50)" in found.sentences[0]
    assert not exhibits.store.exists("report/figures")
    ways = [make(SteeringRow, signal="a", through="b"), make(SteeringRow, signal="c")]
    assert steering.first_way(ways)[0].signal == "a"
