"""What is claimed of other decompositions, by the papers that propose them; see `claims`."""

from inr_sae.paper.claims import (
    ALL_OR_HALF,
    BEYOND_CHANCE,
    BY_ARITHMETIC,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    UNDECIDED,
    Claim,
    share,
)

LIB = "arXiv 2405.10928"
OPERATORS = "arXiv 2509.03738"
HOLDS = 0.05  # change of codes, over their norm, that still counts as the same
DRAWS = "a case that both leave undecided counts as none"


def _favours(m):
    """As `share`; that few modes cannot give rough atoms is arithmetic, so the smooth ones alone decide."""
    found = share(m)
    return BY_ARITHMETIC if found in (NOT_REPRODUCED, UNDECIDED) and m.null == m.total else found


DECOMPOSITIONS = (  # on images
    Claim(
        "lib_relevance",
        "LIB's features are more relevant than principal components: fewer of them carry what the network computes.",
        LIB,
        "(backbone, layer but the last, where it is so by arithmetic) where LIB needs fewer directions than PCA for "
        "the stated drop of PSNR; without the effect: where PCA needs fewer",
        "no gain (modular addition); none on language models",
        BEYOND_CHANCE,
        share,
        by_paper=False,
    ),
    Claim(
        "lib_sparsity",
        "Interactions between LIB's features are sparser than those between principal components.",
        LIB,
        "(backbone, layer but the last) where LIB needs fewer interactions with the next layer than PCA for the stated "
        "drop of PSNR; without the effect: where PCA needs fewer",
        "87 of 117, 74 of 85, 634 of 663 (modular addition)",
        BEYOND_CHANCE,
        share,
        by_paper=False,
    ),
    Claim(
        "operators_hold",
        "Operators hold across resolutions where convolutions do not.",
        OPERATORS,
        f"(backbone, layer) where the operator SAE's codes at common coordinates change by at most {HOLDS} of their "
        "norm on twice the grid, and the convolutional SAE's by more; without the effect: where the pointwise SAE "
        "holds as well, as on an INR it does by arithmetic",
        "only operators (curves)",
        f"{ALL_OR_HALF}; no operator among the methods: {NOT_TESTABLE}",
        share,
        by_paper=False,
    ),
)
OF_MODELS = (  # on a known dictionary, which is no image
    Claim(
        "lifting_faster",
        "Lifting makes a known dictionary recovered sooner.",
        OPERATORS,
        "(model, kind of atoms, optimiser, seed) where the lifted model reaches half of the atoms in fewer steps, each "
        f"at the best of its rates; without the effect: where it takes more; {DRAWS}",
        "faster (curves)",
        BEYOND_CHANCE,
        share,
        by_paper=False,
    ),
    Claim(
        "few_modes_smooth",
        "An operator with few modes favours smooth concepts.",
        OPERATORS,
        "(lifted or not, optimiser, seed) where few modes reach half of the smooth atoms in fewer steps than all modes "
        "do, each at the best of its rates; without the effect: where rough atoms are beyond few modes, which is "
        "arithmetic",
        "favoured (curves)",
        f"{BEYOND_CHANCE}; otherwise, where rough atoms are beyond few modes in all: {BY_ARITHMETIC}",
        _favours,
        by_paper=False,
    ),
)
