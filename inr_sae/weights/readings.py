"""What is measured of one trained reader: accuracy, where classes lie together on the way, what interventions do."""

from typing import NamedTuple

import numpy as np

from inr_sae.measure.rank import effective_rank
from inr_sae.rows.weights import BIASES, BOTH, CONTROL, OFFSETS, WEIGHTS, FlowRow, InterventionRow, ReadingRow
from inr_sae.weights import diagnostics, interventions, outer

PEAK_TO_PEAK = 2.0  # of images in [-1, 1]


class Read(NamedTuple):
    """Images of a split, as a reader sees them."""

    tokens: np.ndarray  # (B, T, D), as they are fitted
    mse: np.ndarray  # (B,)
    logits: np.ndarray  # (B, classes)
    means: np.ndarray  # (B, blocks + 1, width)
    labels: np.ndarray  # (B,)

    @property
    def accuracy(self):
        """The share of images whose class is read."""
        return float(np.mean(self.logits.argmax(axis=1) == self.labels))


def read(task, condition, params, data):
    """The Read of `outer.Data`."""
    tokens, mse = outer.fitted(task, params, data.x, data.images)
    logits, means = outer.read(task, condition, params, tokens)
    return Read(tokens, mse, logits, means, np.asarray(data.labels))


def reading(keys, splits, images):
    """The ReadingRow of {split: Read}; keys: its first columns; images (B, ...): the test images."""
    test = splits["test"]
    control = interventions.matched_columns(test.tokens)
    norms = interventions.column_norms(test.tokens)
    psnr_db = -10 * np.log10(np.maximum(test.mse, 1e-12) / PEAK_TO_PEAK**2)
    return ReadingRow(
        *keys,
        *(splits[split].accuracy for split in ("train", "validation", "test")),
        log_odds=float(interventions.log_odds(test.logits, test.labels).mean()),
        psnr_db=float(psnr_db.mean()),
        bias_rank=effective_rank(test.tokens[:, :, -1]),
        control_rank=float(np.mean([effective_rank(test.tokens[:, :, column]) for column in control])),
        pixel_rank=effective_rank(diagnostics.flat(images)),
        bias_dimensions=min(test.tokens.shape[1], len(test.tokens) - 1),  # more than that no images can span
        control_columns=len(control),
        control_norm=float(np.sqrt((norms[list(control)] ** 2).sum()) / norms[-1]) if norms[-1] > 0 else 0.0,
    )


def places(read, control):
    """{(name, block): features (B, ...)}: raw offsets, parts of them, and mean tokens after each block; control: the
    numbers of weight columns."""
    raw = {OFFSETS: read.tokens, WEIGHTS: read.tokens[:, :, :-1], BIASES: read.tokens[:, :, -1]}
    raw[CONTROL] = read.tokens[:, :, list(control)]
    found = {(name, None): features for name, features in raw.items()}
    for block in range(read.means.shape[1]):
        found[f"block {block}" if block else "embedded", block] = read.means[:, block]
    return found


def flow(keys, train, test, rng):
    """FlowRows of the Reads of training and test: the geometry of test, and what a linear model of training reads."""
    control = interventions.matched_columns(test.tokens)
    of_train = places(train, control)
    rows = []
    for (name, block), features in places(test, control).items():
        measured = diagnostics.geometry(features, test.labels, rng)
        probe = diagnostics.probe(of_train[name, block], train.labels, features, test.labels)
        rows.append(FlowRow(*keys, name, block, *measured, probe))
    return rows


def wanted(n_layers):
    """[(kind, place, layer or None)]: all kinds on biases and on the control; 0 in each layer alone, in both, and in
    all weights."""
    cases = [(kind, place, None) for place in (BIASES, CONTROL) for kind in interventions.KINDS]
    cases += [("zeroed", place, layer) for place in (BIASES, CONTROL) for layer in range(n_layers)]
    return [*cases, ("zeroed", BOTH, None), ("zeroed", WEIGHTS, None)]


def changed(keys, answer, test, n_layers, rng):
    """InterventionRows of the Read of test; answer: tokens (B, T, D) -> logits (B, classes), the reader."""
    biases, control = interventions.bias_column(test.tokens), interventions.matched_columns(test.tokens)
    weights = tuple(range(test.tokens.shape[-1] - 1))
    which = {BIASES: biases, CONTROL: control, BOTH: biases + control, WEIGHTS: weights}
    before = interventions.log_odds(test.logits, test.labels).mean()
    rows = []
    for kind, place, layer in wanted(n_layers):
        mask = interventions.columns(test.tokens, which[place], layer, n_layers)
        tokens, donors = interventions.intervened(kind, test.tokens, mask, test.labels, rng)
        logits = answer(tokens)
        found, drop = logits.argmax(axis=1), before - interventions.log_odds(logits, test.labels).mean()
        accuracy = float(np.mean(found == test.labels))
        as_donor = None if donors is None else float(np.mean(found == test.labels[donors]))
        rows.append(
            InterventionRow(*keys, kind, place, layer, accuracy, test.accuracy - accuracy, float(drop), as_donor)
        )
    return rows
