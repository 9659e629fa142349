"""Both backbones: laws of the initial weights, and the same numbers as PyTorch at equal weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.errors import UserError
from inr_sae.inr import fit, network

CONFIG = dict(width=64, n_layers=5, omega_0=30.0, sigma=10.0, n_fourier=32)


@pytest.fixture(params=["siren", "ffmlp"])
def backbone(request):
    return network.backbone(request.param)


def uniform_bound(values, bound):
    """Whether values look drawn from U(-bound, bound): inside it, reaching nearly to its ends, of its variance."""
    values = np.asarray(values)
    return (
        (np.abs(values) <= bound).all()
        and np.abs(values).max() > 0.9 * bound
        and np.isclose(values.var(), bound**2 / 3, rtol=0.25)
    )


def test_siren_weights_follow_its_law():
    params = network.backbone("siren").init(jax.random.key(0), CONFIG)
    assert uniform_bound(params["hidden_0"]["w"], 0.5)
    assert uniform_bound(params["hidden_3"]["w"], np.sqrt(6 / 64) / 30)
    assert uniform_bound(params["hidden_0"]["b"], 2**-0.5)
    assert uniform_bound(params["hidden_3"]["b"], 64**-0.5)


def test_ffmlp_weights_follow_pytorchs_default_and_b_is_gaussian():
    params = network.backbone("ffmlp").init(jax.random.key(0), CONFIG)
    assert params["hidden_0"]["w"].shape == (64, 64)  # 2F inputs
    for i in range(5):
        assert uniform_bound(params[f"hidden_{i}"]["w"], 1 / 8)
        assert uniform_bound(params[f"hidden_{i}"]["b"], 1 / 8)
    assert params["fourier"]["b"].shape == (2, 32)
    assert np.std(params["fourier"]["b"]) == pytest.approx(10.0, rel=0.3)


def test_heads_follow_the_backbones_law(backbone):
    heads = network.init_heads(backbone, jax.random.key(0), CONFIG, 7, 3)
    assert heads["w"].shape == (7, 64, 3) and heads["b"].shape == (7, 3)
    assert uniform_bound(heads["w"], np.sqrt(6 / 64) / 30 if "siren" in backbone.__name__ else 1 / 8)


def test_a_layers_weights_do_not_depend_on_the_depth(backbone):
    deep = backbone.init(jax.random.key(0), CONFIG)
    shallow = backbone.init(jax.random.key(0), CONFIG | {"n_layers": 2})
    np.testing.assert_array_equal(deep["hidden_1"]["w"], shallow["hidden_1"]["w"])


def test_embedding_is_sines_then_cosines():
    params = {"fourier": {"b": jnp.array([[1.0, 0.0], [0.0, 0.25]])}}
    embedded = network.backbone("ffmlp").embed(params, jnp.array([[0.25, 1.0]]))
    np.testing.assert_allclose(embedded, [[1.0, 1.0, 0.0, 0.0]], atol=1e-6)


def test_unknown_backbone_names_the_ones_there_are():
    with pytest.raises(UserError, match="ffmlp, siren"):
        network.backbone("wire")


@pytest.mark.parametrize("name", ["siren", "ffmlp"])
def test_outputs_and_gradients_equal_pytorchs(name, rng):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from tests import torch_reference

    backbone = network.backbone(name)
    params = {
        "encoder": backbone.init(jax.random.key(0), CONFIG),
        "heads": network.init_heads(backbone, jax.random.key(1), CONFIG, 3, 2),
    }
    x = rng.uniform(-1, 1, (50, 2)).astype(np.float32)
    targets = rng.uniform(size=(3, 50, 2)).astype(np.float32)
    # PyTorch in float64: then all of the difference is ours, and float32's rounding bounds it.
    model = torch_reference.CohortINR(name, 3, 2, **CONFIG).double()
    model.load(jax.tree.map(np.array, params))
    their_loss = torch_reference.cohort_loss(model, torch.tensor(x).double(), torch.tensor(targets).double())
    their_loss.backward()

    h = backbone.embed(params["encoder"], x)
    grads, mse = fit.gradients(backbone, None, fit.tiles(h, targets, 20), params)
    assert float(mse.sum()) == pytest.approx(their_loss.item(), rel=1e-4)
    outputs = model(torch.tensor(x).double()).detach().numpy()
    np.testing.assert_allclose(network.outputs(backbone, params, 0, h), outputs, atol=3e-5)
    for i, linear in enumerate(model.hidden):
        for leaf, expected in (("w", linear.weight.grad.numpy().T), ("b", linear.bias.grad.numpy())):
            np.testing.assert_allclose(
                grads["encoder"][f"hidden_{i}"][leaf], expected, atol=2e-4 * np.abs(expected).max()
            )
    expected = model.heads.weight.grad.numpy().reshape(3, 2, -1).transpose(0, 2, 1)
    np.testing.assert_allclose(grads["heads"]["w"], expected, atol=2e-4 * np.abs(expected).max())
    expected = model.heads.bias.grad.numpy().reshape(3, 2)
    np.testing.assert_allclose(grads["heads"]["b"], expected, atol=2e-4 * np.abs(expected).max())
