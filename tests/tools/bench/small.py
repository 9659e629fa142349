"""Tiny sizes, and clocks for what is timed."""

import jax

from inr_sae.inr import network
from inr_sae.tools.bench import problem, timing

SIZES = problem.Sizes(
    scale=0.01,
    height=8,
    width=12,
    n_signals=2,
    network=(("width", 8), ("n_layers", 3), ("coordinates", (-1.0, 1.0))),
)
BACKBONE = network.backbone_names()[0]  # for what is the same of any


def stopped(monkeypatch):
    """Have every call that is timed take 6 s; the list of their results."""
    results = []

    def stopwatch(call):
        results.append(call())
        return 6.0, results[-1]

    monkeypatch.setattr(timing, "stopwatch", stopwatch)
    return results


def uncompiled(monkeypatch):
    """Have every call of a function that would be compiled take 6 s, without it; the list of (shapes of its result,
    steps that it is said to make, precision)."""
    seen = []

    def timed(function, *args, repeats=5, per_call=1):
        seen.append((jax.eval_shape(function, *args), per_call, jax.config.jax_default_matmul_precision))
        return [6.0 / per_call] * repeats, None

    monkeypatch.setattr(timing, "timed", timed)
    return seen
