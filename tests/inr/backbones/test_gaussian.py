import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.inr.backbones import gaussian
from tests.inr.backbones import parity

CONFIG = dict(width=parity.WIDTH, n_layers=parity.N_LAYERS, coordinates=(-1.0, 1.0), **gaussian.DEFAULTS)
SIGNALS = np.zeros((1, 2, 2, 3), np.float32)
EYE = {"units": {"hidden_0": {"w": jnp.eye(4), "b": jnp.zeros(4)}}, "constants": {"scale": jnp.float32(3.0)}}


def test_weights_follow_pytorchs_default():
    units = gaussian.init(jax.random.key(0), CONFIG, SIGNALS)["units"]
    assert parity.looks_uniform(units["hidden_0"]["w"], 2**-0.5)
    assert parity.looks_uniform(units["hidden_3"]["w"], 1 / 8) and parity.looks_uniform(units["hidden_3"]["b"], 1 / 8)
    assert gaussian.head_bound(CONFIG, 64) == 1 / 8


def test_its_range_its_height_and_its_evenness(rng):
    z = rng.uniform(-1, 1, (50, 4)).astype(np.float32)
    h = gaussian.apply(EYE, "hidden_0", z)
    assert (h > 0).all() and (h <= 1).all()
    np.testing.assert_array_equal(gaussian.apply(EYE, "hidden_0", jnp.zeros((1, 4))), np.ones((1, 4)))
    np.testing.assert_array_equal(gaussian.apply(EYE, "hidden_0", -z), h)
    np.testing.assert_allclose(h, np.exp(-((3.0 * z) ** 2)), rtol=2e-6)


def test_the_scale_multiplies_the_bias_too():
    params = {"units": {"u": {"w": jnp.zeros((1, 1)), "b": jnp.full(1, 0.5)}}, "constants": {"scale": jnp.float32(2)}}
    np.testing.assert_allclose(gaussian.apply(params, "u", jnp.ones((1, 1))), np.exp(-1.0), rtol=1e-6)


def test_outputs_gradients_and_a_step_equal_pytorchs(rng):
    parity.assert_network_gradients_and_a_step_are_pytorchs(gaussian, CONFIG | {"scale": 3.0}, rng)
