"""What readers of the weights of fitted networks have measured."""

from typing import NamedTuple

from inr_sae.rows.common import NUMBER


class ClassImageRow(NamedTuple):
    """class_signal/images.csv: the images with classes that were drawn."""

    split: str
    name: str
    label: str
    sha256_of_pixels: str


# What of a network's offsets is meant: all, the biases', all others, weight columns that match the biases in norm.
OFFSETS, BIASES, WEIGHTS, CONTROL, BOTH = "offsets", "biases", "weights", "control", "biases and control"
ALL_TOKENS = "all"  # `tokens` of a reader that is shown all
# A reader of weights: what share of its cross-entropy's gradient reaches the networks that it reads, what of their
# offsets it is shown, the weight of the contrastive loss on them, and the seed of its training.
_READER = [("condition", str), ("ce_weight", float), ("tokens", str), ("contrast", float), ("seed", int)]
_READING = [*_READER, *((f"accuracy_{split}", float) for split in ("train", "validation", "test"))]
_READING += [("log_odds", float), ("psnr_db", float), ("bias_rank", NUMBER), ("control_rank", NUMBER)]
_READING += [("pixel_rank", NUMBER), ("bias_dimensions", int), ("control_columns", int), ("control_norm", float)]
ReadingRow = NamedTuple("ReadingRow", _READING)
ReadingRow.__doc__ = (
    "class_signal/readings.csv: a trained reader on test images; effective ranks of the biases' offsets, of the first "
    "of the weight columns that match them in norm (control_columns of them, of control_norm times the biases' norm), "
    "and of the pixels."
)
_GEOMETRY = [(name + kind, NUMBER) for name in ("purity", "silhouette", "fisher") for kind in ("", "_shuffled")]
_GEOMETRY += [("probe", NUMBER)]
FlowRow = NamedTuple("FlowRow", [*_READER, ("place", str), ("block", int | None), *_GEOMETRY])
FlowRow.__doc__ = (
    "class_signal/flow.csv: how far classes lie together on raw offsets, and on mean tokens after each block of the "
    "reader (0: as they are embedded); _shuffled: of labels in another order; probe: accuracy of a linear model."
)
_INTERVENTION = [*_READER, ("kind", str), ("place", str), ("layer", int | None), ("accuracy", float)]
_INTERVENTION += [("accuracy_drop", float), ("log_odds_drop", float), ("as_donor", NUMBER)]
InterventionRow = NamedTuple("InterventionRow", _INTERVENTION)
InterventionRow.__doc__ = (
    "class_signal/interventions.csv: what the reader makes of test tokens that were changed; as_donor: the share read "
    "as the class of the image that the entries come from; layer: which of the adapted ones alone was changed."
)


class ReaderHistoryRow(NamedTuple):
    """history.csv of a reader: mean losses of a chunk of steps, and the accuracy on validation after it."""

    step: int
    mse: float
    cross_entropy: float
    accuracy_validation: float


class BaselineRow(NamedTuple):
    """class_signal/baselines.csv: what reads the class off the pixels, from the same images."""

    method: str
    accuracy_test: float


_FITS = [("protocol", str), ("part", str), ("n", int), ("n_sets", int), ("dimensions", int), ("chance", float)]
FitGeometryRow = NamedTuple("FitGeometryRow", [*_FITS, *_GEOMETRY])
FitGeometryRow.__doc__ = (
    "fit_geometry/geometry.csv: how far test-time fits of one encoder lie together by data set, in a part of their "
    "weights; part: pixels is the images' means, deviations and gradients, as a control."
)
