"""The Kodak set in a local folder: portrait images turned by 90 degrees, so that all share one landscape grid."""

import numpy as np

from inr_sae.signals import folder, image_file
from inr_sae.signals.folder import find, subjects  # noqa: F401  (a data set is its three functions)


def read(root, name, rules):
    """The photograph, (512, 768, 3) if no size is asked for, turned anticlockwise if it was higher than wide."""
    image = folder.pixels(root, name, rules)
    if image.shape[0] > image.shape[1]:
        image = np.rot90(image)
    return np.ascontiguousarray(image_file.fit_to(image, rules["size"], rules["crop"]))
