"""What the claims on transfer are handed, on matrices whose answer is known."""

import numpy as np
import pytest

from inr_sae.measure.boundaries import best_taus
from inr_sae.paper import reference, transfer_evidence
from inr_sae.paper.transfer_claims import TRANSFER
from inr_sae.paper.transfer_psnr import deviation
from tests.matrix_rows import fit_row, freeze_rows, peaked_ranks, rank_rows

BEFORE_TRAINING = {"siren": (2.0, 63.0, 66.0, 64.0, 66.0), "ffmlp": (89.0, 66.0, 63.0, 67.0, 66.0)}
ALIKE = {("s", "siren", 30.0): 31.0, ("s", "ffmlp", 10.0): 30.0}
DATASETS = {name: name for name in ("celebahq", "kodak", "oasis")} | {"s": "folder", "t": "folder"}


def of_matrix(fits, ranks, best, cohorts, datasets=DATASETS):
    return transfer_evidence.of_matrix(fits, ranks, best, cohorts, datasets)


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


def test_a_control_is_taken_at_the_rules_layer():
    ranks = rank_rows((2.0, 9.0), (1.0, 2.0), (1.0, 2.0), (1.0, 2.0))
    fits = freeze_rows({0: 30.0, 1: 40.0}, images=("a", "b", "c"), seeds=(0,))
    for tau, level in ((0, 39.0), (1, 33.0)):
        fits += [fit_row("random", tau, image, 0, level + 3.0 * i) for i, image in enumerate("abc")]
    measured = of_matrix(fits, ranks, best_taus(fits, ranks), {})
    assert measured["training_matters"].value == pytest.approx(7.0)
    assert measured["training_matters"].low == pytest.approx(7.0)


@pytest.mark.parametrize("taus, shape_is_measured", [((0, 1), False), ((0, 1, 4), False), ((0, 1, 2, 4), True)])
def test_a_curves_shape_needs_the_boundaries_that_the_claims_speak_of(taus, shape_is_measured):
    fits, ranks = freeze_rows({tau: 40.0 - tau for tau in taus}), peaked_ranks(5, 1)
    measured = of_matrix(fits, ranks, best_taus(fits, ranks), {})
    for name in ("last_layer_collapses", "siren_plateau"):
        assert (name in measured) == shape_is_measured


def matrix_of_depth(n_units, rule_layer, frozen, **keys):
    """A matrix of one pair: {tau: dB} of `freeze`, `thaw` at 30 dB - tau, `full` at 20 dB; behind the last unit thaw is
    full, so it is not fitted."""
    ranks = peaked_ranks(n_units, rule_layer, keys.get("source", "s"), keys.get("backbone", "siren"))
    fits = freeze_rows(frozen, images=("a", "b"), seeds=(0,), **keys)
    for i, image in enumerate("ab"):
        fits += [fit_row("thaw", tau, image, 0, 3.0 * i + 30.0 - tau, **keys) for tau in range(n_units - 1)]
        fits.append(fit_row("full", None, image, 0, 3.0 * i + 20.0, **keys))
    return fits, ranks, best_taus(fits, ranks)


@pytest.mark.parametrize(
    "n_units, rule_layer, difference",
    [(3, 1, 39.0 - 29.0), (3, 2, 38.0 - 20.0), (5, 4, 36.0 - 20.0), (7, 4, 36.0 - 26.0), (7, 6, 34.0 - 20.0)],
)
def test_freezing_is_compared_with_thaw_at_any_depth_and_with_full_behind_the_last_unit(
    n_units, rule_layer, difference
):
    matrix = matrix_of_depth(n_units, rule_layer, {tau: 40.0 - tau for tau in range(n_units)})
    assert of_matrix(*matrix, {})["freezing_helps"].value == pytest.approx(difference)


@pytest.mark.parametrize("full", [False, True])
def test_thaw_behind_the_last_unit_is_itself_where_it_was_fitted(full):
    fits, ranks, best = matrix_of_depth(3, 2, {0: 40.0, 1: 39.0, 2: 38.0})
    fits = [row for row in fits if full or row.protocol != "full"] + [fit_row("thaw", 2, "a", 0, 31.0)]
    assert of_matrix(fits, ranks, best, {})["freezing_helps"].value == pytest.approx(7.0)


def test_full_of_another_budget_does_not_stand_for_thaw():
    fits, ranks, best = matrix_of_depth(3, 2, {0: 40.0, 1: 39.0, 2: 38.0})
    budgets = {"full": 500, "freeze": 2000, "thaw": 2000}
    measured = transfer_evidence.of_matrix(fits, ranks, best, {}, DATASETS, budgets)
    assert "freezing_helps" not in measured, "thaw was not fitted at the rule's layer"


def test_full_does_not_stand_for_a_protocol_that_did_not_run():
    fits, ranks, best = matrix_of_depth(3, 2, {0: 40.0, 1: 39.0, 2: 38.0})
    fits = [row for row in fits if row.protocol != "thaw"]
    assert "freezing_helps" not in of_matrix(fits, ranks, best, {})


@pytest.mark.parametrize("n_units", [3, 7])
@pytest.mark.parametrize("backbone", ["siren", "ffmlp"])
def test_the_last_boundary_of_a_curve_is_the_runs_own(n_units, backbone):
    last = n_units - 1
    collapsing = dict.fromkeys(range(n_units), 40.0) | {last: 28.0}
    measured = of_matrix(*matrix_of_depth(n_units, 1, collapsing, backbone=backbone), {})
    assert (measured["last_layer_collapses"].value, measured["last_layer_collapses"].total) == (1, 1)
    if backbone == "ffmlp":
        assert measured["ffmlp_falls"].value == pytest.approx(12.0 / last)
        assert "siren_plateau" not in measured
    else:
        assert ("siren_plateau" in measured) == (n_units > 3), "of 3 units boundary 2 is the last one"
        assert n_units == 3 or measured["siren_plateau"].value == 1
        assert "ffmlp_falls" not in measured
    standing = collapsing | {last: 31.0}
    measured = of_matrix(*matrix_of_depth(n_units, 1, standing, backbone=backbone), {})
    assert measured["last_layer_collapses"].value == 0


def test_a_dip_at_the_papers_last_layer_is_no_collapse_of_a_deeper_network():
    matrix = matrix_of_depth(7, 1, dict.fromkeys(range(7), 40.0) | {4: 20.0})
    assert of_matrix(*matrix, {})["last_layer_collapses"].value == 0


@pytest.mark.parametrize("n_units, comparable", [(3, False), (5, True), (7, False)])
def test_published_numbers_are_compared_at_the_published_depth_alone(n_units, comparable):
    frozen = dict.fromkeys(range(n_units), 40.0)
    measured = of_matrix(*matrix_of_depth(n_units, 1, frozen, source="kodak", target="kodak"), {})
    assert ("levels" in measured) == ("stable_ranks" in measured) == comparable


def test_backbones_of_different_depth_stand_side_by_side():
    deep = matrix_of_depth(7, 6, {tau: 40.0 - tau for tau in range(7)})
    shallow = matrix_of_depth(3, 2, {tau: 40.0 - tau for tau in range(3)}, backbone="ffmlp")
    fits, ranks, best = (a + b for a, b in zip(deep, shallow))
    measured = of_matrix(fits, ranks, best, {})
    assert measured["freezing_helps"].value == pytest.approx((14.0 + 18.0) / 2)
    assert measured["last_layer_collapses"].total == 2


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


def test_what_is_level_for_certain_and_what_may_be_stand_beside_the_count():
    """Of three pairs one is ahead in every image, one on average alone, and one behind in every image."""
    fits, ranks = [], peaked_ranks(2, 0)
    for target, values in (("a", [1.0] * 6), ("b", [9.0, -5.0, 3.0, -6.0, 2.0, 1.0]), ("c", [-3.0] * 6)):
        fits += freeze_rows({0: 30.0, 1: 20.0}, seeds=(0,), target=target)
        fits += [
            fit_row("full", None, image, 0, 30.0 + 3.0 * i - values[i], target=target)
            for i, image in enumerate("abcdef")
        ]
    measured = of_matrix(fits, ranks, best_taus(fits, ranks), {}, DATASETS | dict.fromkeys("abc", "folder"))
    m = measured["matches_everywhere"]
    assert (m.value, m.low, m.high, m.total) == (2, 1, 2, 3)


def test_the_deviation_from_published_numbers_stands_beside_that_of_another_order():
    m = deviation([1.0, 2.0, 4.0], [1.0, 2.0, 3.0], lambda a, b: abs(a - b))
    assert m.value == pytest.approx(1 / 3) and m.null == pytest.approx((1 + 2 + 1 + 1 + 3 + 2) / 6)
    alone = deviation([1.0], [1.5], lambda a, b: abs(a - b))
    assert alone.value == 0.5 and np.isnan(alone.null) and deviation([], [], None) is None
