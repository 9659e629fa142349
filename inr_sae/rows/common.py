"""Columns that tables of several subjects have, and the words that stand in them."""

from typing import NamedTuple

MADE = ("phantom", "noise")  # data sets that are made up, on which no claim is testable
UNTRAINED = "untrained"  # the source of what takes nothing from a cohort

NUMBER = float | None  # None: not measured, or without a meaning there
PAIR = [("source", str), ("target", str), ("backbone", str), ("frequency", NUMBER)]
ENCODER = [("source", str), ("backbone", str), ("frequency", NUMBER)]
FIT = [*PAIR, ("protocol", str), ("tau", int | None), ("learning_rate", float)]  # tau: None without a boundary
CONDITION = [("regime", str), ("backbone", str), ("seed", int)]  # seed: of the encoder's training
PSNRS = ("psnr_db", "psnr_clipped_db")  # as measured in a fit's row, capped (`measure.cap`) in every mean of several
METRICS = (*PSNRS, "ssim", "lpips")
ABLATED = [("signal", str), ("signal_role", str), ("through", str)]  # activations, or the reconstruction's


class Condition(NamedTuple):
    """Which encoder a dictionary reads: how it was trained (single, cohort, second), its backbone, its seed."""

    regime: str
    backbone: str
    seed: int

    @property
    def name(self):
        """As figures and folders call it."""
        return f"{self.regime}-{self.backbone}"


def condition_of(row):
    """The Condition of a row that has these columns."""
    return Condition(row.regime, row.backbone, row.seed)
