"""How far measurements under a recipe lie from published numbers."""

from typing import NamedTuple

import numpy as np

from inr_sae.measure.cap import capped
from inr_sae.measure.paired import clustered_interval
from inr_sae.paper.budgets import Budgets, fits_at
from inr_sae.rows.claims import DeviationRow, PublishedRow
from inr_sae.rows.common import PSNRS

COHORTS = ("cohort_psnr_db", "cohort_psnr_clipped_db")
RANKS = ("sr_weight", "sr_activation_centred")
QUANTITIES = (*PSNRS, "ssim", *RANKS, *COHORTS)  # of a published number


class Recipe(NamedTuple):
    """A choice of what a publication leaves open, as the first columns of a DeviationRow have it."""

    coordinates: tuple  # (low, high)
    cohort_steps: int  # of the encoder's training; 0: it was trained elsewhere
    pixels: int  # of a step; 0: all
    steps: int  # of every protocol but STRAINER's recipe; epochs, where a step takes a part of the pixels
    steps_full: int  # of STRAINER's recipe
    learning_rate: float
    new: str  # law of what starts anew
    clipped: bool  # PSNR of output clipped to [0, 1]

    @property
    def name(self):
        """As a figure calls it."""
        low, high = self.coordinates
        unit = f"epochs of {self.pixels}" if self.pixels else "steps"
        parts = [f"[{low:g}, {high:g}]", f"cohort {self.cohort_steps}" if self.cohort_steps else ""]
        parts += [f"{self.budgets.name} {unit}", f"rate {self.learning_rate:g}"]
        parts += ["" if self.new == "backbone" else f"new: {self.new}", "clipped" if self.clipped else ""]
        return ", ".join(filter(None, parts))

    @property
    def budgets(self):
        """Its Budgets."""
        return Budgets(self.steps_full, self.steps)

    @property
    def columns(self):
        """The first columns of a DeviationRow."""
        return self.name, *self.coordinates, *self[1:-1], int(self.clipped)


class Measurements(NamedTuple):
    """What was measured under a recipe, of one source and backbone."""

    source: str
    backbone: str
    ranks: list  # RankRows
    cohort_psnr: dict  # {"cohort_psnr_db": , "cohort_psnr_clipped_db": }
    fits: list  # FitRows at the recipe's rate after its most steps
    curves: list  # CurveRows of these


def of_recipe(recipe, measured, published):
    """[DeviationRow] of every published number that the measurements speak to."""
    rows, fits = [], fits_at(recipe.budgets, measured.fits, measured.curves)
    for cell in published:
        values = ours(recipe, measured, fits, cell)
        if values:
            mean, *ends = interval(values, measured.fits)
            away = mean - cell.value
            beside = mean, *ends, len(values), away, away / cell.std if cell.std else None
            rows.append(DeviationRow(*recipe.columns, *cell, *beside))
    return rows


def interval(values, fits):
    """(mean, low, high) of {image: value}, in which every subject counts the same; of fewer than two without ends."""
    subjects = {row.image: row.subject for row in fits}
    found = clustered_interval(list(values.values()), [subjects.get(image, image) for image in values])
    return (found.mean, found.low, found.high) if found.n_clusters > 1 else (found.mean, None, None)


def ours(recipe, measured, fits, cell):
    """{image: our value} of a published cell, "" standing for what is of no image; None for what was not measured.

    fits: FitRows as they were after the recipe's budgets.
    """
    if (cell.source, cell.backbone) != (measured.source, measured.backbone):
        return None
    if cell.quantity in measured.cohort_psnr:
        return {"": measured.cohort_psnr[cell.quantity]}
    if cell.quantity in RANKS:
        found = [getattr(row, cell.quantity) for row in measured.ranks if row.layer == cell.tau]
        return {"": value for value in found if value is not None}  # a unit without a matrix has no rank of it
    quantity = cell.quantity
    if quantity == "psnr_clipped_db" or (quantity == "psnr_db" and recipe.clipped):
        quantity = "psnr_clipped_db"
    images = {}
    for row in (row for row in fits if of_cell(row, cell)):
        value = getattr(row, quantity)
        if value is not None:  # of clipped output, and of SSIM, only the last step is kept
            images.setdefault(row.image, []).append(float(capped(value)) if quantity in PSNRS else value)
    return {image: float(np.mean(values)) for image, values in images.items()}


def of_cell(row, cell):
    """Whether a fit's row is of a published cell's target, protocol and boundary."""
    return (row.target, row.protocol, row.tau) == (cell.target, cell.protocol, cell.tau)


def score(rows):
    """{recipe: (root mean square of its deviations in the paper's standard deviations, of how many numbers)}, the
    nearest first; empty where there is none that all speak to.

    They are those that every recipe speaks to: of a moment on a fit's way PSNR alone is known, and what ended there is
    not to be behind for its SSIM.
    """
    by_recipe = {}
    for row in rows:
        if row.in_std is not None:
            cell = tuple(getattr(row, name) for name in PublishedRow._fields)
            by_recipe.setdefault(row.recipe, {})[cell] = row.in_std
    common = set.intersection(*map(set, by_recipe.values())) if by_recipe else set()
    if not common:
        return {}
    scores = {name: float(np.sqrt(np.mean([of[cell] ** 2 for cell in common]))) for name, of in by_recipe.items()}
    return {name: (rms, len(common)) for name, rms in sorted(scores.items(), key=lambda item: item[1])}
