import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.inr.backbones import ffmlp
from tests.inr.backbones import parity

CONFIG = dict(width=parity.WIDTH, n_layers=parity.N_LAYERS, sigma=10.0, n_fourier=32)
SIGNALS = np.zeros((1, 2, 2, 3), np.float32)


def test_weights_follow_pytorchs_default_and_the_frequencies_are_gaussian():
    encoder = ffmlp.init(jax.random.key(0), CONFIG, SIGNALS)
    assert encoder["units"]["hidden_0"]["w"].shape == (64, 64)  # 2F inputs
    for leaves in encoder["units"].values():
        assert parity.looks_uniform(leaves["w"], 1 / 8) and parity.looks_uniform(leaves["b"], 1 / 8)
    frequencies = encoder["constants"]["frequencies"]
    assert frequencies.shape == (2, 32) and np.std(frequencies) == pytest.approx(10.0, rel=0.3)
    assert ffmlp.head_bound(CONFIG, 64) == 1 / 8


def test_the_embedding_is_sines_then_cosines():
    params = {"constants": {"frequencies": jnp.array([[1.0, 0.0], [0.0, 0.25]])}}
    embedded = ffmlp.embed(params, jnp.array([[0.25, 1.0]]))
    np.testing.assert_allclose(embedded, [[1.0, 1.0, 0.0, 0.0]], atol=1e-6)


def test_a_layer_is_a_relu():
    unit = {"w": jnp.array([[0.5, -0.5], [-1.0, 1.0]]), "b": jnp.array([0.25, 0.1])}
    params = {"units": {"hidden_0": unit}, "constants": {}}
    np.testing.assert_allclose(ffmlp.apply(params, "hidden_0", jnp.array([[0.3, -0.2]])), [[0.6, 0.0]], atol=1e-6)


def test_outputs_and_gradients_equal_pytorchs(rng):
    parity.assert_outputs_and_gradients_are_pytorchs(ffmlp, CONFIG, rng)
