"""The claims on what layers encode (Secs. 4.2, 4.3, Apps. A to C); see `claims`."""

from inr_sae.paper import reference
from inr_sae.paper.claims import (
    ALL_OR_HALF,
    BEYOND_CHANCE,
    BY_ARITHMETIC,
    CHANCE,
    IMAGES,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    UNDECIDED,
    Claim,
    at_least,
    at_most,
    beyond_arithmetic,
    share,
    verdict,
    within,
)
from inr_sae.paper.dictionary_content import IMAGE_SHAPED, MEMORISED, NO_CONTENT
from inr_sae.paper.dictionary_evidence import AHEAD, LEAST_EXCESS, LEAST_R2, REPEATED

PLAIN = 1.5  # a value within this factor of what arithmetic gives is no other; no median is above twice a mean
NO_OTHER = f"; within a factor of {PLAIN} of what arithmetic gives: {BY_ARITHMETIC}"


def _dies(m):
    """As published, and more than atoms that fire at random leave dead."""
    found = within(0.4, 0.8, 0.2)(m)
    return BY_ARITHMETIC if found != NOT_REPRODUCED and m.value - m.null < 0.2 else found


def _costs_more(m):
    """A lead as published that a random deal of the numbers does not give."""
    if m.value > 0 and not m.chance <= CHANCE:
        return UNDECIDED
    return verdict(m.value > 1.0, m.value > 0)


def _falls(m):
    """Beyond arithmetic in all cases or half; otherwise, where it falls as arithmetic does, that is all there is."""
    found = share(m)
    return BY_ARITHMETIC if found in (NOT_REPRODUCED, UNDECIDED) and 2 * m.null >= m.total else found


DICTIONARIES = (
    Claim(
        "siren_alive",
        "Cohort SIREN keeps its dictionary alive: hardly an atom is dead from layer 1 on.",
        "Fig. 4, App. A.2",
        "largest share of dead atoms from layer 1 on, cohort SIREN",
        f"{reference.DEAD_FRACTION_SIREN} (0.27 with layer 0)",
        "at most 0.04: reproduced; at most 0.10: partly",
        at_most(reference.DEAD_FRACTION_SIREN, 0.10),
    ),
    Claim(
        "ffmlp_dies",
        "Cohort FFMLP loses most of its dictionary with depth.",
        "Fig. 4, App. A.2 (App. A.1 says at least 85 % alive)",
        "share of dead atoms in the last layer, cohort FFMLP",
        str(reference.DEAD_FRACTION_FFMLP),
        "0.4 to 0.8: reproduced; 0.2 to 1: partly; less than 0.2 above what atoms that fire at random leave dead, "
        f"(1 - k/n)^pixels: {BY_ARITHMETIC}",
        _dies,
    ),
    Claim(
        "siren_sparse",
        "A cohort SIREN atom is active on about 1 % of the pixels.",
        "Fig. 4",
        "median active-pixel fraction over alive atoms, median over layers, cohort SIREN; without the effect: "
        "k / (n * alive), on which an alive atom fires on average whatever it is",
        str(reference.ACTIVE_FRACTION_SIREN),
        f"0.005 to 0.02: reproduced; within 0.005 of it: partly{NO_OTHER}",
        beyond_arithmetic(within(0.005, 0.02, 0.005), PLAIN),
    ),
    Claim(
        "ffmlp_dense",
        "The surviving atoms of cohort FFMLP's last layer cover 30 to 50 % of the pixels each.",
        "Fig. 4's caption (Fig. 8 says the contrary)",
        "median active-pixel fraction over alive atoms of the last layer, cohort FFMLP; without the effect: "
        "k / (n * alive)",
        "0.3 to 0.5",
        f"in that range: reproduced; within 0.1 of it: partly{NO_OTHER}",
        beyond_arithmetic(within(*reference.ACTIVE_FRACTION_FFMLP, 0.1), PLAIN),
    ),
    Claim(
        "ffmlp_concentrates",
        "In cohort FFMLP the median active-pixel fraction falls with depth, about sevenfold.",
        "Fig. 8 (Fig. 4's caption says the contrary)",
        "median active-pixel fraction of the first layer over that of the last, cohort FFMLP; without the effect: the "
        "same of k / (n * alive)",
        f"{reference.ACTIVE_FRACTION_FALL_FFMLP:g}",
        f"3 to 15: reproduced; above 1.5: partly{NO_OTHER}",
        beyond_arithmetic(lambda m: verdict(3 <= m.value <= 15, m.value > 1.5), PLAIN),
    ),
    Claim(
        "siren_local",
        "SIREN's atoms are local in every layer, and FFMLP's are not.",
        "Sec. 4.2, Fig. 3",
        f"layers where cohort SIREN's median locality is above cohort FFMLP's by {AHEAD} or more (compact), and its "
        "median extent at most a third of the whole image's (small)",
        "all (by eye)",
        ALL_OR_HALF,
        share,
    ),
    Claim(
        "ffmlp_content",
        "From layer 2 on cohort FFMLP's atoms are image-shaped: they look like images of the cohort's kind.",
        "Sec. 4.2, Figs. 3, 13",
        "layers from 2 on where the top atoms' likeness to the cohort's signals, above the likeness to displaced ones, "
        f"is at least {IMAGE_SHAPED} of an exact copy's, cohort FFMLP",
        "all (by eye)",
        ALL_OR_HALF,
        share,
    ),
    Claim(
        "siren_no_content",
        "Cohort SIREN's atoms do not depend on the cohort's content.",
        "Abstract, Sec. 4.2",
        "layers where the top atoms' likeness to the cohort's signals, above the likeness to displaced ones, is at "
        f"most {NO_CONTENT} of an exact copy's, cohort SIREN",
        "all (by eye)",
        ALL_OR_HALF,
        share,
    ),
    Claim(
        "memorised",
        "What FFMLP's atoms trace are the signals it memorised, more than images of that kind.",
        "Abstract, Sec. 4.2",
        "layers from 2 on where the top atoms' likeness to the cohort's signals, above that to as many held-out ones, "
        f"is at least {MEMORISED} of an exact copy's",
        "not reported",
        ALL_OR_HALF + IMAGES.replace("subjects in a target", "held-out signals"),
        share,
        by_paper=False,
    ),
    Claim(
        "siren_tiling_repeats",
        "SIREN's tiling is a property of the encoder's coordinates, not of the cohort: another cohort gives it again.",
        "Sec. 4.2",
        f"layers where matched maps of two cohorts exceed their displaced null by at least {REPEATED} of what those of "
        f"two seeds do, SIREN; of the layers where two seeds exceed it by {LEAST_EXCESS} or more",
        "not reported",
        f"{ALL_OR_HALF}; no such layer: {NOT_TESTABLE}",
        share,
        by_paper=False,
    ),
    Claim(
        "ffmlp_top_atom",
        "In cohort FFMLP the top atom carries about seven times the magnitude of the next tier.",
        "Sec. 4.3, App. A.2",
        "top atom's mean magnitude over the mean of ranks 2 to 16, mean over layers from 2 on, cohort FFMLP",
        f"{reference.CONCENTRATION_FFMLP:g}",
        "at least 5: reproduced; at least 2: partly",
        at_least(5.0, 2.0),
    ),
    Claim(
        "siren_flat",
        "In cohort SIREN magnitudes are flat.",
        "Sec. 4.3, App. A.2",
        "the same ratio, mean over layers, cohort SIREN",
        "about 1 (by eye)",
        "at most 2: reproduced; at most 4: partly",
        at_most(2.0, 4.0),
    ),
    Claim(
        "ffmlp_largest_drop",
        "One FFMLP atom can cost the whole image about 10 dB.",
        "Sec. 4.3, Fig. 15",
        "largest drop over the top four atoms of layers 2 and beyond, cohort FFMLP, dB",
        f"{reference.LARGEST_DROP_DB_FFMLP} dB at layer 2 (10.6 and 10.8 elsewhere)",
        "at least 8 dB: reproduced; at least 4: partly",
        at_least(8.0, 4.0),
    ),
    Claim(
        "ffmlp_costs_more",
        "An FFMLP atom costs more than a SIREN atom.",
        "Sec. 4.3",
        "largest drop over the top four atoms of every layer, cohort FFMLP's minus cohort SIREN's, dB, of one encoder "
        "each",
        "+1.4 dB over the same atoms",
        "above 1 dB, and by as much in no more than 5 % of random deals of these numbers to the two: reproduced; above "
        f"0, likewise: partly; above 0: {UNDECIDED}",
        _costs_more,
    ),
    Claim(
        "l0_falls",
        "A larger dictionary has more local atoms: spatial L0 falls strictly with n at every layer and k.",
        "App. A.1, Figs. 6, 7",
        "(condition, layer, k) where spatial L0, over k / (n * alive) which it is by arithmetic, falls by 5 % or more "
        "with every step of n; without the effect: in how many it falls itself",
        "all",
        f"{BEYOND_CHANCE}; otherwise, where L0 itself falls in half or more: {BY_ARITHMETIC}",
        _falls,
    ),
)
DICTIONARIES = tuple(
    claim._replace(rule=f"{claim.rule}; no dictionary with R² of {LEAST_R2} or more: {NOT_TESTABLE}")
    for claim in DICTIONARIES
)
