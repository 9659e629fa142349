"""Figures of what weights carry."""

import io

import numpy as np

from inr_sae.report.figures import weights
from inr_sae.rows.weights import BIASES, CONTROL, WEIGHTS, InterventionRow
from tests.report.builders import make


def test_classes_of_any_name_stand_in_the_legend(rng):
    """matplotlib leaves out what begins with _, and reads a formula between two $."""
    names = ["_background", "$5_{$", "a"]
    arrays = {"labels": np.arange(9) % 3, "offsets": rng.normal(size=(9, 2)), "last": rng.normal(size=(9, 2))}
    fig = weights.maps({"ce_0_all": arrays}, names)
    (legend,) = fig.legends
    assert [each.get_text().replace("\\$", "$") for each in legend.get_texts()] == names
    fig.savefig(io.BytesIO(), format="png")


def test_the_axis_of_interventions_is_as_wide_as_what_is_drawn():
    """All weights at 0 leave next to nothing, and are not drawn."""
    of_base = dict(condition="ce_0.01_all", kind="zeroed", layer=None, accuracy_drop=0.0)
    drawn = [make(InterventionRow, place=place, accuracy=0.95, **of_base) for place in (BIASES, CONTROL)]
    fig = weights.interventions([*drawn, make(InterventionRow, place=WEIGHTS, accuracy=0.1, **of_base)], "ce_0.01_all")
    low, _ = fig.axes[0].get_xlim()
    assert 0.8 < low < 0.95
