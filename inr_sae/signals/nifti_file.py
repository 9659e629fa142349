"""Reading a slice of a NIfTI or Analyze file."""

import numpy as np

from inr_sae.errors import InputError, argument
from inr_sae.signals.array_file import finite
from inr_sae.signals.names import shown

SUFFIXES = (".nii", ".nii.gz", ".img", ".img.gz")
COMPANIONS = (".hdr", ".hdr.gz")  # of .img, which nibabel finds by itself
PLANES = ("stored", "sagittal", "coronal", "axial")
LARGEST = 2**28  # voxels: in memory a volume is as large as its header says, and a few bytes can say anything


def read(path, plane, nan_to_zero=False):
    """A slice (H, W, 1) float32 in [0, 1], superior (or anterior) upwards: negatives are 0, a maximum above 1 is 1.

    plane: of a volume, which is cut in its middle; "stored" for a file that is a slice already. nan_to_zero: what is
    not a number becomes 0. Raises InputError naming the file and what is wrong with it.
    """
    volume = finite(_volume(path), shown(path), nan_to_zero)
    image = np.clip(_slice(volume, plane, shown(path)), 0.0, None)
    return (image / max(1.0, float(image.max())))[:, :, None].astype(np.float32)


def _volume(path):
    """All values of a file in canonical axes (right, anterior, superior), float32."""
    try:
        import nibabel
    except ImportError as error:
        raise InputError(f"{shown(path)} is NIfTI, which needs nibabel: pip install 'inr-sae[nifti]'") from error
    try:
        file = nibabel.load(path)
        _refuse_kind(file.get_data_dtype())
        if np.prod(file.shape, dtype=np.float64) > LARGEST:
            raise ValueError(f"it says it is of shape {file.shape}, larger than a brain volume")
        values = file.get_fdata(dtype=np.float32)
        values = values.reshape(*values.shape, *[1] * (3 - values.ndim))  # a slice has an orientation in space too
        return nibabel.apply_orientation(values, nibabel.io_orientation(file.affine))
    except Exception as error:  # a damaged file makes nibabel, gzip and numpy raise kinds of their own
        said = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{shown(path)} cannot be read as NIfTI ({said}); remove or replace it") from error


def _refuse_kind(dtype):
    if dtype.names:
        raise ValueError("its voxels are colours; save the grey values")
    if dtype.kind == "c":
        raise ValueError("its voxels are complex; save the magnitude")


def _slice(volume, plane, path):
    """(H, W) of a volume in canonical axes."""
    while volume.ndim > 2 and volume.shape[-1] == 1:  # a time or a channel of its own
        volume = volume[..., 0]
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
