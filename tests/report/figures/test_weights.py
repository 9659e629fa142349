"""Figures of what weights carry."""

import io

import numpy as np

from inr_sae.report.figures import weights


def test_classes_of_any_name_stand_in_the_legend(rng):
    """matplotlib leaves out what begins with _, and reads a formula between two $."""
    names = ["_background", "$5_{$", "a"]
    arrays = {"labels": np.arange(9) % 3, "offsets": rng.normal(size=(9, 2)), "last": rng.normal(size=(9, 2))}
    fig = weights.maps({"ce_0_all": arrays}, names)
    (legend,) = fig.legends
    assert [each.get_text().replace("\\$", "$") for each in legend.get_texts()] == names
    fig.savefig(io.BytesIO(), format="png")
