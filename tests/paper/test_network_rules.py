"""Fed rules that always, never and by chance name the best boundary."""

import numpy as np
import pytest

from inr_sae.paper import claims, network_rules
from inr_sae.rows.transfer import NetworkRow


def networks(bests, named, n_units=5, backbone="b", tried=None):
    """NetworkRows, one an initialisation, frozen at `tried` boundaries or all; every rule names the same layers."""
    psnr = dict.fromkeys((f"{name}_psnr_db" for name in ("cohort", "full", "best", "rule", "scratch", "random")), 30.0)
    psnr["cohort_psnr_db_last_5"] = 30.0
    taus = [dict.fromkeys((f"tau_by_{rule}" for rule in network_rules.NETWORK_RULES), layer) for layer in named]
    return [
        NetworkRow(
            backbone, n_units, 64, seed, n_units, n_units if tried is None else tried, best, 1, **psnr, **by_rule
        )
        for seed, (best, by_rule) in enumerate(zip(bests, taus))
    ]


def test_a_planted_rule_is_reproduced():
    (row, *_) = network_rules.rules(networks([1, 2, 1], [1, 2, 1]), 6)
    assert (row.agrees, row.of, row.verdict) == (3, 3, claims.REPRODUCED)
    assert row.chance_level == pytest.approx(0.6) and row.chance == pytest.approx(0.2**3)


def test_a_rule_that_names_layers_at_random_is_not():
    rng = np.random.default_rng(0)
    best, named = rng.integers(0, 5, 400), rng.integers(0, 5, 400)
    (row, *_) = network_rules.rules(networks(best.tolist(), named.tolist()), 6)
    assert row.verdict == claims.NOT_REPRODUCED and abs(row.agrees - row.chance_level) < 3 * np.sqrt(400 * 0.16)
    assert row.chance > 0.01


def test_of_three_units_two_initialisations_say_nothing():
    (row, *_) = network_rules.rules(networks([1, 1], [1, 1], n_units=3), 6)
    assert row.verdict == claims.TOO_FEW_CASES and row.chance == pytest.approx(1 / 9)
    assert network_rules.power(row) == pytest.approx(1 / 9)


def test_chance_is_of_the_boundaries_that_were_tried_and_of_one_none_is_the_best():
    (row, *_) = network_rules.rules(networks([1, 1, 0], [1, 1, 1], tried=2), 6)
    assert row.chance_level == pytest.approx(1.5) and row.chance == pytest.approx(0.5)
    assert row.verdict == claims.TOO_FEW_CASES
    assert network_rules.rules(networks([1, 1, 1], [1, 1, 1], tried=1), 6) == []


def test_initialisations_are_counted_network_by_network_and_phantoms_test_nothing():
    rows = networks([0, 1], [0, 1]) + networks([0], [2], backbone="c")
    found = {(row.backbone, row.rule): (row.agrees, row.of) for row in network_rules.rules(rows, 6)}
    assert found["b", "sr_weight"] == (2, 2) and found["c", "sr_weight"] == (0, 1)
    assert found["all", "sr_weight"] == (2, 3), "of several networks all together as well"
    assert {row.verdict for row in network_rules.rules(rows, 6, testable=False)} == {claims.NOT_TESTABLE}


def test_networks_together_have_each_its_own_chance_and_what_one_layer_would_give():
    rows = networks([1], [1], n_units=3) + networks([1], [1], backbone="c") + networks([0], [2], backbone="d")
    (row,) = (row for row in network_rules.rules(rows, 6) if row[:4] == ("all", None, None, "sr_weight"))
    assert (row.agrees, row.of, row.constant, row.n_units) == (2, 3, 2, None)
    assert row.chance_level == pytest.approx(1 / 3 + 2 / 5)
    two, three = (1 / 3) * 0.2 * 0.8 * 2 + (2 / 3) * 0.2**2, (1 / 3) * 0.2**2
    assert row.chance == pytest.approx(two + three) and row.verdict == claims.UNDECIDED


def test_what_has_no_boundary_or_no_layer_is_no_case():
    assert network_rules.rules(networks([None], [1], tried=0), 6) == []
    assert network_rules.rules(networks([1], [None]), 6) == []


def test_how_little_so_few_can_say_is_the_chance_that_all_agree_however_many_do():
    (row, *_) = network_rules.rules(networks([1, 2, 0], [1, 2, 1]), 6)
    assert (row.agrees, row.of) == (2, 3) and row.chance == pytest.approx(3 * 0.2**2 * 0.8 + 0.2**3)
    assert network_rules.power(row) == pytest.approx(0.2**3)


def test_few_images_decide_no_rule():
    (row, *_) = network_rules.rules(networks([1, 2, 1], [1, 2, 1]), 5)
    assert (row.agrees, row.verdict) == (3, claims.TOO_FEW_IMAGES)


def test_an_initialisation_whose_rule_names_an_untried_boundary_is_no_case():
    (row, *_) = network_rules.rules(networks([1, 2, 1], [1, 2, 3], tried=3), 6, taus=(0, 1, 2))
    assert (row.agrees, row.of) == (2, 2)
