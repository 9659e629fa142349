"""SIGTERM and Ctrl-C: saved at the next chunk, exit code 75, and the same command goes on to the same bits."""

import json
import os
import signal
import time

import pytest

from inr_sae.machine import interrupts
from tests.helpers import numbers
from tests.processes import SMALL, start, wait_for

# Long enough to be met on the way, and only what a stop saves.
LONG = SMALL | {"cohort.steps": 3000, "dictionary.topk.steps": 1500, "runtime.checkpoint_seconds": 3600}
LONG |= {"stages": "('cohort','dictionary')"}


@pytest.fixture
def listening():
    """This process notes signals; forgotten at the end."""
    before = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    interrupts.listen()
    yield
    interrupts.forget()
    for number, handler in before:
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_being_asked_is_noted_and_said_once_and_no_more(number, listening, capfd):
    assert not interrupts.asked()
    os.kill(os.getpid(), number)
    os.kill(os.getpid(), signal.SIGTERM)
    assert interrupts.asked() and capfd.readouterr().err.count("asked to stop") == 1
    interrupts.forget()
    assert not interrupts.asked()


def test_it_is_noted_where_nobody_reads_what_is_said(listening):
    """Ctrl-C in a pipe ends the reader, too."""
    (reader, writer), kept = os.pipe(), os.dup(2)
    os.close(reader)
    os.dup2(writer, 2)
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(writer)
    assert interrupts.asked()


def test_a_second_ctrl_c_raises_where_the_program_is(listening):
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)


def test_it_saves_and_the_same_command_goes_on(tmp_path):
    for stage, number in (("cohort", signal.SIGTERM), ("dictionary", signal.SIGINT)):
        process = start(tmp_path / "run", settings=LONG)
        wait_for(("stage begins", stage), tmp_path / "run", [process], more=0.5)
        process.send_signal(number)
        _, log = process.communicate(timeout=60)
        assert process.returncode == 75, log
        assert log.splitlines()[-1] == "inr_sae: stopped as asked, all is saved; the same command goes on"
        assert "Traceback" not in log
        assert [path.name for path in (tmp_path / f"run/{stage}/checkpoints").glob("[0-9]*")]
    both = [start(tmp_path / name, settings=LONG) for name in ("run", "alone")]
    assert [process.wait() for process in both] == [0, 0]
    resumed = [
        json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines() if '"resumed"' in line
    ]
    assert {line["stage"] for line in resumed} == {"cohort", "dictionary"} and all(line["step"] > 0 for line in resumed)
    assert numbers(tmp_path / "run") == numbers(tmp_path / "alone")


def test_a_second_ctrl_c_ends_it_at_once(tmp_path):
    process = start(tmp_path / "run", settings=SMALL | {"fit.steps": 10**6, "fit.log_every": 10**5})
    wait_for(("stage begins", "freeze_sweep"), tmp_path / "run", [process], more=1.0)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=120)
    assert process.returncode in (130, 75), log  # 75 where the chunk ended first
    assert "Traceback" not in log and "the same command goes on" in log
