import gzip

import numpy as np
import pytest

from inr_sae.errors import InputError
from inr_sae.signals import nifti_file

nibabel = pytest.importorskip("nibabel", reason="nibabel, the extra `nifti`, is not installed")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def save(path, data, kind=np.float32):
    nibabel.save(nibabel.Nifti1Image(np.asarray(data, kind), np.eye(4)), path)


def read(path, plane="stored", nan_to_zero=False):
    return nifti_file.read(path, plane, nan_to_zero)


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


def test_nan_is_refused_unless_it_stands_for_0(tmp_path):
    save(tmp_path / "s.nii", np.array([[np.nan, 0.5], [1, 1]]))
    with pytest.raises(InputError, match="s.nii holds values that are not a number; set nan_to_zero=True if they"):
        read(tmp_path / "s.nii")
    assert sorted(read(tmp_path / "s.nii", nan_to_zero=True).ravel()) == [0, 0.5, 1, 1]
    save(tmp_path / "s.nii", np.array([[np.inf, 0.5], [1, 1]]))
    with pytest.raises(InputError, match="s.nii holds values that are not finite"):
        read(tmp_path / "s.nii", nan_to_zero=True)


def test_four_axes_are_refused(tmp_path):
    save(tmp_path / "s.nii", np.zeros((3, 3, 3, 2)))
    with pytest.raises(InputError, match=r"s.nii is of shape \(3, 3, 3, 2\)"):
        read(tmp_path / "s.nii")


@pytest.mark.parametrize("shape", [(5, 7, 9, 1), (5, 7, 9, 1, 1)])
def test_further_axes_of_length_1_are_none(shape, tmp_path, rng):
    data = rng.uniform(0, 1, shape)
    save(tmp_path / "v.nii", data)
    expected = np.rot90(data.reshape(5, 7, 9)[:, :, 4])
    np.testing.assert_allclose(read(tmp_path / "v.nii", plane="axial")[:, :, 0], expected, atol=1e-6)


@pytest.mark.parametrize(
    "kind, words",
    [
        (np.complex64, "its voxels are complex; save the magnitude"),
        ([("R", "u1"), ("G", "u1"), ("B", "u1")], "its voxels are colours; save the grey values"),
    ],
    ids=["complex", "colour"],
)
def test_voxels_that_are_no_numbers_are_refused(kind, words, tmp_path):
    save(tmp_path / "v.nii", np.zeros((4, 5)), kind)
    with pytest.raises(InputError, match=f"v.nii cannot be read as NIfTI \\({words}"):
        read(tmp_path / "v.nii")


@pytest.mark.parametrize("image", [nibabel.Nifti1Pair, nibabel.AnalyzeImage, nibabel.Spm99AnalyzeImage])
def test_analyze_is_read(image, tmp_path, rng):
    data = rng.uniform(0, 1, (5, 7, 9)).astype(np.float32)
    nibabel.save(image(data, np.eye(4)), tmp_path / "v.img")
    found = read(tmp_path / "v.img", plane="coronal")[:, :, 0]
    expected = np.rot90(data[:, 3])
    assert min(np.abs(found - expected).max(), np.abs(found - expected[:, ::-1]).max()) < 1e-6  # Analyze has no sides
    (tmp_path / "v.hdr").unlink()
    with pytest.raises(InputError, match="v.img cannot be read"):
        read(tmp_path / "v.img")


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


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1)])
def test_a_slice_whose_first_axis_points_left_is_turned(shape, tmp_path, rng):
    data = rng.uniform(0, 1, shape).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(data, np.diag([-1.0, 1, 1, 1])), tmp_path / "s.nii")
    np.testing.assert_allclose(read(tmp_path / "s.nii")[:, :, 0], np.rot90(data.reshape(5, 7)[::-1]), atol=1e-6)
