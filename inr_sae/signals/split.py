"""Drawing the cohort, the validation and the test signals."""

from collections import Counter
from difflib import get_close_matches
from typing import NamedTuple

import numpy as np

from inr_sae.errors import InputError, argument
from inr_sae.signals.names import shown
from inr_sae.signals.subjects import counted

SPLITS = ("cohort", "validation", "test")
LOWER = f"lower {argument('n_cohort')}, {argument('n_validation')} or {argument('n_test')}"


class Split(NamedTuple):
    """Names of the signals of each split."""

    cohort: tuple
    validation: tuple
    test: tuple


def draw(names, subjects, sizes, seed, cohort_names=(), origin=""):
    """Draw three disjoint splits of `sizes` signals from `names`, no subject in two of them.

    subjects: the subject of each name (the name itself where a signal stands alone); origin: what that was taken from,
    for a reader. The subjects are shuffled by `seed`; each split takes whole subjects until it has enough, then that
    many of their signals at random: the cohort and then the test signals from the front, validation signals from the
    end, so that how many these are changes no other split, and what is tuned on them is tested on others. With one
    signal a subject this is a plain random draw. It depends on the set of names, not on their order.
    cohort_names: these signals are the cohort, in this order, and the other splits are drawn from other subjects.
    Raises InputError if there are too few signals or subjects, or none of a name, or one is named twice.
    """
    if len(names) < sum(sizes):
        raise InputError(
            f"{sum(sizes)} images are needed ({describe(sizes)}), and the set has {len(names)}; {LOWER}, or add images"
        )
    rng = np.random.default_rng(seed)
    by_subject = {}
    for name, subject in sorted(zip(names, subjects)):
        by_subject.setdefault(subject, []).append(name)
    order = list(by_subject)
    rng.shuffle(order)

    def take(size, place, rng):
        pool = []
        while len(pool) < size:
            if not order:
                raise InputError(_too_few(by_subject, sizes, origin))
            pool += by_subject[order.pop(place)]
        return tuple(str(name) for name in rng.permutation(pool)[:size])

    n_cohort, n_validation, n_test = sizes
    if cohort_names:
        cohort, subject_of = _named(cohort_names, names), dict(zip(names, subjects))
        taken = {subject_of[name] for name in cohort}
        order = [subject for subject in order if subject not in taken]
    else:
        cohort = take(n_cohort, 0, rng)
    test = take(n_test, 0, rng)
    return Split(cohort, take(n_validation, -1, np.random.default_rng((seed, 1))), test)


def describe(sizes):
    """As in "10 cohort, 0 validation, 4 test"."""
    return ", ".join(f"{size} {split}" for size, split in zip(sizes, SPLITS))


def _named(cohort_names, names):
    """The signals that a user names, however composed letters are written; raises InputError for one that is not there
    and for one that is named twice."""
    wanted, there = tuple(map(shown, cohort_names)), set(names)
    for name, times in Counter(wanted).items():
        if name not in there:
            raise InputError(
                f"{argument('cohort_names')} has {name!r}, and there is no such image; there is "
                f"{next(iter(get_close_matches(name, names)), names[0])!r}"
            )
        if times > 1:
            raise InputError(f"{argument('cohort_names')} has {name!r} {times} times; an image is in the cohort once")
    return wanted


def _too_few(by_subject, sizes, origin):
    there = ", ".join(filter(None, (counted(by_subject), origin)))
    return (
        f"{there}: too few for {describe(sizes)} with no subject in two of them; {LOWER}, or say with "
        f"{argument('subject')}, a regular expression, which part of a name is the subject"
    )
