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
    return (np.abs(values) <= bound).all() and np.abs(values).max() > 0.9 * bound and np.isclose(
        values.var(), bound**2 / 3, rtol=0.25)  # fmt: skip


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


def torch_outputs(torch, name, params, x):
    """The same network in PyTorch, from the same weights; biases are not zero, so each of them counts."""
    if name == "siren":
        h = x
    else:
        projected = 2 * torch.pi * (x @ params["encoder"]["fourier"]["b"])
        h = torch.cat([torch.sin(projected), torch.cos(projected)], dim=-1)
    for i in range(5):
        layer = params["encoder"][f"hidden_{i}"]
        pre = h @ layer["w"] + layer["b"]
        h = torch.sin(30.0 * pre) if name == "siren" else torch.relu(pre)
    return torch.einsum("nd,mdc->mnc", h, params["heads"]["w"]) + params["heads"]["b"][:, None]


@pytest.mark.parametrize("name", ["siren", "ffmlp"])
def test_outputs_and_gradients_equal_pytorchs(name, rng):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    backbone = network.backbone(name)
    params = {
        "encoder": backbone.init(jax.random.key(0), CONFIG),
        "heads": network.init_heads(backbone, jax.random.key(1), CONFIG, 3, 2),
    }
    x = rng.uniform(-1, 1, (50, 2)).astype(np.float32)
    targets = rng.uniform(size=(3, 50, 2)).astype(np.float32)

    def loss(params):
        h = backbone.embed(params["encoder"], x)
        mse = fit.signal_mse(backbone, params, None, fit.tiles(h, targets, 20))
        return mse.sum(), network.outputs(backbone, params, 0, h)

    (value, outputs), grads = jax.value_and_grad(loss, has_aux=True)(params)
    # In float64: then all of the difference is ours, and float32's rounding bounds it.
    theirs = jax.tree.map(lambda leaf: torch.tensor(np.asarray(leaf, np.float64), requires_grad=True), params)
    their_outputs = torch_outputs(torch, name, theirs, torch.tensor(x, dtype=torch.float64))
    their_value = ((their_outputs - torch.tensor(targets)) ** 2).mean(dim=(1, 2)).sum()
    their_value.backward()
    np.testing.assert_allclose(outputs, their_outputs.detach().numpy(), atol=3e-5)
    assert value == pytest.approx(their_value.item(), rel=1e-4)
    for group in [f"hidden_{i}" for i in range(5)]:
        for leaf in ("w", "b"):
            expected = theirs["encoder"][group][leaf].grad.numpy()
            np.testing.assert_allclose(grads["encoder"][group][leaf], expected, atol=2e-4 * np.abs(expected).max())
    for leaf in ("w", "b"):
        expected = theirs["heads"][leaf].grad.numpy()
        np.testing.assert_allclose(grads["heads"][leaf], expected, atol=2e-4 * np.abs(expected).max())
