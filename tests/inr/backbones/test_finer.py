import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.inr.backbones import finer, siren
from tests.inr.backbones import parity

CONFIG = dict(width=parity.WIDTH, n_layers=parity.N_LAYERS, coordinates=(-1.0, 1.0), **finer.DEFAULTS)
SIGNALS = np.zeros((1, 2, 2, 3), np.float32)


def one_layer(w, b, omega):
    return {"units": {"hidden_0": {"w": w, "b": b}}, "constants": {"omega": jnp.float32(omega)}}


def test_weights_follow_its_law():
    units = finer.init(jax.random.key(0), CONFIG, SIGNALS)["units"]
    assert parity.looks_uniform(units["hidden_0"]["w"], 0.5)
    assert parity.looks_uniform(units["hidden_3"]["w"], np.sqrt(6 / 64) / 30)
    assert parity.looks_uniform(units["hidden_0"]["b"], 2**-0.5)
    assert parity.looks_uniform(units["hidden_3"]["b"], 64**-0.5)
    wide = finer.init(jax.random.key(0), CONFIG | {"first_bias": 5.0}, SIGNALS)["units"]
    assert parity.looks_uniform(wide["hidden_0"]["b"], 5.0)
    np.testing.assert_array_equal(wide["hidden_1"]["b"], units["hidden_1"]["b"])


def test_no_gradient_flows_through_the_factor(rng):
    """dh/dz = omega a cos(omega a z), not omega (2 |z| + 1) cos(omega a z)."""
    z, omega = rng.uniform(-1, 1, 40).astype(np.float32), 3.0
    params = one_layer(jnp.ones((1, 1)), jnp.zeros(1), omega)
    slope = jax.vmap(jax.grad(lambda z: finer.apply(params, "hidden_0", z[None, None])[0, 0]))(z)
    a = np.abs(z) + 1
    np.testing.assert_allclose(slope, omega * a * np.cos(omega * a * z), atol=2e-5)
    assert np.abs(slope - omega * (2 * np.abs(z) + 1) * np.cos(omega * a * z)).max() > 0.1


def test_it_is_odd_in_z(rng):
    z = rng.normal(size=(5, 4)).astype(np.float32)
    params = one_layer(jnp.eye(4), jnp.zeros(4), 30.0)
    np.testing.assert_array_equal(finer.apply(params, "hidden_0", -z), -finer.apply(params, "hidden_0", z))


def test_with_a_factor_of_1_it_is_siren(rng, monkeypatch):
    monkeypatch.setattr(finer, "factor", jnp.ones_like)
    w, b = (rng.normal(size=shape).astype(np.float32) for shape in ((4, 6), 6))
    h = rng.normal(size=(9, 4)).astype(np.float32)
    theirs = siren.apply({"units": {"u": {"w": w, "b": b}}, "constants": {"omega_0": jnp.float32(30)}}, "u", h)
    ours = finer.apply({"units": {"u": {"w": w, "b": b}}, "constants": {"omega": jnp.float32(30)}}, "u", h)
    np.testing.assert_array_equal(ours, theirs)


def test_outputs_gradients_and_a_step_equal_pytorchs(rng):
    config = CONFIG | {"omega": 5.0}  # of 30 float32's rounding of the arguments shows in five layers
    parity.assert_network_gradients_and_a_step_are_pytorchs(finer, config, rng)


def test_a_layer_is_within_rounding_of_the_formula(rng):
    """An ulp of the argument, up to some 60, and the sine's own error."""
    z = rng.uniform(-1, 1, (50, 4)).astype(np.float32)
    params = one_layer(jnp.eye(4), jnp.zeros(4), 30.0)
    exact = z.astype(np.float64)
    exact = np.sin(30 * (np.abs(exact) + 1) * exact)
    assert np.abs(finer.apply(params, "hidden_0", z) - exact).max() < 2 * np.spacing(np.float32(60)) + 2e-7
