import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.inr.backbones import siren
from tests.inr.backbones import parity

CONFIG = dict(width=parity.WIDTH, n_layers=parity.N_LAYERS, omega_0=30.0)
SIGNALS = np.zeros((1, 2, 2, 3), np.float32)


def test_weights_follow_its_law():
    encoder = siren.init(jax.random.key(0), CONFIG, SIGNALS)
    units = encoder["units"]
    assert units["hidden_0"]["w"].shape == (2, 64) and units["hidden_4"]["w"].shape == (64, 64)
    assert parity.looks_uniform(units["hidden_0"]["w"], 0.5)
    assert parity.looks_uniform(units["hidden_3"]["w"], np.sqrt(6 / 64) / 30)
    assert parity.looks_uniform(units["hidden_0"]["b"], 2**-0.5)
    assert parity.looks_uniform(units["hidden_3"]["b"], 64**-0.5)
    assert encoder["constants"] == {"omega_0": 30.0}
    assert siren.head_bound(CONFIG, 64) == np.sqrt(6 / 64) / 30


def test_omega_multiplies_the_bias_too_and_there_is_no_embedding():
    unit = {"w": jnp.array([[0.5], [-1.0]]), "b": jnp.array([0.25])}
    params = {"units": {"hidden_0": unit}, "constants": {"omega_0": jnp.float32(2.0)}}
    x = jnp.array([[0.3, -0.2]])
    assert siren.embed(params, x) is x
    np.testing.assert_allclose(siren.apply(params, "hidden_0", x), np.sin(2 * (0.15 + 0.2 + 0.25))[None, None], 1e-6)


def test_outputs_and_gradients_equal_pytorchs(rng):
    parity.assert_outputs_and_gradients_are_pytorchs(siren, CONFIG, rng)
