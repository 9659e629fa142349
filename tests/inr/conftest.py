"""Tests of this room run over every backbone there is, and over one unlike them all."""

import pytest

from tests.inr.builders import BACKBONES


@pytest.fixture(params=BACKBONES)
def backbone(request):
    return BACKBONES[request.param]
