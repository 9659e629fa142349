"""What fits of signals, and the encoders behind them, have measured."""

from typing import NamedTuple

from inr_sae.rows.common import ENCODER, FIT, METRICS, NUMBER, PAIR


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


_RANK = [("layer", int), ("sr_weight", NUMBER), ("sr_weight_init", NUMBER)]
_RANK += [("sr_activation", float), ("sr_activation_centred", float)]
RankRow = NamedTuple("RankRow", _RANK)
RankRow.__doc__ = "rank/stable_rank.csv: stable ranks of a unit's matrix, trained and before, and of its activations."
EncoderRankRow = NamedTuple("EncoderRankRow", [*ENCODER, *_RANK])
EncoderRankRow.__doc__ = "transfer/ranks.csv: the same of every encoder of a matrix."

_IMAGE = [("image", str), ("seed", int)]
_SCORES = [("subject", str), *((metric, NUMBER) for metric in METRICS), ("psnr_db_last_50", float)]
FitRow = NamedTuple("FitRow", [*FIT, *_IMAGE, *_SCORES])
FitRow.__doc__ = (
    "fits.csv: one test-time fit after its last step; psnr_db_last_50: the median over the last 50 steps, since one "
    "step of Adam can lie dB below its neighbours. subject: whom the image shows; the image itself where nobody says."
)
_ALONG = [("epoch", int), ("step", int)]  # epochs over the pixels, and steps of Adam: equal where a step takes all
CurveRow = NamedTuple("CurveRow", [*FIT, *_IMAGE, *_ALONG, ("psnr_db", float)])
CurveRow.__doc__ = "curves.csv of a sweep: one fit's PSNR along its steps."
MeanCurveRow = NamedTuple("MeanCurveRow", [*FIT, *_ALONG, ("psnr_db_mean", float), ("n", int)])
MeanCurveRow.__doc__ = "transfer/curves.csv: the mean of these over images and seeds."
_SUMMARY = [*FIT, *((f"{metric}_{kind}", NUMBER) for metric in METRICS for kind in ("mean", "std"))]
_SUMMARY += [("n", int), ("n_images", int)]
SummaryRow = NamedTuple("SummaryRow", _SUMMARY)
SummaryRow.__doc__ = "transfer/summary.csv: mean and sample standard deviation over images and seeds of one way to fit."
SweepSummaryRow = NamedTuple("SweepSummaryRow", [*_SUMMARY, ("is_rule", int), ("is_best", int)])
SweepSummaryRow.__doc__ = "freeze_sweep/<target>/summary.csv: and whether its boundary is the rule's, and the best."

RULES = ("sr_weight", "sr_activation", "sr_activation_centred", "sr_weight_gain")
_BEST = [*PAIR, ("best_tau", int), ("psnr_db", float), ("runner_up_tau", int | None)]
_BEST += [("lead_db", NUMBER), ("lead_db_low", NUMBER), ("lead_db_high", NUMBER)]
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


_PAIRED = [*PAIR, ("learning_rate", float), ("tau", int | None), ("protocol", str), ("minus", str)]
_PAIRED += [("difference_db", float), ("difference_db_low", float), ("difference_db_high", float)]
_PAIRED += [("n_images", int), ("n_subjects", int), ("decided", int)]
PairedRow = NamedTuple("PairedRow", _PAIRED)
PairedRow.__doc__ = "transfer/paired.csv: the mean difference of two protocols at a boundary, over the same fits."

_TUNED = [("regime", str), ("target", str), ("backbone", str), ("frequency", NUMBER), ("learning_rate", float)]
_TUNED += [("psnr_db_mean", float), ("psnr_db_std", NUMBER), ("n", int), ("n_images", int)]
TuneRow = NamedTuple("TuneRow", _TUNED)
TuneRow.__doc__ = "tune/grid.csv: a point of the grid."
WinnerRow = NamedTuple("WinnerRow", [*_TUNED, ("at_edge", int)])
WinnerRow.__doc__ = "tune/winners.csv: the best point of a regime; at_edge: a wider grid may do better."


_NETWORK = [("backbone", str), ("n_layers", int), ("width", int), ("seed", int)]  # as configured: units may differ
NETWORK_RULES = ("sr_weight", "sr_share", "sr_gain", "sr_activation_centred")
_FITTED = [(f"{name}_psnr_db", NUMBER) for name in ("cohort", "full", "best", "rule", "scratch", "random")]
_NAMED = [(f"tau_by_{rule}", int | None) for rule in NETWORK_RULES]
NetworkRow = NamedTuple(
    "NetworkRow",
    [*_NETWORK, ("n_units", int), ("n_boundaries", int), ("best_tau", int | None), ("decided", int | None)]
    + [*_FITTED, ("cohort_psnr_db_last_5", float), *_NAMED],
)
NetworkRow.__doc__ = (
    "networks/networks.csv: one network's cohort (after its last step, and the median of the last five points along "
    "its training), its fits (best: of `freeze`; rule, random: at the boundary that the stable rank picks), the best "
    "boundary of the n_boundaries that `freeze` was tried at, and which one each rule names."
)
_RANKED = [(rule, NUMBER) for rule in NETWORK_RULES] + [("sr_weight_init", NUMBER), ("freeze_psnr_db", NUMBER)]
_CODED = [("n_atoms", int), ("k", int), ("r2", float), ("dead_fraction", float), ("locality_median", NUMBER)]
NetworkLayerRow = NamedTuple("NetworkLayerRow", [*_NETWORK, ("layer", int), ("unit_width", int), *_RANKED, *_CODED])
NetworkLayerRow.__doc__ = (
    "networks/layers.csv: a unit's ranks (sr_share: over the lesser side of its matrix; sr_gain: minus that at "
    "initialisation), the fit behind it, and its dictionary."
)


ALL_NETWORKS = "all"


class RuleRow(NamedTuple):
    """networks/rules.csv: in how many initialisations a rule names the best boundary, beside what chance gives; of one
    network, and of ALL_NETWORKS together."""

    backbone: str
    n_layers: int | None
    width: int | None
    rule: str
    n_units: int | None
    agrees: int
    of: int
    constant: int  # cases in which one and the same layer is best: what naming it always would give
    chance_level: float  # cases that would agree by chance, of as many
    chance: float | None  # probability of as many by chance
    verdict: str
