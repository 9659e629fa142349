"""Any folder of images, searched with its subfolders; every image stands alone."""

import os
import warnings
from collections import Counter
from pathlib import Path

from inr_sae.errors import InputError, argument
from inr_sae.signals import array_file, image_file
from inr_sae.signals.names import listed, located, shown
from inr_sae.signals.notes import Note
from inr_sae.signals.subjects import each_alone as subjects  # noqa: F401  (a data set is its three functions)

SUFFIXES = (*image_file.SUFFIXES, array_file.SUFFIX)
NIFTI = (".nii", ".nii.gz")
# Beside all that begin with a dot: what NAS boxes, archives, file systems and Windows keep for themselves.
SYSTEM = ("@eadir", "@recycle", "#recycle", "#snapshot", "__macosx", "lost+found", "$recycle.bin")
SYSTEM += ("system volume information",)


def find(root, n, suffixes=SUFFIXES, companions=()):
    """Names, relative to `root`, of all files with an image's suffix; `n`, the number wanted, is not used.

    Hidden and system folders are passed over, and linked ones are followed, each folder once. A Note says how many
    files were passed over, and why; none of these are `companions`, suffixes of what belongs to an image's file.
    Raises InputError for a folder that is missing, not set, or holds no image, and for two names that look the same.
    """
    folder = _opened(root)
    names, passed = [], Counter()
    for path in _below(folder, passed):
        if path.name.startswith("."):
            passed["hidden"] += 1
        elif path.name.lower().endswith(tuple(suffixes)):
            names.append(shown(path.relative_to(folder)))
        elif not path.name.lower().endswith(tuple(companions)):
            passed[_suffix(path)] += 1
    over = ", ".join(f"{count} {reason}" for reason, count in passed.most_common())
    if not names:
        raise InputError(_no_image(shown(root), suffixes, passed, over))
    if alike := [name for name, times in Counter(names).items() if times > 1]:
        raise InputError(f"{shown(root)} holds two files each of the name {listed(alike)}, as it is shown; rename one")
    if passed:
        warnings.warn(Note(f"{shown(root)}: {len(names)} images, and files passed over: {over}"))
    return sorted(names)


def read(root, name, rules):
    """The image (H, W, C) by the rules `size`, `crop`, `background` and `nan_to_zero`."""
    return image_file.fit_to(pixels(root, name, rules), rules["size"], rules["crop"])


def pixels(root, name, rules):
    """The image or array of that name as it is, (H, W, C), by the rules `background` and `nan_to_zero`."""
    path = located(root, name)
    if name.lower().endswith(array_file.SUFFIX):
        return array_file.read(path, rules["nan_to_zero"])
    return image_file.read(path, rules["background"])


def _opened(root):
    if not root:
        raise InputError(f"{argument('root')} is empty; name the folder of images")
    folder = Path(root).expanduser()
    if folder.is_file():
        raise InputError(f"{argument('root')} {shown(root)} is a file; name a folder, of an archive the unpacked one")
    if not folder.is_dir():
        raise InputError(f"{argument('root')} {shown(root)} is no folder")
    return folder


def _below(folder, passed):
    """Every file in a folder and below, those of linked folders last; a folder is entered once, however often it is
    linked. `passed` counts what lies in folders that are not entered."""
    seen, waiting, links = set(), [folder], []
    while waiting or links:
        here = waiting.pop(0) if waiting else links.pop(0)
        if here.resolve() in seen:
            continue
        seen.add(here.resolve())
        for path, is_folder, is_file in _entries(here):
            if is_folder and (path.name.startswith(".") or path.name.lower() in SYSTEM):
                passed[f"in {shown(path.name)}"] += sum(len(files) for _, _, files in os.walk(path))
            elif is_folder:
                (links if path.is_symlink() else waiting).append(path)
            elif is_file:
                yield path


def _entries(folder):
    """[(path, whether it is a folder, whether it is a file)] of what a folder holds; a link is what it leads to."""
    try:
        return sorted((path, path.is_dir(), path.is_file()) for path in folder.iterdir())
    except OSError as error:
        where = shown(error.filename or folder)
        raise InputError(f"{where} cannot be searched ({error.strerror}); make it readable, or remove it") from error


def _suffix(path):
    """The suffix of a file's name, with the one before it where it is packed, as in .nii.gz."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes[-1:] in ([".gz"], [".bz2"], [".xz"])
    return shown("".join(suffixes[-2:] if packed else suffixes[-1:])) or "without a suffix"


def _no_image(root, suffixes, passed, over):
    said = f"{argument('root')} {root} holds no image ({', '.join(suffixes)})"
    if over:
        said += f"; it holds {over}"
    if passed.keys() & {*NIFTI, ".img"}:
        said += "; NIfTI is read by the data set oasis alone"
    if ".zip" in passed:
        said += "; unpack the archive first"
    return said
