import numpy as np
import pytest

from inr_sae.folder.store import Store
from inr_sae.report.budget import Budget
from inr_sae.report.exhibits import Exhibits
from inr_sae.report.parts import study
from inr_sae.rows.dictionaries import AblationRow, EffectRow
from inr_sae.rows.transfer import HistoryRow, RankRow, SignalRow, SweepSummaryRow
from tests.report.builders import atoms, make, metrics, sweep


@pytest.fixture
def exhibits(tmp_path):
    return Exhibits(Store(tmp_path), "report")


def figures(exhibits):
    return exhibits.store.names("report/figures")


@pytest.mark.parametrize("weights, marked", [([None, 5.0, 7.0], 1), ([None, None, None], 0)])
def test_the_layer_that_the_rule_picks_is_marked(exhibits, weights, marked):
    rows = [make(RankRow, layer=i, sr_weight=w, sr_activation=1.0) for i, w in enumerate(weights)]
    section = study.rank_section(exhibits, [row._replace(sr_activation_centred=1.0) for row in rows])
    assert section.anchor == "rank" and figures(exhibits) == ["rank_profiles.png"]
    assert section.html.count("class=best") == marked
    assert ("highest at layer 2" in section.sentences[0]) == bool(marked)


def sweep_of(psnr, target=None, outputs=None):
    summary, fits = sweep(psnr, SweepSummaryRow)
    summary = [row._replace(is_best=int(row.tau == 1)) for row in summary]
    other = [row._replace(learning_rate=1.0, psnr_db_mean=99.0, is_best=0) for row in summary]
    fits += [row._replace(learning_rate=1.0, psnr_db=99.0) for row in fits]
    return study.Sweep(
        [*summary, *other], fits, 0, 1e-4, Budget({"full": 500, "freeze": 500}), False, "Sine", target, outputs or {}
    )


def test_a_sweep_is_told_at_the_main_rate_and_tabled_at_every_one(exhibits):
    target = np.zeros((2, 3, 1), np.float32)
    outputs = {("full", None): target, ("freeze", 1): target + np.float32(0.1), ("thaw", 1): target}
    section = study.sweep_section(exhibits, sweep_of({None: [30.0], 0: [25.0], 1: [28.0]}, target, outputs))
    assert section.anchor == "freeze_sweep" and "up to layer 1 did best: 28.00 dB" in section.sentences[0]
    assert figures(exhibits) == ["held_out_fits.png", "psnr_against_tau.png"]
    table = exhibits.store.path("report/tables/freeze_sweep.csv").read_text().splitlines()
    assert len(table) == 7 and table[1].startswith("full,,0.0001,30")
    assert section.html.count("class=best") == 1 and "LPIPS was not measured" in section.html
    assert "after 500 steps at rate 0.0001" in section.html and "Sine: PSNR" in section.html


def test_a_sweep_without_a_boundary_has_a_table_alone(exhibits):
    section = study.sweep_section(exhibits, sweep_of({None: [30.0]}))
    assert section.sentences == () and figures(exhibits) == [] and "<table>" in section.html


@pytest.mark.parametrize("depth", [3, 7])
def test_dictionaries_show_as_many_atoms_as_asked_for(exhibits, depth):
    maps = {layer: (np.array([4, 2, 0]), np.eye(3, 6)) for layer in range(depth)}
    by_layer = {layer: atoms(5) for layer in range(depth)}
    shown = study.Dictionaries(metrics(depth), by_layer, maps, (2, 3), 2, "A method, n = 5")
    ids, z, magnitudes = study.top_atoms(shown)[depth - 1]
    assert ids.tolist() == [4, 2] and magnitudes == [5.0, 3.0]
    np.testing.assert_array_equal(z, np.eye(2, 6))
    section = study.dictionary_section(exhibits, shown)
    assert section.anchor == "dictionary"
    assert "<figcaption>A method, n = 5. Active" in section.html
    assert f"layers {', '.join(map(str, range(depth)))}" in section.sentences[0]


def test_signed_codes_are_said_to_be_signed(exhibits):
    rows = metrics(3, active_fraction_median=None, dead_fraction=None)
    maps = {layer: (np.array([0, 1]), np.array([[1.0, -1, 0, 0, 0, 0]] * 2)) for layer in range(3)}
    shown = study.Dictionaries(rows, {layer: atoms(2) for layer in range(3)}, maps, (2, 3), 2, "A method", "PCA")
    html = study.dictionary_section(exhibits, shown).html
    assert "the mean of |z|" in html and "Its codes are signed" in html and "Active" not in html
    row = make(AblationRow, layer=0, atom=0, signal="a", signal_role="cohort", through="activations")
    row = row._replace(psnr_before_db=30.0, psnr_after_db=20.0)
    effects = [EffectRow(0, 0, "a", "cohort", "activations", 5.0, None)]
    assert "z &gt; 0.01" not in study.ablation_section(exhibits, [row], effects, {}).html
    fires = study.ablation_section(exhibits, [row._replace(active_fraction=0.5)], effects, {}).html
    assert "z &gt; 0.01" in fires


def test_ablations_show_the_first_signal_of_each_role(exhibits):
    row = make(AblationRow, layer=2, atom=1, signal="a", signal_role="cohort", through="activations")
    row = row._replace(psnr_before_db=30.0, psnr_after_db=20.0)
    rows = [row, row._replace(signal="b"), row._replace(signal="c", signal_role="test"), row._replace(layer=0)]
    assert study.pictured_rows(rows, 2, "cohort", 1) == [row]
    arrays = {"atoms": np.array([1]), "z": np.ones((1, 6))}
    for role in ("cohort", "test"):
        arrays |= {f"{role}_target": np.zeros((2, 3, 1)), f"{role}_ablated": np.zeros((1, 2, 3, 1))}
        arrays |= {f"{role}_effect": np.ones((1, 2, 3, 1))}
    section = study.ablation_section(
        exhibits, rows, [EffectRow(2, 1, "a", "cohort", "activations", 5.0, 1.0)], {2: arrays}
    )
    assert section.anchor == "ablation" and "5 dB on the cohort signal a" in section.sentences[0]
    assert figures(exhibits) == ["ablation_layer_2_cohort.png", "ablation_layer_2_test.png"]
    assert "cohort signal a:" in section.html and "test signal c:" in section.html
    assert "s own activations" in section.html and "table has both" not in section.html
    rebuilt = [row._replace(through="reconstruction") for row in rows]
    both = study.ablation_section(exhibits, rows + rebuilt, [], {}).html
    assert "s own activations" in both and "has both that and Ĥ − z w, of their reconstruction" in both
    assert "own activations" not in study.ablation_section(exhibits, rebuilt, [], {}).html


@pytest.mark.parametrize("last_db, told", [(20.0, True), (41.0, False)])
def test_a_cohort_that_ended_in_a_spike_says_so_in_the_answer(exhibits, last_db, told):
    history = [HistoryRow(step, 1.0, db, db, db) for step, db in enumerate((38.0, 39.0, 40.0, 40.5, last_db))]
    section = study.cohort_section(exhibits, history, [SignalRow("cohort", "a", "a", "0")], b"png", False)
    assert any("ended in a spike" in sentence for sentence in section.sentences) == told


@pytest.mark.parametrize("external", [False, True])
def test_the_cohort_is_an_appendix_with_a_curve_if_it_was_trained_here(exhibits, external):
    history = [HistoryRow(10, 1.0, 20.0, 19.0, 21.0), HistoryRow(20, 0.5, 30.0, 29.0, 31.0)]
    section = study.cohort_section(exhibits, history, [SignalRow("cohort", "<a>", "<a>", "0")], b"png", external)
    assert section.appendix and section.sentences == ()
    assert ("After 20 steps" in section.html) != external and ("As it came" in section.html) == external
    assert figures(exhibits) == ([] if external else ["training.png"])
    assert "30.00 dB on average, 29.00 to 31.00 dB" in section.html and "&lt;a&gt;" in section.html
