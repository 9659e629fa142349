import pytest

from inr_sae.atoms import statistics


@pytest.fixture(params=[2, 3, 100])
def rows(request, monkeypatch):
    """Coordinates that are read at once: nothing depends on them."""
    monkeypatch.setattr(statistics.chunks, "__defaults__", (request.param,))
    return request.param
