"""What dictionaries, and the removal of their atoms, have measured."""

from typing import NamedTuple

from inr_sae.rows.common import ABLATED, CONDITION, NUMBER


class LossRow(NamedTuple):
    """history.csv of dictionaries: the mean loss of one of them over a chunk of steps."""

    step: int
    dictionary: str
    mse: float


_STATISTICS = [("mean_magnitude", float), ("firing_rate", NUMBER), ("active_fraction", NUMBER), ("ipr", NUMBER)]
_LOCALITY = [(name, NUMBER) for name in ("row", "column", "spread", "spread_disc", "spread_scattered")]
_LOCALITY += [("locality", NUMBER), ("extent", NUMBER)]
_CONTENT = [("content", NUMBER), ("content_gradient", NUMBER), ("content_shuffled", NUMBER)]
_CONTENT += [("content_gradient_shuffled", NUMBER), ("content_held_out", NUMBER), ("content_of_as_many", NUMBER)]
_CONTENT += [("content_share", NUMBER), ("content_share_cohort", NUMBER)]
_COMPARED = [("content_compared", int)]  # cohort and held-out signals each in content_of_as_many and content_held_out
AtomRow = NamedTuple(
    "AtomRow", [("atom", int), *_STATISTICS, *_LOCALITY, *_CONTENT, *_COMPARED, ("content_signal", int)]
)
AtomRow.__doc__ = "dictionary/layer_<l>/atoms.csv: statistics, locality and content of an atom; see `atoms/`."

_QUARTILES = [(f"{name}_{q}", NUMBER) for name in ("active_fraction", "ipr") for q in ("median", "q25", "q75")]
_STATS_SUMMARY = [("alive_fraction", NUMBER), ("dead_fraction", NUMBER), ("l0", NUMBER), ("spatial_l0", NUMBER)]
_STATS_SUMMARY += [*_QUARTILES, ("concentration", NUMBER)]
_SHAPE_SUMMARY = [(f"{name}_median", NUMBER) for name in ("locality", "spread", "extent", *(n for n, _ in _CONTENT))]
_SHAPE_SUMMARY += _COMPARED
_DICTIONARY = [("layer", int), ("n_atoms", int), ("k", int)]  # k: codes of a coordinate that may differ from 0
_QUALITY = [("psnr_substituted_db", float), ("psnr_db", float)]
MetricsRow = NamedTuple(
    "MetricsRow", [*_DICTIONARY, ("mse", float), ("r2", float), *_STATS_SUMMARY, *_SHAPE_SUMMARY, *_QUALITY]
)
MetricsRow.__doc__ = "dictionary/layer_<l>/metrics.csv: how well a dictionary reconstructs, and its atoms in summary."
SizeRow = NamedTuple(
    "SizeRow", [*CONDITION, *_DICTIONARY, ("r2", float), *_STATS_SUMMARY, ("psnr_substituted_db", float)]
)
SizeRow.__doc__ = "size_sweep/metrics.csv: the same of every size and sparsity."

_DROP = [("psnr_drop_db", float), ("effect_inside_fraction", NUMBER)]
AblationRow = NamedTuple(
    "AblationRow",
    [
        *[("layer", int), ("atom", int), ("sample", str), ("magnitude_rank", int)],
        *ABLATED,
        *[("psnr_before_db", float), ("psnr_after_db", float)],
        *_DROP,
        *[("mean_magnitude", float), ("active_fraction", NUMBER)],
    ],
)
AblationRow.__doc__ = "ablation/ablations.csv: the removal of some atoms, one at a time; sample: top or random."
EffectRow = NamedTuple("EffectRow", [("layer", int), ("atom", int), *ABLATED, *_DROP])
EffectRow.__doc__ = "ablation/all_atoms.csv: what the removal of each atom alone costs a signal."

_MATCH = [*CONDITION, ("other_regime", str), ("other_backbone", str), ("other_seed", int)]
_MATCH += [("dictionary_seed", int | None), ("layer", int), ("by", str), ("n_matched", int)]
_MATCH += [("similarity_mean", float), ("similarity_median", float), ("above_0_9_fraction", float)]
_MATCH += [("above_0_7_fraction", float), ("null_mean", float), ("null_above_0_7_fraction", float)]
MatchRow = NamedTuple("MatchRow", _MATCH)
MatchRow.__doc__ = (
    "stability/matches.csv: atoms of two dictionaries matched one to one, by map or decoder; dictionary_seed: of the "
    "other dictionary where it is the same encoder's, trained again."
)
