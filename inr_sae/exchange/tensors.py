"""Named tensors in a file that other programs read and write, safetensors or npz, with hyperparameters beside it."""

import json
import os
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import safetensors.numpy

from inr_sae.errors import InputError

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": jnp.bfloat16, "BOOL": bool, "C64": "<c8"}
DTYPES |= {f"{kind}{8 * n}": f"<{kind.lower()}{n}" for kind in "IU" for n in (1, 2, 4, 8)}
DTYPES |= {"F8_E4M3": jnp.float8_e4m3fn, "F8_E4M3FNUZ": jnp.float8_e4m3fnuz}
DTYPES |= {"F8_E5M2": jnp.float8_e5m2, "F8_E5M2FNUZ": jnp.float8_e5m2fnuz}
DTYPES |= {"F8_E8M0": jnp.float8_e8m0fnu}


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
    """{name: array} of a .safetensors or .npz file: floats of every size as float32, all else as it is.

    Nothing in the file is executed. Raises InputError naming the file where it is missing, damaged, pickled or of
    another kind. Whether a tensor can be used, `naming.get` tells once it is asked for.
    """
    path = Path(path)
    readers = {".safetensors": _load_safetensors, ".npz": _load_npz}
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
    return {name: _float32(tensors[name]) for name in sorted(tensors)}


def _load_safetensors(path):
    found = {}
    for name, view in safetensors.deserialize(path.read_bytes()):
        if view["dtype"] in DTYPES:
            found[name] = np.frombuffer(view["data"], DTYPES[view["dtype"]]).reshape(view["shape"])
        else:  # floats of fewer bits, several to a byte
            found[name] = np.frombuffer(view["data"], np.uint8)
    return found


def _load_npz(path):
    with np.load(path, allow_pickle=False) as file:
        return {name: np.asarray(file[name]) for name in file.files}


def _float32(value):
    if "float" not in value.dtype.name:  # by the name, because NumPy does not count bfloat16 among its floats
        return value
    with np.errstate(over="ignore"):
        return value.astype(np.float32)


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
