"""Drawing the cohort, the validation and the test signals."""

from typing import NamedTuple

import numpy as np

from inr_sae.errors import InputError, argument

SPLITS = ("cohort", "validation", "test")
LOWER = f"lower {argument('n_cohort')}, {argument('n_validation')} or {argument('n_test')}"


class Split(NamedTuple):
    """Names of the signals of each split, in the order drawn."""

    cohort: tuple
    validation: tuple
    test: tuple


def draw(names, subjects, sizes, seed, cohort_names=()):
    """Draw three disjoint splits of `sizes` signals from `names`, no subject in two of them.

    subjects: the subject of each name (the name itself where a signal stands alone). The subjects are shuffled by
    `seed`; each split takes whole subjects until it has enough, then that many of their signals at random. With one
    signal a subject this is a plain random draw. It depends on the set of names, not on their order.
    cohort_names: these signals are the cohort, in this order, and the other splits are drawn from other subjects.
    Raises InputError if there are too few signals or subjects, or none of a name.
    """
    if len(names) < sum(sizes):
        raise InputError(
            f"{sum(sizes)} images are needed ({describe(sizes)}) and there are {len(names)}; {LOWER}, or add images"
        )
    rng = np.random.default_rng(seed)
    by_subject = {}
    for name, subject in sorted(zip(names, subjects)):
        by_subject.setdefault(subject, []).append(name)
    order = list(by_subject)
    rng.shuffle(order)
    drawn = []
    if cohort_names:
        subject_of = dict(zip(names, subjects))
        for name in cohort_names:
            if name not in subject_of:
                raise InputError(
                    f"{argument('cohort_names')} has {name!r}, and there is no such image; there is {names[0]!r}"
                )
        taken = {subject_of[name] for name in cohort_names}
        order = [subject for subject in order if subject not in taken]
        drawn = [tuple(cohort_names)]
    for size in sizes[len(drawn) :]:
        pool = []
        while len(pool) < size:
            if not order:
                raise InputError(
                    f"{len(by_subject)} subjects are too few for {describe(sizes)} with no subject in two of them; "
                    f"{LOWER}"
                )
            pool += by_subject[order.pop(0)]
        drawn.append(tuple(str(name) for name in rng.permutation(pool)[:size]))
    return Split(*drawn)


def describe(sizes):
    """As in "10 cohort, 0 validation, 4 test"."""
    return ", ".join(f"{size} {split}" for size, split in zip(sizes, SPLITS))
