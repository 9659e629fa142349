"""Every table that is written: its columns, once. A row is a NamedTuple in long form, with every key needed to find it.

The annotation of a column says how a csv file's text is read back; None is an empty cell. Units are in a column's name;
`_low` and `_high` are the ends of a 95 % interval.
"""

from typing import NamedTuple

MADE = ("phantom", "noise")  # data sets that are made up, on which no claim is testable
UNTRAINED = "untrained"  # the source of what takes nothing from a cohort

_NUMBER = float | None  # None: not measured, or without a meaning there
_PAIR = [("source", str), ("target", str), ("backbone", str), ("frequency", _NUMBER)]
_ENCODER = [("source", str), ("backbone", str), ("frequency", _NUMBER)]
_FIT = [*_PAIR, ("protocol", str), ("tau", int | None), ("learning_rate", float)]  # tau: None without a boundary
_CONDITION = [("regime", str), ("backbone", str), ("seed", int)]  # seed: of the encoder's training
PSNRS = ("psnr_db", "psnr_clipped_db")  # as measured in a fit's row, capped (`measure.cap`) in every mean of several
METRICS = (*PSNRS, "ssim", "lpips")


class SignalRow(NamedTuple):
    """cohort/signals.csv, transfer/signals_<set>.csv: what was drawn."""

    split: str
    name: str
    subject: str
    sha256_of_pixels: str


class HistoryRow(NamedTuple):
    """cohort/history.csv: the cohort along its training; the loss is the sum over signals of their mse, PSNR capped."""

    step: int
    loss: float
    psnr_db_mean: float
    psnr_db_min: float
    psnr_db_max: float


_RANK = [("layer", int), ("sr_weight", _NUMBER), ("sr_weight_init", _NUMBER)]
_RANK += [("sr_activation", float), ("sr_activation_centred", float)]
RankRow = NamedTuple("RankRow", _RANK)
RankRow.__doc__ = "rank/stable_rank.csv: stable ranks of a unit's matrix, trained and before, and of its activations."
EncoderRankRow = NamedTuple("EncoderRankRow", [*_ENCODER, *_RANK])
EncoderRankRow.__doc__ = "transfer/ranks.csv: the same of every encoder of a matrix."

_IMAGE = [("image", str), ("seed", int)]
_SCORES = [("subject", str), *((metric, _NUMBER) for metric in METRICS), ("psnr_db_last_50", float)]
FitRow = NamedTuple("FitRow", [*_FIT, *_IMAGE, *_SCORES])
FitRow.__doc__ = (
    "fits.csv: one test-time fit after its last step; psnr_db_last_50: the median over the last 50 steps, since one "
    "step of Adam can lie dB below its neighbours. subject: whom the image shows; the image itself where nobody says."
)
_ALONG = [("epoch", int), ("step", int)]  # epochs over the pixels, and steps of Adam: equal where a step takes all
CurveRow = NamedTuple("CurveRow", [*_FIT, *_IMAGE, *_ALONG, ("psnr_db", float)])
CurveRow.__doc__ = "curves.csv of a sweep: one fit's PSNR along its steps."
MeanCurveRow = NamedTuple("MeanCurveRow", [*_FIT, *_ALONG, ("psnr_db_mean", float), ("n", int)])
MeanCurveRow.__doc__ = "transfer/curves.csv: the mean of these over images and seeds."
_SUMMARY = [*_FIT, *((f"{metric}_{kind}", _NUMBER) for metric in METRICS for kind in ("mean", "std"))]
_SUMMARY += [("n", int), ("n_images", int)]
SummaryRow = NamedTuple("SummaryRow", _SUMMARY)
SummaryRow.__doc__ = "transfer/summary.csv: mean and sample standard deviation over images and seeds of one way to fit."
SweepSummaryRow = NamedTuple("SweepSummaryRow", [*_SUMMARY, ("is_rule", int), ("is_best", int)])
SweepSummaryRow.__doc__ = "freeze_sweep/<target>/summary.csv: and whether its boundary is the rule's, and the best."

RULES = ("sr_weight", "sr_activation", "sr_activation_centred", "sr_weight_gain")
_BEST = [*_PAIR, ("best_tau", int), ("psnr_db", float), ("runner_up_tau", int | None)]
_BEST += [("lead_db", _NUMBER), ("lead_db_low", _NUMBER), ("lead_db_high", _NUMBER)]
_BEST += [("n_images", int | None), ("n_subjects", int | None), ("decided", int | None)]
_BEST += [(f"tau_by_{rule}", int | None) for rule in RULES]
BestTauRow = NamedTuple("BestTauRow", _BEST)
BestTauRow.__doc__ = "transfer/best_tau.csv: the best boundary of a pair, its lead, and which one each rule names."


class AgreementRow(NamedTuple):
    """transfer/agreement.csv: how often a rule names the best boundary, of a backbone's pairs."""

    backbone: str
    rule: str
    agrees: int
    of: int
    agrees_where_decided: int
    of_decided: int


_PAIRED = [*_PAIR, ("learning_rate", float), ("tau", int | None), ("protocol", str), ("minus", str)]
_PAIRED += [("difference_db", float), ("difference_db_low", float), ("difference_db_high", float)]
_PAIRED += [("n_images", int), ("n_subjects", int), ("decided", int)]
PairedRow = NamedTuple("PairedRow", _PAIRED)
PairedRow.__doc__ = "transfer/paired.csv: the mean difference of two protocols at a boundary, over the same fits."

_TUNED = [("regime", str), ("target", str), ("backbone", str), ("frequency", _NUMBER), ("learning_rate", float)]
_TUNED += [("psnr_db_mean", float), ("psnr_db_std", _NUMBER), ("n", int), ("n_images", int)]
TuneRow = NamedTuple("TuneRow", _TUNED)
TuneRow.__doc__ = "tune/grid.csv: a point of the grid."
WinnerRow = NamedTuple("WinnerRow", [*_TUNED, ("at_edge", int)])
WinnerRow.__doc__ = "tune/winners.csv: the best point of a regime; at_edge: a wider grid may do better."


_NETWORK = [("backbone", str), ("n_layers", int), ("width", int), ("seed", int)]  # as configured: units may differ
NETWORK_RULES = ("sr_weight", "sr_share", "sr_gain", "sr_activation_centred")
_FITTED = [(f"{name}_psnr_db", _NUMBER) for name in ("cohort", "full", "best", "rule", "scratch", "random")]
_NAMED = [(f"tau_by_{rule}", int | None) for rule in NETWORK_RULES]
NetworkRow = NamedTuple(
    "NetworkRow", [*_NETWORK, ("n_units", int), ("best_tau", int | None), ("decided", int | None), *_FITTED, *_NAMED]
)
NetworkRow.__doc__ = (
    "networks/networks.csv: one network's cohort, its fits (best: of `freeze`; rule, random: at the boundary that the "
    "stable rank picks), the best boundary, and which one each rule names."
)
_RANKED = [(rule, _NUMBER) for rule in NETWORK_RULES] + [("sr_weight_init", _NUMBER), ("freeze_psnr_db", _NUMBER)]
_CODED = [("n_atoms", int), ("k", int), ("r2", float), ("dead_fraction", float), ("locality_median", _NUMBER)]
NetworkLayerRow = NamedTuple("NetworkLayerRow", [*_NETWORK, ("layer", int), ("unit_width", int), *_RANKED, *_CODED])
NetworkLayerRow.__doc__ = (
    "networks/layers.csv: a unit's ranks (sr_share: over the lesser side of its matrix; sr_gain: minus that at "
    "initialisation), the fit behind it, and its dictionary."
)


class RuleRow(NamedTuple):
    """networks/rules.csv: in how many initialisations a rule names the best boundary, beside what chance gives."""

    backbone: str
    n_layers: int
    width: int
    rule: str
    n_units: int
    agrees: int
    of: int
    chance_level: float  # cases that would agree by chance, of as many
    chance: float | None  # probability of as many by chance
    verdict: str


class LossRow(NamedTuple):
    """history.csv of dictionaries: the mean loss of one of them over a chunk of steps."""

    step: int
    dictionary: str
    mse: float


_STATISTICS = [("mean_magnitude", float), ("firing_rate", _NUMBER), ("active_fraction", _NUMBER), ("ipr", _NUMBER)]
_LOCALITY = [(name, _NUMBER) for name in ("row", "column", "spread", "spread_disc", "spread_scattered")]
_LOCALITY += [("locality", _NUMBER), ("extent", _NUMBER)]
_CONTENT = [("content", _NUMBER), ("content_gradient", _NUMBER), ("content_shuffled", _NUMBER)]
_CONTENT += [("content_gradient_shuffled", _NUMBER), ("content_held_out", _NUMBER), ("content_of_as_many", _NUMBER)]
_CONTENT += [("content_share", _NUMBER), ("content_share_cohort", _NUMBER)]
_COMPARED = [("content_compared", int)]  # cohort and held-out signals each in content_of_as_many and content_held_out
AtomRow = NamedTuple(
    "AtomRow", [("atom", int), *_STATISTICS, *_LOCALITY, *_CONTENT, *_COMPARED, ("content_signal", int)]
)
AtomRow.__doc__ = "dictionary/layer_<l>/atoms.csv: statistics, locality and content of an atom; see `atoms/`."

_QUARTILES = [(f"{name}_{q}", _NUMBER) for name in ("active_fraction", "ipr") for q in ("median", "q25", "q75")]
_STATS_SUMMARY = [("alive_fraction", _NUMBER), ("dead_fraction", _NUMBER), ("spatial_l0", _NUMBER), *_QUARTILES]
_STATS_SUMMARY += [("concentration", _NUMBER)]
_SHAPE_SUMMARY = [(f"{name}_median", _NUMBER) for name in ("locality", "spread", "extent", *(n for n, _ in _CONTENT))]
_SHAPE_SUMMARY += _COMPARED
_DICTIONARY = [("layer", int), ("n_atoms", int), ("k", int)]  # k: codes of a coordinate that may differ from 0
_QUALITY = [("psnr_substituted_db", float), ("psnr_db", float)]
MetricsRow = NamedTuple(
    "MetricsRow", [*_DICTIONARY, ("mse", float), ("r2", float), *_STATS_SUMMARY, *_SHAPE_SUMMARY, *_QUALITY]
)
MetricsRow.__doc__ = "dictionary/layer_<l>/metrics.csv: how well a dictionary reconstructs, and its atoms in summary."
SizeRow = NamedTuple(
    "SizeRow", [*_CONDITION, *_DICTIONARY, ("r2", float), *_STATS_SUMMARY, ("psnr_substituted_db", float)]
)
SizeRow.__doc__ = "size_sweep/metrics.csv: the same of every size and sparsity."

_ABLATED = [("signal", str), ("signal_role", str), ("through", str)]  # activations, or the reconstruction's
_DROP = [("psnr_drop_db", float), ("effect_inside_fraction", _NUMBER)]
AblationRow = NamedTuple(
    "AblationRow",
    [
        *[("layer", int), ("atom", int), ("sample", str), ("magnitude_rank", int)],
        *_ABLATED,
        *[("psnr_before_db", float), ("psnr_after_db", float)],
        *_DROP,
        *[("mean_magnitude", float), ("active_fraction", _NUMBER)],
    ],
)
AblationRow.__doc__ = "ablation/ablations.csv: the removal of some atoms, one at a time; sample: top or random."
EffectRow = NamedTuple("EffectRow", [("layer", int), ("atom", int), *_ABLATED, *_DROP])
EffectRow.__doc__ = "ablation/all_atoms.csv: what the removal of each atom alone costs a signal."

_MATCH = [*_CONDITION, ("other_regime", str), ("other_backbone", str), ("other_seed", int)]
_MATCH += [("dictionary_seed", int | None), ("layer", int), ("by", str), ("n_matched", int)]
_MATCH += [("similarity_mean", float), ("similarity_median", float), ("above_0_9_fraction", float)]
_MATCH += [("above_0_7_fraction", float), ("null_mean", float), ("null_above_0_7_fraction", float)]
MatchRow = NamedTuple("MatchRow", _MATCH)
MatchRow.__doc__ = (
    "stability/matches.csv: atoms of two dictionaries matched one to one, by map or decoder; dictionary_seed: of the "
    "other dictionary where it is the same encoder's, trained again."
)


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
_PUBLISHED = [*_CELL, ("value", float), ("std", _NUMBER), ("where", str)]
PublishedRow = NamedTuple("PublishedRow", _PUBLISHED)
PublishedRow.__doc__ = (
    "A published number: a quantity (psnr_db, psnr_clipped_db or ssim of a protocol at a boundary; sr_weight or "
    "sr_activation_centred of the layer tau; cohort_psnr_db or cohort_psnr_clipped_db), with its standard deviation "
    "over images and seeds where there is one. Columns that a quantity has no use for are empty."
)
_RECIPE = [("recipe", str), ("coordinates_low", float), ("coordinates_high", float), ("pixels", int), ("steps", int)]
_RECIPE += [("learning_rate", float), ("new", str), ("clipped", int)]
_BESIDE = [("ours", float), ("low", _NUMBER), ("high", _NUMBER), ("n_images", int)]
_BESIDE += [("deviation", float), ("in_std", _NUMBER)]
DeviationRow = NamedTuple("DeviationRow", [*_RECIPE, *_PUBLISHED, *_BESIDE])
DeviationRow.__doc__ = (
    "recipes/deviations.csv: a published number beside ours under a recipe, with the 95 % interval of our mean where "
    "there are two images at least; in_std: the deviation in the published std."
)


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
