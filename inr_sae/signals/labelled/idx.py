"""Files as MNIST's and Fashion-MNIST's: idx arrays of images and of classes, of training and test."""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from inr_sae.errors import InputError, argument
from inr_sae.signals.labelled.kinds import Labelled
from inr_sae.signals.names import shown

PARTS = ("train", "t10k")  # of which the second is held out
BYTES, UNSIGNED = 4, 8  # of a number in the header; the code of unsigned bytes


def read(root, rules):
    """All images of train-images-idx3-ubyte and t10k-images-idx3-ubyte, also with a dot or .gz; `rules` are not used.

    Raises InputError naming a file that is missing, is no idx file of bytes, is cut short, or has another number of
    classes than there are images.
    """
    if not root or not Path(root).is_dir():
        raise InputError(f"{argument('root')} is {root!r}; name the folder of train-images-idx3-ubyte")
    names, images, labels = [], [], []
    for part in PARTS:
        of_images, of_labels = (found(root, part, kind) for kind in ("images-idx3", "labels-idx1"))
        pixels, classes = array(of_images, 3), array(of_labels, 1)
        if len(pixels) != len(classes):
            raise InputError(
                f"{shown(of_images)} has {len(pixels)} images, and {shown(of_labels)} {len(classes)} labels"
            )
        names += [f"{part}_{i:05d}" for i in range(len(pixels))]
        images += list((pixels / np.float32(255))[..., None])
        labels.append(classes.astype(np.int64))
    held_out = np.arange(len(names)) >= len(labels[0])
    values, numbers = np.unique(np.concatenate(labels), return_inverse=True)
    return Labelled(tuple(names), images, numbers, tuple(map(str, values)), held_out)


def found(root, part, kind):
    """The path of a file, however it is written."""
    spellings = (kind, kind.replace("-", "."))
    choices = [f"{part}-{spelled}-ubyte{packed}" for spelled in spellings for packed in ("", ".gz")]
    paths = [Path(root) / name for name in choices]
    there = next((path for path in paths if path.is_file()), None)
    if there is None:
        raise InputError(f"{shown(root)} has no {choices[0]} (nor with .gz)")
    return there


def array(path, dimensions):
    """The array of unsigned bytes in an idx file."""
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{shown(path)} cannot be read ({error}); get it again") from error
    head = BYTES * (1 + dimensions)
    if len(data) < head or data[:BYTES] != bytes((0, 0, UNSIGNED, dimensions)):
        raise InputError(f"{shown(path)} is no idx file of bytes in {dimensions} dimensions")
    shape = struct.unpack(f">{dimensions}I", data[BYTES:head])
    if len(data) - head != math.prod(shape):
        raise InputError(f"{shown(path)} has {len(data) - head} bytes of pixels, and its header says {shape}")
    return np.frombuffer(data, np.uint8, offset=head).reshape(shape)
