import gzip

import numpy as np
import pytest

from inr_sae.errors import InputError
from inr_sae.signals import oasis
from inr_sae.signals.load import load

RULES = dict(size=None, crop="none", plane="stored")
nibabel = pytest.importorskip("nibabel", reason="nibabel, the extra `nifti`, is not installed")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def save(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(np.asarray(data, np.float32), np.eye(4)), path)


def read(path, **rules):
    return oasis.read(str(path.parent), path.name, RULES | rules)


@pytest.mark.parametrize("shape", [(16, 20), (16, 20, 1), (16, 1, 20)])
def test_a_slice_is_upright_grey_and_clipped(tmp_path, shape, rng):
    data = rng.uniform(-0.5, 1.0, shape)
    save(tmp_path / "slice_norm.nii.gz", data)
    image = read(tmp_path / "slice_norm.nii.gz")
    assert image.shape == (20, 16, 1) and image.dtype == np.float32
    np.testing.assert_allclose(image[:, :, 0], np.rot90(np.clip(data.reshape(16, 20), 0, None)), atol=1e-6)


def test_a_volume_is_cut_in_the_middle_of_the_plane_asked_for(tmp_path, rng):
    data = rng.uniform(0, 1, (5, 7, 9))
    save(tmp_path / "v.nii", data)
    for plane, expected in (("sagittal", data[2]), ("coronal", data[:, 3]), ("axial", data[:, :, 4])):
        np.testing.assert_allclose(read(tmp_path / "v.nii", plane=plane)[:, :, 0], np.rot90(expected), atol=1e-6)
    with pytest.raises(InputError, match="v.nii is a volume .* say which slice with plane=sagittal"):
        read(tmp_path / "v.nii")


def test_intensities_above_one_are_scaled_by_the_maximum(tmp_path):
    save(tmp_path / "s.nii", np.array([[0, 50.0], [100, 200]]))
    np.testing.assert_allclose(sorted(read(tmp_path / "s.nii").ravel()), [0, 0.25, 0.5, 1])


def test_nan_is_refused(tmp_path):
    save(tmp_path / "s.nii", np.array([[0, np.nan], [1, 1]]))
    with pytest.raises(InputError, match="s.nii holds values that are not finite"):
        read(tmp_path / "s.nii")


def test_four_axes_are_refused(tmp_path):
    save(tmp_path / "s.nii", np.zeros((3, 3, 3, 2)))
    with pytest.raises(InputError, match=r"s.nii is of shape \(3, 3, 3, 2\)"):
        read(tmp_path / "s.nii")


def test_a_header_that_says_too_much_is_refused(tmp_path):
    save(tmp_path / "s.nii", np.zeros((4, 4, 4)))
    data = bytearray((tmp_path / "s.nii").read_bytes())
    data[42:48] = np.array([30000, 30000, 30000], np.int16).tobytes()  # dim[1..3]
    (tmp_path / "s.nii").write_bytes(data)
    with pytest.raises(InputError, match="larger than a brain volume"):
        read(tmp_path / "s.nii")


@pytest.mark.parametrize(
    "damage", [lambda b: b"no nifti", lambda b: b[: len(b) // 2], lambda b: gzip.compress(b"x" * 400)]
)
def test_a_damaged_file_is_named(tmp_path, damage, rng):
    path = tmp_path / "s.nii.gz"
    save(path, rng.uniform(size=(30, 30)))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match="s.nii.gz cannot be read"):
        read(path)


def test_slice_norm_files_are_taken_and_the_folder_is_the_subject(tmp_path):
    for subject in ("OASIS_OAS1_0001_MR1", "OASIS_OAS1_0002_MR1"):
        save(tmp_path / subject / "slice_norm.nii.gz", np.zeros((4, 4)))
        save(tmp_path / subject / "slice_orig.nii.gz", np.zeros((4, 4)))
    names = oasis.find(str(tmp_path), 2)
    assert names == ["OASIS_OAS1_0001_MR1/slice_norm.nii.gz", "OASIS_OAS1_0002_MR1/slice_norm.nii.gz"]
    assert [oasis.subject(name) for name in names] == ["OASIS_OAS1_0001_MR1", "OASIS_OAS1_0002_MR1"]


def test_an_images_subject_is_its_names_first_part():
    assert oasis.subject("c2fA_cor044.png") == oasis.subject("sub/c2fA_cor049.png") == "c2fA"


def test_slices_of_one_subject_are_not_in_two_splits(tmp_path, rng):
    for i in range(6):
        for view in range(3):
            save(tmp_path / f"OAS1_000{i}" / f"slice_norm_{view}.nii.gz", rng.uniform(0, 1, (8, 10)))
    rules = dict(size=None, crop="none", plane="stored", grey=False, train_on="cohort", seed=0)
    signals = load("oasis", str(tmp_path), **rules, n_cohort=6, n_validation=1, n_test=5)
    assert signals.cohort.shape == (6, 10, 8, 1) and signals.test.shape == (5, 10, 8, 1)
    cohort, validation, test = ({oasis.subject(name) for name in part} for part in signals.names)
    assert not cohort & test and not cohort & validation and not validation & test
