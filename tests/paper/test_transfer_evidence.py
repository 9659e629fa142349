"""What the claims on transfer are handed, on matrices whose answer is known."""

import numpy as np
import pytest

from inr_sae.measure.boundaries import best_taus
from inr_sae.paper import reference, transfer_evidence
from inr_sae.paper.transfer_claims import TRANSFER
from tests.matrix_rows import fit_row, freeze_rows, peaked_ranks, rank_rows
from tests.paper.matrices import BEFORE_TRAINING, DATASETS, of_matrix

ALIKE = {("s", "siren", 30.0): 31.0, ("s", "ffmlp", 10.0): 30.0}


def published_matrix():
    """A matrix that holds the paper's own means: two images a target, half a dB above and below."""
    fits, ranks = [], []
    for (source, backbone), layers in reference.STABLE_RANK.items():
        sr_weight, sr_activation = zip(*layers)
        ranks += rank_rows(sr_weight, BEFORE_TRAINING[backbone], sr_activation, sr_activation, source, backbone)
    for (source, target, backbone), rows in reference.FREEZE_SWEEP.items():
        keys = {"source": source, "target": target, "backbone": backbone}
        for tau, (psnr, *_) in zip((None, *reference.TAUS), rows):
            protocol = "full" if tau is None else "freeze"
            fits += [
                fit_row(protocol, tau, "a", 0, psnr + 0.5, **keys),
                fit_row(protocol, tau, "b", 0, psnr - 0.5, **keys),
            ]
    return fits, ranks, best_taus(fits, ranks)


def test_the_papers_own_numbers_give_the_papers_own_counts():
    measured = of_matrix(*published_matrix(), ALIKE)
    counts = {name: (m.value, m.total) for name, m in measured.items() if m.total}
    assert counts == {
        "best_tau_siren": (9, 9),
        "best_tau_ffmlp": (9, 9),
        "rule_sr_weight": (6, 6),
        "rule_beats_shape": (1, 2),  # each backbone's three encoders begin with the same weights
        "matches_everywhere": (17, 18),
        "last_layer_collapses": (16, 18),
        "siren_plateau": (9, 9),
    }
    assert measured["rule_sr_activation"].value == 2, "6 of 6 against 4 of 6"
    assert measured["gain_siren"].value == pytest.approx(3.1, abs=0.05)
    assert measured["gain_ffmlp"].value == pytest.approx(1.3, abs=0.06)
    assert 8.0 <= measured["gain_kodak"].value <= 10.0
    assert measured["ffmlp_falls"].value == pytest.approx(4.65, abs=0.01)
    assert measured["levels"].value == pytest.approx(0.0, abs=1e-9) and "108 means" in measured["levels"].note
    assert measured["stable_ranks"].value == pytest.approx(0.0, abs=1e-9)
    assert measured["cohorts_alike"].value == 1.0
    assert "training_matters" not in measured, "the paper has no such control"


def test_every_quantity_is_one_of_a_claim():
    fits, ranks, _ = published_matrix()
    for image in "ab":
        fits += [fit_row("thaw", tau, image, 0, 20.0, source="kodak", target="kodak") for tau in range(4)]
        fits += [fit_row("random", tau, image, 0, 20.0, target="kodak") for tau in range(5)]
        fits.append(fit_row("scratch", None, image, 0, 20.0, target="kodak"))
    measured = of_matrix(fits, ranks, best_taus(fits, ranks), ALIKE)
    assert measured.keys() == {claim.name for claim in TRANSFER}


def test_a_target_with_more_images_does_not_weigh_more():
    """Kodak has 14 images in the paper where the others have 100, and it is where SIREN gains."""
    fits, ranks, best = published_matrix()
    more = [row._replace(image=f"{row.image}{i}") for row in fits if row.target != "kodak" for i in range(9)]
    measured = of_matrix(fits + more, ranks, best, {})
    assert measured["gain_siren"].value == pytest.approx(3.1, abs=0.05)


def test_claims_are_about_the_published_frequency_where_it_was_run():
    fits, ranks, best = published_matrix()
    fits += [row._replace(frequency=99.0) for row in fits]
    ranks += [row._replace(frequency=99.0) for row in ranks]
    best += [row._replace(frequency=99.0, best_tau=4) for row in best]
    measured = of_matrix(fits, ranks, best, {})
    assert (measured["best_tau_siren"].value, measured["best_tau_siren"].total) == (9, 9)


def test_another_frequency_counts_where_the_published_one_is_missing():
    tables = [[row._replace(frequency=99.0) for row in rows] for rows in published_matrix()]
    measured = of_matrix(*tables, {})
    assert (measured["best_tau_siren"].value, measured["best_tau_siren"].total) == (9, 9)


def test_a_backbone_that_the_paper_has_not_counts_only_alone():
    fits, ranks, best = published_matrix()
    other = [[row._replace(backbone="wire") for row in rows if row.backbone == "siren"] for rows in (fits, ranks, best)]
    psnr = {(source, "wire", frequency): db for (source, _, frequency), db in ALIKE.items()}
    together = [fits + other[0], ranks + other[1], best + [row._replace(best_tau=4, decided=False) for row in other[2]]]
    assert of_matrix(*together, ALIKE | psnr) == of_matrix(fits, ranks, best, ALIKE)
    alone = of_matrix(*other, psnr)
    assert alone["rule_sr_weight"].total == 3 and "best_tau_siren" not in alone


def test_a_backbone_without_a_frequency_or_a_matrix_takes_no_part_in_rules():
    fits, ranks, _ = published_matrix()
    before = of_matrix(fits, ranks, best_taus(fits, ranks), {})
    fits += freeze_rows({tau: 40.0 for tau in range(5)}, source="kodak", backbone="other")
    ranks += [row._replace(sr_weight=None, sr_weight_init=None) for row in peaked_ranks(5, 1, "kodak", "other")]
    after = of_matrix(fits, ranks, best_taus(fits, ranks), {})
    for name in ("rule_sr_weight", "rule_sr_activation", "rule_beats_shape", "matches_everywhere", "gain_siren"):
        assert after[name] == before[name]
    assert "stable_ranks" in after


def test_what_was_not_known_before_training_is_left_out_of_its_claim():
    fits, ranks, best = published_matrix()
    ranks = [row._replace(sr_weight_init=None) if row.backbone == "ffmlp" else row for row in ranks]
    measured = of_matrix(fits, ranks, best, {})
    assert (measured["rule_beats_shape"].value, measured["rule_beats_shape"].total) == (1, 1)
    assert measured["rule_sr_weight"].total == 6


def test_of_a_single_boundary_none_is_the_best():
    fits = freeze_rows({0: 30.0}) + [fit_row("full", None, image, seed, 0.0) for image in "abcdef" for seed in (0, 1)]
    ranks = peaked_ranks(2, 0)
    measured = of_matrix(fits, ranks, best_taus(fits, ranks), {})
    assert measured.keys() == {"gain_siren", "matches_everywhere", "rule_beats_shape"}


def test_chance_is_that_of_the_boundaries_that_were_fitted():
    fits = freeze_rows({0: 30.0, 1: 33.0}) + freeze_rows({0: 30.0, 1: 33.0, 2: 31.0, 4: 20.0}, target="s")
    ranks = peaked_ranks(5, 1)
    measured = of_matrix(fits, ranks, best_taus(fits, ranks), {})
    assert measured["best_tau_siren"].value == 2 and measured["best_tau_siren"].chance == pytest.approx(1 / 4)
    other = [row._replace(source="another") for row in fits]
    ranks = [*ranks, *(row._replace(source="another") for row in ranks)]
    datasets = DATASETS | {"another": "folder"}
    measured = of_matrix(fits + other, ranks, best_taus(fits + other, ranks), {}, datasets)
    assert measured["best_tau_siren"].value == 4, "of two encoders, whose targets are no cases of their own"
    assert measured["best_tau_siren"].chance == pytest.approx(1 / 4 * 1 / 4)


def test_cohorts_of_unpublished_frequencies_do_not_count_beside_published_ones():
    psnr = {
        ("s", "siren", 20.0): 45.0,
        ("s", "siren", 30.0): 31.0,
        ("s", "ffmlp", 5.0): 45.0,
        ("s", "ffmlp", 10.0): 30.0,
    }
    fits, ranks, best = published_matrix()
    of_both = of_matrix(fits, ranks, best, psnr)["cohorts_alike"]
    assert of_both.value == pytest.approx(1.0)
    unpublished = {key: db for key, db in psnr.items() if key[2] in (20.0, 5.0)}
    assert of_matrix(fits, ranks, best, unpublished)["cohorts_alike"].value == pytest.approx(0.0)


def test_a_pair_that_could_not_have_the_published_boundary_says_nothing_on_it():
    fits, ranks = freeze_rows({0: 30.0, 2: 33.0}), peaked_ranks(5, 1)
    assert "best_tau_siren" not in of_matrix(fits, ranks, best_taus(fits, ranks), {})


def test_the_smallest_target_says_how_many_images_there_are():
    fits = freeze_rows({0: 30.0, 1: 33.0}) + freeze_rows({0: 30.0, 1: 33.0}, target="s", images=("a", "b"))
    ranks = peaked_ranks(5, 1)
    measured = of_matrix(fits, ranks, best_taus(fits, ranks), {})
    assert {measured[name].n_images for name in ("best_tau_siren", "rule_sr_weight")} == {2}


def test_published_numbers_go_by_what_a_set_is_and_not_by_its_name():
    fits, ranks, best = published_matrix()
    strangers = of_matrix(fits, ranks, best, {}, dict.fromkeys(DATASETS, "folder"))
    assert not {"levels", "stable_ranks", "gain_kodak"} & strangers.keys()
    renamed = [[row._replace(source=f"my {row.source}") for row in rows] for rows in (fits, ranks, best)]
    called = DATASETS | {f"my {name}": dataset for name, dataset in DATASETS.items()}
    measured = of_matrix(*renamed, {}, called)
    assert measured["levels"] == of_matrix(fits, ranks, best, {})["levels"] and "gain_kodak" in measured
    assert measured["stable_ranks"].value == pytest.approx(0.0, abs=1e-9)


def test_phantoms_count_only_where_there_is_nothing_else():
    fits, ranks, best = published_matrix()
    phantom = [[row._replace(source="s") for row in rows] for rows in (fits, ranks, best)]
    both = [ours + theirs for ours, theirs in zip((fits, ranks, best), phantom)]
    datasets = DATASETS | {"s": "phantom"}
    measured = of_matrix(*both, ALIKE, datasets)
    assert measured == of_matrix(fits, ranks, best, {}) and "cohorts_alike" not in measured
    assert not transfer_evidence.of_phantoms(both[2], datasets)
    assert transfer_evidence.of_phantoms(phantom[2], datasets)
    assert of_matrix(*phantom, ALIKE, datasets)["best_tau_siren"].total == 9, "the number is shown all the same"


def test_cohorts_that_are_not_fitted_are_not_alike():
    measured = of_matrix(*published_matrix(), {("s", "siren", 30.0): 12.0, ("s", "ffmlp", 10.0): 12.5})
    assert measured["cohorts_alike"].value == -0.5 and not measured["cohorts_alike"].testable
    assert of_matrix(*published_matrix(), ALIKE)["cohorts_alike"].testable


def of_two_targets(best, ranks, tops=(33.0, 33.0)):
    """{name of a claim: Measured} of two targets of one encoder, frozen best at the boundaries `best`, at `tops` dB."""
    fits = []
    for target, tau, top in zip(("s", "t"), best, tops):
        fits += freeze_rows({0: 30.0, 1: 30.5, 2: 30.0} | {tau: top}, target=target)
    return of_matrix(fits, ranks, best_taus(fits, ranks), {})


@pytest.mark.parametrize("best, tops, expected", [((0, 2), (33, 34), 2), ((2, 0), (33, 34), 0), ((0, 2), (34, 33), 0)])
def test_where_as_many_targets_have_either_the_boundary_of_the_higher_mean_is_an_encoders_best(best, tops, expected):
    for named in (0, 2):
        assert of_two_targets(best, peaked_ranks(3, named), tops)["rule_sr_weight"].value == (named == expected)


def test_a_rule_that_always_names_layer_0_is_right_no_more_often_than_chance_says():
    """Two targets whose best boundaries are drawn apart."""
    rng, ranks, draws = np.random.default_rng(0), peaked_ranks(3, 0), 300
    hits = 0
    for _ in range(draws):
        m = of_two_targets(rng.integers(3, size=2), ranks, rng.uniform(32.0, 35.0, 2))["rule_sr_weight"]
        hits += m.value
    assert hits / draws < 1 / 3 + 3 * np.sqrt(2 / 9 / draws) and m.chance_of_all == 1.0, "one encoder has no verdict"


def test_encoders_where_both_rules_are_right_or_both_wrong_are_no_cases_of_the_sign_test():
    """Of three encoders, best at boundary 1, one is named by weights alone, one by both ranks, one by neither."""
    fits, ranks = [], []
    for source, by_weight, by_activation in (("s", 1, 0), ("t", 1, 1), ("kodak", 0, 2)):
        fits += freeze_rows({0: 30.0, 1: 33.0, 2: 31.0}, source=source)
        after, centred = ([9.0 if i == layer else 2.0 for i in range(3)] for layer in (by_weight, by_activation))
        ranks += rank_rows(after, (1.0, 1.0, 1.0), centred, centred, source)
    m = of_matrix(fits, ranks, best_taus(fits, ranks), {})["rule_sr_activation"]
    assert m.value == 1 and m.chance == pytest.approx(0.5), "one toss, however many encoders"


@pytest.mark.parametrize("after", [(1, 2), (2, 1)])
def test_a_peak_that_one_training_leaves_in_place_is_not_moved_by_another(after):
    """Two trainings began with the same weights, whose highest rank is layer 1's."""
    before = (2.0, 9.0, 2.0)
    ranks = []
    for source, layer in zip(("s", "t"), after):
        trained = [9.0 if i == layer else 2.0 for i in range(3)]
        ranks += rank_rows(trained, before, trained, trained, source)
    m = transfer_evidence.peaks_moved(ranks)
    assert (m.value, m.total) == (0, 1)
    m = transfer_evidence.peaks_moved([row for row in ranks if row.source == ("t" if after[0] == 1 else "s")])
    assert (m.value, m.total) == (1, 1), "the other one alone"


@pytest.mark.parametrize("siren, ffmlp", [(22.0, 27.0), (27.0, 22.0)])
@pytest.mark.parametrize("beside", [{}, {("t", "siren", 30.0): 30.0, ("t", "ffmlp", 10.0): 30.0}])
def test_one_cohort_that_is_not_fitted_is_enough_to_leave_it_open(siren, ffmlp, beside):
    psnr = {("s", "siren", 30.0): siren, ("s", "ffmlp", 10.0): ffmlp} | beside
    assert not transfer_evidence.cohorts_alike(psnr).testable


def test_cohorts_of_several_frequencies_count_by_their_mean():
    psnr = {
        ("s", "siren", 20.0): 30.0,
        ("s", "siren", 40.0): 34.0,
        ("s", "ffmlp", 5.0): 31.0,
        ("s", "ffmlp", 9.0): 29.0,
    }
    assert transfer_evidence.cohorts_alike(psnr).value == pytest.approx(32.0 - 30.0)


def test_an_encoder_whose_rule_names_an_untried_boundary_is_no_case_of_it():
    fits, ranks = [], []
    for source, taus in (("s", (0, 1, 2)), ("u", (0, 2))):
        fits += freeze_rows({tau: 31.0 if tau == 1 else 30.0 - tau for tau in taus}, source=source)
        ranks += peaked_ranks(3, 1, source)
    measured = of_matrix(fits, ranks, best_taus(fits, ranks), {}, DATASETS | {"u": "folder"})
    m = measured["rule_sr_weight"]
    assert (m.value, m.total, m.note) == (1, 1, "1 more names a boundary that was not tried")
    assert measured["rule_sr_activation"].note.endswith("of 1")
