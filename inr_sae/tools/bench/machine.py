"""Rows of the machine itself: the rates that nothing exceeds, and what a start costs; a trace for a profiler."""

import subprocess
import sys
import tempfile

import jax
import jax.numpy as jnp
from jax import lax

from inr_sae.inr import fit
from inr_sae.tools.bench import first_step, timing
from inr_sae.tools.bench.problem import RATE, problem
from inr_sae.tools.bench.timing import STEPS

SHAPES = ((38804, 256, 256), (2048, 2048, 2048))  # of matrix products: a layer's, and a square one
PRODUCTS = 10  # in one dispatch


def ceilings():
    """The device's float32 matrix-product rate at a layer's shape and at a square one, and its copy bandwidth."""
    rows = []
    for n, k, m in SHAPES:
        measured = timing.timed(products, jnp.ones((n, k)), jnp.ones((k, m)), per_call=PRODUCTS)
        rows.append(timing.row(f"matrix product {n}x{k}x{m}", measured, 2.0 * n * k * m))
    big = jnp.ones(2**26)
    copy = timing.row("copy of 256 MiB", timing.timed(lambda x: x + 1.0, big))
    return [*rows, copy | {"gb_per_s": 2 * big.nbytes / copy["ms"] * 1e3 / 1e9}]


def products(a, b):
    """A row of each of some products a @ b, every one of which depends on the one before."""

    def body(a, _):
        return a.at[0, 0].add((a @ b)[0, 0] * 1e-9), (a @ b)[-1]

    return lax.scan(body, a, None, length=PRODUCTS)[1]


def cold_start_rows(backbone):
    """Seconds from starting Python to the end of a cohort's first step, without and with the compilation cache."""
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        for label, folder in (("no cache", ""), ("cache being filled", cache), ("cache filled", cache)):
            command = [sys.executable, "-m", first_step.__name__, backbone, folder]
            seconds, _ = timing.stopwatch(lambda command=command: subprocess.run(command, check=True))
            rows.append(timing.row(f"cold start to the first step, {label}", ([seconds], None)))
    return rows


def profile(folder, backbone, sizes):
    """Write a trace of some cohort steps of a backbone, for TensorBoard or Perfetto."""
    module, state, data, *_ = problem(backbone, sizes, None)
    jax.block_until_ready(fit.fit_cohort(module, None, RATE, STEPS, state, data))
    with jax.profiler.trace(folder):
        jax.block_until_ready(fit.fit_cohort(module, None, RATE, STEPS, state, data))
