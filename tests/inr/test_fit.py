import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from inr_sae.inr import fit, freeze, network
from tests.inr.builders import EVERY, SIGNALS, X, built, flat, new, same, settings, unit

RATE = 1e-3


@pytest.fixture
def targets(rng):
    """Of 3 signals, (3, 1, 30, 2)."""
    return jnp.asarray(rng.uniform(size=(3, 1, 30, 2)), jnp.float32)


def state_of(backbone, tau, seed, protocol=None):
    protocol = protocol or ("full" if tau is None else "freeze")
    way, cohort = (protocol, tau, RATE), built(backbone)["encoder"]
    return fit.test_time_state(new(backbone, seed=seed), cohort, way, jax.random.key(seed))


def prefix(backbone, tau):
    return network.prefix(backbone, built(backbone)["encoder"], -1 if tau is None else tau, X)


def test_cohort_loss_is_the_sum_over_signals_of_the_mean_squared_error(backbone):
    params, targets = built(backbone), flat(SIGNALS)
    h = backbone.embed(params["encoder"], X)
    data = fit.tiles(h, targets, 30)
    mse = fit.signal_mse(backbone, params, None, data)
    outputs = network.outputs(backbone, params, 0, h)
    for j in range(3):
        assert mse[j] == pytest.approx(float(np.mean(np.square(outputs[j] - targets[j]))), rel=1e-5)
    # One step of plain Adam on the summed loss moves the first head as `step` does.
    head = params["heads"]["w"]
    grad = jax.grad(lambda p: fit.signal_mse(backbone, p, None, data).sum())(params)["heads"]["w"]
    adam = optax.adam(RATE, **getattr(backbone, "ADAM", {}))
    update, _ = adam.update(grad, adam.init(head))
    state, _ = fit.fit_cohort(backbone, None, RATE, 1, fit.init_state(params, None, RATE, jax.random.key(2)), data)
    np.testing.assert_allclose(state.params["heads"]["w"], head + update, atol=1e-6)


@EVERY
def test_a_frozen_prefix_evaluated_once_gives_what_evaluating_it_each_step_gives(backbone, targets):
    start = state_of(backbone, 1, 0)

    def naive_loss(params):
        outputs = network.outputs(backbone, params, 0, backbone.embed(params["encoder"], X))
        return jnp.mean(jnp.square(outputs - targets[0]))

    params, adam = start.params, optax.adam(RATE, **fit.adam_of(backbone))
    frozen, _ = freeze.split(params, 1)
    opt_state, gradients = adam.init(params), jax.jit(jax.grad(naive_loss))
    for _ in range(6):
        updates, opt_state = adam.update(gradients(params), opt_state)
        params = freeze.merge(frozen, freeze.split(optax.apply_updates(params, updates), 1)[1])
    ours, _ = fit.fit_cohort(backbone, 1, RATE, 6, start, fit.tiles(prefix(backbone, 1), targets[0], 30))
    for a, b in zip(jax.tree.leaves(ours.params), jax.tree.leaves(params), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("tau", [None, 0, 2])
def test_a_batch_of_fits_is_each_fit_alone(backbone, targets, tau):
    h = prefix(backbone, tau)
    states = fit.stacked([state_of(backbone, tau, seed) for seed in range(3)])
    batch, losses = fit.fit_batch(backbone, tau, RATE, 5, states, fit.tiles(h, targets[:, 0], 8))
    assert losses.shape == (3, 5, 1)
    for i in range(3):
        data = fit.tiles(h, targets[i], 8)
        alone, loss = fit.fit_cohort(backbone, tau, RATE, 5, state_of(backbone, tau, i), data)
        np.testing.assert_allclose(losses[i], loss, rtol=1e-4)
        for a, b in zip(jax.tree.leaves(batch.params), jax.tree.leaves(alone.params), strict=True):
            np.testing.assert_allclose(a[i], b, atol=2e-5)


def test_new_units_start_alike_at_every_tau(backbone):
    shallow, deep = (state_of(backbone, tau, 3).params for tau in (0, 1))
    for a, b in zip(jax.tree.leaves(unit(shallow["encoder"], 2)), jax.tree.leaves(unit(deep["encoder"], 2))):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(shallow["heads"]["w"], deep["heads"]["w"])
    anew, of_cohort = (jax.tree.leaves(unit(params["encoder"], 1)) for params in (shallow, deep))
    assert (anew[0] != of_cohort[0]).all()


def test_losses_are_of_the_parameters_before_each_step_and_fall(backbone, targets):
    state = state_of(backbone, 0, 0)
    data = fit.tiles(prefix(backbone, 0), targets[0], 30)
    first = fit.signal_mse(backbone, state.params, 0, data)
    state, losses = fit.fit_cohort(backbone, 0, RATE, 60, state, data)
    assert losses[0, 0] == pytest.approx(float(first[0]), rel=1e-5)
    assert losses[-1, 0] < losses[0, 0]
    assert int(state.step) == 60


@pytest.mark.parametrize("rows", [7, 10, 29, 30, 1000])
def test_tiles_give_what_all_pixels_at_once_give(backbone, rows):
    """7 and 29 do not divide 30 pixels, so some tiles are padded."""
    params, targets = built(backbone), flat(SIGNALS)
    h = backbone.embed(params["encoder"], X)

    def loss(params):
        mse = jnp.mean(jnp.square(network.outputs(backbone, params, 0, h) - targets), axis=(1, 2))
        return mse.sum(), mse

    expected, expected_mse = jax.jit(jax.grad(loss, has_aux=True))(params)
    data = fit.tiles(h, targets, rows)
    assert data.h.shape[1] <= rows
    gradients, mse = jax.jit(lambda params: fit.gradients(backbone, None, data, params))(params)
    np.testing.assert_allclose(mse, expected_mse, rtol=1e-5)
    # Constants are never trained, so their gradients are left out.
    assert all((leaf == 0).all() for leaf in jax.tree.leaves(gradients["encoder"]["constants"]))
    _, ours = freeze.split(gradients, None)
    _, theirs = freeze.split(expected, None)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5 * float(jnp.abs(b).max()))


def test_a_head_alone_moves_as_over_the_pixels(backbone, targets, plain_adam):
    """Over 50 steps of Adam: its normal equations, and every pixel at every step."""
    start, data = state_of(backbone, 2, 0), fit.tiles(prefix(backbone, 2), targets[0], 8)
    ours, losses = fit.fit_cohort(backbone, 2, RATE, 50, start, data)

    def over_pixels(state, _):
        return fit.step(2, RATE, lambda params: fit.gradients(backbone, 2, data, params), state)

    plain, plain_losses = jax.lax.scan(over_pixels, start, None, length=50)
    np.testing.assert_allclose(losses, plain_losses, rtol=1e-4)
    for a, b in zip(jax.tree.leaves(ours.params["heads"]), jax.tree.leaves(plain.params["heads"])):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_batches_with_their_own_prefixes_are_the_single_fits(backbone, targets):
    """`random` freezes another prefix in every fit; a batch of fits is still each fit alone."""
    states = fit.stacked([state_of(backbone, 0, seed, "random") for seed in range(2)])
    h = jax.vmap(lambda params: network.prefix(backbone, params, 0, X))(states.params["encoder"])
    assert (h[0] != h[1]).any()
    _, losses = fit.fit_batch(backbone, 0, RATE, 5, states, fit.tiles(h, targets[:2, 0], 10))
    for i in range(2):
        alone = jax.tree.map(lambda leaf: leaf[i], states)
        _, expected = fit.fit_cohort(backbone, 0, RATE, 5, alone, fit.tiles(h[i], targets[i], 10))
        np.testing.assert_allclose(losses[i], expected, rtol=2e-4)


@pytest.mark.parametrize("tau", [None, 2])
def test_the_mse_of_a_batch_is_that_of_each_fit(backbone, targets, tau):
    h, states = prefix(backbone, tau), [state_of(backbone, tau, seed) for seed in range(3)]
    found = fit.batch_mse(backbone, tau, fit.stacked(states), fit.tiles(h, targets[:, 0], 8))
    assert found.shape == (3,)
    for i, state in enumerate(states):
        alone = fit.signal_mse(backbone, state.params, tau, fit.tiles(h, targets[i], 8))
        assert found[i] == pytest.approx(float(alone[0]), rel=1e-5)


def test_pytorchs_law_holds_of_what_is_a_layer_and_of_heads(backbone):
    """Else a unit keeps its backbone's law; one key gives one network under both."""
    config, key = settings(backbone), jax.random.key(1)
    own, torchs = (fit.new_network(backbone, config, key, SIGNALS[:1], law) for law in ("backbone", "torch"))
    assert jax.tree.structure(own) == jax.tree.structure(torchs)
    assert same(own["encoder"]["constants"], torchs["encoder"]["constants"])
    assert same(fit.new_network(backbone, config, key, SIGNALS[:1], "torch"), torchs)
    for name, leaves in own["encoder"]["units"].items():
        after = torchs["encoder"]["units"][name]
        if leaves.keys() == {"w", "b"}:
            bound = leaves["w"].shape[0] ** -0.5
            assert after["w"].shape == leaves["w"].shape and (after["w"] != leaves["w"]).all()
            assert 0.8 * bound < np.abs(after["w"]).max() <= bound and np.abs(after["b"]).max() <= bound
        else:
            assert same(leaves, after)
    assert (own["heads"]["w"] != torchs["heads"]["w"]).all()
    assert np.abs(torchs["heads"]["w"]).max() <= own["heads"]["w"].shape[1] ** -0.5


def test_tiles_follow_the_memory_of_an_accelerator_and_the_cache_of_a_cpu(backbone):
    row = fit.bytes_a_row(backbone, built(backbone)["encoder"])
    small, large = (fit.tile_rows(1, row, gib * 2**30) for gib in (16, 80))
    assert large == pytest.approx(5 * small, rel=1e-3)
    assert small * row < 16 * 2**30
    assert fit.tile_rows(4, row, 2**34) == pytest.approx(small / 4, rel=1e-3)
    assert fit.tile_rows(1, row, None) == 2048 and fit.tile_rows(100, row, None) == 256


def test_a_device_takes_as_many_fits_as_half_its_memory_holds(backbone):
    row = fit.bytes_a_row(backbone, built(backbone)["encoder"])
    a_fit = 38804 * row
    assert fit.fits_at_once(38804, row, 2 * 5 * a_fit) == 5
    assert fit.fits_at_once(38804, row, 10 * 2**40) == fit.MOST_FITS
    assert fit.fits_at_once(768 * 512, row, 2**20) == 1
