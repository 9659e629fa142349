"""Every data set keeps the contract that `signals/__init__.py` states."""

import importlib
import pkgutil

import numpy as np
import pytest
from PIL import Image

from inr_sae import signals
from inr_sae.signals.load import FUNCTIONS, data_sets, load

RULES = dict(size=(10, 8), crop="none", plane="stored", seed=0, background=None, nan_to_zero=False)
READ = RULES | {"grey": False}


def module(name):
    return importlib.import_module(f"inr_sae.signals.{name}")


@pytest.fixture
def root(tmp_path):
    """A folder of colour images, upright and not, and grey ones; each of a subject of its own by its name."""
    rng = np.random.default_rng(0)
    for i, shape in enumerate([(12, 16, 3), (16, 12, 3), (12, 16), (12, 16, 3), (16, 12)]):
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(tmp_path / f"s{i}_a.png")
    return str(tmp_path)


@pytest.mark.parametrize("name", data_sets())
def test_a_data_set_finds_images_and_reads_them(name, root):
    source = module(name)
    names = source.find(root, 4)
    assert len(names) >= 4 and len(set(names)) == len(names) and source.find(root, 4) == names
    subjects, origin = source.subjects(names)
    assert len(subjects) == len(names) and all(isinstance(subject, str) for subject in subjects) and origin
    for image_name in names:
        image = source.read(root, image_name, READ)
        assert image.dtype == np.float32 and image.shape[:2] == RULES["size"] and image.shape[2] in (1, 3)
        assert 0 <= image.min() < image.max() <= 1
        np.testing.assert_array_equal(source.read(root, image_name, READ), image)


@pytest.mark.parametrize("name", data_sets())
def test_a_data_set_is_loaded_by_its_files_name(name, root):
    loaded = load(name, root, **RULES, grey=True, n_cohort=2, n_validation=1, n_test=1, train_on="cohort")
    assert loaded.cohort.shape == (2, 10, 8, 1) and loaded.test.shape == (1, 10, 8, 1)


def test_a_file_is_a_whole_data_set_or_none():
    names = {file.name for file in pkgutil.iter_modules(signals.__path__)}
    for name in names - set(data_sets()):
        assert not hasattr(module(name), "find"), f"{name} finds images, and lacks one of {FUNCTIONS}"
    assert {"load", "split", "image_file"} <= names - set(data_sets())


@pytest.mark.parametrize("name", [name for name in data_sets() if hasattr(module(name), "labels")])
def test_what_pixels_show_stands_with_the_signals(name, root):
    loaded = load(name, root, **RULES, grey=False, n_cohort=2, n_validation=0, n_test=1, train_on="cohort")
    assert loaded.labels.cohort.shape == (2, 10, 8) and loaded.labels.test.shape == (1, 10, 8)
    assert loaded.labels.validation is None and loaded.label_names == module(name).LABELS
    assert loaded.labels.cohort.max() < len(loaded.label_names)
    for j, image in enumerate(loaded.names.cohort):
        np.testing.assert_array_equal(loaded.labels.cohort[j], module(name).labels(root, image, READ))


def test_a_data_set_that_does_not_know_has_no_labels(root):
    loaded = load("folder", root, **RULES, grey=True, n_cohort=2, n_validation=0, n_test=0, train_on="cohort")
    assert loaded.labels is None and loaded.label_names == ()


def test_a_phantoms_tissues_are_told_apart_by_their_grey_values():
    """White matter is brighter than grey, and that than fluid; what is painted last is uppermost."""
    rules = READ | {"size": (96, 80)}
    for name in module("phantom").find("", 3):
        image, labels = (getattr(module("phantom"), f)("", name, rules) for f in ("read", "labels"))
        means = {tissue: image[labels == i].mean() for i, tissue in enumerate(module("phantom").LABELS)}
        assert means["air"] < means["bone"] < means["fluid"] + 0.2 < means["white"] + 0.2
        assert means["fluid"] < means["grey"] < means["deep"] + 0.1 and means["grey"] < means["white"]
        assert all((labels == i).any() for i in range(len(module("phantom").LABELS)))
