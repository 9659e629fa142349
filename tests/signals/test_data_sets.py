"""Every data set keeps the contract that `signals/__init__.py` states."""

import importlib
import pkgutil

import numpy as np
import pytest
from PIL import Image

from inr_sae import signals
from inr_sae.signals.load import FUNCTIONS, data_sets, load

RULES = dict(size=(10, 8), crop="none", plane="stored", seed=0, background=None, nan_to_zero=False)


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
        image = source.read(root, image_name, RULES)
        assert image.dtype == np.float32 and image.shape[:2] == RULES["size"] and image.shape[2] in (1, 3)
        assert 0 <= image.min() < image.max() <= 1
        np.testing.assert_array_equal(source.read(root, image_name, RULES), image)


@pytest.mark.parametrize("name", data_sets())
def test_a_data_set_is_loaded_by_its_files_name(name, root):
    loaded = load(name, root, **RULES, grey=True, n_cohort=2, n_validation=1, n_test=1, train_on="cohort")
    assert loaded.cohort.shape == (2, 10, 8, 1) and loaded.test.shape == (1, 10, 8, 1)


def test_a_file_is_a_whole_data_set_or_none():
    names = {file.name for file in pkgutil.iter_modules(signals.__path__)}
    for name in names - set(data_sets()):
        assert not hasattr(module(name), "find"), f"{name} finds images, and lacks one of {FUNCTIONS}"
    assert {"load", "split", "image_file"} <= names - set(data_sets())
