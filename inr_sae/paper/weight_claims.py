"""The claims on class signal in weights (arXiv 2605.08281), as its abstract makes them; see `claims`."""

from inr_sae.measure.paired import LEAST_CLUSTERS
from inr_sae.paper.claims import (
    BEYOND_CHANCE,
    BY_ARITHMETIC,
    CHANCE,
    NOT_REPRODUCED,
    REPRODUCED,
    TOO_FEW_CASES,
    UNDECIDED,
    Claim,
    above,
    share,
    verdict,
)
from inr_sae.paper.weight_evidence import LEAST_RUNS

LOOSE = 0.5  # a correlation below it is none that accuracy could be told by
LOW, MIDDLE = 1 / 4, 1 / 2  # of the dimensions there are
ENOUGH, FAIR = 0.02, 0.05  # accuracy that may be missing
OVER_SEEDS = f"fewer than {LEAST_CLUSTERS} seeds: {TOO_FEW_CASES}"
OVER_CONDITIONS = f"fewer than {LEAST_RUNS} conditions: {TOO_FEW_CASES}"


def _of_an_interval(judge):
    """`judge`, but without an interval there are too few cases."""
    return lambda m: judge(m) if m.low == m.low else TOO_FEW_CASES


@_of_an_interval
def _untracked(m):
    """A correlation that is small or negative for certain, or positive for certain."""
    if m.low > 0:
        return NOT_REPRODUCED
    return REPRODUCED if m.high < LOOSE else UNDECIDED


@_of_an_interval
def _not_0(m):
    """An interval over seeds that excludes 0; one that does not shows neither."""
    return REPRODUCED if m.low > 0 or m.high < 0 else UNDECIDED


@_of_an_interval
def _low_dimensional(m):
    """Few of the dimensions, and in more seeds than by chance fewer than what carries the same images has."""
    if m.low > MIDDLE * m.total:
        return NOT_REPRODUCED
    if m.chance == 1:  # below that in no seed
        return BY_ARITHMETIC
    if m.high > MIDDLE * m.total or m.chance > CHANCE:
        return UNDECIDED
    return verdict(m.high <= LOW * m.total, True)


@_of_an_interval
def _little(m):
    """Little is missing, or not much, for certain."""
    if m.low <= FAIR < m.high:
        return UNDECIDED
    return verdict(m.high <= ENOUGH, m.high <= FAIR)


WEIGHTS = (
    Claim(
        "geometry_untracked",
        "That classes lie closer together in the weights does not mean that a trained reader does better.",
        "abstract",
        "correlation over trainings of neighbours' purity on raw offsets with accuracy",
        "does not track",
        f"interval above 0: not reproduced; below {LOOSE:g}: reproduced; else: {UNDECIDED}; {OVER_CONDITIONS}",
        _untracked,
    ),
    Claim(
        "pressure_misleads",
        "Pressure to cluster can make neighbourhoods purer while the reader gets worse.",
        "abstract",
        "trainings with the contrastive loss of purer offsets and lower accuracy than by the same seed without it, of "
        "the weight of that loss that harms most of them",
        "can",
        BEYOND_CHANCE + ", for one weight or another",
        share,
    ),
    Claim(
        "late_blocks",
        "Neighbourhoods tell the accuracy only after late blocks of the reader.",
        "abstract",
        "correlation over trainings of purity after the last block with accuracy, or its lead over that of raw "
        "offsets, whichever interval begins lower or is below 0; without the effect: of raw offsets",
        "only after late blocks",
        f"interval above 0: reproduced; with 0 in it: {UNDECIDED}; {OVER_CONDITIONS}",
        _of_an_interval(above),
    ),
    Claim(
        "bias_causal",
        "The reader's answer is routed through the biases.",
        "abstract",
        "accuracy lost with another class's biases, minus that with weight columns matched in norm",
        "a causal route",
        f"95 % interval over seeds above 0: reproduced; with 0 in it: {UNDECIDED}; {OVER_SEEDS}",
        _of_an_interval(above),
    ),
    Claim(
        "bias_low_dimensional",
        "The biases' route is low-dimensional.",
        "abstract",
        "effective rank of the biases' offsets, of their dimensions; without the effect: of the pixels, or of a weight "
        "column matched in norm, if that is less",
        "low-dimensional",
        "interval over seeds at most a quarter of the dimensions: reproduced; half: partly; with half in it, or below "
        f"what pixels and a weight column have in no more seeds than by chance: {UNDECIDED}; in none: {BY_ARITHMETIC}; "
        f"{OVER_SEEDS}",
        _low_dimensional,
    ),
    Claim(
        "layers_interact",
        "Interventions on the biases do not add up over layers.",
        "abstract",
        "log odds lost with all layers' biases at 0, minus the sum over layers of what one alone costs; a mean over "
        "images, in which opposite interactions cancel",
        "non-additive",
        f"95 % interval over seeds without 0: reproduced; with it: {UNDECIDED}; {OVER_SEEDS}",
        _not_0,
    ),
    Claim(
        "routes_interact",
        "Interventions on biases and on weights do not add up.",
        "not made",
        "log odds lost with biases and the control at 0, minus the sum of what each alone costs; likewise a mean",
        "not reported",
        f"95 % interval over seeds without 0: reproduced; with it: {UNDECIDED}; {OVER_SEEDS}",
        _not_0,
        by_paper=False,
    ),
    Claim(
        "biases_suffice",
        "A reader that is shown the biases alone does as well.",
        "not made",
        "accuracy of a reader of all offsets minus that of a reader of biases",
        "not reported",
        f"interval at most {100 * ENOUGH:g} %: reproduced; at most {100 * FAIR:g} %: partly; with {100 * FAIR:g} % in "
        f"it: {UNDECIDED}; {OVER_SEEDS}",
        _little,
        by_paper=False,
    ),
)
