"""Whom images show, read from the names of their files: no subject is in two splits.

Each function gives the subject of every name, in their order, and a phrase that says what it was taken from.
"""

import re
from pathlib import PurePosixPath

from inr_sae.errors import InputError, argument
from inr_sae.signals.names import listed

ALONE = "each of which stands alone"
NUMBERS = {  # how collections of scans write whom one shows; the visit comes behind it
    "the BIDS entity": r"(?:^|[/_])(sub-[A-Za-z0-9]+)",  # sub-03/ses-01/anat/sub-03_ses-01_T1w.nii.gz
    "the OASIS number": r"(OAS\d_?\d{4})",  # OAS1_0061_MR2, OAS30001_MR_d0129
}


def each_alone(names):
    """Every image is a subject of its own."""
    return list(names), ALONE


def by_pattern(names, pattern):
    """The part of each name that a regular expression matches, or its groups where it has some.

    Raises InputError for one that is none, and for a name that it does not match.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise InputError(f"{argument('subject')} {pattern!r} is no regular expression: {error}") from error
    found = []
    for name in names:
        match = compiled.search(name)
        subject = match and ("_".join(filter(None, match.groups())) or match[0])
        if not subject:
            raise InputError(f"{argument('subject')} {pattern!r} matches nothing in {name}")
        found.append(subject)
    return found, f"from what {pattern!r} matches in the name"


def of_scans(names):
    """Of brain images: the number that BIDS or OASIS gives, else the folder, else how the file's name begins.

    The folder is taken where two of them hold files of one name, as in a/slice.png and b/slice.png. It is the uppermost
    one in which paths differ, whatever visits lie below it.
    """
    rules = {origin: {name: _first_group(pattern, name) for name in names} for origin, pattern in NUMBERS.items()}
    rules["the folder"] = _folders(names)
    rules["the beginning of the file's name"] = _beginnings(names)
    found = [next((rule[name], origin) for origin, rule in rules.items() if rule.get(name)) for name in names]
    return [subject for subject, _ in found], "from " + " or ".join(dict.fromkeys(origin for _, origin in found))


def sentence(found, origin):
    """What a user should know of subjects and of what they were taken from."""
    whose = "" if origin == ALONE else f" of {counted(found)}"
    return f"{len(found)} images{whose}, {origin}; {argument('subject')}, a regular expression, can say otherwise"


def counted(found):
    """How many subjects there are, and the first of them."""
    different = list(dict.fromkeys(found))
    return f"{len(different)} subject{'s' * (len(different) != 1)} ({listed(different)})"


def _first_group(pattern, name):
    match = re.search(pattern, name)
    return match[1] if match else None


def _folders(names):
    """{name: the uppermost folder in which the paths differ}; none unless two folders hold files of one name."""
    paths = {name: PurePosixPath(name) for name in names}
    if len({path.name for path in paths.values()}) == len(paths):
        return {}
    shared = 0
    while len({path.parts[: shared + 1] for path in paths.values()}) == 1:
        shared += 1
    return {name: path.parts[shared] for name, path in paths.items() if len(path.parts) > shared + 1}


def _beginnings(names):
    """{name: its file's up to the first underscore or dot}; up to the second underscore where that tells files apart
    by number alone, as in BRATS_001.nii.gz and BRATS_002.nii.gz: a volume is a file."""
    parts = {name: PurePosixPath(name).name.split(".")[0].split("_") for name in names}
    numbered = all(len(each) > 1 and each[1].isdigit() for each in parts.values())
    volumes = all(re.search(r"\.(nii|img)(\.gz)?$", name, re.IGNORECASE) for name in names)
    many = len({each[0] for each in parts.values()}) > 1
    n = 2 if numbered and volumes and not many else 1
    return {name: "_".join(each[:n]) or name for name, each in parts.items()}
