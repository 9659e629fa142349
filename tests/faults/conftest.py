"""A finished tiny study that tests copy and then do harm to."""

import pytest

from configs import cohort_ffmlp
from inr_sae import study
from tests.conftest import shrink


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """(config, workdir) of a finished tiny study."""
    config = shrink(cohort_ffmlp.get_config())
    workdir = tmp_path_factory.mktemp("finished") / "run"
    study.run(config, workdir)
    return config, workdir
