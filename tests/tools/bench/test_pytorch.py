"""PyTorch is told every size, makes the steps of our rows, and its best is what ours is compared with."""

import json
import subprocess

import pytest

from inr_sae import dictionaries
from inr_sae.inr import network
from inr_sae.tools.bench import pytorch
from inr_sae.tools.bench.dictionaries import config_of
from tests.tools.bench.small import SIZES


def test_its_better_time_is_compared():
    rows = [{"name": "a step", "ms": 30.0}, {"name": "another", "ms": 1.0}]
    ours, other = pytorch.compare(rows, {"plain": {"a step": 0.1}, "tuned malloc": {"a step": 0.06}})
    assert ours["ratio_to_torch"] == pytest.approx(0.5) and ours["torch_ms (plain)"] == pytest.approx(100.0)
    assert other == rows[1]


def test_it_is_told_every_size():
    command = pytorch.command(SIZES)
    assert {"--height=8", "--width=12", "--signals=2"} <= set(command)
    for name in dictionaries.method_names():
        config = config_of(dictionaries.method(name), SIZES.scale)
        assert {f"--{name}.{key}={value}" for key, value in config.items()} <= set(command)


def test_malloc_is_as_it_comes_and_tuned(monkeypatch):
    environments = []

    def run(command, env, **more):
        environments.append(env["GLIBC_TUNABLES"])
        return subprocess.CompletedProcess(command, 0, json.dumps({"a step": [3.0, 1.0, 2.0]}))

    monkeypatch.setattr(subprocess, "run", run)
    assert pytorch.seconds(SIZES) == {"plain": {"a step": 2.0}, "tuned malloc": {"a step": 2.0}}
    assert environments[0] == "" and "mmap_threshold" in environments[1]


def test_its_steps_are_rows_of_ours():
    pytest.importorskip("torch", reason="torch is not installed")
    command = [*pytorch.command(SIZES), "--repeats=1"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    ours = {f"cohort step, {name}" for name in network.backbone_names()}
    ours |= {f"test-time step, {name}, full" for name in network.backbone_names()}
    ours |= {f"dictionary step, {name}" for name in dictionaries.method_names()}
    assert found.keys() <= ours and len(found) == 9
    assert all(len(seconds) == 1 and seconds[0] > 0 for seconds in found.values())
