"""The paper's claims on transfer, each with the rule by which a measurement of ours speaks for or against it.

A claim never sees data: it is handed what was measured (`Measured`), and `table` adds on which data and how far these
fall short of the paper's. On phantoms nothing is testable: they are neither photographs nor scans.
"""

from collections.abc import Callable
from typing import NamedTuple

from inr_sae.paper import reference

REPRODUCED, PARTLY, NOT_REPRODUCED = "reproduced", "partly", "not reproduced"
NOT_TESTABLE = "not testable on these data"


class Measured(NamedTuple):
    """A quantity of ours: a value with its 95 % interval (nan if it has none), or a count `value` of `of`."""

    value: float
    low: float = float("nan")
    high: float = float("nan")
    of: int = 0
    note: str = ""

    @property
    def text(self):
        """As a table shows it."""
        shown = f"{self.value:g} of {self.of}" if self.of else f"{self.value:.3g}"
        interval = f" ({self.low:.3g} to {self.high:.3g})" if self.low == self.low else ""
        return shown + interval + (f"; {self.note}" if self.note else "")


def counted(cases, note=""):
    """Measured: how many of the cases hold; None without a case."""
    cases = [bool(case) for case in cases]
    return Measured(sum(cases), of=len(cases), note=note) if cases else None


class Claim(NamedTuple):
    """One claim of the paper."""

    name: str
    sentence: str  # in our own words
    where: str
    quantity: str  # what is measured
    published: str
    rule: str  # when it counts as reproduced, and when as partly
    judge: Callable  # Measured -> verdict


def share(m):
    """All, at least half, or fewer of the cases."""
    return REPRODUCED if m.value == m.of else PARTLY if 2 * m.value >= m.of else NOT_REPRODUCED


def near(published, tolerance):
    """Within a tolerance of the published value, or at least clearly on its side of 0."""

    def judge(m):
        if abs(m.value - published) <= tolerance:
            return REPRODUCED
        side = m.low > 0 if published > 0 else m.high < 0
        return PARTLY if side else NOT_REPRODUCED

    return judge


def within(low, high, slack):
    """Inside a published range; partly, if no further from it than `slack`."""

    def judge(m):
        if low <= m.value <= high:
            return REPRODUCED
        return PARTLY if low - slack <= m.value <= high + slack else NOT_REPRODUCED

    return judge


def at_most(good, fair):
    """No more than one bound, or than a wider one."""
    return lambda m: REPRODUCED if m.value <= good else PARTLY if m.value <= fair else NOT_REPRODUCED


def positive(m):
    """Above 0 beyond the interval; partly, if above 0 within it."""
    return REPRODUCED if m.low > 0 else PARTLY if m.value > 0 else NOT_REPRODUCED


ALL_OR_HALF = "all: reproduced; at least half: partly"
AS_PUBLISHED = "within 1 dB of the published mean: reproduced; interval on the same side of 0: partly"

TRANSFER = (
    Claim(
        "best_tau_siren",
        "SIREN transfers best frozen up to layer 1, for every source and target.",
        "Sec. 4.1, Fig. 2",
        "pairs of source and target whose best boundary is 1",
        "9 of 9",
        ALL_OR_HALF,
        share,
    ),
    Claim(
        "best_tau_ffmlp",
        "FFMLP transfers best frozen up to layer 0, for every source and target.",
        "Sec. 4.1, Fig. 2",
        "pairs of source and target whose best boundary is 0",
        "9 of 9",
        ALL_OR_HALF,
        share,
    ),
    Claim(
        "rule_sr_weight",
        "The layer of highest weight stable rank is the best boundary.",
        "Eq. 4, Sec. 4.1, Table 1",
        "encoders whose argmax of sr(W) is the boundary that is best for most of their targets",
        "6 of 6",
        ALL_OR_HALF,
        share,
    ),
    Claim(
        "rule_beats_shape",
        "The peak of sr(W) comes of the cohort's training, not of the layer's shape.",
        "implied by Sec. 3.2",
        "encoders whose argmax of sr(W) before training, of the same shapes, is another than after it",
        "not reported",
        ALL_OR_HALF,
        share,
    ),
    Claim(
        "rule_sr_activation",
        "The activations' stable rank names the best boundary less often than the weights' does.",
        "Sec. 4.1, Table 1",
        "encoders where argmax of sr(W) is the best boundary, minus those where argmax of sr(H), centred, is",
        "2 (6 and 4 of 6)",
        "above 0: reproduced; 0: partly",
        lambda m: REPRODUCED if m.value > 0 else PARTLY if m.value == 0 else NOT_REPRODUCED,
    ),
    Claim(
        "matches_everywhere",
        "Frozen at its best layer, an encoder does as well as by STRAINER's recipe or better, in all experiments.",
        "Abstract, Sec. 1",
        "pairs and backbones where freezing at the rule's layer is at most 1 dB below STRAINER's recipe",
        "17 of 18 by Table 1's own numbers",
        ALL_OR_HALF,
        share,
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
        "in that range: reproduced; within 4 dB of it: partly",
        within(*reference.KODAK_GAIN_DB, 4.0),
    ),
    Claim(
        "last_layer_collapses",
        "Frozen up to the last layer nothing transfers any more.",
        "Tables 3-5",
        "cells where the last boundary is at least 10 dB below the best one",
        "16 of 18 (not within Kodak)",
        ALL_OR_HALF,
        share,
    ),
    Claim(
        "siren_plateau",
        "SIREN's curve is flat over boundaries 0 to 2.",
        "Sec. 4.2",
        "SIREN cells whose PSNR at tau 0, 1, 2 lies within 3 dB",
        "9 of 9",
        ALL_OR_HALF,
        share,
    ),
    Claim(
        "ffmlp_falls",
        "FFMLP loses 4 to 8 dB with each further frozen layer.",
        "Sec. 4.2",
        "mean fall of PSNR a layer from the first boundary to the last, FFMLP, dB",
        "4 to 8 dB (4.7 by Tables 3-5)",
        "in that range: reproduced; within 2 dB of it: partly",
        within(*reference.FFMLP_DROP_DB_PER_LAYER, 2.0),
    ),
    Claim(
        "levels",
        "The PSNR of Tables 3-5.",
        "Tables 3-5",
        "mean absolute difference of mean PSNR over the cells that both have, dB",
        "0",
        "at most 2 dB: reproduced; at most 5 dB: partly",
        at_most(2.0, 5.0),
    ),
    Claim(
        "stable_ranks",
        "The weights' stable ranks of Tables 3-5.",
        "Tables 3-5",
        "mean over encoders and layers of |ours / published - 1|",
        "0",
        "at most 0.1: reproduced; at most 0.3: partly",
        at_most(0.1, 0.3),
    ),
    Claim(
        "cohorts_alike",
        "Both backbones fit the cohort about equally well.",
        "Sec. 4.2",
        "SIREN's cohort PSNR minus FFMLP's, mean over sources, dB",
        "about 0 (both about 30 dB)",
        "at most 2 dB apart: reproduced; at most 5 dB: partly",
        lambda m: at_most(2.0, 5.0)(Measured(abs(m.value))),
    ),
    Claim(
        "training_matters",
        "What transfers was learnt from the cohort.",
        "Secs. 3.2, 5",
        "mean over cells of PSNR frozen at the rule's layer minus the same with layers that were never trained, dB",
        "not reported",
        "interval above 0: reproduced; mean above 0: partly",
        positive,
    ),
    Claim(
        "freezing_helps",
        "Freezing itself helps, beyond starting the rest anew.",
        "Sec. 4.1",
        "mean over cells of PSNR of `freeze` minus `thaw` at the rule's layer, dB",
        "not reported",
        "interval above 0: reproduced; mean above 0: partly",
        positive,
    ),
    Claim(
        "better_than_scratch",
        "A frozen prefix is worth more than a network from scratch in the same steps.",
        "Sec. 1",
        "mean over cells of PSNR frozen at the rule's layer minus from scratch, dB",
        "not reported",
        "interval above 0: reproduced; mean above 0: partly",
        positive,
    ),
)


class Data(NamedTuple):
    """What claims were tested on."""

    sets: str  # as in "celebahq 109x89 (2 images)"
    shortfalls: tuple  # sentences in which they fall short of the paper's data or budget
    phantom: bool


def table(claims, measured, data):
    """Rows of claims.csv: every claim with its verdict; `measured` is {name of a claim: Measured}."""
    rows = []
    for claim in claims:
        m = measured.get(claim.name)
        verdict = NOT_TESTABLE if m is None or data.phantom or m.value != m.value else claim.judge(m)
        rows.append(
            {
                "claim": claim.name,
                "sentence": claim.sentence,
                "where": claim.where,
                "quantity": claim.quantity,
                "published": claim.published,
                "ours": "not measured" if m is None else m.text,
                "value": None if m is None else m.value,
                "low": None if m is None else m.low,
                "high": None if m is None else m.high,
                "verdict": verdict,
                "rule": claim.rule,
                "tested_on": "" if m is None else data.sets,
                "short_of_the_paper": "" if m is None else "; ".join(data.shortfalls),
            }
        )
    return rows
