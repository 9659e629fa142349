"""Interventions: which entries they touch, what stands there afterwards, and that nothing else moves."""

import numpy as np
import pytest

from inr_sae.measure.rank import effective_rank
from inr_sae.rows.weights import BIASES, BOTH, CONTROL, WEIGHTS
from inr_sae.weights import interventions, outer, readings
from tests.weights import builders

RNG = np.random.default_rng(0)
TOKENS = RNG.normal(size=(12, 12, 7)).astype(np.float32)
LABELS = np.arange(12) % 3
KEYS = ("base", 0.01, "all", 0.0, 0)


def mask(layer=None):
    return interventions.columns(TOKENS, interventions.bias_column(TOKENS), layer, 2)


@pytest.mark.parametrize("kind", interventions.KINDS)
def test_an_intervention_touches_its_place_alone(kind):
    for place in (mask(), mask(1)):
        found, donors = interventions.intervened(kind, TOKENS, place, LABELS, np.random.default_rng(0))
        np.testing.assert_array_equal(found[:, ~place], TOKENS[:, ~place])
        assert (found[:, place] != TOKENS[:, place]).mean() > 0.5
        assert (donors is None) == (kind in ("zeroed", "averaged", "noise"))


def test_a_layers_rows_are_its_neurons():
    assert mask().sum() == 12 and mask(0).sum() == mask(1).sum() == 6
    assert mask(0)[:6, 6].all() and mask(1)[6:, 6].all()


def test_a_swap_with_the_same_image_changes_nothing():
    np.testing.assert_array_equal(interventions.swapped(TOKENS, mask(), np.arange(12)), TOKENS)


def test_partners_are_of_the_class_that_is_said_and_nobody_is_his_own():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        within, across = (interventions.partners(f"swapped {where}", LABELS, rng) for where in ("within", "across"))
        assert (LABELS[within] == LABELS).all() and (within != np.arange(12)).all()
        assert sorted(within) == list(range(12)) and (LABELS[across] != LABELS).all()
    assert interventions.partners("swapped within", np.array([0, 1, 1]), rng)[0] == 0


def test_averages_and_noise_keep_the_moments():
    place = mask()
    averaged, _ = interventions.intervened("averaged", TOKENS, place, LABELS, None)
    np.testing.assert_allclose(averaged[0][place], TOKENS.mean(axis=0)[place], rtol=1e-6)
    many = RNG.normal(3.0, 2.0, (4000, 2, 3)).astype(np.float32)
    whole = np.ones((2, 3), bool)
    noise, _ = interventions.intervened("noise", many, whole, np.zeros(4000), np.random.default_rng(0))
    np.testing.assert_allclose(noise.mean(axis=0), many.mean(axis=0), atol=0.2)
    np.testing.assert_allclose(noise.std(axis=0), many.std(axis=0), rtol=0.1)
    np.testing.assert_allclose(np.corrcoef(noise[:, 0, 0], many[:, 0, 0])[0, 1], 0, atol=0.1)


def test_the_control_is_as_large_as_the_biases():
    tokens = TOKENS.copy()
    tokens[:, :, 6] *= 1.9  # larger than any weight column: several together reach it
    chosen = interventions.matched_columns(tokens)
    norms = interventions.column_norms(tokens)
    reached = np.sqrt((norms[list(chosen)] ** 2).sum())
    assert 6 not in chosen and norms[6] <= reached <= np.sqrt(norms[6] ** 2 + norms[:6].max() ** 2)
    tokens[:, :, 2] *= 2  # now one reaches it, and the nearest is taken
    assert interventions.matched_columns(tokens) == (2,)


def test_log_odds_are_of_the_true_class():
    odds = interventions.log_odds(np.log([[0.8, 0.1, 0.1], [0.5, 0.25, 0.25]]), np.array([0, 1]))
    np.testing.assert_allclose(odds, np.log([4.0, 1 / 3]))


@pytest.fixture(scope="module")
def trained():
    """(params, Reads of each split) of a reader that is trained on planted classes."""
    state, _ = outer.train(builders.LONG, 60, builders.CONDITION, builders.state(builders.LONG), builders.data())
    data = {"train": builders.data(), "validation": builders.data(9, seed=3), "test": builders.data(12, seed=5)}
    return state.params, {split: read(state.params, each, "all") for split, each in data.items()}


def shown(tokens):
    return builders.CONDITION._replace(shown=outer.shown(tokens, builders.WIDTH))


def read(params, data, tokens):
    return readings.read(builders.TASK, shown(tokens), params, data)


def changed(params, tokens):
    """(InterventionRows, the Read of test) of a reader that is shown these tokens."""
    test = read(params, builders.data(12, seed=5), tokens)

    def answer(changed):
        return outer.read(builders.TASK, shown(tokens), params, changed)[0]

    return readings.changed(KEYS, answer, test, builders.HIDDEN, np.random.default_rng(0)), test


def test_every_intervention_is_measured_against_the_same_reader_unchanged(trained):
    rows, test = changed(trained[0], "all")
    assert len(rows) == 2 * len(interventions.KINDS) + 2 * builders.HIDDEN + 2
    for row in rows:
        assert row.accuracy + row.accuracy_drop == pytest.approx(test.accuracy)
        assert (row.as_donor is None) == (row.kind in ("zeroed", "averaged", "noise"))
    assert {row.place for row in rows} >= {BIASES, CONTROL, BOTH}


def test_a_reader_that_is_shown_no_biases_loses_nothing_with_them(trained):
    """The null: where biases are no route, no intervention on them costs anything."""
    rows, _ = changed(trained[0], "weights")
    assert {row.accuracy_drop for row in rows if row.place == BIASES} == {0.0}
    assert max(abs(row.log_odds_drop) for row in rows if row.place == BIASES) < 1e-5
    assert max(row.log_odds_drop for row in rows if row.place == CONTROL) > 1e-3


def test_a_reader_that_is_shown_biases_alone_follows_the_donor(trained):
    """The planted effect: where biases are the only route, the answer is the donor's, and weights cost nothing."""
    rows, test = changed(trained[0], "biases")
    assert {row.accuracy_drop for row in rows if row.place == CONTROL} == {0.0}
    donors = interventions.partners("swapped across", test.labels, np.random.default_rng(0))
    place = interventions.columns(test.tokens, interventions.bias_column(test.tokens))
    swapped = interventions.swapped(test.tokens, place, donors)
    found = outer.read(builders.TASK, shown("biases"), trained[0], swapped)[0]
    np.testing.assert_allclose(found, test.logits[donors], atol=1e-5)
    assert np.ptp(test.logits, axis=0).max() > 1e-3


def test_a_reading_and_the_flow_say_what_the_reader_does(trained):
    pytest.importorskip("sklearn")
    reads = trained[1]
    row = readings.reading(KEYS, reads, np.asarray(builders.data(12, seed=5).images))
    assert row.accuracy_test == reads["test"].accuracy and row.bias_dimensions == 11, "of 12 images"
    assert 1 <= row.bias_rank <= 11 and row.control_columns >= 1
    flow = readings.flow(KEYS, reads["train"], reads["test"], np.random.default_rng(0))
    assert [row.block for row in flow] == [None] * 4 + [0, 1, 2]
    assert [row.place for row in flow][-1] == "block 2"


def test_the_control_is_of_the_same_columns_in_training_and_test(trained):
    pytest.importorskip("sklearn")
    train, test = trained[1]["train"], trained[1]["test"]
    reads = []
    for column, each in enumerate((train, test)):
        tokens = 0.1 * each.tokens
        tokens[:, :, [column, -1]] = each.tokens[:, :, -1:]  # this column's norm is the biases'
        reads.append(each._replace(tokens=tokens))
    assert interventions.matched_columns(reads[0].tokens) != interventions.matched_columns(reads[1].tokens)
    (row,) = [row for row in readings.flow(KEYS, *reads, np.random.default_rng(0)) if row.place == CONTROL]
    control = list(interventions.matched_columns(reads[1].tokens))
    features = [each.tokens[:, :, control] for each in reads]
    assert row.probe == readings.diagnostics.probe(features[0], train.labels, features[1], test.labels)


def planted(rng):
    """A Read of images whose class stands in the biases' column, and in column 2, which is the control."""
    tokens = 0.01 * rng.normal(size=TOKENS.shape)
    tokens[:, :3, 6] = np.eye(3)[LABELS]
    tokens[:, :, 2] = 1.01 * tokens[:, :, 6]
    assert interventions.matched_columns(tokens) == (2,)
    return readings.Read(tokens, np.array([0.04, 0.0004] * 6), tokens[:, :3, 6], np.zeros((12, 1, 4)), LABELS)


def by_case(answer, rng):
    """{(kind, place): InterventionRow} of whole columns."""
    rows = readings.changed(KEYS, answer, planted(rng), 2, rng)
    return {(row.kind, row.place): row for row in rows if row.layer is None}


def test_what_follows_the_donor_is_read_as_the_donors_class(rng):
    """A reader of the biases' column alone answers as the image that it comes from, whatever else is swapped."""
    rows = by_case(lambda tokens: tokens[:, :3, 6], rng)
    for kind in ("swapped within", "swapped across", "shuffled"):
        assert rows[kind, BIASES].as_donor == rows[kind, CONTROL].accuracy == 1
    assert rows["swapped within", BIASES].accuracy == 1 and rows["swapped across", BIASES].accuracy == 0
    assert rows["swapped within", CONTROL].as_donor == 1 and rows["swapped across", CONTROL].as_donor == 0


def test_where_either_column_tells_the_class_only_both_cost_it(rng):
    rows = by_case(lambda tokens: tokens[:, :3, 6] + tokens[:, :3, 2], rng)
    dropped = {place: row.accuracy_drop for (kind, place), row in rows.items() if kind == "zeroed"}
    assert dropped == {BIASES: 0, CONTROL: 0, WEIGHTS: 0, BOTH: pytest.approx(2 / 3)}


def test_a_readings_psnr_and_ranks_by_hand(rng):
    """Errors of 20 and 40 dB below a range of 2; biases that are one pattern at twelve strengths."""
    test, tokens = planted(rng), rng.normal(size=TOKENS.shape)
    tokens[:, :, 6] = np.outer(np.arange(12.0), np.ones(12))
    row = readings.reading(KEYS, dict.fromkeys(("train", "validation", "test"), test._replace(tokens=tokens)), TOKENS)
    assert row.psnr_db == pytest.approx(30.0) and row.bias_rank == pytest.approx(1.0)
    ranks = [effective_rank(tokens[:, :, column]) for column in interventions.matched_columns(tokens)]
    assert len(ranks) > 1 and row.control_rank == pytest.approx(np.mean(ranks)) and row.control_rank > 5
