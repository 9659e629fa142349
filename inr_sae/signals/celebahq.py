"""CelebA-HQ faces in a local folder: centre crop to 178:218, Lanczos to 178 wide x 218 high, or to `size`."""

from inr_sae.signals import folder
from inr_sae.signals.folder import find, subjects  # noqa: F401  (a data set is its three functions)

SIZE = (218, 178)


def read(root, name, rules):
    """The face, (218, 178, C) if no size is asked for; always cropped, never stretched."""
    return folder.read(root, name, rules | {"size": rules["size"] or SIZE, "crop": "center"})
