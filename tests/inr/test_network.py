import jax
import numpy as np
import pytest

from inr_sae.inr import coordinates, network

CONFIG = dict(width=16, n_layers=4, omega_0=30.0, sigma=3.0, n_fourier=8)


@pytest.fixture(params=["siren", "ffmlp"])
def net(request):
    """(backbone, params of an encoder with 3 heads, coordinates)."""
    backbone = network.backbone(request.param)
    params = {
        "encoder": backbone.init(jax.random.key(0), CONFIG),
        "heads": network.init_heads(backbone, jax.random.key(1), CONFIG, 3, 2),
    }
    return backbone, params, coordinates.grid(6, 5)


def test_prefix_is_the_activations_of_its_layer(net):
    backbone, params, x = net
    hidden = network.activations(backbone, params["encoder"], x)
    assert len(hidden) == 4 and hidden[0].shape == (30, 16)
    for tau, h in enumerate(hidden):
        np.testing.assert_allclose(network.prefix(backbone, params["encoder"], tau, x), h, atol=1e-6)


def test_running_from_any_layer_gives_the_same_outputs(net):
    backbone, params, x = net
    whole = network.outputs(backbone, params, 0, backbone.embed(params["encoder"], x))
    assert whole.shape == (3, 30, 2)
    for tau in range(4):
        h = network.prefix(backbone, params["encoder"], tau, x)
        np.testing.assert_allclose(network.outputs(backbone, params, tau + 1, h), whole, atol=1e-5)


def test_each_head_reads_its_own_weights(net):
    _, params, _ = net
    h = np.random.default_rng(0).normal(size=(7, 16)).astype(np.float32)
    outputs = network.apply_heads(params["heads"], h)
    for j in range(3):
        np.testing.assert_allclose(outputs[j], h @ params["heads"]["w"][j] + params["heads"]["b"][j], atol=1e-5)


def test_the_network_is_evaluated_point_by_point(net):
    backbone, params, x = net
    order = np.random.default_rng(0).permutation(30)
    whole = network.outputs(backbone, params, 0, backbone.embed(params["encoder"], x))
    mixed = network.outputs(backbone, params, 0, backbone.embed(params["encoder"], x[order]))
    np.testing.assert_allclose(mixed, whole[:, order], atol=1e-5)


@pytest.mark.parametrize(
    "name, index", [("hidden_0", 0), ("hidden_12", 12), ("fourier", None), ("hidden_1b", None), ("my_hidden_1", None)]
)
def test_layer_index_is_exact(name, index):
    assert network.layer_index(name) == index
