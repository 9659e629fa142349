"""Named tensors in a file that other programs read and write, safetensors or npz, with hyperparameters beside it."""

import json
import os
from pathlib import Path

import numpy as np
import safetensors.numpy

from inr_sae.errors import InputError


def write(path, tensors, facts):
    """Write {name: array} to `path` as safetensors, and the dict `facts` as json beside it (same stem).

    Both appear whole. Raises InputError for another suffix, or where the folder cannot be written.
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise InputError(f"{path}: tensors are written to a file whose name ends in .safetensors")
    # order="C": the format has no strides, and a transposed view must not be stored in its memory's order.
    data = safetensors.numpy.save({name: np.asarray(value, order="C") for name, value in tensors.items()})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The facts first: where there are tensors, there is what they mean.
        _replace(path.with_suffix(".json"), (json.dumps(facts, indent=2) + "\n").encode())
        _replace(path, data)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); choose another place") from error


def read(path):
    """{name: float32 array} of a .safetensors or .npz file; other kinds of float are converted.

    Nothing in the file is executed. Raises InputError naming the file where it is missing, damaged, pickled or of
    another kind, and the tensor where it is not of floats or not finite.
    """
    path = Path(path)
    readers = {".safetensors": safetensors.numpy.load_file, ".npz": _load_npz}
    if path.suffix not in readers:
        raise InputError(
            f"{path}: tensors are read from .safetensors or .npz; save a PyTorch state_dict with "
            "safetensors.torch.save_file, because reading a .pt file executes what is in it"
        )
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    try:
        tensors = readers[path.suffix](path)
    except Exception as error:  # a damaged file makes each format's reader raise kinds of its own
        reason = " ".join(str(error).split())
        raise InputError(f"{path} is damaged or holds pickled objects ({reason}); save it again as tensors") from error
    return {name: _float32(path, name, tensors[name]) for name in sorted(tensors)}


def _load_npz(path):
    with np.load(path, allow_pickle=False) as file:
        return {name: np.asarray(file[name]) for name in file.files}


def _float32(path, name, value):
    # By the name, because NumPy does not count bfloat16 among its floats.
    if "float" not in value.dtype.name:
        raise InputError(f"{path}: tensor {name!r} is of {value.dtype.name}, not of floats; leave it out of the file")
    with np.errstate(over="ignore"):
        value = value.astype(np.float32)
    if not np.isfinite(value).all():
        raise InputError(f"{path}: tensor {name!r} has values that are not finite in float32")
    return value


def _replace(path, data):
    partial = path.with_name(path.name + ".partial")
    try:
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
