"""What decides JAX's numbers: set, whatever the environment says, and told."""

import json
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import pytest

from inr_sae.errors import UserError
from inr_sae.machine import devices
from tests.processes import ROOT

# {"before": numbers as the environment has them, "after": once they are pinned, "settings": as the fingerprint says}
NUMBERS = """
import json, sys
import jax, jax.numpy as jnp
from inr_sae.machine import devices

def numbers():
    return [jax.random.normal(jax.random.key(0), (3,)).tolist(), str((jnp.arange(3) / 3).dtype)]

before = numbers() if sys.argv[1] else None
devices.configure("highest", sys.argv[2])
print(json.dumps({"before": before, "after": numbers(), "settings": devices.fingerprint()["jax_settings"]}))
"""


def numbers(environment, before=True, cache_dir=""):
    """What NUMBERS prints in an environment."""
    settings = {key: value for key, value in os.environ.items() if not key.startswith("JAX_")}
    command = [sys.executable, "-c", NUMBERS, "yes" if before else "", str(cache_dir)]
    process = subprocess.run(
        command, cwd=ROOT, env=settings | {"JAX_PLATFORMS": "cpu"} | environment, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """(the numbers of an environment that says nothing, the home whose cache they were compiled into)."""
    home = tmp_path_factory.mktemp("home")
    return numbers({"HOME": str(home)}, before=False, cache_dir="~/programs"), home


@pytest.mark.parametrize(
    "environment",
    [
        {"JAX_THREEFRY_PARTITIONABLE": "0"},
        {"JAX_ENABLE_X64": "1"},
        {"JAX_DEFAULT_PRNG_IMPL": "rbg"},
        {"JAX_RANDOM_SEED_OFFSET": "3"},
    ],
    ids=lambda environment: "".join(environment),
)
def test_the_environment_does_not_change_the_numbers(environment, usual):
    found = numbers(environment)
    assert found["before"] != usual[0]["after"], "it would"
    assert found["after"] == usual[0]["after"]
    assert found["settings"] == usual[0]["settings"] == devices.PINNED


def test_compiled_programs_go_where_they_were_asked_to(usual):
    assert list((usual[1] / "programs").iterdir())


@pytest.fixture
def configured():
    """`configure`, undone at the end."""
    precision = jax.config.jax_default_matmul_precision
    yield lambda precision: devices.configure(precision, "")
    jax.config.update("jax_default_matmul_precision", precision)


@pytest.mark.parametrize("precision", devices.PRECISIONS)
def test_products_are_asked_for_at_the_precision_that_was_set(precision, configured):
    configured(precision)
    square = jax.ShapeDtypeStruct((4, 4), jnp.float32)
    program = jax.jit(lambda x: x @ x).lower(square).as_text()
    assert f"precision = [{precision.upper()}, {precision.upper()}]" in program
    assert devices.fingerprint()["matmul_precision"] == precision


def test_the_fingerprint_names_what_a_rerun_needs(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_of_a_test")
    fingerprint = devices.fingerprint()
    assert fingerprint["packages"]["jax"] == jax.__version__ and fingerprint["packages"]["inr-sae"]
    assert fingerprint["xla_flags"] == "--xla_of_a_test"
    assert fingerprint["backend"] == "cpu" and len(fingerprint["devices"]) == jax.local_device_count()
    assert fingerprint["jax_settings"].keys() == devices.PINNED.keys()
    assert json.loads(json.dumps(fingerprint)) == fingerprint


def test_every_setting_that_is_told_is_the_one_in_force():
    jax.config.update("jax_random_seed_offset", 5)
    try:
        assert devices.fingerprint()["jax_settings"]["jax_random_seed_offset"] == 5
    finally:
        jax.config.update("jax_random_seed_offset", 0)


def test_on_a_cpu_every_device_has_its_share_of_the_hosts_memory():
    host = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert devices.accelerator_memory() is None
    assert 0 < devices.memory() * jax.local_device_count() <= host


@pytest.mark.parametrize("error", [AssertionError(), RuntimeError("Unable to initialize backend 'cuda'\n and more")])
def test_no_device_is_one_sentence(error, monkeypatch):
    def none():
        raise error

    devices.check()
    monkeypatch.setattr(jax, "devices", none)
    monkeypatch.setenv("JAX_PLATFORMS", "cuda")
    with pytest.raises(UserError, match="JAX_PLATFORMS is 'cuda' .*BUILD.md") as told:
        devices.check()
    assert "\n" not in str(told.value)


def test_a_cache_in_the_home_of_nobody_is_none(caplog):
    assert devices.cache_folder("~nobody_of_that_name/cache") == ""
    assert "compiled programs are not kept" in caplog.text


@pytest.mark.parametrize("most, released", [(10, True), (10**9, False)])
def test_programs_are_let_go_before_there_are_too_many(tmp_path, monkeypatch, most, released):
    (tmp_path / "most").write_text(str(most))
    monkeypatch.setattr(devices, "MOST_MAPS", tmp_path / "most")
    traced = []

    @jax.jit
    def double(x):
        traced.append(x)
        return 2 * x

    before = double(jnp.float32(3))
    assert devices.release_programs() == released
    assert double(jnp.float32(3)) == before and len(traced) == 1 + released


def test_another_system_has_no_such_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "MAPS", tmp_path / "not there")
    assert not devices.release_programs()
