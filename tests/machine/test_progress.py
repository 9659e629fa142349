"""How far a long loop has come, as a log tells it."""

import logging

from inr_sae.machine import progress as module
from inr_sae.machine.progress import Progress, Within


def test_a_line_tells_how_far_and_how_long():
    progress = Progress("fits", 100, done=20)
    assert progress.line(10.0) == "fits: 20/100, 00:10 taken, ? left"
    progress.advance(20, "31.2 dB")
    assert progress.line(60.0) == "fits: 40/100, 01:00 taken, 03:00 left, 31.2 dB"


def test_the_time_left_follows_the_cost_and_what_was_there_already_says_nothing_of_speed():
    progress = Progress("fits", 4, total_cost=100)
    progress.advance(1, cost=40, made=False)
    assert progress.line(10.0).endswith("1/4, 00:10 taken, ? left")
    progress.advance(2, "x", cost=20)
    assert progress.line(10.0) == "fits: 3/4, 00:10 taken, 00:20 left, x"


def test_the_end_is_always_logged(caplog):
    with caplog.at_level(logging.INFO, "inr_sae"), Progress("fits", 3) as progress:
        for _ in range(3):
            progress.advance(1)
    assert [record.message.startswith("fits: 3/3") for record in caplog.records] == [True]


def test_of_what_takes_long_within_a_unit_a_line_a_minute_is_logged(caplog, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    within = Within("fit by full", 10)
    with caplog.at_level(logging.INFO, "inr_sae"):
        for done in range(1, 11):
            now[0] += 25.0
            within.at(done)
    assert [record.message for record in caplog.records] == [
        "fit by full: 3/10, 02:55 left",
        "fit by full: 6/10, 01:40 left",
        "fit by full: 9/10, 00:25 left",
    ]
