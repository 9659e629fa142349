import pytest

from inr_sae.errors import InputError
from inr_sae.signals import split

NAMES = [f"{i:02d}.png" for i in range(20)]


def test_splits_are_disjoint_of_the_sizes_asked_for_and_hold_nothing_twice():
    drawn = split.draw(NAMES, NAMES, (10, 3, 5), 0)
    assert [len(part) for part in drawn] == [10, 3, 5]
    everything = [name for part in drawn for name in part]
    assert len(set(everything)) == 18 and set(everything) <= set(NAMES)


def test_the_seed_decides_and_the_order_of_the_names_does_not():
    assert split.draw(NAMES, NAMES, (5, 2, 5), 1) == split.draw(NAMES[::-1], NAMES[::-1], (5, 2, 5), 1)
    assert split.draw(NAMES, NAMES, (5, 2, 5), 1) != split.draw(NAMES, NAMES, (5, 2, 5), 2)


def test_no_subject_is_in_two_splits():
    subjects = [name[0] + str(int(name[1]) // 3) for name in NAMES]  # 8 subjects of 3, 3, 3 and 1 signals
    subject_of = dict(zip(NAMES, subjects))
    for seed in range(20):
        drawn = split.draw(NAMES, subjects, (4, 0, 4), seed)
        assert not {subject_of[name] for name in drawn.cohort} & {subject_of[name] for name in drawn.test}


def test_too_few_signals_or_subjects_are_refused():
    with pytest.raises(
        InputError, match="21 images are needed .* the set has 20; lower n_cohort, n_validation or n_test"
    ):
        split.draw(NAMES, NAMES, (20, 0, 1), 0)
    words = "2 subjects .*; lower n_cohort, n_validation or n_test, or say with subject, a regular expression"
    with pytest.raises(InputError, match=words):
        split.draw(NAMES, ["a"] * 10 + ["b"] * 10, (5, 1, 5), 0)


def test_named_signals_are_the_cohort_and_their_subjects_are_nowhere_else():
    subject_of = {name: name[:1] + str(int(name[1]) % 5) for name in NAMES}
    wanted = (NAMES[7], NAMES[3])
    for seed in range(10):
        drawn = split.draw(NAMES, list(subject_of.values()), (2, 1, 4), seed, wanted)
        assert drawn.cohort == wanted
        others = {subject_of[name] for name in drawn.validation + drawn.test}
        assert not others & {subject_of[name] for name in wanted}
    with pytest.raises(InputError, match="cohort_names has 'gone.png', and there is no such image; there is '00.png'"):
        split.draw(NAMES, NAMES, (1, 0, 1), 0, ("gone.png",))


def test_a_named_signal_is_found_however_its_letters_are_composed_and_named_once():
    names = ["é.png", "a.png", "b.png"]
    assert split.draw(names, names, (1, 0, 1), 0, ("e\u0301.png",)).cohort == ("é.png",)
    with pytest.raises(InputError, match="cohort_names has 'é.png' 2 times; an image is in the cohort once"):
        split.draw(names, names, (2, 0, 1), 0, ("é.png", "e\u0301.png"))


@pytest.mark.parametrize("n_validation", [0, 1, 7])
@pytest.mark.parametrize("n_test", [1, 6])
def test_what_is_tuned_on_changes_no_other_split_and_is_tested_on_by_none(n_validation, n_test):
    most = split.draw(NAMES, NAMES, (5, 8, 7), 3)
    drawn = split.draw(NAMES, NAMES, (5, n_validation, n_test), 3)
    assert drawn.cohort == most.cohort and set(drawn.test) <= set(most.test)
    assert drawn.test == split.draw(NAMES, NAMES, (5, 0, n_test), 3).test
    assert set(drawn.validation) <= set(most.validation)
