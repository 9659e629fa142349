"""Timing a computation, and the row of the table that says what it took."""

import statistics
import time

import jax

STEPS = 5  # of a training, in one dispatch


def stopwatch(call):
    """(seconds, result) of a function without arguments, waiting for the arrays that it returns."""
    start = time.perf_counter()
    result = jax.block_until_ready(call())
    return time.perf_counter() - start, result


def timed(function, *args, repeats=5, per_call=1):
    """(seconds of one of the `per_call` steps of each repeat, temporary bytes) of a jittable function of arrays."""
    compiled = jax.jit(function).lower(*args).compile()
    memory = compiled.memory_analysis()
    stopwatch(lambda: compiled(*args))
    seconds = [stopwatch(lambda: compiled(*args))[0] / per_call for _ in range(repeats)]
    return seconds, memory.temp_size_in_bytes if memory else None


def row(name, measured, operations=None, **more):
    """A row of the table, a dict. measured: (seconds of each repeat, temporary bytes or None); operations: of one."""
    seconds, memory = measured
    middle = statistics.median(seconds)
    return {
        "name": name,
        "ms": 1e3 * middle,
        "ms_min": 1e3 * min(seconds),
        "ms_max": 1e3 * max(seconds),
        "gflop": operations and operations / 1e9,
        "gflop_per_s": operations and operations / 1e9 / middle,
        "temp_mib": memory and memory / 2**20,
        **more,
    }
