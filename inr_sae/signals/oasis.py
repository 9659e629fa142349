"""Neurite-OASIS brain slices in a local folder, NIfTI or images, split by subject.

A NIfTI slice is `<subject>/slice_norm.nii.gz`, 160x192, coronal; a volume is cut at the middle of the plane asked for.
"""

import warnings
from pathlib import PurePosixPath

from inr_sae.signals import folder, image_file, nifti_file
from inr_sae.signals.names import located
from inr_sae.signals.notes import Note
from inr_sae.signals.subjects import of_scans as subjects  # noqa: F401  (a data set is its three functions)

SLICE_NAME = "slice_norm"


def find(root, n):
    """Names of the slices; where there are `slice_norm` files, those alone: neurite-OASIS keeps others beside them."""
    names = folder.find(root, n, folder.SUFFIXES + nifti_file.SUFFIXES, nifti_file.COMPANIONS)
    slices = [name for name in names if PurePosixPath(name).name.startswith(SLICE_NAME)]
    if 0 < len(slices) < len(names):
        warnings.warn(
            Note(f"the {len(slices)} files {SLICE_NAME} are taken, {len(names) - len(slices)} others are not")
        )
    return slices or names


def read(root, name, rules):
    """The slice (H, W, 1): grey, and of NIfTI with negatives at 0, divided by a maximum above 1."""
    if name.lower().endswith(nifti_file.SUFFIXES):
        image = nifti_file.read(located(root, name), rules["plane"], rules["nan_to_zero"])
    else:
        image = folder.pixels(root, name, rules)
    if image.shape[2] == 3:
        image = image.mean(axis=2, keepdims=True)
    return image_file.fit_to(image, rules["size"], rules["crop"])
