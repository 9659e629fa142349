import pytest

from inr_sae.report import sweeps
from tests.report.builders import sweep


def test_paired_differences_are_of_the_same_image_and_seed():
    _, fits = sweep({None: [30.0, 20.0], 0: [31.0, 22.0, 50.0]})
    differences = sweeps.paired(fits, ("freeze", 0), ("full", None))
    assert [*differences.values()] == [pytest.approx(1.0), pytest.approx(2.0)]
    text = sweeps.comparison(fits, ("full", None), ("freeze", 0))
    assert text == "1.50 dB below (higher in 0 of 2 paired fits)"


def test_the_answer_names_the_winner_and_agrees_with_the_rule():
    rows = sweep({None: [30.0, 30.0], 0: [25.0, 27.0], 1: [24.0, 28.0]})
    text = " ".join(sweeps.sweep_sentences(rows[1], 0))
    assert "up to layer 0 did best: 26.00 dB" in text
    assert "level (higher in 1 of 2 paired fits) with the runner-up, layer 1" in text
    assert "over 1 signal and 2 seeds" in text
    assert "That is the layer that the stable rank picks (0)." in text
    assert "4.00 dB below (higher in 0 of 2 paired fits) STRAINER's recipe" in text


@pytest.mark.parametrize(
    "rule, said",
    [
        (0, "picks layer 0 instead, which is 3.00 dB below"),
        (4, "picks layer 4, which this sweep did not try"),
        (None, "up to layer 1 did best"),
    ],
)
def test_the_answer_says_so_where_the_rule_picks_another_layer_or_none(rule, said):
    text = " ".join(sweeps.sweep_sentences(sweep({None: [30.0], 0: [25.0], 1: [28.0]})[1], rule))
    assert said in text and ("picks" in text) == (rule is not None)


def test_every_subject_counts_the_same():
    _, fits = sweep({0: [30.0, 30.0, 30.0, 40.0], 1: [32.0, 32.0, 32.0, 35.0]})
    fits = [row._replace(image=f"{row.seed}", seed=0, subject="B" if row.seed == 3 else "A") for row in fits]
    text = " ".join(sweeps.sweep_sentences(fits, 0))
    assert "up to layer 0 did best: 35.00 dB" in text and "1.50 dB above" in text


def test_one_boundary_is_no_best_one():
    text = " ".join(sweeps.sweep_sentences(sweep({None: [30.0], 1: [28.0]})[1], 1))
    assert "up to layer 1, the one boundary tried, gave 28.00 dB" in text


def test_a_sweep_without_a_boundary_says_nothing():
    assert sweeps.sweep_sentences(sweep({None: [30.0]})[1], 0) == []
