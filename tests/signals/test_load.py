import numpy as np
import pytest
from PIL import Image

from inr_sae.errors import InputError
from inr_sae.signals.load import data_sets, forget, load, n_trained

RULES = dict(size=None, crop="none", plane="stored", grey=False, n_cohort=3, n_validation=1, n_test=2, seed=0)
RULES |= dict(train_on="cohort")


def load_with(dataset, root, **changes):
    return load(dataset, str(root), **(RULES | changes))


@pytest.fixture
def folder(tmp_path):
    """Eight colour images of 12x16 in a folder and its subfolder, and a file that is none."""
    rng = np.random.default_rng(0)
    (tmp_path / "sub").mkdir()
    for i in range(8):
        image = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        image.save(tmp_path / ("sub" if i % 2 else ".") / f"im {i}.png")
    (tmp_path / "notes.txt").write_text("no image")
    return tmp_path


def test_splits_hold_the_named_images(folder):
    signals = load_with("folder", folder)
    assert signals.cohort.shape == (3, 12, 16, 3) and signals.test.shape == (2, 12, 16, 3)
    for part in ("cohort", "validation", "test"):
        for image, name in zip(getattr(signals, part), getattr(signals.names, part)):
            np.testing.assert_array_equal(image, np.asarray(Image.open(folder / name), np.float32) / 255)
    assert len({name for part in signals.names for name in part}) == 6


def test_of_several_damaged_files_the_others_are_named_at_once(folder):
    drawn = load_with("folder", folder).names
    for name in (drawn.cohort[1], drawn.validation[0], drawn.test[1]):
        (folder / name).write_bytes(b"no image")
    forget()
    with pytest.raises(InputError, match=f"{drawn.cohort[1]} cannot be read as an image.*; also wrong: ") as caught:
        load_with("folder", folder)
    assert str(caught.value).endswith(f"also wrong: {drawn.validation[0]}, {drawn.test[1]}")
    (folder / drawn.cohort[1]).unlink()
    forget()
    one = tuple(name for name in drawn.cohort if name != drawn.cohort[1])
    with pytest.raises(InputError) as caught:
        load_with("folder", folder, n_cohort=2, n_validation=0, n_test=1, cohort_names=(one[0], drawn.test[1]))
    assert "also wrong" not in str(caught.value), "one alone"


@pytest.mark.parametrize("n_transparent", [1, 3])
def test_what_is_wrong_with_files_keeps_the_key_that_mends_it(folder, n_transparent):
    drawn = load_with("folder", folder).names
    for name in (*drawn.cohort, *drawn.test)[:n_transparent]:
        Image.fromarray(np.zeros((12, 16, 4), np.uint8)).save(folder / name)
    forget()
    with pytest.raises(InputError) as caught:
        load_with("folder", folder)
    assert "signals.background" in caught.value.sentence("signals.")
    assert ("also wrong" in str(caught.value)) == (n_transparent > 1)


def test_a_split_of_none_is_none(folder):
    signals = load_with("folder", folder, n_validation=0, n_test=0)
    assert signals.validation is None and signals.test is None and signals.names.test == signals.digests.test == ()


def test_digests_tell_changed_pixels(folder):
    before = load_with("folder", folder)
    changed = before.names.cohort[1]
    Image.fromarray(np.zeros((12, 16, 3), np.uint8)).save(folder / changed)
    forget()
    after = load_with("folder", folder)
    assert [a == b for a, b in zip(before.digests.cohort, after.digests.cohort)] == [True, False, True]


def test_the_same_arguments_read_the_files_once(folder):
    first = load_with("folder", folder, size=(6, 8), cohort_names=("im 0.png", "im 2.png", "im 4.png"))
    for path in folder.rglob("*.png"):
        path.unlink()
    again = load_with("folder", folder, size=[6, 8], cohort_names=["im 0.png", "im 2.png", "im 4.png"])
    assert again.cohort is first.cohort and again.test is first.test
    with pytest.raises(InputError, match="holds no image"):
        load_with("folder", folder, size=(6, 8))


def test_what_is_shared_cannot_be_changed(folder):
    signals = load_with("folder", folder)
    for images in (signals.cohort, signals.validation, signals.test):
        with pytest.raises(ValueError, match="read-only"):
            images[0, 0, 0] = 0.0


def test_grey_and_colour_together_become_colour_and_grey_can_be_asked_for(folder):
    for path in sorted(folder.rglob("*.png"))[:5]:
        Image.open(path).convert("L").save(path)
    assert load_with("folder", folder).cohort.shape[-1] == 3
    assert load_with("folder", folder, grey=True).cohort.shape[-1] == 1


def test_kodak_turns_portraits(folder):
    for i, path in enumerate(sorted(folder.rglob("*.png"))[:4]):
        upright = np.full((16, 12, 3), i, np.uint8)
        upright[0] = 255  # the top row becomes the left column
        Image.fromarray(upright).save(path)
    signals = load_with("kodak", folder, n_cohort=5, n_test=2)
    images = np.concatenate([signals.cohort, signals.validation, signals.test])
    assert images.shape == (8, 12, 16, 3)
    assert sum(image[:, 0].min() == 1.0 and image[:, 1:].max() < 0.1 for image in images) == 4


def test_celebahq_crops_and_resizes(tmp_path):
    """Of 300 columns the middle 300 * 178 / 218 = 245 are left, and of all rows none is lost."""
    for i in range(3):
        image = np.zeros((300, 300, 3), np.uint8)
        image[:, :27, 2] = image[:, -27:, 2] = image[:4, :, 1] = image[-4:, :, 1] = 255
        image[..., 0] = 10 * i
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    whole = load_with("celebahq", tmp_path, n_cohort=1, n_test=1).cohort
    assert whole.shape == (1, 218, 178, 3)
    assert whole[..., 2].max() < 0.1, "blue columns are lost"
    assert whole[0, 0, :, 1].min() > 0.9 and whole[0, -1, :, 1].min() > 0.9, "green rows are not"
    assert load_with("celebahq", tmp_path, n_cohort=1, n_test=1, size=(50, 40)).cohort.shape == (1, 50, 40, 3)


@pytest.mark.parametrize(
    "changes, words",
    [
        (dict(n_cohort=6), "lower signals.n_cohort, signals.n_validation or signals.n_test, or add images"),
        (dict(n_cohort=0), "signals.n_cohort is 0; it is at least 1"),
        (dict(n_test=-1), "signals.n_test is -1"),
        (dict(size=(9,)), "signals.size is (9,); it is (height, width)"),
        (dict(size=("24", "24")), "signals.size is ('24', '24'); it is (height, width), each a whole number"),
        (dict(size=(24.5, 24)), "signals.size is (24.5, 24)"),
        (dict(size=24), "signals.size is 24; it is (height, width)"),
        (dict(seed=-1), "signals.seed is -1; it is from 0 to 4294967295"),
        (dict(seed=2**32), "signals.seed is 4294967296; it is from 0"),
        (dict(background=1.5), "signals.background is 1.5; it is from 0 (black) to 1 (white)"),
        (dict(subject="("), "signals.subject '(' is no regular expression"),
        (dict(subject="im [1-9]"), "signals.subject 'im [1-9]' matches nothing in im 0.png"),
        (dict(crop="middle"), "signals.crop is 'middle'; it is one of none, center"),
        (dict(plane="oblique"), "signals.plane is 'oblique'"),
        (dict(train_on="test"), "signals.train_on is 'test'"),
        (dict(train_on="validation", n_validation=0), "'validation' and signals.n_validation is 0; raise it"),
        (dict(cohort_names=("im 0.png",)), "signals.cohort_names has 1 names, and signals.n_cohort is 3"),
        (dict(cohort_names=("a", "b", "c")), "signals.cohort_names has 'a', and there is no such image"),
        (dict(cohort_names=("im 0.png", "im 2.png", "im 0.png")), "signals.cohort_names has 'im 0.png' 2 times"),
    ],
)
def test_rules_that_cannot_be_met_are_named_as_arguments_and_as_keys(folder, changes, words):
    with pytest.raises(InputError) as caught:
        load_with("folder", folder, **changes)
    assert words in caught.value.sentence("signals.")
    assert words.replace("signals.", "") in str(caught.value)


def test_unequal_sizes_without_a_rule_are_refused_naming_two_files(folder):
    for i, path in enumerate(sorted(folder.rglob("*.png"))):
        Image.new("RGB", (16, 12 + i), (i, 0, 0)).save(path)
    with pytest.raises(InputError, match=r"im \d.png is .*im \d.png is .*; set size=.* and crop=center"):
        load_with("folder", folder)
    assert load_with("folder", folder, size=(12, 12), crop="center").cohort.shape == (3, 12, 12, 3)


def test_missing_empty_and_unset_folders_are_named(tmp_path):
    for root, words in (("", "^root is empty"), (tmp_path / "gone", "gone is no folder"), (tmp_path, "holds no image")):
        with pytest.raises(InputError, match=words):
            load_with("folder", root)


def test_an_unknown_data_set_names_the_ones_there_are():
    assert {"celebahq", "folder", "kodak", "oasis", "phantom"} <= set(data_sets())
    for name in ("imagenet", "image_file"):
        with pytest.raises(InputError, match=f"^dataset is '{name}'; it is one of {', '.join(data_sets())}$"):
            load_with(name, "")


def test_phantoms_need_a_size():
    with pytest.raises(InputError, match="^size is not set"):
        load_with("phantom", "")


def test_phantoms_are_heads_that_differ_and_repeat():
    signals = load_with("phantom", "", size=(48, 40))
    forget()
    again = load_with("phantom", "", size=(48, 40))
    assert again.cohort is not signals.cohort
    np.testing.assert_array_equal(signals.cohort, again.cohort)
    assert signals.cohort.shape == (3, 48, 40, 1) and signals.cohort.dtype == np.float32
    assert signals.cohort.min() == 0.0 and 0.5 < signals.cohort.max() <= 1.0
    assert (signals.cohort[:, 0, 0] == 0).all() and signals.cohort[:, 20:28, 12:15].mean() > 0.5  # air; white matter
    a, b, _ = signals.cohort
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.7 and np.abs(a - b).max() > 0.2  # one template, two anatomies
    other = load_with("phantom", "", size=(48, 40), seed=1)
    assert not set(signals.digests.cohort) & set(other.digests.cohort)


def test_oasis_takes_images_too_and_splits_them_by_subject(tmp_path):
    for i in range(12):
        Image.new("RGB", (20, 24), (20 * i, 0, 0)).save(tmp_path / f"s{i // 3}_cor{i:03d}.png")
    signals = load_with("oasis", tmp_path, n_cohort=4, n_validation=0, n_test=3)
    assert signals.cohort.shape == (4, 24, 20, 1)
    assert {name[:2] for name in signals.names.cohort}.isdisjoint({name[:2] for name in signals.names.test})


def test_an_encoder_may_be_trained_on_a_part_of_the_same_draw(folder):
    whole, first, other = (load_with("folder", folder, train_on=on) for on in ("cohort", "first", "validation"))
    assert first.names.cohort == whole.names.cohort[:1] and first.names.test == whole.names.test
    np.testing.assert_array_equal(first.cohort, whole.cohort[:1])
    assert other.names.cohort == whole.names.validation
    for on, n in (("cohort", 3), ("first", 1), ("validation", 1)):
        assert n_trained(RULES | dict(train_on=on)) == n == len(load_with("folder", folder, train_on=on).cohort)


def test_a_second_cohort_is_no_larger_than_the_first(folder):
    """Otherwise what two cohorts do not share could be what a larger one learns."""
    sizes = dict(train_on="validation", n_cohort=2, n_validation=3, n_test=1)
    other = load_with("folder", folder, **sizes)
    assert other.names.cohort == other.names.validation[:2] and len(other.cohort) == 2
    assert n_trained(RULES | sizes) == 2
