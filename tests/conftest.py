"""Fixtures: a study so small that every stage takes a second, and compiled programs that all tests share."""

import importlib.util
import mmap
import os
import shutil
import tempfile
from pathlib import Path


def known(flag):
    """Whether this jaxlib has a flag of XLA, which ends the process over one that it does not know."""
    library = Path(importlib.util.find_spec("jaxlib").origin).with_name("libjax_common.so")
    if not library.exists():
        return False
    with open(library, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return text.find(flag.encode()) >= 0


# Before jax is imported: two devices on one CPU, so that the tests see pmap over more than one.
# Compilation is most of a test's time, so it is told not to try hard: without MLIR's emitters it takes a third, and
# programs this small compile faster in one part.
FAST = "--xla_backend_optimization_level=0"
for flag in ("xla_cpu_use_fusion_emitters=false", "xla_cpu_parallel_codegen_split_count=1"):
    FAST += f" --{flag}" if known(flag.partition("=")[0]) else ""
os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + f" {FAST} --xla_force_host_platform_device_count=2"
os.environ["JAX_PLATFORMS"] = "cpu"
# Most of a test's time is compilation, and many tests compile the same: one cache for all workers of this session,
# which inherit the environment of the process that starts them, and for the processes that tests start.
BEGAN_HERE = "JAX_COMPILATION_CACHE_DIR" not in os.environ
if BEGAN_HERE:
    os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp(prefix="inr_sae_tests_")
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"

import numpy as np
import pytest

from configs import base
from inr_sae import study
from inr_sae.machine import devices
from tests.helpers import UNLIKE, made_once


def pytest_unconfigure():
    """Remove the cache: the process that has started the workers ends last."""
    if BEGAN_HERE:
        shutil.rmtree(os.environ["JAX_COMPILATION_CACHE_DIR"], ignore_errors=True)


def shrink(config):
    """The config at a size for tests."""
    config.signals.update(dict(size=(16, 12), n_cohort=3, n_test=2))
    config.inr.update(dict(width=16, n_layers=3))
    config.inr.ffmlp.n_fourier = 8
    config.cohort.update(dict(steps=20, log_every=5))
    config.fit.update(dict(steps=8, log_every=4, seeds=2, batch=3))
    config.dictionary.layers = (0, 2)
    config.dictionary.topk.update(dict(n_atoms=32, k=4, steps=12, log_every=4, batch=32))
    config.ablation.update(dict(top=2, random=1))
    config.report.update(dict(top=3))
    config.runtime.update(dict(cache_dir="", checkpoint_seconds=0.0))
    return config


def tiny_study(backbone):
    """A tiny config of a whole study of one backbone."""
    config = base.at_scale(base.get_config(), "demo")
    config.inr.backbone = backbone
    return shrink(config)


@pytest.fixture(scope="module", autouse=True)
def programs():
    """Compiled programs, which are let go before there are too many for one process."""
    yield
    devices.release_programs()


@pytest.fixture(params=UNLIKE)
def tiny(request):
    """A tiny config of each kind of backbone."""
    return tiny_study(request.param)


@pytest.fixture
def tiny_ffmlp():
    """A tiny config of one backbone, for what does not depend on it."""
    return tiny_study("ffmlp")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """(config, workdir) of a finished tiny study, which tests copy before they do harm to it."""
    config = tiny_study("ffmlp")
    return config, made_once(tmp_path_factory, "finished", lambda workdir: study.run(config, workdir))


@pytest.fixture
def rng():
    return np.random.default_rng(0)
