"""Any folder of images, searched with its subfolders; every image stands alone."""

from pathlib import Path

from inr_sae.errors import InputError, argument
from inr_sae.signals import image_file


def find(root, n, suffixes=image_file.SUFFIXES):
    """Names, relative to `root`, of all files with an image's suffix; `n`, the number wanted, is not used.

    Raises InputError for a folder that is missing, not set, or holds no image.
    """
    if not root:
        raise InputError(f"{argument('root')} is empty; name the folder of images")
    folder = Path(root).expanduser()
    if not folder.is_dir():
        raise InputError(f"{argument('root')} {root} is no folder")
    names = sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.name.lower().endswith(tuple(suffixes)) and path.is_file() and not path.name.startswith(".")
    )
    if not names:
        raise InputError(f"{argument('root')} {root} holds no image ({', '.join(suffixes)})")
    return names


def subject(name):
    """The subject of a signal: itself."""
    return name


def read(root, name, rules):
    """The image (H, W, C) by the rules `size` and `crop`."""
    return image_file.fit_to(image_file.read(Path(root).expanduser() / name), rules["size"], rules["crop"])
