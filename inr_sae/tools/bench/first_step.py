"""The first step of a cohort in a process of its own, for the cold start's time.

python -m inr_sae.tools.bench.first_step BACKBONE CACHE        CACHE: of compiled programs, a folder; empty: none
"""

import sys

import jax

from inr_sae.inr import fit
from inr_sae.machine import devices
from inr_sae.tools.bench.problem import RATE, Sizes, problem


def main(backbone, cache_dir):
    """Make one step; returns the state behind it."""
    devices.configure("highest", cache_dir)
    module, state, data, *_ = problem(backbone, Sizes(height=64, width=64), None)
    return jax.block_until_ready(fit.fit_cohort(module, None, RATE, 1, state, data))[0]


if __name__ == "__main__":
    main(*sys.argv[1:])
