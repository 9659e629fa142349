"""Fixtures: a finished tiny study of every kind, at every depth, which tests copy before they do harm to it."""

import pytest

from tests.stages import studies


@pytest.fixture(scope="session", params=studies.SINGLES)
def single(request, tmp_path_factory):
    """A finished study of each kind of backbone, one at both depths."""
    return studies.finished(tmp_path_factory, request.param)


@pytest.fixture(scope="session", params=studies.MATRICES)
def matrix(request, tmp_path_factory):
    """A finished matrix of both of the paper's backbones."""
    return studies.finished(tmp_path_factory, request.param)


@pytest.fixture(scope="session", params=studies.TUNINGS)
def tuned(request, tmp_path_factory):
    """A finished tuning."""
    return studies.finished(tmp_path_factory, request.param)


@pytest.fixture(scope="session", params=studies.COMPARISONS)
def compared(request, tmp_path_factory):
    """A finished study of the dictionaries of both of the paper's backbones in every regime."""
    return studies.finished(tmp_path_factory, request.param)


@pytest.fixture(scope="session")
def converged(tmp_path_factory):
    """A finished study of whether two networks learn the same, of meanings and of steering."""
    return studies.finished(tmp_path_factory, "converged_3")


@pytest.fixture(scope="session", params=studies.SEARCHES)
def searched(request, tmp_path_factory):
    """A finished search for a recipe."""
    return studies.finished(tmp_path_factory, request.param)


@pytest.fixture(scope="session", params=studies.ALL)
def any_study(request, tmp_path_factory):
    """Each of these."""
    return studies.finished(tmp_path_factory, request.param)
