"""Tests of this room run over every kind of backbone there is, and over one unlike them all; those of the contract, of
freezing and of the prefix over every backbone."""

import jax
import pytest

from tests.helpers import ALIKE
from tests.inr.builders import BACKBONES


@pytest.fixture(params=[name for name in BACKBONES if name not in ALIKE])
def backbone(request):
    return BACKBONES[request.param]


@pytest.fixture
def plain_adam(backbone, monkeypatch):
    """The backbone trains by Adam as it is: an eps of 1e-15 makes steps out of the rounding of gradients that are 0."""
    if hasattr(backbone, "ADAM"):
        monkeypatch.delattr(backbone, "ADAM")
        jax.clear_caches()  # of programs by the backbone's own
        yield
        jax.clear_caches()
    else:
        yield
