"""The three claims of convergent learning (Li et al. 2016, arXiv 1511.07543), of images' classifiers there; see
`claims`."""

from inr_sae.paper.claims import ALL_OR_HALF, BEYOND_CHANCE, NOT_TESTABLE, Claim, share
from inr_sae.paper.convergence_evidence import AHEAD, MORE_THAN_ONE, OTHERS, REACHED, SLIGHTLY, SOME

WHERE = "arXiv 1511.07543"
PAIRS = "layers, of every backbone, whose pairs of encoder seeds are one case,"

CONVERGENCE = (
    Claim(
        "some_units_shared",
        "Networks of one kind trained from different seeds learn some units alike, and others not.",
        WHERE,
        f"{PAIRS} where from {SOME:g} to {1 - OTHERS:g} of the units have an assigned partner whose correlation, on "
        "coordinates that did not choose it, is beyond 95 % of those under displaced maps and of untrained networks, "
        "and more often than chance gives",
        "correlation of assigned partners 0.66, 0.51, 0.45, 0.34, 0.39 by layer",
        BEYOND_CHANCE,
        share,
        by_paper=False,
    ),
    Claim(
        "subspaces_shared",
        "Such networks share subspaces rather than single units: a unit of one is a sum of units of the other.",
        WHERE,
        f"{PAIRS} where the held-out R² of a unit from many of the other network's exceeds that from its one best "
        f"partner by {AHEAD:g}, and that under displaced maps and of untrained networks by {AHEAD:g}",
        "not in one number",
        ALL_OR_HALF,
        share,
        by_paper=False,
    ),
    Claim(
        "code_between",
        "The code is between local and distributed: it takes a few units of the other network, not one and not most.",
        WHERE,
        f"{PAIRS} where many explain more than nulls do by {AHEAD:g}, and it takes more than {MORE_THAN_ONE:g} weights "
        f"((sum |w|)² / sum w²) and at most {SLIGHTLY:g} of the layer's units to reach {REACHED:g} of the best "
        "held-out R²",
        "a few units",
        f"{ALL_OR_HALF}; no layer explained beyond its nulls: {NOT_TESTABLE}",
        share,
        by_paper=False,
    ),
)
