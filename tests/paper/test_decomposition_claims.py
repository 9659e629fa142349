"""The claims on other decompositions, on rows that were made so that they hold, and so that they do not."""

import itertools

import numpy as np
import pytest

from inr_sae.paper import claims
from inr_sae.paper.decomposition_claims import DECOMPOSITIONS, OF_MODELS
from inr_sae.paper.decomposition_evidence import of_methods, of_recovery
from inr_sae.rows.decompositions import EdgeRow, NeededRow, RecoveryRow, ResolutionRow

CLAIMS = {claim.name: claim for claim in (*DECOMPOSITIONS, *OF_MODELS)}
REAL = claims.Data("faces", {}, phantom=False)
BACKBONES = ("siren", "ffmlp", "finer", "wire", "gaussian")
LAST = dict.fromkeys(BACKBONES, 4)
PLACES = list(itertools.product(BACKBONES, range(5)))


def needed(ours, theirs, row=NeededRow):
    """Rows of LIB and PCA at every place; ours, theirs: (n) of a place's number."""
    empty = dict.fromkeys(row._fields)
    return [
        row(**empty | {"backbone": backbone, "layer": layer, "method": method, "n_needed": number(i)})
        for i, (backbone, layer) in enumerate(PLACES)
        for method, number in (("lib", ours), ("pca", theirs))
    ]


def resolution(operator, pointwise, convolutional):
    """ResolutionRows by the change of codes of each method."""
    empty = dict.fromkeys(ResolutionRow._fields)
    changes = {"operator": operator, "topk": pointwise, "convolutional": convolutional}
    return [
        ResolutionRow(**empty | dict(backbone=b, layer=layer, method=name, grid=grid, codes_change=change))
        for (b, layer), (name, change), grid in itertools.product(PLACES, changes.items(), ("half", "double"))
    ]


def recovery(step_of):
    """RecoveryRows of models that have recovered all atoms from step_of(model, lifted, modes, atoms, rng) on."""
    rows, rng = [], np.random.default_rng(0)
    models = itertools.product((("topk_free", None), ("operator", 33), ("operator", 8)), (0, 1))
    kinds = itertools.product(models, ("smooth", "rough"), ("adam", "sgd"), range(5))
    for ((model, modes), lifted), atoms, optimizer, seed in kinds:
        start = step_of(model, lifted, modes, atoms, rng)
        for step in range(10, 110, 10):
            rows.append(
                RecoveryRow(model, lifted, modes, atoms, optimizer, 1e-3, seed, 0.5, float(step >= start), step)
            )
    return rows


def verdict(name, measured):
    return claims.verdict_on(CLAIMS[name], measured.get(name), REAL)


@pytest.mark.parametrize("name, row, place", [("lib_relevance", NeededRow, 0), ("lib_sparsity", EdgeRow, 1)])
def test_fewer_is_found_where_it_was_planted_and_not_by_chance(name, row, place):
    def found(ours, theirs):
        tables = [[], [], []]
        tables[place] = needed(ours, theirs, row)
        return of_methods(*tables, LAST)

    planted = found(lambda i: 5 + i, lambda i: 9 + i)
    assert verdict(name, planted) == claims.REPRODUCED and planted[name].null == 0
    without = 1 if row is NeededRow else 2  # interactions with LIB's few features of the last layer are few
    assert planted[name].total == 5 * (5 - without), "without the last layers"
    assert planted[name].chance_of_all == pytest.approx(0.5**5), "layers of one encoder are no cases of their own"
    assert "5 to 9, 6 to 10" in planted[name].note
    assert verdict(name, found(lambda i: 5, lambda i: 5)) == claims.NOT_REPRODUCED, "as many are not fewer"
    assert verdict(name, found(lambda i: 9, lambda i: 5)) == claims.NOT_REPRODUCED
    few = [each for each in needed(lambda i: 5 + i, lambda i: 9 + i, row) if each.backbone in BACKBONES[:2]]
    of_two = of_methods(*([few if i == place else [] for i in range(3)]), LAST)
    assert verdict(name, of_two) == claims.TOO_FEW_CASES, "two encoders"
    by_chance = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        drawn = found(lambda i: int(rng.integers(50)), lambda i: int(rng.integers(50)))
        by_chance += verdict(name, drawn) in (claims.REPRODUCED, claims.PARTLY)
    assert by_chance <= 3


def test_a_layer_that_no_number_of_directions_carries_is_left_out():
    rows = needed(lambda i: None if i == 0 else 5, lambda i: 9)
    assert of_methods(rows, [], [], LAST)["lib_relevance"].total == len(PLACES) - 5 - 1


def test_operators_hold_where_they_do_and_convolutions_do_not():
    assert verdict("operators_hold", of_methods([], [], resolution(0.01, 0.4, 0.5), LAST)) == claims.REPRODUCED
    of_inr = of_methods([], [], resolution(0.01, 0.0, 0.5), LAST)
    assert verdict("operators_hold", of_inr) == claims.REPRODUCED
    assert verdict("operators_hold", of_methods([], [], resolution(0.01, 0.0, 0.01), LAST)) == claims.NOT_REPRODUCED
    assert of_inr["operators_hold"].null == len(PLACES), "both hold"
    assert verdict("operators_hold", of_methods([], [], resolution(0.3, 0.4, 0.5), LAST)) == claims.NOT_REPRODUCED
    assert "operators_hold" not in of_methods([], [], [], LAST)


@pytest.mark.parametrize("grid, change", [("half", 0.9), ("same", 0.0), ("between", None)])
def test_only_the_doubled_grid_says_whether_operators_hold(grid, change):
    doubled = [row for row in resolution(0.01, 0.0, 0.5) if row.grid == "double"]
    others = [row._replace(grid=grid, codes_change=change) for row in doubled]
    alone = of_methods([], [], doubled, LAST)
    assert alone["operators_hold"].value == len(PLACES)
    assert of_methods([], [], doubled + others, LAST) == of_methods([], [], others + doubled, LAST) == alone


def test_a_pointwise_code_that_holds_where_the_operator_does_not_is_no_case_without_the_effect():
    m = of_methods([], [], resolution(0.3, 0.0, 0.5), LAST)["operators_hold"]
    assert (m.value, m.null) == (0, 0)


def test_lifting_is_sooner_where_it_was_planted():
    sooner = of_recovery(recovery(lambda model, lifted, modes, atoms, rng: 30 if lifted else 60))
    assert verdict("lifting_faster", sooner) == claims.REPRODUCED
    assert "adam: 30 of 30; sgd: 30 of 30" in sooner["lifting_faster"].note
    alike = of_recovery(recovery(lambda model, lifted, modes, atoms, rng: 50))
    assert verdict("lifting_faster", alike) == claims.NOT_REPRODUCED
    drawn = of_recovery(recovery(lambda model, lifted, modes, atoms, rng: rng.integers(10, 100)))
    assert verdict("lifting_faster", drawn) == claims.NOT_REPRODUCED
    never = of_recovery(recovery(lambda model, lifted, modes, atoms, rng: 1000))
    assert "lifting_faster" not in never


def test_models_are_held_to_each_other_at_their_best_rates():
    """The null: lifted and plain are alike, but for the rate that suits each."""
    slow = recovery(lambda model, lifted, modes, atoms, rng: 30 if lifted else 60)
    fast = [row._replace(learning_rate=1e-2) for row in recovery(lambda m, lifted, *_: 1000 if lifted else 30)]
    assert verdict("lifting_faster", of_recovery(slow)) == claims.REPRODUCED
    assert verdict("lifting_faster", of_recovery(slow + fast)) == claims.NOT_REPRODUCED


def test_what_is_learned_again_of_one_seed_is_one_case_whatever_the_atoms_the_model_and_the_optimiser():
    """Five seeds of two kinds of atoms, which have the same codes, each learned again by several models and two
    optimisers, which have the same initial weights."""
    found = of_recovery(recovery(lambda model, lifted, modes, *_: 60 - 20 * lifted - 20 * (modes == 8)))
    lifted, few = found["lifting_faster"], found["few_modes_smooth"]
    assert (lifted.value, lifted.total) == (60, 60) and lifted.chance_of_all == pytest.approx(0.5**5)
    assert (few.value, few.total) == (20, 20) and few.chance_of_all == pytest.approx(0.5**5)


def test_few_modes_favour_smooth_atoms_where_they_are_sooner_on_these():
    def step_of(smooth, rough):
        return lambda model, lifted, modes, atoms, rng: (smooth if atoms == "smooth" else rough) if modes == 8 else 60

    assert verdict("few_modes_smooth", of_recovery(recovery(step_of(30, 1000)))) == claims.REPRODUCED
    assert verdict("few_modes_smooth", of_recovery(recovery(step_of(60, 60)))) == claims.NOT_REPRODUCED
    by_arithmetic = of_recovery(recovery(step_of(80, 1000)))
    assert verdict("few_modes_smooth", by_arithmetic) == claims.BY_ARITHMETIC, "that rough ones are beyond it"


def test_every_claim_is_measured():
    measured = of_methods(needed(abs, abs), needed(abs, abs, EdgeRow), resolution(0, 0, 0), LAST)
    assert set(measured | of_recovery(recovery(lambda *_: 20))) == set(CLAIMS)
