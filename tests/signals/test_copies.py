import numpy as np
import pytest
from PIL import Image

from inr_sae.errors import InputError
from inr_sae.signals import copies
from inr_sae.signals.load import load

RULES = dict(size=(24, 32), crop="none", plane="stored", grey=False, train_on="cohort", seed=0)


def smooth(seed, height=96, width=128):
    """A picture that has some structure at any size."""
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize((width, height), Image.BICUBIC)


@pytest.fixture
def folder(tmp_path):
    """Five different pictures."""
    for i in range(5):
        smooth(i).save(tmp_path / f"{i}.png")
    return tmp_path


def draw(folder, cohort_names=("0.png",), **counts):
    counts = dict(n_validation=0, n_test=5) | counts
    return load("folder", str(folder), **RULES, n_cohort=len(cohort_names), cohort_names=cohort_names, **counts)


def test_one_picture_in_two_splits_is_refused_by_both_names(folder):
    smooth(0).save(folder / "copy.png")
    words = r"0.png \(cohort\) and copy.png \(test\) are the same picture; remove one"
    with pytest.raises(InputError, match=words):
        draw(folder)


def test_one_picture_twice_in_a_split_is_told(folder):
    smooth(0).save(folder / "copy.png")
    notes = draw(folder, ("0.png", "copy.png"), n_test=4).notes
    assert [note for note in notes if "same picture" in note] == [
        "the same picture twice: 0.png (cohort) and copy.png (cohort)"
    ]


@pytest.mark.parametrize("name", ["small.png", "again.jpg"])
def test_a_picture_at_two_sizes_or_compressed_again_is_told(name, folder):
    smooth(0, *((48, 64) if "small" in name else (96, 128))).save(folder / name)
    notes = draw(folder).notes
    assert [note for note in notes if "same picture" in note] == [
        f"nearly the same picture, as at two sizes or compressed again: 0.png (cohort) and {name} (test)"
    ]


def test_different_pictures_are_not_told(folder):
    assert not any("same picture" in note for note in draw(folder, n_test=4).notes)


def test_a_second_cohort_is_not_its_own_copy(folder):
    rules = RULES | dict(train_on="validation")
    assert load("folder", str(folder), **rules, n_cohort=2, n_validation=2, n_test=1).cohort.shape[0] == 2


def test_pictures_in_which_nothing_differs_are_alike_only_if_equal():
    flat = [copies.picture(name, "test", name, np.full((20, 20, 1), value)) for name, value in (("a", 0.1), ("b", 0.9))]
    assert copies.within(flat) == [] and copies.between(flat[:1], flat[1:]) == []
