"""A row tells the time of one step."""

import jax.numpy as jnp

from inr_sae.tools.bench import timing
from tests.tools.bench.small import stopped


def test_a_step_is_one_of_those_of_a_call(monkeypatch):
    results = stopped(monkeypatch)
    seconds, _ = timing.timed(lambda x: x + 1, jnp.ones(3), repeats=4, per_call=3)
    assert seconds == [2.0] * 4 and len(results) == 5  # the first call is not counted


def test_the_stopwatch_runs_while_the_call_does(monkeypatch):
    now = [10.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])

    def call():
        now[0] += 2.5
        return {"x": jnp.ones(2)}

    seconds, result = timing.stopwatch(call)
    assert seconds == 2.5 and result["x"].shape == (2,)


def test_a_row_tells_the_median_the_spread_and_the_rate():
    row = timing.row("a step", ([0.5, 0.1, 0.2], 2**21), 4e9, fits_per_s=1.0)
    assert (row["ms"], row["ms_min"], row["ms_max"]) == (200.0, 100.0, 500.0)
    assert (row["gflop"], row["gflop_per_s"], row["temp_mib"], row["fits_per_s"]) == (4.0, 20.0, 2.0, 1.0)
    assert timing.row("a step", ([1.0], None))["gflop_per_s"] is None
