"""Kill -9 at random moments, spread over all stages: the study that goes on ends as the one that was left alone."""

import json
import os
import random
import signal
import time

import pytest

from tests.helpers import results
from tests.processes import SMALL, events, start

STAGES = ("cohort", "rank", "freeze_sweep", "dictionary", "ablation", "explorer", "report")
KILLS = int(os.environ.get("INR_SAE_KILLS", 6))
# The demo at its own size takes minutes: INR_SAE_DEMO=1 kills that one.
SETTINGS = {"runtime.checkpoint_seconds": 0} if os.environ.get("INR_SAE_DEMO") else SMALL


def begin(workdir):
    return start(workdir, settings=SETTINGS, log=f"{workdir}.log")


@pytest.fixture(scope="module")
def undisturbed(alone, tmp_path_factory):
    """The folder of a study that nobody disturbed, and that found its programs compiled: its times are the others'."""
    workdir = tmp_path_factory.mktemp("undisturbed") / "run"
    assert begin(workdir).wait() == 0
    assert SETTINGS is not SMALL or results(workdir) == results(alone)
    return workdir


def is_done(workdir, stage):
    return (workdir / stage / "done.json").exists()


def kill_in(stage, workdir, wait):
    """Kill the study `wait` seconds after a stage begins; returns the stage it died in, None if it had ended before."""
    before = len(events(workdir))
    process = begin(workdir)
    while ("stage begins", stage) not in events(workdir)[before:] and process.poll() is None:
        time.sleep(0.002)
    time.sleep(wait)
    process.send_signal(signal.SIGKILL)
    if process.wait() != -signal.SIGKILL:
        return None
    return [name for event, name in events(workdir) if event == "stage begins"][-1]


def test_kills_change_nothing(undisturbed, tmp_path):
    finished = undisturbed
    seconds = {stage: json.loads((finished / stage / "done.json").read_text())["seconds"] for stage in STAGES}
    expected, rng, killed, studies, starts = results(finished), random.Random(0), [], 0, 0
    while len(killed) < KILLS:
        workdir = tmp_path / f"run_{studies}"
        studies += 1
        while len(killed) < KILLS and not is_done(workdir, "report"):
            # A stage after the last one that is done, most often the next.
            left = [stage for stage in STAGES if not is_done(workdir, stage)]
            stage = left[min(len(left) - 1, int(rng.expovariate(1.5)))]
            died_in = kill_in(stage, workdir, rng.uniform(0, seconds[stage]))
            killed += [died_in] if died_in else []
            starts += 1
            assert starts < 3 * KILLS, f"only {len(killed)} of {starts} kills found the study alive"
        assert begin(workdir).wait() == 0
        assert results(workdir) == expected
    assert len(set(killed)) >= min(3, KILLS), killed
    counts = ", ".join(f"{stage} {killed.count(stage)}" for stage in STAGES)
    print(f"{len(killed)} kills in {studies} studies: {counts}")
