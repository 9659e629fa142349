"""Claims and published numbers, each beside what was measured."""

from typing import NamedTuple

from inr_sae.rows.common import NUMBER


class ClaimRow(NamedTuple):
    """report/claims.csv: a claim, what was measured, the verdict, and in what the run differs from each recipe."""

    claim: str
    sentence: str
    by_paper: int  # 0: one that the paper does not make
    where: str
    quantity: str
    published: str
    ours: str
    value: float | None
    low: float | None
    high: float | None
    null: float | None  # the same without the effect
    chance: float | None  # probability of as many cases by chance
    n_images: int | None  # of the smallest target, of one subject only one
    verdict: str
    rule: str
    tested_on: str
    short_of_paper: str
    short_of_notebook: str
    short_of_published: str


RecipeClaimRow = NamedTuple("RecipeClaimRow", [("recipe", str), *ClaimRow.__annotations__.items()])
RecipeClaimRow.__doc__ = "recipes/claims.csv: a claim's verdict by the fits of one recipe and budget."

_CELL = [("quantity", str), ("source", str), ("target", str), ("backbone", str), ("protocol", str), ("tau", int | None)]
_PUBLISHED = [*_CELL, ("value", float), ("std", NUMBER), ("where", str)]
PublishedRow = NamedTuple("PublishedRow", _PUBLISHED)
PublishedRow.__doc__ = (
    "A published number: a quantity (psnr_db, psnr_clipped_db or ssim of a protocol at a boundary; sr_weight or "
    "sr_activation_centred of the layer tau; cohort_psnr_db or cohort_psnr_clipped_db), with its standard deviation "
    "over images and seeds where there is one. Columns that a quantity has no use for are empty."
)
_RECIPE = [("recipe", str), ("coordinates_low", float), ("coordinates_high", float)]
_RECIPE += [("cohort_steps", int), ("pixels", int), ("steps", int), ("steps_full", int), ("learning_rate", float)]
_RECIPE += [("new", str), ("clipped", int)]
_BESIDE = [("ours", float), ("low", NUMBER), ("high", NUMBER), ("n_images", int)]
_BESIDE += [("deviation", float), ("in_std", NUMBER)]
DeviationRow = NamedTuple("DeviationRow", [*_RECIPE, *_PUBLISHED, *_BESIDE])
DeviationRow.__doc__ = (
    "recipes/deviations.csv: a published number beside ours under a recipe, with the 95 % interval of our mean where "
    "there are two images at least; in_std: the deviation in the published std."
)
