"""Tests of this room run over every kind of backbone there is, and over one unlike them all; those of the contract, of
freezing and of the prefix over every backbone."""

import pytest

from tests.helpers import ALIKE
from tests.inr.builders import BACKBONES


@pytest.fixture(params=[name for name in BACKBONES if name not in ALIKE])
def backbone(request):
    return BACKBONES[request.param]
