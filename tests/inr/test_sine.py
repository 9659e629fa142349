import jax
import numpy as np
import pytest

from inr_sae.inr.sine import sin_cos, sine

# SIREN's arguments stay below 100; 1e4 is where the reduction's guarantee ends.
ARGUMENTS = np.concatenate(
    [np.linspace(-100, 100, 400_001), np.linspace(-1e4, 1e4, 1_000_001), np.arange(-2000, 2001) * np.pi / 2]
).astype(np.float32)


def test_value_against_float64():
    s, c = sin_cos(ARGUMENTS)
    exact = ARGUMENTS.astype(np.float64)
    assert np.abs(s - np.sin(exact)).max() < 2e-7
    assert np.abs(c - np.cos(exact)).max() < 2e-7


def test_derivatives_against_float64():
    exact = ARGUMENTS.astype(np.float64)
    slope = jax.vmap(jax.grad(sine))(ARGUMENTS)
    assert np.abs(slope - np.cos(exact)).max() < 2e-7
    value, tangent = jax.jvp(sine, (ARGUMENTS,), (2 * np.ones_like(ARGUMENTS),))
    assert np.abs(value - np.sin(exact)).max() < 2e-7
    assert np.abs(tangent - 2 * np.cos(exact)).max() < 4e-7


@pytest.mark.parametrize("x", [0.0, -0.0, 1e-30])
def test_small_arguments_are_exact(x):
    assert sine(np.float32(x)) == np.float32(x)
