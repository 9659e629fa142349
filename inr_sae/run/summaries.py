"""What a sweep's fits come to: means by way of fitting, and which of them are at the main rate."""

import numpy as np

from inr_sae.measure.cap import capped
from inr_sae.rows.common import METRICS, PSNRS
from inr_sae.rows.transfer import SummaryRow

KEYS = SummaryRow._fields[:7]  # what tells the ways of fitting of a matrix from each other


def summarise(rows):
    """One SummaryRow a way of fitting from FitRows: the mean, in which every subject counts the same, and the sample
    standard deviation over images and seeds.

    nan stands for the deviation of one fit, and for a metric that was not measured. PSNR counts up to its cap.
    """
    groups = {}
    for row in rows:
        groups.setdefault(row[: len(KEYS)], []).append(row)
    summary = []
    for keys, group in groups.items():
        columns, of_subject = [], {}
        for i, row in enumerate(group):
            of_subject.setdefault(row.subject, []).append(i)
        for metric in METRICS:
            scores = [getattr(row, metric) for row in group]
            values = np.array([np.nan if score is None else score for score in scores], np.float64)
            values = capped(values) if metric in PSNRS else values
            mean = np.mean([values[rows].mean() for rows in of_subject.values()])
            columns += [mean, values.std(ddof=1) if len(values) > 1 else float("nan")]
        summary.append(SummaryRow(*keys, *columns, len(group), len({row.image for row in group})))
    return summary


def main_rate(config, backbone):
    """The main test-time rate of a backbone."""
    own = config.rates[backbone] if "rates" in config else ()
    return own[1] if own else config.fit.learning_rate


def of_main_rate(rows, config):
    """The rows at the main test-time rate of their backbone."""
    return [row for row in rows if row.learning_rate == main_rate(config, row.backbone)]
