"""SIGTERM and Ctrl-C: saved at the next chunk, exit code 75, and the same command goes on to the same bits."""

import json
import signal
import time

import pytest

from tests.helpers import numbers
from tests.processes import SMALL, events, start


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def wait_for(workdir, event):
    for _ in range(3000):
        if event in events(workdir):
            return
        time.sleep(0.01)
    raise AssertionError(f"{event} did not come")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_it_saves_and_the_same_command_goes_on(number, cache, tmp_path):
    settings = SMALL | {"cohort.steps": 3000, "sae.steps": 1500, "runtime.cache_dir": cache}
    settings |= {"runtime.checkpoint_seconds": 3600, "stages": "('cohort','dictionary')"}  # only what a stop saves
    for stage in ("cohort", "dictionary"):
        process = start(tmp_path / "run", settings=settings)
        wait_for(tmp_path / "run", ("stage begins", stage))
        time.sleep(0.5)
        process.send_signal(number)
        _, log = process.communicate(timeout=60)
        assert process.returncode == 75, log
        assert log.splitlines()[-1] == "inr_sae: stopped as asked, all is saved; the same command goes on"
        assert "Traceback" not in log
        assert [path.name for path in (tmp_path / f"run/{stage}/checkpoints").iterdir()]
    assert start(tmp_path / "run", settings=settings).wait() == 0
    resumed = [
        json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines() if '"resumed"' in line
    ]
    assert {line["stage"] for line in resumed} == {"cohort", "dictionary"} and all(line["step"] > 0 for line in resumed)
    assert start(tmp_path / "alone", settings=settings).wait() == 0
    assert numbers(tmp_path / "run") == numbers(tmp_path / "alone")


def test_a_second_ctrl_c_ends_it_at_once(cache, tmp_path):
    settings = SMALL | {"fit.steps": 10**6, "fit.log_every": 10**5, "runtime.cache_dir": cache}
    process = start(tmp_path / "run", settings=settings)
    wait_for(tmp_path / "run", ("stage begins", "freeze_sweep"))
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=120)
    assert process.returncode in (130, 75), log  # 75 where the chunk ended first
    assert "Traceback" not in log and "the same command goes on" in log
