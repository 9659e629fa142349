"""The claims on what weights carry: a planted effect is found, its absence too, and of one seed nothing is said."""

import itertools

import numpy as np
import pytest

from inr_sae.paper import claims, weight_claims, weight_evidence
from inr_sae.paper.claims import (
    BY_ARITHMETIC,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    PARTLY,
    REPRODUCED,
    TOO_FEW_CASES,
    UNDECIDED,
)
from inr_sae.rows.weights import BIASES, BOTH, CONTROL, OFFSETS, FlowRow, InterventionRow, ReadingRow

BASE = "base"
CONDITIONS = {
    BASE: (0.01, "all", 0.0),
    "ce": (0.1, "all", 0.0),
    "pressed": (0.01, "all", 0.1),
    **{f"ce {share}": (share, "all", 0.0) for share in (0.0, 0.03, 0.3)},
    "b": (0.01, BIASES, 0.0),
}


def noise(rng):
    return 0.002 * rng.normal()


def readings(accuracy, seeds=6, rank=10.0, pixels=30.0, control=30.0):
    """ReadingRows; accuracy: {condition: value}, or a function of (condition, seed)."""
    rows, nothing = [], dict.fromkeys(ReadingRow._fields, 0.0)
    for name, about in CONDITIONS.items():
        for seed in range(seeds):
            keys = dict(zip(ReadingRow._fields, (name, *about, seed)))
            ranks = dict(bias_rank=rank + 0.1 * (seed % 2), pixel_rank=pixels, control_rank=control, bias_dimensions=96)
            rows.append(ReadingRow(**nothing | keys | dict(accuracy_test=accuracy(name, seed)) | ranks))
    return rows


def flow(purity, seeds=6, blocks=3):
    """FlowRows; purity(condition, seed, block or None) on raw offsets and after each block."""
    rows, nothing = [], dict.fromkeys(FlowRow._fields, 0.1)
    for name, about in CONDITIONS.items():
        for seed in range(seeds):
            for block in (None, *range(blocks + 1)):
                place = OFFSETS if block is None else f"block {block}"
                keys = dict(zip(FlowRow._fields, (name, *about, seed, place, block)))
                shuffled = 0.1 + 0.001 * ((7 * seed + 3 * len(name)) % 5)
                rows.append(
                    FlowRow(**nothing | keys | dict(purity=purity(name, seed, block), purity_shuffled=shuffled))
                )
    return rows


def interventions(biases, control, seeds=6, layers=(1.0, 1.0, 1.0), whole=3.0, both=4.0):
    """InterventionRows of the base: accuracy lost with another class's entries, log odds lost at 0."""
    rows, nothing = [], dict.fromkeys(InterventionRow._fields, 0.0)
    rng = np.random.default_rng(0)
    for seed in range(seeds):

        def row(kind, place, layer, accuracy_drop=0.0, log_odds_drop=0.0):
            keys = dict(zip(InterventionRow._fields, (BASE, *CONDITIONS[BASE], seed, kind, place, layer)))
            drops = dict(accuracy_drop=accuracy_drop + noise(rng), log_odds_drop=log_odds_drop + noise(rng))
            rows.append(InterventionRow(**nothing | keys | drops))

        for place, drop in ((BIASES, biases), (CONTROL, control)):
            row("swapped across", place, None, accuracy_drop=drop)
        row("zeroed", BIASES, None, log_odds_drop=whole)
        row("zeroed", CONTROL, None, log_odds_drop=1.0)
        row("zeroed", BOTH, None, log_odds_drop=both)
        for layer, drop in enumerate(layers):
            row("zeroed", BIASES, layer, log_odds_drop=drop)
    return rows


def spread(name, seed):
    """A number from 0 to 1 that differs over trainings."""
    return (5 * list(CONDITIONS).index(name) + 3 * seed) % 11 / 10


def verdicts(of_readings, of_flow, of_interventions):
    """{claim: verdict}."""
    measured = weight_evidence.of_readers(of_readings, of_flow, of_interventions, BASE)
    differences = dict.fromkeys(("paper", "notebook", "published"), ())
    rows = claims.table(weight_claims.WEIGHTS, measured, claims.Data("digits", differences, phantom=False))
    return {row.claim: row.verdict for row in rows}


def unrelated(name, seed, block=None):
    """Purity that has nothing to do with `spread`."""
    return 0.5 + 0.1 * ((3 * list(CONDITIONS).index(name) + 7 * seed) % 5) - 0.1 * (name == BASE)


def test_a_study_as_the_paper_tells_it_is_reproduced():
    def accuracy(name, seed):
        return 0.9 + 0.05 * spread(name, seed) - 0.2 * (name == "pressed") - 0.001 * (name == "b")

    def purity(name, seed, block):
        if block == 3:
            return accuracy(name, seed) + 0.001 * seed
        return 0.5 + 0.2 * (name == "pressed") + 0.01 * seed

    changed = interventions(0.8, 0.1, 6, layers=(0.5, 0.5, 0.5))
    found = verdicts(readings(accuracy, 6), flow(purity, 6), changed)
    for name in ("geometry_untracked", "pressure_misleads", "late_blocks", "bias_causal", "bias_low_dimensional"):
        assert found[name] == REPRODUCED, name
    assert found["layers_interact"] == REPRODUCED and found["routes_interact"] == UNDECIDED


def test_drops_that_do_not_add_up_are_found():
    found = verdicts(readings(lambda *_: 0.9), flow(unrelated), interventions(0.1, 0.1, whole=3.0, both=2.0))
    assert found["routes_interact"] == REPRODUCED and found["layers_interact"] == UNDECIDED


def test_where_geometry_tells_accuracy_it_says_so():
    def accuracy(name, seed):
        return 0.9 + 0.05 * spread(name, seed)

    found = verdicts(readings(accuracy), flow(lambda name, seed, block: accuracy(name, seed) + 0.001 * seed), [])
    assert found["geometry_untracked"] == NOT_REPRODUCED
    assert found["late_blocks"] == UNDECIDED, "the raw offsets do as well"


def test_where_nothing_is_there_nothing_is_found():
    """Null: purity unrelated to accuracy at every place, biases no route, drops that add up."""
    found = verdicts(
        readings(lambda name, seed: 0.9 + 0.05 * spread(name, seed), rank=90.0),
        flow(unrelated),
        interventions(0.1, 0.1, layers=(1.0, 1.0, 1.0), whole=3.0, both=4.0),
    )
    assert found["late_blocks"] != REPRODUCED and found["geometry_untracked"] != NOT_REPRODUCED
    assert found["bias_causal"] in (UNDECIDED, NOT_REPRODUCED) and found["bias_low_dimensional"] == NOT_REPRODUCED
    assert found["layers_interact"] == found["routes_interact"] == UNDECIDED


def test_pressure_that_helps_the_reader_is_no_case():
    def accuracy(name, seed):
        return 0.9 + 0.05 * (name == "pressed")

    found = verdicts(readings(accuracy, 6), flow(lambda name, *_: 0.5 + 0.2 * (name == "pressed"), 6), [])
    assert found["pressure_misleads"] == NOT_REPRODUCED


def test_pressure_that_has_no_part_in_accuracy_is_no_case_however_pure_offsets_are():
    """The null: purity rises as the loss is made to, and readers are worse as often as better."""

    def accuracy(name, seed):
        return 0.9 + 0.01 * (name == "pressed") * (-1 if seed in (0, 2, 3, 5) else 1)

    found = verdicts(readings(accuracy, 6), flow(lambda name, *_: 0.5 + 0.2 * (name == "pressed"), 6), [])
    assert found["pressure_misleads"] == UNDECIDED, "four of six, as by chance"


def under_pressure(worse, weights=(0.1, 1.0), seeds=6):
    """Measured where weights of the contrastive loss make offsets purer; worse(weight, seed): how far a reader is
    behind that without it."""
    about = {BASE: CONDITIONS[BASE]} | {f"contrast {weight}": (0.01, "all", weight) for weight in weights}
    rows, seen = [], []
    for (name, what), seed in itertools.product(about.items(), range(seeds)):
        lost = 0.0 if name == BASE else worse(what[-1], seed)
        keys = dict(zip(ReadingRow._fields, (name, *what, seed))) | dict(accuracy_test=0.9 - lost)
        rows.append(ReadingRow(**dict.fromkeys(ReadingRow._fields, 0.0) | keys))
        keys = dict(zip(FlowRow._fields, (name, *what, seed, OFFSETS, None))) | dict(purity=0.5 + 0.1 * (name != BASE))
        seen.append(FlowRow(**dict.fromkeys(FlowRow._fields, 0.1) | keys))
    return weight_evidence.pressed(rows, seen, BASE)


def test_pressure_that_harms_at_one_weight_alone_can_mislead():
    m = under_pressure(lambda weight, seed: 0.05 if weight == 0.1 else -0.05)
    assert (m.value, m.total) == (6, 6) and m.note.startswith("weight 0.1 of 0.1, 1,")
    assert claims.share(m) == REPRODUCED


@pytest.mark.parametrize("n, verdict", [(1, REPRODUCED), (2, REPRODUCED), (3, REPRODUCED), (4, TOO_FEW_CASES)])
def test_chance_has_as_many_tries_as_there_are_weights(n, verdict):
    m = under_pressure(lambda weight, seed: 0.05 if weight == 0.1 else -0.05, (0.1, 1.0, 2.0, 3.0)[:n])
    assert m.chance == m.chance_of_all == pytest.approx(n * 0.5**6) and claims.share(m) == verdict


def test_trainings_held_to_one_without_pressure_are_one_case():
    """The null: one training without the loss that happens to be the best makes all that are held to it worse."""
    m = under_pressure(lambda weight, seed: 0.1, [0.1 + i for i in range(5)], seeds=1)
    assert claims.share(m) == TOO_FEW_CASES


def test_of_one_layer_nothing_adds_up_or_does_not():
    found = verdicts(readings(lambda *_: 0.9), flow(unrelated), interventions(0.1, 0.1, layers=(3.0,)))
    assert found["layers_interact"] == NOT_TESTABLE


def test_pressure_is_compared_with_the_same_seed_without_it():
    def accuracy(name, seed):
        return 0.9 - 0.1 * seed - 0.01 * (name == "pressed")

    of_flow = flow(lambda name, seed, block: 0.5 + 0.1 * seed + 0.01 * (name == "pressed"))
    measured = weight_evidence.of_readers(readings(accuracy), of_flow, [], BASE)["pressure_misleads"]
    assert (measured.value, measured.total) == (6, 6) and measured.chance == pytest.approx(0.5**6)


def test_shuffled_labels_stand_beside_the_correlation():
    def accuracy(name, seed):
        return 0.9 + 0.05 * spread(name, seed)

    of_flow = [row._replace(purity_shuffled=0.1) for row in flow(unrelated)]
    measured = weight_evidence.of_readers(readings(accuracy), flow(unrelated), [], BASE)["geometry_untracked"]
    assert -1 <= measured.null <= 1 and measured.null != measured.value
    measured = weight_evidence.of_readers(readings(accuracy), of_flow, [], BASE)["geometry_untracked"]
    assert np.isnan(measured.null), "labels that give the same purity everywhere tell nothing"


@pytest.mark.parametrize(
    "rank, pixels, control, verdict",
    [
        (10.0, 30.0, 30.0, REPRODUCED),
        (40.0, 60.0, 60.0, PARTLY),
        (60.0, 90.0, 90.0, NOT_REPRODUCED),
        (20.0, 15.0, 30.0, BY_ARITHMETIC),  # no lower than the pixels'
        (34.0, 38.0, 33.0, BY_ARITHMETIC),  # than a weight column's
        (33.0, 38.0, 33.05, UNDECIDED),  # lower in three seeds of six
        (47.95, 60.0, 60.0, UNDECIDED),  # of 96 half
    ],
)
def test_a_rank_is_low_below_what_carries_the_same_images(rank, pixels, control, verdict):
    found = verdicts(readings(lambda *_: 0.9, rank=rank, pixels=pixels, control=control), flow(unrelated), [])
    assert found["bias_low_dimensional"] == verdict


def test_biases_that_suffice_and_that_do_not():
    for missing, verdict in ((0.0, REPRODUCED), (0.03, PARTLY), (0.2, NOT_REPRODUCED)):
        found = verdicts(readings(lambda name, seed: 0.9 + 0.001 * seed - missing * (name == "b")), flow(unrelated), [])
        assert found["biases_suffice"] == verdict


def test_of_one_seed_nothing_is_said():
    found = verdicts(
        readings(lambda name, seed: 0.9 - 0.1 * (name == "pressed"), seeds=1),
        flow(lambda name, seed, block: 0.5 + 0.1 * (name == "pressed"), seeds=1),
        interventions(0.8, 0.1, seeds=1),
    )
    few = ("pressure_misleads", "bias_causal", "layers_interact", "routes_interact", "biases_suffice")
    assert {found[name] for name in few} == {TOO_FEW_CASES}
    three = [
        row for row in readings(lambda name, seed: 0.1 * len(name), seeds=1) if row.condition in (BASE, "ce", "pressed")
    ]
    found = verdicts(three, flow(unrelated, seeds=1), [])
    assert found["geometry_untracked"] == found["late_blocks"] == NOT_TESTABLE, "three trainings are no correlation"


@pytest.mark.parametrize("n, few", [(5, True), (6, False)])
def test_of_fewer_than_six_seeds_or_conditions_no_interval_is_given(n, few):
    of_readings = readings(lambda name, seed: 0.9 + 0.05 * spread(name, seed), n)
    changed = interventions(0.8, 0.1, n)
    found = verdicts(of_readings, flow(unrelated, n), changed)
    for name in ("bias_causal", "layers_interact", "routes_interact", "biases_suffice"):
        assert (found[name] == TOO_FEW_CASES) == few
    kept = list(CONDITIONS)[:n]
    of_readings = [row for row in of_readings if row.condition in kept]
    measured = weight_evidence.of_readers(of_readings, flow(unrelated, n), [], BASE)
    for name in ("geometry_untracked", "late_blocks"):
        assert np.isnan(measured[name].low) == few
        if few:
            assert verdicts(of_readings, flow(unrelated, n), [])[name] == TOO_FEW_CASES


def test_trainings_of_one_condition_are_alike_and_make_no_correlation(rng):
    """The null: purity and accuracy are drawn apart, each for nine tenths by the condition."""
    names = [f"condition {i}" for i in range(8)]
    draws, found = 400, []
    for _ in range(draws):
        of_condition, of_run = rng.normal(size=(2, 8, 1)), rng.normal(size=(2, 8, 3))
        accuracy, purity = np.sqrt(0.9) * of_condition + np.sqrt(0.1) * of_run
        runs = [(name, seed) for name in names for seed in range(3)]
        m = weight_evidence.correlation(dict(zip(runs, accuracy.ravel())), dict(zip(runs, purity.ravel())))
        found.append(m.low > 0)
    assert np.mean(found) < 0.025 + 3 * np.sqrt(0.025 * 0.975 / draws)


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.9])
def test_purity_that_tells_as_much_on_raw_offsets_is_not_of_late_blocks(shared, rng):
    """The null: accuracy goes with both purities alike; of conditions, which are the cases."""
    draws, found = 1000, []
    runs = [(f"condition {i}", 0) for i in range(8)]
    for _ in range(draws):
        accuracy = rng.normal(size=8)
        both = [np.sqrt(shared) * accuracy + np.sqrt(1 - shared) * rng.normal(size=8) for _ in range(2)]
        m = weight_evidence.only_late(*(dict(zip(runs, values)) for values in (accuracy, *both)))
        found.append(m.low > 0)
    assert np.mean(found) < 0.025 + 3 * np.sqrt(0.025 * 0.975 / draws)


def test_a_reader_that_is_shown_a_part_has_no_say_in_whether_late_blocks_lead(rng):
    runs = [(f"condition {i}", 0) for i in range(8)]
    accuracy, late, raw = (dict(zip(runs, values)) for values in rng.normal(size=(3, 8)))
    part = {("a part", 0): 99.0}
    assert weight_evidence.only_late(accuracy, late | part, raw | part) == weight_evidence.only_late(
        accuracy, late, raw
    )


def test_purity_that_tells_after_late_blocks_alone_is_found(rng):
    runs = [(f"condition {i}", 0) for i in range(12)]
    accuracy, raw = rng.normal(size=(2, 12))
    for sign in (1, -1):
        raw_purity = sign * raw - sign * accuracy * (raw @ accuracy) / (accuracy @ accuracy)
        late = accuracy + 0.1 * rng.normal(size=12)
        m = weight_evidence.only_late(*(dict(zip(runs, values)) for values in (accuracy, late, raw_purity)))
        assert m.low > 0


def quantity(name, of_readings):
    return weight_evidence.of_readers(of_readings, flow(unrelated), [], BASE)[name]


def test_a_reader_that_is_shown_a_part_has_no_accuracy_that_geometry_could_tell():
    of_readings = readings(lambda name, seed: 0.1 * (seed + 1) if name == "b" else 0.9 + 0.05 * spread(name, seed))
    shown_all = [row for row in of_readings if row.tokens != BIASES]
    for name in ("geometry_untracked", "late_blocks"):
        m = quantity(name, of_readings)
        assert m == quantity(name, shown_all) and m.note == "over 36 trainings of 6 conditions"


@pytest.mark.parametrize("n, is_one", [(5, False), (6, True)])
def test_fewer_than_six_trainings_are_no_correlation(n, is_one):
    of_readings = readings(lambda name, seed: 0.9 + 0.05 * spread(name, seed))[:n]
    assert ("geometry_untracked" in weight_evidence.of_readers(of_readings, flow(unrelated), [], BASE)) == is_one


def test_dimensions_are_counted_of_readers_without_pressure_alone():
    odd = dict(bias_rank=90.0, pixel_rank=3.0, control_rank=70.0, bias_dimensions=7)
    of_readings = [row if row.condition == BASE else row._replace(**odd) for row in readings(lambda *_: 0.9)]
    for rows in (of_readings, of_readings[::-1]):
        m = quantity("bias_low_dimensional", rows)
        assert (m.value, m.null, m.total) == (10.1, 30.0, 96) and m.note.endswith(" 30; below in 6 seeds")


@pytest.mark.filterwarnings("error")
def test_of_no_reader_nothing_is_measured():
    assert weight_evidence.of_readers([], [], [], BASE) == {}


def test_a_late_correlation_that_is_negative_for_certain_is_not_undecided():
    runs = [(f"condition {i}", 0) for i in range(8)]
    accuracy = np.arange(8.0)
    late, raw = -accuracy + 0.1 * (-1) ** np.arange(8), -accuracy + 3 * (-1) ** np.arange(8)
    m = weight_evidence.only_late(*(dict(zip(runs, values)) for values in (accuracy, late, raw)))
    assert m.high < 0


def test_biases_alone_are_held_to_all_tokens_under_the_same_pressure():
    of_readings = readings(lambda name, seed: 0.9 + 0.001 * seed)
    pressed = [row._replace(condition="b", contrast=0.1, accuracy_test=0.1) for row in of_readings[-3:]]
    assert {row.tokens for row in pressed} == {BIASES}
    for rows in (of_readings + pressed, pressed + of_readings):
        assert quantity("biases_suffice", rows).value == pytest.approx(0.0)


@pytest.mark.parametrize(
    "name, measured, verdict",
    [
        ("geometry_untracked", claims.Measured(0.1, -0.6, 0.7), UNDECIDED),  # as well none as one
        ("geometry_untracked", claims.Measured(0.4, -0.1, 0.8), UNDECIDED),
        ("geometry_untracked", claims.Measured(0.1, -0.2, 0.4), REPRODUCED),
        ("biases_suffice", claims.Measured(0.01, -0.02, 0.04), PARTLY),  # little on average, and as well more
        ("biases_suffice", claims.Measured(0.01, -0.02, 0.07), UNDECIDED),
        ("biases_suffice", claims.Measured(0.07, 0.06, 0.08), NOT_REPRODUCED),
        ("biases_suffice", claims.Measured(0.01, 0.0, 0.02), REPRODUCED),
    ],
)
def test_a_wide_interval_is_not_for_certain(name, measured, verdict):
    (claim,) = (each for each in weight_claims.WEIGHTS if each.name == name)
    assert claim.judge(measured) == verdict
