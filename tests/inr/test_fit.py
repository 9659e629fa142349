import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from inr_sae.inr import coordinates, fit, network

CONFIG = dict(width=12, n_layers=3, omega_0=30.0, sigma=2.0, n_fourier=6)
RATE = 1e-3


@pytest.fixture(params=["siren", "ffmlp"])
def setting(request, rng):
    """(backbone, a cohort's encoder, coordinates (30, 2), 4 targets (4, 1, 30, 2))."""
    backbone = network.backbone(request.param)
    targets = jnp.asarray(rng.uniform(size=(4, 1, 30, 2)), jnp.float32)
    return backbone, backbone.init(jax.random.key(0), CONFIG), coordinates.grid(6, 5), targets


def state_of(backbone, encoder, tau, seed):
    protocol = "full" if tau is None else "freeze"
    return fit.test_time_state(backbone, CONFIG, encoder, protocol, tau, RATE, jax.random.key(seed), 2)


def test_cohort_loss_is_the_sum_over_signals_of_the_mean_squared_error(setting):
    backbone, encoder, x, targets = setting
    params = {"encoder": encoder, "heads": network.init_heads(backbone, jax.random.key(1), CONFIG, 4, 2)}
    h = backbone.embed(encoder, x)
    data = fit.tiles(h, targets[:, 0], 30)
    mse = fit.signal_mse(backbone, params, None, data)
    outputs = network.outputs(backbone, params, 0, h)
    for j in range(4):
        assert mse[j] == pytest.approx(float(np.mean(np.square(outputs[j] - targets[j, 0]))), rel=1e-5)
    # One step of plain Adam on the summed loss moves the first head as `step` does.
    head = params["heads"]["w"]
    grad = jax.grad(lambda p: fit.signal_mse(backbone, p, None, data).sum())(params)["heads"]["w"]
    update, _ = optax.adam(RATE).update(grad, optax.adam(RATE).init(head))
    state, _ = fit.fit_cohort(backbone, None, RATE, 1, fit.init_state(params, None, RATE, jax.random.key(2)), data)
    np.testing.assert_allclose(state.params["heads"]["w"], head + update, atol=1e-6)


def test_a_frozen_prefix_evaluated_once_gives_what_evaluating_it_each_step_gives(setting):
    backbone, encoder, x, targets = setting
    start = state_of(backbone, encoder, 1, 0)

    def naive_loss(params):
        outputs = network.outputs(backbone, params, 0, backbone.embed(params["encoder"], x))
        return jnp.mean(jnp.square(outputs - targets[0]))

    params, adam = start.params, optax.adam(RATE)
    opt_state = adam.init(params)
    for _ in range(6):
        grads = jax.grad(naive_loss)(params)
        updates, opt_state = adam.update(grads, opt_state)
        moved = optax.apply_updates(params, updates)
        kept = {
            name: encoder[name] if network.layer_index(name) in (None, 0, 1) else group
            for name, group in moved["encoder"].items()
        }
        params = {"encoder": kept, "heads": moved["heads"]}
    h = network.prefix(backbone, encoder, 1, x)
    ours, _ = fit.fit_cohort(backbone, 1, RATE, 6, start, fit.tiles(h, targets[0], 30))
    for a, b in zip(jax.tree.leaves(ours.params), jax.tree.leaves(params)):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("tau", [None, 0, 2])
def test_a_batch_of_fits_is_each_fit_alone(setting, tau):
    backbone, encoder, x, targets = setting
    h = network.prefix(backbone, encoder, -1 if tau is None else tau, x)
    states = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(state_of(backbone, encoder, tau, s) for s in range(4)))
    batch, losses = fit.fit_batch(backbone, tau, RATE, 5, states, fit.tiles(h, targets[:, 0], 8))
    assert losses.shape == (4, 5, 1)
    for i in range(4):
        data = fit.tiles(h, targets[i], 8)
        alone, loss = fit.fit_cohort(backbone, tau, RATE, 5, state_of(backbone, encoder, tau, i), data)
        np.testing.assert_allclose(losses[i], loss, rtol=1e-4)
        for a, b in zip(jax.tree.leaves(batch.params), jax.tree.leaves(alone.params)):
            np.testing.assert_allclose(a[i], b, atol=2e-5)


def test_new_layers_start_alike_at_every_tau(setting):
    backbone, encoder, _, _ = setting
    shallow, deep = (state_of(backbone, encoder, tau, 3).params for tau in (0, 1))
    np.testing.assert_array_equal(shallow["encoder"]["hidden_2"]["w"], deep["encoder"]["hidden_2"]["w"])
    np.testing.assert_array_equal(shallow["heads"]["w"], deep["heads"]["w"])
    assert (shallow["encoder"]["hidden_1"]["w"] != deep["encoder"]["hidden_1"]["w"]).all()


def test_losses_are_of_the_parameters_before_each_step_and_fall(setting):
    backbone, encoder, x, targets = setting
    state = state_of(backbone, encoder, 0, 0)
    h = network.prefix(backbone, encoder, 0, x)
    data = fit.tiles(h, targets[0], 30)
    first = fit.signal_mse(backbone, state.params, 0, data)
    state, losses = fit.fit_cohort(backbone, 0, RATE, 60, state, data)
    assert losses[0, 0] == pytest.approx(float(first[0]), rel=1e-5)
    assert losses[-1, 0] < losses[0, 0]
    assert int(state.step) == 60


@pytest.mark.parametrize("rows", [7, 10, 29, 30, 1000])
def test_tiles_give_what_all_pixels_at_once_give(setting, rows):
    """7 and 29 do not divide 30 pixels, so some tiles are padded."""
    backbone, encoder, x, targets = setting
    params = {"encoder": encoder, "heads": network.init_heads(backbone, jax.random.key(1), CONFIG, 4, 2)}
    h = backbone.embed(encoder, x)

    def loss(params):
        mse = jnp.mean(jnp.square(network.outputs(backbone, params, 0, h) - targets[:, 0]), axis=(1, 2))
        return mse.sum(), mse

    expected, expected_mse = jax.grad(loss, has_aux=True)(params)
    data = fit.tiles(h, targets[:, 0], rows)
    assert data.h.shape[1] <= rows
    grads, mse = fit.gradients(backbone, None, data, params)
    np.testing.assert_allclose(mse, expected_mse, rtol=1e-5)
    for name in ("fourier", "siren"):  # never trained, so their gradients are left out
        expected["encoder"].pop(name, None)
        assert all((leaf == 0).all() for leaf in jax.tree.leaves(grads["encoder"].pop(name, {})))
    for a, b in zip(jax.tree.leaves(grads), jax.tree.leaves(expected)):
        np.testing.assert_allclose(a, b, atol=1e-5 * float(jnp.abs(b).max()))


def test_a_head_alone_moves_as_over_the_pixels(setting):
    """Over 50 steps of Adam: its normal equations, and every pixel at every step."""
    backbone, encoder, x, targets = setting
    start, data = state_of(backbone, encoder, 2, 0), fit.tiles(network.prefix(backbone, encoder, 2, x), targets[0], 8)
    ours, losses = fit.fit_cohort(backbone, 2, RATE, 50, start, data)

    def over_pixels(state, _):
        return fit.step(2, RATE, lambda params: fit.gradients(backbone, 2, data, params), state)

    plain, plain_losses = jax.lax.scan(over_pixels, start, None, length=50)
    np.testing.assert_allclose(losses, plain_losses, rtol=1e-4)
    for a, b in zip(jax.tree.leaves(ours.params["heads"]), jax.tree.leaves(plain.params["heads"])):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_tiles_follow_the_memory_of_an_accelerator_and_the_cache_of_a_cpu():
    config = dict(width=256, n_layers=5, n_fourier=256)
    small, large = (fit.tile_rows(config, 1, gib * 2**30) for gib in (16, 80))
    assert large == pytest.approx(5 * small, rel=1e-3)
    assert small * 4 * 256 * 14 < 16 * 2**30
    assert fit.tile_rows(config, 4, 2**34) == pytest.approx(small / 4, rel=1e-3)
    assert fit.tile_rows(config, 1, None) == 2048 and fit.tile_rows(config, 100, None) == 256


def test_a_device_takes_as_many_fits_as_half_its_memory_holds():
    config = dict(width=256, n_layers=5, n_fourier=256)
    a_fit = 38804 * fit.bytes_a_row(config)
    assert fit.fits_at_once(config, 38804, 2 * 5 * a_fit) == 5
    assert fit.fits_at_once(config, 38804, 10 * 2**40) == fit.MOST_FITS
    assert fit.fits_at_once(config, 768 * 512, 2**30) == 1
