"""A network of ours and the same one of PyTorch's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.inr import fit, network

WIDTH, N_LAYERS, SIGNALS, CHANNELS = 64, 5, 3, 2


def assert_outputs_and_gradients_are_pytorchs(backbone, config, rng):
    """At equal weights. PyTorch in float64: then all of the difference is ours, and float32's rounding bounds it."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from inr_sae.exchange import torch_steps

    images = np.zeros((SIGNALS, 5, 10, CHANNELS), np.float32)
    params = network.init(backbone, jax.random.split(jax.random.key(0)), config, images)
    x = rng.uniform(-1, 1, (50, 2)).astype(np.float32)
    targets = rng.uniform(size=(SIGNALS, 50, CHANNELS)).astype(np.float32)
    name = backbone.__name__.rpartition(".")[2]
    model = torch_steps.CohortINR(name, SIGNALS, CHANNELS, **config).double()
    model.load(jax.tree.map(np.array, params))
    their_loss = torch_steps.cohort_loss(model, torch.tensor(x).double(), torch.tensor(targets).double())
    their_loss.backward()

    h = backbone.embed(params["encoder"], x)
    gradients, mse = fit.gradients(backbone, None, fit.tiles(h, jnp.asarray(targets), 20), params)
    assert float(mse.sum()) == pytest.approx(their_loss.item(), rel=1e-4)
    outputs = model(torch.tensor(x).double()).detach().numpy()
    np.testing.assert_allclose(network.outputs(backbone, params, 0, h), outputs, atol=3e-5)
    for i, linear in enumerate(model.hidden):
        ours = gradients["encoder"]["units"][f"hidden_{i}"]
        assert_close(ours["w"], linear.weight.grad.numpy().T)
        assert_close(ours["b"], linear.bias.grad.numpy())
    heads = model.heads.weight.grad.numpy().reshape(SIGNALS, CHANNELS, -1).transpose(0, 2, 1)
    assert_close(gradients["heads"]["w"], heads)
    assert_close(gradients["heads"]["b"], model.heads.bias.grad.numpy().reshape(SIGNALS, CHANNELS))


def assert_close(gradient, expected):
    np.testing.assert_allclose(gradient, expected, atol=2e-4 * np.abs(expected).max())


def looks_uniform(values, bound):
    """Whether values look drawn from U(-bound, bound): inside it, reaching nearly to its ends, of its variance."""
    values = np.asarray(values)
    return (
        (np.abs(values) <= bound).all()
        and np.abs(values).max() > 0.9 * bound
        and np.isclose(values.var(), bound**2 / 3, rtol=0.25)
    )
