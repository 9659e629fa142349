"""Sets of images with classes: each is read as it lies, drawn in its shares, and refused in a sentence."""

import gzip
import importlib
import re
import struct
import sys

import numpy as np
import pytest
from PIL import Image

from inr_sae.errors import InputError
from inr_sae.signals.labelled import load as labelled
from inr_sae.signals.labelled.kinds import Labelled

WANTED = dict(size=None, crop="none", background=None, grey=False, n_train=6, n_validation=4, n_test=5, seed=0)


def load(dataset, root="", **changes):
    return labelled.load(dataset, str(root), **WANTED | changes)


@pytest.fixture
def root(tmp_path):
    """A folder of two classes of ten images each, whose grey tells the class."""
    for number, name in enumerate(("cats", "dogs")):
        (tmp_path / name).mkdir()
        for i in range(10):
            grey = np.full((6, 5), 100 * number + i, np.uint8)
            Image.fromarray(grey).save(tmp_path / name / f"{i}.png")
    return tmp_path


def write_idx(root, part, n, cut=0, packed=False):
    """The two files of a part of MNIST's kind, n images of 3x4 whose pixels are their class."""
    numbers = (np.arange(n) % 3 + 7).astype(np.uint8)
    images = np.repeat(numbers, 12).tobytes()
    files = {
        f"{part}-images-idx3-ubyte": struct.pack(">4B3I", 0, 0, 8, 3, n, 3, 4) + images[: len(images) - cut],
        f"{part}-labels-idx1-ubyte": struct.pack(">4BI", 0, 0, 8, 1, len(numbers)) + numbers.tobytes(),
    }
    for name, data in files.items():
        path = root / (name + ".gz" * packed)
        path.write_bytes(gzip.compress(data) if packed else data)


def test_every_set_is_found_by_its_files_name():
    assert labelled.sets() == ["digits", "folder", "idx"]
    for name in labelled.sets():
        assert callable(importlib.import_module(f"inr_sae.signals.labelled.{name}").read)


def test_the_digits_are_those_of_the_package():
    pytest.importorskip("sklearn")
    split = load("digits", n_train=1200, n_validation=237, n_test=360)
    assert split.train.images.shape == (1200, 8, 8, 1) and split.classes == tuple("0123456789")
    for part in split[:3]:
        assert part.images.dtype == np.float32 and part.images.min() == 0 and part.images.max() == 1
        counts = np.bincount(part.labels)
        assert counts.max() - counts.min() <= 0.02 * len(part.labels) + 2, "in their shares"
    names = [name for part in split[:3] for name in part.names]
    assert len(set(names)) == 1797


def test_what_is_no_number_is_0_where_that_is_said(root):
    image = np.zeros((6, 5), np.float32)
    image[1, 1] = np.nan
    np.save(root / "cats/nan.npy", image)
    with pytest.raises(InputError, match="nan_to_zero=True if they stand for 0"):
        load("folder", root)
    split = load("folder", root, nan_to_zero=True)
    assert all(np.isfinite(part.images).all() for part in split[:3])


def test_a_folders_classes_are_its_subfolders(root):
    split = load("folder", root)
    assert split.classes == ("cats", "dogs") and [len(part.labels) for part in split[:3]] == [6, 4, 5]
    for part in split[:3]:
        assert part.names == tuple(sorted(part.names))
        for name, image, label in zip(part.names, part.images, part.labels):
            assert name.startswith(split.classes[label])
            assert round(255 * float(image[0, 0, 0])) == 100 * label + int(name.split("/")[1][:-4])
    again, other = load("folder", root), load("folder", root, seed=1)
    assert again.train.names == split.train.names != other.train.names


@pytest.mark.parametrize("packed", [False, True])
def test_files_as_mnists_keep_their_own_test_part(tmp_path, packed):
    write_idx(tmp_path, "train", 30, packed=packed)
    write_idx(tmp_path, "t10k", 12, packed=packed)
    split = load("idx", tmp_path, n_train=12, n_validation=6, n_test=6)
    assert split.classes == ("7", "8", "9")
    assert all(name.startswith("t10k") for name in split.test.names)
    assert all(name.startswith("train") for name in split.train.names + split.validation.names)
    assert split.test.images.shape == (6, 3, 4, 1)
    np.testing.assert_allclose(split.test.images[:, 0, 0, 0] * 255, split.test.labels + 7, rtol=1e-6)


def test_what_is_tested_on_and_trained_on_alike_is_told(root):
    assert load("folder", root).notes == ()
    for name in ("cats", "dogs"):
        for i in range(10):
            Image.fromarray(np.full((6, 5), 7, np.uint8)).save(root / name / f"{i}.png")
    labelled.forget()
    told = load("folder", root).notes
    assert told == tuple(
        f"{n} of {n} {split} images are also among those that are trained on, pixel for pixel"
        for split, n in (("validation", 4), ("test", 5))
    )


def test_shares_are_whole_and_add_up():
    assert labelled.shares({0: 50, 1: 30, 2: 20}, 10) == {0: 5, 1: 3, 2: 2}
    assert sum(labelled.shares({0: 5, 1: 5, 2: 5}, 7).values()) == 7


def test_a_class_with_one_image_is_named(root):
    (root / "birds").mkdir()
    Image.fromarray(np.zeros((6, 5), np.uint8)).save(root / "birds" / "a.png")
    with pytest.raises(InputError, match="class birds has 1 image, and train, validation, test take 2 of each"):
        load("folder", root)


def test_images_of_unequal_size_are_named_unless_a_size_is_given(root):
    Image.fromarray(np.zeros((7, 5), np.uint8)).save(root / "dogs" / "3.png")
    with pytest.raises(InputError, match=r"cats/0.png is 6x5 and dogs/3.png is 7x5 .* set size=\(height,width\)"):
        load("folder", root)
    assert load("folder", root, size=(4, 4)).train.images.shape[1:] == (4, 4, 1)


def test_images_without_a_subfolder_and_a_single_class_are_refused(root, tmp_path):
    Image.fromarray(np.zeros((6, 5), np.uint8)).save(root / "loose.png")
    with pytest.raises(InputError, match=r"images in no subfolder \(loose.png\), and a class is a subfolder"):
        load("folder", root)
    with pytest.raises(InputError, match="images in no subfolder"):
        load("folder", root / "dogs")
    (tmp_path / "one").mkdir()
    (root / "dogs").rename(tmp_path / "one" / "dogs")
    with pytest.raises(InputError, match="one subfolder with images, dogs"):
        load("folder", tmp_path / "one")


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"n_train": 20}, r"n_train \+ n_validation \+ n_test is 29, and there are 20 images"),
        ({"n_test": 2}, "n_test is 2, of which class cats gets fewer than 2"),
        ({"n_test": 0}, "n_test is 0"),
        ({"crop": "top"}, "crop is 'top'; it is one of none, center"),
        ({"size": (3,)}, r"size is \(3,\)"),
        ({"seed": -1}, "seed is -1"),
        ({"background": 7.0}, "background is 7.0; it is from 0"),
        ({"background": float("nan")}, "background is nan"),
    ],
)
def test_what_cannot_be_is_named(root, changes, words):
    with pytest.raises(InputError) as raised:
        load("folder", root, **changes)
    assert re.search(words, str(raised.value))


def test_files_that_are_no_idx_are_named(tmp_path):
    with pytest.raises(InputError, match="has no train-images-idx3-ubyte"):
        load("idx", tmp_path)
    with pytest.raises(InputError, match="name the folder of train-images"):
        load("idx")
    write_idx(tmp_path, "t10k", 12)
    write_idx(tmp_path, "train", 12, cut=5)
    with pytest.raises(InputError, match="train-images-idx3-ubyte has 139 bytes of pixels"):
        load("idx", tmp_path)
    write_idx(tmp_path, "train", 12)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(struct.pack(">4BI", 0, 0, 8, 1, 5) + bytes(5))
    with pytest.raises(InputError, match="has 12 images, and .* 5 labels"):
        load("idx", tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"nothing")
    with pytest.raises(InputError, match="is no idx file of bytes in 3 dimensions"):
        load("idx", tmp_path)
    (tmp_path / "train-images-idx3-ubyte").unlink()
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot be read"):
        load("idx", tmp_path)


def test_without_scikit_learn_the_digits_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(InputError, match=r"pip install 'inr-sae\[analysis\]'"):
        load("digits", seed=99)


def test_grey_among_colour_becomes_colour_and_grey_is_a_mean():
    images = [np.zeros((2, 2, 1), np.float32), np.ones((2, 2, 3), np.float32)]
    found = Labelled(("a", "b"), images, np.array([0, 1]), ("x", "y"))
    wanted = labelled.Wanted("folder", "", **WANTED)
    assert labelled.one_shape(found, wanted).shape == (2, 2, 2, 3)
    assert labelled.one_shape(found, wanted._replace(grey=True)).shape == (2, 2, 2, 1)
