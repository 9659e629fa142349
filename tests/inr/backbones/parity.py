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


SHAPE = 8, 10  # of the images of backbones whose tables follow it


def assert_network_gradients_and_a_step_are_pytorchs(backbone, config, rng, change=lambda encoder: encoder):
    """As above, against `torch_backbones`; and one step of Adam from there. change: of the new encoder, before."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from inr_sae.exchange import torch_backbones

    images = rng.uniform(size=(SIGNALS, *SHAPE, CHANNELS)).astype(np.float32)
    params = network.init(backbone, jax.random.split(jax.random.key(0)), config, images)
    params["encoder"] = change(params["encoder"])
    x = rng.uniform(*config["coordinates"], (50, 2)).astype(np.float32)
    targets = rng.uniform(size=(SIGNALS, 50, CHANNELS)).astype(np.float32)
    name = backbone.__name__.rpartition(".")[2]
    settings = {**backbone.DEFAULTS, **config}
    settings = {renamed.get(key, key): value for key, value in settings.items() if key not in left_out(name)}
    if name in torch_backbones.OF_IMAGES:
        settings["ends"] = config["coordinates"]
    model = torch_backbones.model(name, SIGNALS, CHANNELS, SHAPE, **settings).double()
    model.load(jax.tree.map(np.array, params))
    their_x, their_targets = torch.tensor(x).double(), torch.tensor(targets).double()
    adam = torch.optim.Adam(model.parameters(), RATE, **torch_backbones.ADAM.get(name, {}))
    their_loss = (model(their_x) - their_targets).square().mean(dim=(1, 2)).sum()
    their_loss.backward()

    data = fit.tiles(backbone.embed(params["encoder"], x), jnp.asarray(targets), 20)
    h = backbone.embed(params["encoder"], x)
    outputs = model(their_x).detach().numpy()
    np.testing.assert_allclose(network.outputs(backbone, params, 0, h), outputs, atol=1e-4)
    gradients, mse = fit.gradients(backbone, None, data, params)
    assert float(mse.sum()) == pytest.approx(their_loss.item(), rel=1e-4)
    theirs = model.tree(lambda parameter: parameter.grad)
    ours = {"units": gradients["encoder"]["units"], "heads": gradients["heads"]}
    jax.tree.map(lambda a, b: assert_close(a, b.numpy()), ours, theirs)

    adam.step()
    state = fit.init_state(params, None, RATE, jax.random.key(0))
    after = fit.fit_cohort(backbone, None, RATE, 1, state, data)[0].params
    moved = {"units": after["encoder"]["units"], "heads": after["heads"]}
    theirs_after = model.tree(lambda parameter: parameter.detach())
    before = {"units": params["encoder"]["units"], "heads": params["heads"]}
    jax.tree.map(assert_moved_alike, before, moved, theirs_after, theirs)
    return model


RATE = 1e-2
renamed = {"channels": "n_channels"}


def left_out(name):
    """Keys of our config that the model has not, or has from elsewhere."""
    of_all = {"coordinates", "first_bias"}
    return of_all | ({"width", "n_layers"} if name in ("hashgrid", "neurbf") else set())


def assert_moved_alike(before, ours, theirs, gradient):
    """Adam's first step is the gradient's sign: compared where that is beyond rounding, and where there is none."""
    gradient = gradient.numpy()
    sure = (np.abs(gradient) > 1e-3 * np.abs(gradient).max()) | (gradient == 0)
    np.testing.assert_allclose((ours - before)[sure], (theirs.numpy() - before)[sure], atol=1e-3 * RATE)
    assert (np.abs(np.asarray(ours - before))[np.abs(gradient) > 0] > 0).all()
