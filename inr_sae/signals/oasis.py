"""Neurite-OASIS brain slices in a local folder, NIfTI or images, split by subject.

A NIfTI slice is `<subject>/slice_norm.nii.gz`, 160x192, coronal; a volume is cut at the middle of the plane asked for.
An image's subject is the part of its file's name before the first underscore.
"""

from pathlib import Path

import numpy as np

from inr_sae.errors import InputError, argument
from inr_sae.signals import folder, image_file

NIFTI = (".nii", ".nii.gz")
PLANES = ("stored", "sagittal", "coronal", "axial")
SLICE_NAME = "slice_norm"


def _is_nifti(name):
    return name.lower().endswith(NIFTI)


def find(root, n):
    """Names of the slices; where there are `slice_norm` files, those alone: neurite-OASIS keeps others beside them."""
    names = folder.find(root, n, image_file.SUFFIXES + NIFTI)
    slices = [name for name in names if Path(name).name.startswith(SLICE_NAME)]
    return slices or names


def subject(name):
    """The subject: a NIfTI's own folder, else the file's name up to the first underscore or dot."""
    path = Path(name)
    if _is_nifti(name) and path.parent.name:
        return str(path.parent)
    return path.name.split(".")[0].split("_")[0]


def read(root, name, rules):
    """The slice (H, W, 1): grey, negatives clipped to 0; a NIfTI whose maximum is above 1 is divided by it."""
    path = Path(root).expanduser() / name
    image = _read_nifti(path, rules["plane"]) if _is_nifti(name) else image_file.read(path)
    if image.shape[2] == 3:
        image = image.mean(axis=2, keepdims=True)
    return image_file.fit_to(image, rules["size"], rules["crop"])


def _read_nifti(path, plane):
    """A slice of a NIfTI file as (H, W, 1) float32 in [0, 1], superior (or anterior) upwards."""
    try:
        import nibabel
    except ImportError as error:
        raise InputError(f"{path} is NIfTI, which needs nibabel: pip install 'inr-sae[nifti]'") from error
    try:
        file = nibabel.load(path)
        # In memory a volume is as large as its header says, and a header of a few bytes can say anything.
        if np.prod(file.shape, dtype=np.float64) > 2**28:
            raise ValueError(f"it says it is of shape {file.shape}, larger than a brain volume")
        volume = np.asarray(nibabel.as_closest_canonical(file).get_fdata(dtype=np.float32))
    except Exception as error:  # a damaged file makes nibabel, gzip and numpy raise kinds of their own
        said = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} cannot be read as NIfTI ({said}); remove or replace it") from error
    if not np.isfinite(volume).all():
        raise InputError(f"{path} holds values that are not finite; remove or repair it")
    image = np.clip(_slice(volume, plane, path), 0.0, None)
    return (image / max(1.0, float(image.max())))[:, :, None].astype(np.float32)


def _slice(volume, plane, path):
    """(H, W) of a volume in canonical axes (right, anterior, superior)."""
    flat = [axis for axis in range(volume.ndim) if volume.shape[axis] == 1]
    thick = [axis for axis in range(volume.ndim) if volume.shape[axis] > 1]
    if len(thick) == 2:
        # A single slice has no planes to choose from; turned only so that the head is upright.
        return np.rot90(np.squeeze(volume))
    if volume.ndim != 3 or flat:
        raise InputError(
            f"{path} is of shape {volume.shape}; a slice (two axes longer than 1) or a volume (three) is needed"
        )
    if plane == "stored":
        raise InputError(
            f"{path} is a volume {volume.shape}; say which slice with {argument('plane')}=sagittal, coronal or axial"
        )
    axis = ("sagittal", "coronal", "axial").index(plane)
    return np.rot90(np.take(volume, volume.shape[axis] // 2, axis=axis))
