"""The claims on which layers transfer (Secs. 3.2, 4.1, 4.2, Tables 1 to 5); see `claims`."""

from inr_sae.paper import reference
from inr_sae.paper.claims import (
    ABOVE_0,
    ALL_OR_HALF,
    BEYOND_CHANCE,
    CHANCE,
    IMAGES,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REPRODUCED,
    SOME_PAIRS,
    TOO_FEW_CASES,
    UNDECIDED,
    Claim,
    Measured,
    above,
    at_most,
    below_null,
    near,
    share,
    verdict,
    within,
)
from inr_sae.paper.transfer_evidence import LEAST_COHORT_DB

OVER_ENCODERS = BEYOND_CHANCE + ", where targets of one encoder hold together and encoders are independent" + IMAGES
AS_PUBLISHED = (
    "95 % interval above 0 and the mean within 1 dB of the published one, of the same pairs where all are the paper's, "
    "as its networks are: reproduced; that interval alone: partly; that interval with 0 in it and values within 1 dB "
    f"of the published one: {UNDECIDED}; pairs on which the paper has no gain: {NOT_TESTABLE}{SOME_PAIRS}{IMAGES}"
)
BELOW_NULL = (
    "and at most half of the deviation from the published numbers of other places: {good}; {fair}, likewise: partly; "
    f"one number alone: {TOO_FEW_CASES}"
)


def _matches(m):
    """All pairs beyond their intervals, or at least half; undecided where half may and need not."""
    if m.total < 2:
        return TOO_FEW_CASES
    if 2 * m.low < m.total <= 2 * m.high:
        return UNDECIDED
    return verdict(m.low == m.total, 2 * m.low >= m.total)


def _named_more_often(m):
    """Beyond a sign test over the encoders where one of two rules alone is right."""
    if m.chance_of_all > CHANCE:
        return TOO_FEW_CASES
    if m.value <= 0:
        return NOT_REPRODUCED
    return REPRODUCED if m.chance <= CHANCE else UNDECIDED


def _most_on_kodak(m):
    """Above 0 and in the published range, or near it; undecided where the interval has 0 in it and what is near."""
    (low, high), slack = reference.KODAK_GAIN_DB, 4.0
    if m.low > 0:
        return within(low, high, slack)(m)
    return UNDECIDED if m.high >= low - slack else NOT_REPRODUCED


TRANSFER = (
    Claim(
        "best_tau_siren",
        "SIREN transfers best frozen up to layer 1, for every source and target.",
        "Sec. 4.1, Fig. 2",
        "pairs of source and target whose best boundary is 1",
        "9 of 9",
        OVER_ENCODERS,
        share,
    ),
    Claim(
        "best_tau_ffmlp",
        "FFMLP transfers best frozen up to layer 0, for every source and target.",
        "Sec. 4.1, Fig. 2",
        "pairs of source and target whose best boundary is 0",
        "9 of 9",
        OVER_ENCODERS,
        share,
    ),
    Claim(
        "rule_sr_weight",
        "The layer of highest weight stable rank is the best boundary.",
        "Eq. 4, Sec. 4.1, Table 1",
        "encoders whose argmax of sr(W) is the boundary that is best for most of their targets",
        "6 of 6",
        OVER_ENCODERS,
        share,
    ),
    Claim(
        "rule_beats_shape",
        "The peak of sr(W) comes of the cohort's training, not of the layer's shape.",
        "implied by Sec. 3.2",
        "initialisations whose argmax of sr(W), of the same shapes, is another after every training from them",
        "not reported",
        BEYOND_CHANCE + "; by chance it is another of five layers in 80 %, so fewer than 14 say nothing; sources that "
        "share their initial weights are one case",
        share,
        by_paper=False,
    ),
    Claim(
        "rule_sr_activation",
        "The activations' stable rank names the best boundary less often than the weights' does.",
        "Sec. 4.1, Table 1",
        "encoders where argmax of sr(W) is the best boundary, minus those where argmax of sr(H), centred, is",
        "2 (6 and 4 of 6)",
        "above 0, and by chance in no more than 5 % of sign tests over the encoders where one alone is right: "
        f"reproduced; above 0, as where fewer than five are such encoders: {UNDECIDED}; encoders so few that chance "
        f"alone would give as many: {TOO_FEW_CASES}{IMAGES}",
        _named_more_often,
    ),
    Claim(
        "matches_everywhere",
        "Frozen at its best layer, an encoder does as well as by STRAINER's recipe or better, in all experiments.",
        "Abstract, Sec. 1",
        "pairs and backbones where freezing at the rule's layer is at most 1 dB below STRAINER's recipe; in brackets "
        "how many are by their 95 % interval, and how many may be",
        "17 of 18 by Table 1's own numbers",
        f"all beyond their intervals: reproduced; at least half: partly; at least half within them: {UNDECIDED}; one "
        f"pair alone: {TOO_FEW_CASES}{IMAGES}",
        _matches,
    ),
    *(
        Claim(
            f"gain_{backbone}",
            f"With {backbone.upper()} freezing is ahead of STRAINER's recipe on average.",
            "Table 1",
            "mean over pairs of PSNR at the rule's layer minus STRAINER's, dB",
            f"+{gain} dB",
            AS_PUBLISHED,
            near(gain, 1.0),
        )
        for backbone, gain in reference.MEAN_GAIN_DB.items()
    ),
    Claim(
        "gain_kodak",
        "On Kodak SIREN gains most by freezing, 8 to 10 dB.",
        "Sec. 4.1, Table 1",
        "mean over sources of PSNR on Kodak at the rule's layer minus STRAINER's, dB",
        "8 to 10 dB",
        "95 % interval above 0 and the mean in that range: reproduced; within 4 dB of it: partly; that interval with 0 "
        f"in it and what is so near: {UNDECIDED}{SOME_PAIRS}{IMAGES}",
        _most_on_kodak,
    ),
    Claim(
        "last_layer_collapses",
        "Frozen up to the last layer nothing transfers any more.",
        "Tables 3-5",
        "cells where the last boundary is at least 10 dB below the best one",
        "16 of 18 (not within Kodak)",
        ALL_OR_HALF + IMAGES,
        share,
    ),
    Claim(
        "siren_plateau",
        "SIREN's curve is flat over boundaries 0 to 2, before it falls.",
        "Sec. 4.2",
        "SIREN cells whose PSNR at tau 0, 1, 2 lies within 3 dB, and at the last boundary further below these",
        "9 of 9",
        ALL_OR_HALF + IMAGES,
        share,
    ),
    Claim(
        "ffmlp_falls",
        "FFMLP loses 4 to 8 dB with each further frozen layer.",
        "Sec. 4.2",
        "mean fall of PSNR a layer from the first boundary to the last, FFMLP, dB",
        "4 to 8 dB (4.7 by Tables 3-5)",
        f"in that range: reproduced; within 2 dB of it: partly{IMAGES}",
        within(*reference.FFMLP_DROP_DB_PER_LAYER, 2.0),
    ),
    Claim(
        "levels",
        "The PSNR of Tables 3-5.",
        "Tables 3-5",
        "mean absolute difference of mean PSNR over the cells that both have, dB",
        "0",
        "at most 2 dB " + BELOW_NULL.format(good="reproduced", fair="at most 5 dB") + IMAGES,
        below_null(at_most(2.0, 5.0)),
    ),
    Claim(
        "stable_ranks",
        "The weights' stable ranks of Tables 3-5.",
        "Tables 3-5",
        "mean over encoders and layers of |ours / published - 1|",
        "0",
        "at most 0.1 " + BELOW_NULL.format(good="reproduced", fair="at most 0.3"),
        below_null(at_most(0.1, 0.3)),
    ),
    Claim(
        "cohorts_alike",
        "Both backbones fit the cohort about equally well.",
        "Sec. 4.2",
        "SIREN's cohort PSNR minus FFMLP's, mean over sources, dB",
        "about 0 (both about 30 dB)",
        f"at most 2 dB apart: reproduced; at most 5 dB: partly; a cohort below {LEAST_COHORT_DB:g} dB: {NOT_TESTABLE}",
        lambda m: at_most(2.0, 5.0)(Measured(abs(m.value))),
    ),
    Claim(
        "training_matters",
        "What transfers was learnt from the cohort.",
        "Secs. 3.2, 5",
        "mean over cells of PSNR frozen at the rule's layer minus the same with layers that were never trained, dB",
        "not reported",
        ABOVE_0,
        above,
        by_paper=False,
    ),
    Claim(
        "freezing_helps",
        "Freezing itself helps, beyond starting the rest anew.",
        "Sec. 4.1",
        "mean over cells of PSNR of `freeze` minus `thaw` at the rule's layer, dB",
        "not reported",
        ABOVE_0,
        above,
        by_paper=False,
    ),
    Claim(
        "better_than_scratch",
        "A frozen prefix is worth more than a network from scratch in the same steps.",
        "Sec. 1",
        "mean over cells of PSNR frozen at the rule's layer minus from scratch, dB",
        "not reported",
        ABOVE_0,
        above,
        by_paper=False,
    ),
)
