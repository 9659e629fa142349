"""What a claim is, and the verdicts on claims: each has the rule by which a measurement speaks for it.

A claim never sees data: it is handed what was measured (`Measured`), and `table` adds on which data, and in what these
and the run differ from each recipe. A verdict needs more than a number: enough images, more than one case, more than
chance or arithmetic gives. On phantoms nothing is testable: they are neither photographs nor scans.
"""

from collections.abc import Callable
from typing import NamedTuple

from inr_sae.measure.paired import LEAST_CLUSTERS
from inr_sae.rows.claims import ClaimRow

NAN = float("nan")  # no number
REPRODUCED, PARTLY, NOT_REPRODUCED = "reproduced", "partly", "not reproduced"
UNDECIDED = "undecided"  # what was measured agrees with the claim and with the lack of it
NOT_TESTABLE = "not testable on these data"
TOO_FEW_IMAGES = "too few images"  # the smallest target shows fewer than LEAST_CLUSTERS subjects
TOO_FEW_CASES = "too few cases"  # one case, or so few that chance alone would give as many
BY_ARITHMETIC = "true by arithmetic"  # it would hold of any dictionary
CHANCE = 0.05  # a count that chance gives more often says nothing

# The rules in words, as the column `rule` has them.
IMAGES = f"; fewer than {LEAST_CLUSTERS} subjects in a target: {TOO_FEW_IMAGES}"
SOME_PAIRS = "; of some of the pairs alone: at most partly"
ALL_OR_HALF = f"all: reproduced; at least half: partly; one case alone: {TOO_FEW_CASES}"
BEYOND_CHANCE = (
    f"all: reproduced; at least half, and by chance in no more than {100 * CHANCE:g} %: partly; at least half: "
    f"{UNDECIDED}; one case alone, or so few that all would hold by chance in more than {100 * CHANCE:g} %: "
    f"{TOO_FEW_CASES}"
)
ABOVE_0 = f"95 % interval above 0: reproduced; with 0 in it: {UNDECIDED}{SOME_PAIRS}{IMAGES}"


class Measured(NamedTuple):
    """A quantity of a run: a value with its 95 % interval (nan if it has none), or a count `value` of `total`."""

    value: float
    low: float = NAN  # of a count: how many hold for certain
    high: float = NAN  # and how many may
    total: int = 0
    null: float = NAN  # the same without the effect: by arithmetic, or of what has nothing to do with it
    chance: float = NAN  # probability that as many cases hold by chance
    chance_of_all: float = NAN  # and that all of them do
    n_images: int | None = None  # images of the smallest target, of one subject only one; None: it rests on none
    published: float = NAN  # of the same places, where that is another number than the claim's
    testable: bool = True  # False: the number is shown, but what it was measured on cannot speak for the claim
    whole: bool = True  # False: of some of the run's pairs alone, so that at most a part of the claim is reproduced
    note: str = ""

    @property
    def text(self):
        """As a table shows it."""
        number = f"{self.value:.3g}" if self.value == self.value else "no number"
        shown = f"{self.value:g} of {self.total}" if self.total else number
        interval = f" ({self.low:.3g} to {self.high:.3g})" if self.low == self.low else ""
        null = f"without the effect {self.null:.3g}" if self.null == self.null else ""
        chance = f"as many by chance in {percent(self.chance)}" if self.chance == self.chance else ""
        images = f"{self.n_images} images" if self.n_images is not None else ""
        return "; ".join(filter(None, (shown + interval, null, chance, images, self.note)))


def percent(share):
    """As in "0.013 %" or "96 %"."""
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"


def counted(cases, chances=None, n_images=None, note="", blocks=None):
    """Measured: how many of the cases hold; None without a case.

    chances: the probability of each case to hold by chance, where that has a meaning. blocks: what each is of, where
    cases of one block are no independent ones. By chance they may hold together, so that there blocks are counted:
    those whose cases all hold, or, where a case is which of two exchangeable ones is ahead (1/2), most.
    """
    cases = [bool(case) for case in cases]
    if not cases:
        return None
    found = Measured(sum(cases), total=len(cases), n_images=n_images, note=note)
    if chances is None:
        return found
    held, least = {}, {}
    for block, case, chance in zip(range(len(cases)) if blocks is None else blocks, cases, chances, strict=True):
        held.setdefault(block, []).append(case)
        least[block] = min(chance, least.get(block, 1.0))  # that all of them hold is no likelier
    whole = sum(2 * sum(each) > len(each) if least[block] == 0.5 else all(each) for block, each in held.items())
    every = list(least.values())
    of_all = tail(every, len(every)) if len(every) > 1 else 1.0  # of one block, one case alone
    return found._replace(chance=tail(every, whole), chance_of_all=of_all)


def tail(chances, least):
    """The probability that at least so many of independent cases hold, each with its own probability."""
    distribution = [1.0]  # of the number that hold
    for p in chances:
        distribution = [(1 - p) * none + p * one for none, one in zip([*distribution, 0.0], [0.0, *distribution])]
    return sum(distribution[least:])


class Claim(NamedTuple):
    """One claim: the paper's, or one that its argument needs and it does not make."""

    name: str
    sentence: str  # in our own words
    where: str
    quantity: str  # what is measured
    published: str
    rule: str  # when it counts as reproduced, and when as partly
    judge: Callable  # Measured -> verdict
    by_paper: bool = True  # whether the paper makes it


class Data(NamedTuple):
    """What claims were tested on."""

    sets: str  # as in "celebahq 109x89, 2 images"
    differences: dict  # {recipe: (sentence, ...)}: in what data and run differ from it
    phantom: bool


def verdict(reproduced, partly):
    """The verdict by two conditions, the first before the second."""
    if reproduced:
        return REPRODUCED
    return PARTLY if partly else NOT_REPRODUCED


def share(m):
    """All, at least half, or fewer of the cases, if there are several; undecided where chance gives as many."""
    if m.total < 2 or m.chance_of_all > CHANCE:  # False where chance has no meaning
        return TOO_FEW_CASES
    if m.value < m.total <= 2 * m.value and m.chance > CHANCE:
        return UNDECIDED
    return verdict(m.value == m.total, 2 * m.value >= m.total)


def near(published, tolerance):
    """Clearly above 0 and within a tolerance of the published value, that of the same places where there is one, or
    above 0 alone; undecided where the interval has 0 in it and values so near."""

    def judge(m):
        there = published if m.published != m.published else m.published
        if m.low > 0:
            return verdict(abs(m.value - there) <= tolerance, True)
        return UNDECIDED if m.high > 0 and m.high + tolerance >= there else NOT_REPRODUCED

    return judge


def within(low, high, slack):
    """Inside a published range; partly, if no further from it than `slack`."""
    return lambda m: verdict(low <= m.value <= high, low - slack <= m.value <= high + slack)


def at_most(good, fair):
    """No more than one bound, or than a wider one."""
    return lambda m: verdict(m.value <= good, m.value <= fair)


def at_least(good, fair):
    """At least one bound, or a lower one."""
    return lambda m: verdict(m.value >= good, m.value >= fair)


def above(m):
    """Whether the interval lies above 0; undecided where 0 is in it."""
    if m.low > 0:
        return REPRODUCED
    return NOT_REPRODUCED if m.high <= 0 else UNDECIDED


def beyond_arithmetic(judge, factor):
    """`judge`, but a value within a factor of what arithmetic gives, `null`, speaks for nothing."""

    def judge_excess(m):
        found = judge(m)
        plain = m.null / factor <= m.value <= m.null * factor
        return BY_ARITHMETIC if plain and found in (REPRODUCED, PARTLY) else found

    return judge_excess


def below_null(judge):
    """`judge`, of a deviation that must also be half of what the same numbers in another order give, `null`."""

    def judge_deviation(m):
        if m.null != m.null:
            return TOO_FEW_CASES  # one number has no other order
        return judge(m) if m.value <= m.null / 2 else NOT_REPRODUCED

    return judge_deviation


def table(claims, measured, data):
    """[ClaimRow]: every claim with its verdict; measured: {name of a claim: Measured}, data: the Data."""
    return [judged(claim, measured.get(claim.name), data) for claim in claims]


def verdict_on(claim, m, data):
    """The verdict on a claim by its Measured, None where it was not measured."""
    return verdict_by(claim.judge, m, data.phantom)


def verdict_by(judge, m, phantom=False):
    """The verdict by a rule, Measured -> verdict, on what was measured, None for nothing; phantom: on phantoms."""
    if m is None or phantom or not m.testable or m.value != m.value:
        return NOT_TESTABLE
    if m.n_images is not None and m.n_images < LEAST_CLUSTERS:
        return TOO_FEW_IMAGES
    found = judge(m)
    return PARTLY if found == REPRODUCED and not m.whole else found


def judged(claim, m, data):
    """The ClaimRow of one claim; m: the Measured, None where it was not measured."""
    numbers = dict.fromkeys(("value", "low", "high", "null", "chance", "n_images"))
    if m is not None:
        numbers = {name: getattr(m, name) for name in numbers}
    return ClaimRow(
        claim=claim.name,
        sentence=claim.sentence,
        by_paper=int(claim.by_paper),
        where=claim.where,
        quantity=claim.quantity,
        published=claim.published,
        ours="not measured" if m is None else m.text,
        **numbers,
        verdict=verdict_on(claim, m, data),
        rule=claim.rule,
        tested_on="" if m is None else data.sets,
        **{f"short_of_{recipe}": "" if m is None else "; ".join(said) for recipe, said in data.differences.items()},
    )
