"""Layouts are plain data, and one that cannot be is refused by its key."""

import json

import numpy as np
import pytest

from inr_sae.errors import InputError
from inr_sae.exchange import convert
from inr_sae.exchange.layouts import LAYOUTS
from tests.exchange import foreign
from tests.exchange.foreign import SHAPE


def test_layouts_are_json():
    assert json.loads(json.dumps(LAYOUTS)) == LAYOUTS


@pytest.mark.parametrize(
    "says, message",
    [
        ({"omega": 30}, "unknown key 'omega'; its keys are backbone, "),
        ({"backbone": "wire"}, "backbone is 'wire'; it is one of None, siren, ffmlp"),
        ({"coordinates": "xy"}, "coordinates is 'xy'; it is one of row_column"),
        ({"pixels": "open"}, "pixels is 'open'"),
        ({"fourier_order": "cos"}, "fourier_order is 'cos'"),
        ({"out_in": "yes"}, "out_in is 'yes'"),
        ({"hidden_w": 3}, "hidden_w is 3"),
        ({"omega_0": 0}, "omega_0 is 0"),
        ({"omega_0": [30]}, r"omega_0 is \[30\]"),
        ({"omega_0": "encoder.0.bias"}, "omega_0 is 'encoder.0.bias'"),
        ({"omega_0": "omega"}, "there is no tensor 'omega'"),
        ({"first_omega_0": float("nan")}, "first_omega_0 is nan"),
        ({"range": [1, 1]}, r"range is \[1, 1\]"),
        ({"range": [0, 1, 2]}, "range is"),
        ({"range": "unit"}, "range is 'unit'"),
        ({"output_range": [[0, 1], [0, 1]]}, "output_range is"),
        ({"backbone": "ffmlp"}, "there is no tensor 'encoder/constants/frequencies'"),
        ({"out_in": False}, "'encoder.*no linear layer"),
    ],
)
def test_layouts_that_do_not_fit_are_refused(says, message):
    tensors = foreign.strainer_tensors(np.random.default_rng(0))
    with pytest.raises(InputError, match=message):
        convert.from_tensors(tensors, LAYOUTS["strainer"] | says, SHAPE)
