"""What the claims are handed, on matrices whose answer is known."""

import pytest

from inr_sae.paper import reference
from inr_sae.stages import analysis, evidence
from tests.stages.test_analysis import fit_row, freeze_rows, rank_rows


def published_matrix():
    """A matrix that holds the paper's own means: two images a target, half a dB above and below."""
    fits, ranks = [], []
    for (source, backbone), layers in reference.STABLE_RANK.items():
        sr_weight, sr_activation = zip(*layers)
        start = (2.0, 63.0, 66.0, 64.0, 66.0) if backbone == "siren" else (89.0, 66.0, 63.0, 67.0, 66.0)
        ranks += rank_rows(sr_weight, start, sr_activation, sr_activation, source, backbone)
    for (source, target, backbone), rows in reference.FREEZE_SWEEP.items():
        for name, row in zip(("full", 0, 1, 2, 3, 4), rows):
            for image, shift in (("a", 0.5), ("b", -0.5)):
                protocol = "full" if name == "full" else "freeze"
                fits.append(fit_row(protocol, name, image, 0, row[0] + shift, source, target, backbone))
    return fits, ranks, analysis.best_taus(fits, ranks)


def test_the_papers_own_numbers_give_the_papers_own_counts():
    fits, ranks, best = published_matrix()
    measured = evidence.of_matrix(fits, ranks, best, {("s", "siren", 30.0): 31.0, ("s", "ffmlp", 10.0): 30.0})
    assert (measured["best_tau_siren"].value, measured["best_tau_siren"].of) == (9, 9)
    assert (measured["best_tau_ffmlp"].value, measured["best_tau_ffmlp"].of) == (9, 9)
    assert (measured["rule_sr_weight"].value, measured["rule_sr_weight"].of) == (6, 6)
    assert measured["rule_sr_activation"].value == 2, "6 of 6 against 4 of 6"
    assert (measured["matches_everywhere"].value, measured["matches_everywhere"].of) == (17, 18)
    assert measured["gain_siren"].value == pytest.approx(3.1, abs=0.05)
    assert measured["gain_ffmlp"].value == pytest.approx(1.3, abs=0.06)
    assert 8.0 <= measured["gain_kodak"].value <= 10.0
    assert measured["siren_plateau"].value == 9 and measured["last_layer_collapses"].value == 16
    assert measured["ffmlp_falls"].value == pytest.approx(4.65, abs=0.01)
    assert measured["levels"].value == pytest.approx(0.0, abs=1e-9)
    assert measured["stable_ranks"].value == pytest.approx(0.0, abs=1e-9)
    assert measured["cohorts_alike"].value == 1.0
    assert "training_matters" not in measured, "the paper has no such control"


def test_a_target_with_more_images_does_not_weigh_more():
    """Kodak has 14 images in the paper where the others have 100, and it is where SIREN gains."""
    fits, ranks, best = published_matrix()
    more = [row | {"image": f"{row['image']}{i}"} for row in fits if row["target"] != "kodak" for i in range(9)]
    measured = evidence.of_matrix(fits + more, ranks, best, {})
    assert measured["gain_siren"].value == pytest.approx(3.1, abs=0.05)


def test_claims_are_about_the_published_frequency_where_it_was_run():
    fits, ranks, best = published_matrix()
    other = [[row | {"frequency": 99.0, "best_tau": 4} for row in rows] for rows in (fits, ranks, best)]
    measured = evidence.of_matrix(fits + other[0], ranks + other[1], best + other[2], {})
    assert (measured["best_tau_siren"].value, measured["best_tau_siren"].of) == (9, 9)


def test_rule_beats_shape_asks_whether_the_peak_moved_in_training():
    fits, ranks, best = published_matrix()
    m = evidence.of_matrix(fits, ranks, best, {})["rule_beats_shape"]
    assert (m.value, m.of) == (3, 6), "FFMLP's layer 0 is highest before training too"


def test_a_control_is_taken_at_the_rules_layer():
    ranks = rank_rows((2.0, 9.0), (1.0, 2.0), (1.0, 2.0), (1.0, 2.0))
    fits = freeze_rows({0: 30.0, 1: 40.0}, images=("a", "b", "c"), seeds=(0,))
    fits += [
        fit_row("random", tau, image, 0, level + 10.0 * i)
        for tau, level in ((0, 39.0), (1, 33.0))
        for i, image in enumerate("abc")
    ]
    measured = evidence.of_matrix(fits, ranks, analysis.best_taus(fits, ranks), {})
    assert measured["training_matters"].value == pytest.approx(7.0)
    assert measured["training_matters"].low == pytest.approx(7.0)
    assert "last_layer_collapses" not in measured or measured["last_layer_collapses"].of == 0


def test_the_data_say_how_far_they_fall_short(tiny_ffmlp):
    tiny_ffmlp.sets.unlock()
    tiny_ffmlp.sets.celebahq = {"dataset": "celebahq", "n_cohort": 3}
    tiny_ffmlp.transfer.sources = ("celebahq",)
    fits = [fit_row("freeze", 0, image, 0, 30.0, "celebahq", "celebahq") for image in "ab"]
    data = evidence.data(tiny_ffmlp, fits, {"celebahq": (109, 89)})
    assert "109x89, not 218x178" in data.shortfalls[0] and "2 of 100 celebahq images" in data.shortfalls[1]
    listed = " ".join(data.shortfalls)
    assert "8 of 500 test-time steps" in listed and "cohorts of 3, not 10" in listed and not data.phantom
    assert data.sets == "celebahq 109x89 (2 images)"
