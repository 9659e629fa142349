"""The statistics of a matrix, on numbers whose answer is known."""

import itertools

import pytest

from inr_sae.measure import boundaries
from inr_sae.measure.boundaries import Pair
from inr_sae.measure.cap import CAP_DB
from inr_sae.protocols import different_fits
from inr_sae.rows.common import UNTRAINED
from inr_sae.rows.transfer import RULES, CurveRow, MeanCurveRow
from tests.matrix_rows import fit_row, freeze_rows, peaked_ranks, rank_rows

LEVEL = {"full": 30.0, "freeze": 31.0, "warm": 32.0, "thaw": 29.0, "random": 20.0, "scratch": 25.0}
RANKS = rank_rows((2.0, 9.0, 8.0), (2.0, 9.5, 3.0), (5.0, 4.0, 3.0), (1.0, 7.0, 6.0))
SIREN = Pair("s", "t", "siren", 30.0)


def test_there_is_a_rule_for_each_column_of_the_table():
    assert tuple(boundaries.RULES) == RULES


def test_rules_pick_the_argmax_of_their_own_column():
    picks = {"sr_weight": 1, "sr_activation": 0, "sr_activation_centred": 1, "sr_weight_gain": 2}
    assert boundaries.rule_layers(RANKS) == picks
    assert boundaries.rule_layer(RANKS) == 1


def test_of_layers_with_equal_ranks_the_first_is_named():
    ranks = rank_rows((2.0, 9.0, 9.0), (2.0, 1.0, 1.0), (5.0, 5.0, 3.0), (7.0, 7.0, 7.0))
    picks = {"sr_weight": 1, "sr_activation": 0, "sr_activation_centred": 0, "sr_weight_gain": 1}
    assert boundaries.rule_layers(ranks) == picks


def test_a_layer_without_a_stable_rank_is_no_rules_layer():
    ranks = [row._replace(sr_weight=None) if row.layer == 1 else row for row in RANKS]
    assert boundaries.rule_layer(ranks) == 2
    ranks[2] = ranks[2]._replace(sr_weight_init=None)
    assert boundaries.rule_layers(ranks)["sr_weight_gain"] == 0, "layer 2 was not known before training"


def test_a_layer_of_undefined_rank_is_no_rules_layer():
    """As of activations that do not vary; nan is neither more nor less than anything."""
    nan = float("nan")
    found = boundaries.rule_layers(rank_rows([nan, 4.0, 9.0], [1.0] * 3, [nan] * 3, [nan, 9.0, 4.0]))
    assert (found["sr_weight"], found["sr_activation"], found["sr_activation_centred"]) == (2, None, 1)


def test_a_rule_that_no_layer_can_serve_names_none():
    ranks = [row._replace(sr_weight=None) for row in RANKS]
    picks = {"sr_weight": None, "sr_activation": 0, "sr_activation_centred": 1, "sr_weight_gain": None}
    assert boundaries.rule_layers(ranks) == picks
    assert boundaries.rule_layer(ranks) is None


def test_psnr_is_capped_and_by_what_tells_fits_apart():
    fits = freeze_rows({0: 40.0, 1: 155.0}, images=("a",), seeds=(0, 3))
    fits.append(fit_row("full", None, "a", 0, 30.0, target="other"))
    assert boundaries.psnr(fits, lambda row: (row.target, row.tau)) == {
        ("t", 0): {("a", 0): 40.0, ("a", 3): pytest.approx(40.3)},
        ("t", 1): {("a", 0): CAP_DB, ("a", 3): CAP_DB},
        ("other", None): {("a", 0): 30.0},
    }


def test_of_equal_means_the_first_boundary_is_the_best():
    fits = freeze_rows({2: 40.0, 0: 40.0, 1: 39.0})
    assert boundaries.best_taus(fits, RANKS)[0].best_tau == 0


def test_the_best_boundary_is_that_of_most_subjects_and_not_of_one_with_many_images():
    many = freeze_rows({0: 30.2, 1: 30.0}, images=[f"a{i}" for i in range(20)], seeds=(0,))
    rows = [row._replace(subject="a") for row in many]
    rows += freeze_rows({0: 29.7, 1: 30.0}, images=tuple("bcdefghij"), seeds=(0,))
    (row,) = boundaries.best_taus(rows, RANKS)
    assert (row.best_tau, row.runner_up_tau, row.n_subjects) == (1, 0, 10)
    assert row.lead_db == pytest.approx((9 * 0.3 - 0.2) / 10, abs=0.02) and row.decided == int(row.lead_db_low > 0)


def test_a_boundary_that_only_missing_fits_make_the_best_is_not_decided():
    rows = freeze_rows({0: 30.0, 1: 30.5}, images=tuple("abcdefgh"), seeds=(0,))
    rows += freeze_rows({0: 60.0}, images=("i",), seeds=(0,))
    (row,) = boundaries.best_taus(rows, RANKS)
    assert row.best_tau == 0 and row.lead_db < 0 and not row.decided


def test_the_lead_of_the_best_boundary_is_paired():
    (row,) = boundaries.best_taus(freeze_rows({0: 40.0, 1: 41.0, 2: 38.0}), RANKS)
    assert boundaries.pair_of(row) == SIREN
    assert (row.best_tau, row.runner_up_tau, row.n_images, row.n_subjects) == (1, 0, 6, 6)
    assert row.lead_db == pytest.approx(1.0) and row.decided == 1
    assert row.lead_db_low == pytest.approx(1.0) and row.lead_db_high == pytest.approx(1.0)
    assert row.tau_by_sr_weight == 1 and row.tau_by_sr_activation == 0


def test_a_lead_that_hangs_on_one_image_is_not_decided():
    fits = freeze_rows({0: 40.0})
    fits += [row._replace(tau=1, psnr_db=row.psnr_db + (3.0 if row.image == "a" else -0.5)) for row in fits]
    (row,) = boundaries.best_taus(fits, RANKS)
    assert row.best_tau == 1 and row.lead_db == pytest.approx(0.5 / 6) and row.decided == 0


def test_one_boundary_is_best_without_a_lead():
    (row,) = boundaries.best_taus(freeze_rows({1: 41.0}), RANKS)
    assert row.best_tau == 1 and row.tau_by_sr_weight == 1
    assert {getattr(row, name) for name in boundaries.LEAD} == {None}


def test_images_of_one_subject_count_as_one():
    fits = [row._replace(subject=row.image in "ab") for row in freeze_rows({0: 40.0, 1: 41.0})]
    (row,) = boundaries.best_taus(fits, RANKS)
    assert (row.n_images, row.n_subjects, row.decided) == (6, 2, 0)
    fits += [fit_row("full", None, image, 0, 30.0, subject=image in "ab") for image in "abcdef"]
    compared = boundaries.paired(fits, {"siren": 3})
    assert {(row.n_images, row.n_subjects) for row in compared} == {(6, 2)}


@pytest.mark.parametrize("reverse", [False, True])
def test_whom_an_image_shows_is_a_targets_own_business(reverse):
    """Images of two targets may have one name: six subjects in one of them, one in the other."""
    fits = freeze_rows({0: 40.0, 1: 41.0}) + freeze_rows({0: 40.0, 1: 41.0}, target="u", subject="one")
    fits = fits[::-1] if reverse else fits
    assert boundaries.subjects_of(fits, "t") == {image: image for image in "abcdef"}
    assert {row.target: row.n_subjects for row in boundaries.best_taus(fits, RANKS)} == {"t": 6, "u": 1}


def test_pairs_are_compared_at_the_boundaries_that_their_own_encoder_has():
    fits = freeze_rows({tau: 40.0 + tau for tau in range(7)})
    fits += freeze_rows({0: 31.0, 1: 32.0}, backbone="ffmlp")
    deep, shallow = boundaries.best_taus(fits, peaked_ranks(7, 4) + peaked_ranks(2, 1, backbone="ffmlp"))
    assert (deep.best_tau, deep.runner_up_tau, deep.tau_by_sr_weight) == (6, 5, 4)
    assert (shallow.best_tau, shallow.runner_up_tau, shallow.tau_by_sr_weight) == (1, 0, 1)


def test_agreement_counts_pairs_and_decided_ones():
    fits = (
        freeze_rows({0: 40.0, 1: 41.0}, target="t")
        + freeze_rows({0: 41.0, 1: 40.0}, target="u")
        + freeze_rows({0: 41.0, 1: 40.0}, target="v", images=("a",))
    )
    by_rule = {row.rule: row for row in boundaries.agreement(boundaries.best_taus(fits, RANKS), fits)}
    assert (by_rule["sr_weight"].agrees, by_rule["sr_weight"].of) == (1, 3)
    assert (by_rule["sr_weight"].agrees_where_decided, by_rule["sr_weight"].of_decided) == (1, 2)
    assert by_rule["sr_activation"].agrees == 2
    assert set(by_rule) == {"sr_weight", "sr_activation", "sr_activation_centred", "sr_weight - sr_weight_init"}


def test_agreement_leaves_out_pairs_where_a_rule_names_nothing():
    fits = freeze_rows({0: 41.0, 1: 40.0})
    best = boundaries.best_taus(fits, [row._replace(sr_weight=None) for row in RANKS])
    by_rule = {row.rule: row for row in boundaries.agreement(best, fits)}
    assert (by_rule["sr_weight"].of, by_rule["sr_weight"].of_decided) == (0, 0)
    assert (by_rule["sr_activation"].agrees, by_rule["sr_activation"].of) == (1, 1)


def test_agreement_leaves_out_pairs_in_which_one_boundary_alone_was_tried():
    fits = (
        freeze_rows({0: 40.0, 1: 41.0}) + freeze_rows({1: 41.0}, target="u") + freeze_rows({1: 41.0}, backbone="ffmlp")
    )
    rows = boundaries.agreement(boundaries.best_taus(fits, RANKS + peaked_ranks(3, 1, backbone="ffmlp")), fits)
    found = {(row.backbone, row.rule): (row.agrees, row.of, row.of_decided) for row in rows}
    assert found["siren", "sr_weight"] == (1, 1, 1)
    assert {backbone for backbone, _ in found} == {"siren"}, "of the other backbone nothing else was tried"


def test_a_rule_that_names_an_untried_boundary_is_neither_right_nor_wrong():
    fits = freeze_rows({0: 40.0, 2: 41.0}) + freeze_rows({0: 41.0, 1: 40.0}, target="u")
    (row, *_) = boundaries.agreement(boundaries.best_taus(fits, RANKS), fits)
    assert (row.rule, row.agrees, row.of) == ("sr_weight", 0, 1), "layer 1 was tried on the second target alone"


def test_agreement_is_counted_backbone_by_backbone():
    fits = freeze_rows({0: 40.0, 1: 41.0}) + freeze_rows({0: 41.0, 1: 40.0}, backbone="ffmlp")
    rows = boundaries.agreement(boundaries.best_taus(fits, RANKS + peaked_ranks(3, 1, backbone="ffmlp")), fits)
    found = {row.backbone: (row.agrees, row.of) for row in rows if row.rule == "sr_weight"}
    assert found == {"siren": (1, 1), "ffmlp": (0, 1)}


def all_protocols(n_units=3, **keys):
    """Every protocol at every boundary, each different fit once."""
    return [
        fit_row(protocol, tau, image, seed, LEVEL[protocol] + {"a": 0, "b": 5, "c": 9}[image], **keys)
        for protocol, tau in different_fits(tuple(LEVEL), range(n_units), n_units)
        for image, seed in itertools.product("abc", (0, 1))
    ]


@pytest.mark.parametrize("n_units", [3, 7])
def test_every_two_protocols_are_compared_at_every_boundary(n_units):
    compared = boundaries.paired(all_protocols(n_units), {"siren": n_units})
    found = {(row.protocol, row.minus, row.tau): row.difference_db for row in compared}
    last = n_units - 1
    for tau in range(last):
        assert found["freeze", "full", tau] == pytest.approx(1.0)
        assert found["freeze", "random", tau] == pytest.approx(11.0)
        assert found["warm", "thaw", tau] == pytest.approx(3.0)
    assert found["warm", "thaw", last] == pytest.approx(1.0), "behind the last unit warm is freeze and thaw is full"
    assert ("freeze", "warm", last) not in found, "a fit is not compared with itself"
    assert ("full", "thaw", last) not in found
    assert found["full", "scratch", None] == pytest.approx(5.0)
    assert ("full", "scratch", 1) not in found and len(found) == len(compared), "of these there is one comparison"
    assert all(row.n_images == 3 for row in compared)


def test_behind_the_last_unit_thaw_is_itself_where_it_ran_longer_than_full():
    fits = all_protocols() + [
        fit_row("thaw", 2, image, seed, LEVEL["full"] + 4.0 + {"a": 0, "b": 5, "c": 9}[image])
        for image, seed in itertools.product("abc", (0, 1))
    ]
    found = {(row.protocol, row.minus, row.tau): row.difference_db for row in boundaries.paired(fits, {"siren": 3})}
    assert found["full", "thaw", 2] == pytest.approx(-4.0)
    assert found["warm", "thaw", 2] == pytest.approx(1.0 - 4.0)


def test_a_protocol_of_another_budget_stands_for_none():
    budgets = dict.fromkeys(LEVEL, 2000) | {"full": 500}
    compared = boundaries.paired(all_protocols(), {"siren": 3}, budgets)
    found = {(row.protocol, row.minus, row.tau) for row in compared}
    assert not {pair for pair in found if "thaw" in pair[:2] and pair[2] == 2}, "it was not fitted there"
    assert ("warm", "random", 2) in found or ("random", "warm", 2) in found, "freeze is as long"


def test_backbones_may_differ_in_depth():
    fits = all_protocols(3) + all_protocols(5, backbone="ffmlp")
    found = {
        (row.backbone, row.protocol, row.minus, row.tau): row.difference_db
        for row in boundaries.paired(fits, {"siren": 3, "ffmlp": 5})
    }
    assert found["siren", "warm", "thaw", 2] == pytest.approx(1.0)
    assert found["ffmlp", "warm", "thaw", 2] == pytest.approx(3.0)
    assert ("siren", "freeze", "full", 4) not in found and ("ffmlp", "freeze", "full", 4) in found


def test_rates_are_not_mixed():
    fits = all_protocols() + all_protocols(learning_rate=1e-3)
    compared = boundaries.paired(fits, {"siren": 3})
    assert {row.learning_rate for row in compared} == {1e-4, 1e-3}
    assert len(compared) == 2 * len(boundaries.paired(all_protocols(), {"siren": 3}))


def test_what_belongs_to_no_source_stands_beside_every_source():
    fits = all_protocols() + freeze_rows({0: 50.0}, source="other", images=("a", "b"), seeds=(0,))
    found = {(row.source, row.protocol, row.minus) for row in boundaries.paired(fits, {"siren": 3})}
    assert ("s", "freeze", "scratch") in found and ("other", "freeze", "scratch") in found
    assert not any(source == UNTRAINED for source, _, _ in found)


def test_mean_curves_average_over_fits_at_each_step():
    key = ("s", "t", "siren", 30.0, "full", None, 1e-4)
    curves = [
        CurveRow(*key, image, 0, step, step, psnr)
        for image, values in (("a", (10.0, 20.0)), ("b", (12.0, 26.0)))
        for step, psnr in zip((0, 50), values)
    ]
    assert boundaries.mean_curves(curves, {}) == [
        MeanCurveRow(*key, 0, 0, 11.0, 2),
        MeanCurveRow(*key, 50, 50, 23.0, 2),
    ]


def test_in_mean_curves_a_subject_of_many_images_counts_as_any_other():
    key = ("s", "t", "siren", 30.0, "full", None, 1e-4)
    curves = [CurveRow(*key, image, 0, 5, 5, psnr) for image, psnr in (("a1", 20.0), ("a2", 20.0), ("b", 30.0))]
    (row,) = boundaries.mean_curves(curves, {"a1": "a", "a2": "a", "b": "b"})
    assert (row.psnr_db_mean, row.n) == (25.0, 3)


def test_warm_alone_has_no_best_boundary():
    """Behind the last unit warm is freeze; that must not make the last unit the only, hence the best, boundary."""
    fits = [fit_row("warm", tau, image, 0, 30.0) for tau in (0, 1, 2) for image in "ab"]
    assert boundaries.best_taus(fits, RANKS) == []
    assert boundaries.paired(fits, {"siren": 3}) == []


def beyond(tau, db, protocol="freeze", **keys):
    return [fit_row(protocol, tau, image, 0, value, **keys) for image, value in zip("abcdef", db)]


def test_a_boundary_does_not_win_by_digits_that_no_8_bit_image_has():
    """Of 155 and of 60 dB, perfect both, neither leads; one that fits all six images so beats one of 155 and 40 dB."""
    (row,) = boundaries.best_taus(beyond(0, [155.3] * 6) + beyond(1, [60.0] * 6), RANKS)
    assert row.psnr_db == pytest.approx(CAP_DB) and row.lead_db == 0.0 and row.decided == 0
    (row,) = boundaries.best_taus(beyond(0, [155.3] * 3 + [40.0] * 3) + beyond(1, [60.0] * 6), RANKS)
    assert row.best_tau == 1 and row.lead_db == pytest.approx((CAP_DB - 40) / 2)


def test_differences_and_curves_are_of_capped_psnr():
    fits = beyond(1, [155.3] * 6) + beyond(None, [50.0] * 6, "full")
    (row,) = boundaries.paired(fits, {"siren": 3})
    assert abs(row.difference_db) == pytest.approx(CAP_DB - 50.0)
    curves = [CurveRow(*fit[:9], step, step, db) for fit, db in zip(fits[:2], (155.3, 40.0)) for step in (5,)]
    (row,) = boundaries.mean_curves(curves, {})
    assert row.psnr_db_mean == pytest.approx((CAP_DB + 40.0) / 2)
