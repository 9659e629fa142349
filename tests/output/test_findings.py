import numpy as np

from inr_sae.output import findings


def sweep(psnr):
    """Rows of fits.csv and summary.csv from {tau: [psnr of each seed]}."""
    fits = [
        {"tau": tau, "image": "a.png", "seed": s, "psnr_db": v}
        for tau, values in psnr.items()
        for s, v in enumerate(values)
    ]
    return [{"tau": tau, "psnr_db_mean": np.mean(values)} for tau, values in psnr.items()], fits


def test_paired_differences_are_of_the_same_image_and_seed():
    _, fits = sweep({"full": [30.0, 20.0], 0: [31.0, 22.0]})
    np.testing.assert_allclose(findings.paired(fits, "0", "full"), [1.0, 2.0])
    assert findings.comparison(fits, "full", "0") == "1.50 dB below (higher in 0 of 2 paired fits)"


def test_the_answer_names_the_winner_and_agrees_with_the_rule():
    text = " ".join(findings.sweep_sentences(*sweep({"full": [30.0, 30.0], 0: [25.0, 27.0], 1: [24.0, 28.0]}), 0))
    assert "up to layer 0 did best: 26.00 dB" in text and "0.00 dB above" in text
    assert "That is the layer that the stable rank picks (0)." in text
    assert "4.00 dB below (higher in 0 of 2 paired fits) STRAINER's recipe" in text


def test_the_answer_says_so_where_the_rule_picks_another_layer():
    text = " ".join(findings.sweep_sentences(*sweep({"full": [30.0], 0: [25.0], 1: [28.0]}), 0))
    assert "up to layer 1 did best" in text
    assert "picks layer 0 instead, which is 3.00 dB below" in text


def test_a_peak_that_was_there_before_training_is_told():
    rows = [
        {"layer": 0, "sr_weight": 80.0, "sr_weight_init": 90.0},
        {"layer": 1, "sr_weight": 30.0, "sr_weight_init": 65.0},
    ]
    assert "before training too" in findings.rank_sentence(rows)
    rows[1]["sr_weight_init"] = 95.0
    assert "before training layer 1 was highest (95.0) and layer 0 stood at 90.0" in findings.rank_sentence(rows)


def test_the_costliest_atom_of_each_signal_is_named():
    rows = [
        {
            "layer": layer,
            "atom": 3,
            "signal": signal,
            "signal_role": role,
            "psnr_drop_db": drop,
            "effect_inside_fraction": f,
        }
        for layer, signal, role, drop, f in (
            (0, "a", "cohort", 0.5, 1.0),
            (2, "a", "cohort", 7.25, 0.5),
            (4, "b", "test", -0.1, np.nan),
            (1, "b", "test", 0.013, 0.9),
        )
    ]
    text = findings.ablation_sentence(rows)
    assert (
        "7.2 dB on the cohort signal a (atom 3 of layer 2) and 0.013 dB on the test signal b (atom 3 of layer 1)"
        in text
    )
    assert "90.0 % of its energy (median; least 50.0 %)" in text
