"""A folder with one subfolder a class, each with its images."""

from pathlib import PurePosixPath

import numpy as np

from inr_sae.errors import InputError
from inr_sae.signals import folder
from inr_sae.signals.labelled.kinds import Labelled
from inr_sae.signals.names import listed, shown


def read(root, rules):
    """All images below the folder `root`; the first part of an image's name is its class.

    Raises InputError for an image that lies in no subfolder, and for a folder of one class.
    """
    names = folder.find(root, None)
    alone = [name for name in names if len(PurePosixPath(name).parts) < 2]
    if alone:
        raise InputError(
            f"{shown(root)} has images in no subfolder ({listed(alone)}), and a class is a subfolder; move them into "
            "their class's"
        )
    classes = tuple(sorted({PurePosixPath(name).parts[0] for name in names}))
    if len(classes) < 2:
        raise InputError(f"{shown(root)} has one subfolder with images, {classes[0]}; make it one for each class")
    labels = np.array([classes.index(PurePosixPath(name).parts[0]) for name in names])
    images = [folder.read(root, name, rules) for name in names]
    return Labelled(tuple(names), images, labels, classes)
