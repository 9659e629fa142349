import numpy as np
import pytest

from inr_sae.signals import oasis
from inr_sae.signals.load import load
from inr_sae.signals.notes import Note

RULES = dict(size=None, crop="none", plane="stored", nan_to_zero=False, background=None)
nibabel = pytest.importorskip("nibabel", reason="nibabel, the extra `nifti`, is not installed")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def save(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(np.asarray(data, np.float32), np.eye(4)), path)


def test_slice_norm_files_are_taken_with_a_word_on_the_others(tmp_path):
    for subject in ("OASIS_OAS1_0001_MR1", "OASIS_OAS1_0002_MR1"):
        save(tmp_path / subject / "slice_norm.nii.gz", np.zeros((4, 4)))
        save(tmp_path / subject / "slice_orig.nii.gz", np.zeros((4, 4)))
    with pytest.warns(Note, match="the 2 files slice_norm are taken, 2 others are not"):
        names = oasis.find(str(tmp_path), 2)
    assert names == ["OASIS_OAS1_0001_MR1/slice_norm.nii.gz", "OASIS_OAS1_0002_MR1/slice_norm.nii.gz"]
    assert oasis.read(str(tmp_path), names[0], RULES).shape == (4, 4, 1)


def test_the_header_of_an_analyze_file_is_no_file_of_its_own(tmp_path, rng, recwarn):
    nibabel.save(nibabel.AnalyzeImage(rng.uniform(0, 1, (8, 10)).astype(np.float32), np.eye(4)), tmp_path / "a.img")
    assert oasis.find(str(tmp_path), 1) == ["a.img"] and not recwarn
    assert oasis.read(str(tmp_path), "a.img", RULES).shape == (10, 8, 1)


def test_slices_of_one_subject_are_not_in_two_splits(tmp_path, rng):
    for i in range(6):
        for view in range(3):
            save(tmp_path / f"OAS1_000{i}" / f"slice_norm_{view}.nii.gz", rng.uniform(0, 1, (8, 10)))
    rules = dict(size=None, crop="none", plane="stored", grey=False, train_on="cohort", seed=0)
    signals = load("oasis", str(tmp_path), **rules, n_cohort=6, n_validation=1, n_test=5)
    assert signals.cohort.shape == (6, 10, 8, 1) and signals.test.shape == (5, 10, 8, 1)
    cohort, validation, test = map(set, signals.subjects)
    assert not cohort & test and not cohort & validation and not validation & test
