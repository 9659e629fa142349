"""Fixtures: the study that nobody disturbed, which the disturbed ones are held against."""

import pytest

from tests.helpers import made_once
from tests.processes import start


@pytest.fixture(scope="session")
def alone(tmp_path_factory):
    """The folder of a small study by one process with one device."""

    def make(workdir):
        assert start(workdir).wait() == 0

    return made_once(tmp_path_factory, "alone", make)
