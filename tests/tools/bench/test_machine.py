"""The ceilings are of products that are all made; a cold start makes a step."""

import subprocess
import sys

import jax.numpy as jnp
import numpy as np

from inr_sae.tools.bench import machine
from tests.tools.bench.small import BACKBONE


def test_every_product_needs_the_one_before():
    a = jnp.array([[0.0, 1.0]])
    b = jnp.array([[0.0, 1.0], [1.0, 0.0]])
    made = machine.products(a, b)
    np.testing.assert_allclose(made[:, 1], 1e-9 * np.arange(machine.PRODUCTS), rtol=1e-5)


def test_a_cold_start_gets_no_cache_an_empty_and_a_filled_one(monkeypatch):
    commands = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append(command))
    rows = machine.cold_start_rows(BACKBONE)
    assert [row["name"].split(", ")[1] for row in rows] == ["no cache", "cache being filled", "cache filled"]
    none, filling, filled = (command[-1] for command in commands)
    assert none == "" and filling == filled != "" and {command[-2] for command in commands} == {BACKBONE}


def test_a_cold_start_makes_one_step_and_fills_its_cache(tmp_path):
    code = "import sys; from inr_sae.tools.bench import first_step as f; print(int(f.main(*sys.argv[1:]).step))"
    command = [sys.executable, "-c", code, BACKBONE, str(tmp_path)]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "1\n"
    assert any(tmp_path.iterdir())
