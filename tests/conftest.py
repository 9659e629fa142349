"""Fixtures: a study so small that every stage takes a second, and the folder of real images where there is one."""

import os

# Before jax is imported: two devices on one CPU, so that the tests see pmap over more than one.
os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"
os.environ["JAX_PLATFORMS"] = "cpu"

from pathlib import Path

import numpy as np
import pytest

from configs import cohort_ffmlp, cohort_siren
from inr_sae import study

REAL_IMAGES = Path(__file__).resolve().parents[2] / "shared" / "data"


def shrink(config):
    """The config at a size for tests."""
    config.signals.update(dict(size=(16, 12), n_cohort=3, n_test=2))
    config.inr.update(dict(width=16, n_fourier=8, n_layers=3))
    config.cohort.update(dict(steps=20, log_every=5))
    config.fit.update(dict(steps=8, log_every=4, taus=(0, 1, 2), seeds=2, batch=3))
    config.sae.update(dict(n_atoms=32, k=4, steps=12, log_every=4, batch=32, layers=(0, 2)))
    config.ablation.update(dict(top=2, random=1))
    config.report.update(dict(top=3))
    config.runtime.update(dict(cache_dir="", checkpoint_seconds=0.0))
    return config


@pytest.fixture(params=["siren", "ffmlp"])
def tiny(request):
    """A tiny config of each backbone."""
    return shrink({"siren": cohort_siren, "ffmlp": cohort_ffmlp}[request.param].get_config())


@pytest.fixture
def tiny_ffmlp():
    """A tiny config of one backbone, for what does not depend on it."""
    return shrink(cohort_ffmlp.get_config())


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """(config, workdir) of a finished tiny study, which tests copy before they do harm to it."""
    config = shrink(cohort_ffmlp.get_config())
    workdir = tmp_path_factory.mktemp("finished") / "run"
    study.run(config, workdir)
    return config, workdir


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def real_images():
    """The folder of real images; skips where it is absent."""
    if not REAL_IMAGES.is_dir():
        pytest.skip(f"no real images at {REAL_IMAGES}")
    return REAL_IMAGES
