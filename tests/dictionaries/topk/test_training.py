import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.dictionaries.topk import training

K, RATE, BATCH, N, D = 4, 1e-2, 32, 24, 6


@pytest.fixture
def h(rng):
    """Activations that are sparse sums of a few directions, so that there is something to learn."""
    codes = np.maximum(rng.normal(size=(200, 10)) - 1.0, 0)
    return jnp.asarray(codes @ rng.normal(size=(10, D)) + 0.5, jnp.float32)


def start(h, how="tied", second_bias=False):
    return training.init_state(jax.random.key(0), N, h.mean(0), RATE, how, second_bias)


def on_one_device(n, state, h, k=K):
    return jax.jit(lambda state, h: training.steps(k, RATE, BATCH, n, 1, state, h, 0))(state, h)


def test_layers_ks_and_sizes_side_by_side_on_two_devices_are_each_alone_on_one(h):
    """Sets of two ks, two numbers of atoms and two widths in one program under pmap: each is what it is by itself."""
    assert jax.local_device_count() == 2
    stacks = (jnp.stack([h, 2.0 * h[::-1] - 1.0]), h[None, :, :4])
    sets = (training.Set(2, N, 0), training.Set(K, 12, 0), training.Set(K, N, 1))
    plan = training.Plan(sets, RATE, BATCH, "tied", False)
    keys = [jax.random.split(jax.random.key(5 + i), len(stacks[of_set.stack])) for i, of_set in enumerate(sets)]
    ours, losses = training.steps_on_all_devices(plan, 10, training.init_states(plan, keys, stacks), stacks)
    assert losses.shape == (10, 5) and int(ours.step) == 10
    column = iter(losses.T)
    for s, (k, n_atoms, stack) in enumerate(sets):
        for i, layer in enumerate(stacks[stack]):
            state = training.init_state(keys[s][i], n_atoms, layer.mean(0), RATE)
            alone, expected = on_one_device(10, state, layer, k)
            np.testing.assert_allclose(next(column), expected, rtol=1e-5)
            for a, b in zip(jax.tree.leaves(ours.params[s]), jax.tree.leaves(alone.params), strict=True):
                # Adam divides by the gradient's size, so one rounding of a gradient near 0 is visible in an update.
                np.testing.assert_allclose(a[i], b, atol=1e-5)


@pytest.mark.parametrize("how, second_bias", [("tied", False), ("kaiming", True)])
def test_training_reconstructs_better(h, how, second_bias):
    state, losses = on_one_device(300, start(h, how, second_bias), h)
    assert losses[-20:].mean() < 0.3 * losses[:5].mean()
    assert ("b_post" in state.params) == second_bias


def test_atoms_are_of_unit_norm_after_every_step(h):
    state = start(h)
    for _ in range(3):
        state, _ = on_one_device(1, state, h)
        np.testing.assert_allclose(jnp.linalg.norm(state.params["w_dec"], axis=1), 1.0, atol=1e-6)


def test_chunks_of_steps_draw_what_one_long_chunk_draws(h):
    whole, _ = on_one_device(6, start(h), h)
    parts, _ = on_one_device(4, start(h), h)
    parts, _ = on_one_device(2, parts, h)
    for a, b in zip(jax.tree.leaves(whole.params), jax.tree.leaves(parts.params), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_batches_differ_from_step_to_step_and_cover_the_grid():
    key = jax.random.key(0)
    drawn = np.stack([training.draw(key, step, 64, 50) for step in range(20)])
    assert set(drawn.ravel()) == set(range(50))
    assert (drawn[0] != drawn[1]).any()


def test_a_batch_that_the_devices_cannot_share_is_refused(h):
    plan = training.Plan((training.Set(K, N, 0),), RATE, 33, "tied", False)
    keys = [jax.random.split(jax.random.key(0), 1)]
    states = training.init_states(plan, keys, (h[None],))
    with pytest.raises(ValueError, match="2 devices"):
        training.steps_on_all_devices(plan, 1, states, (h[None],))
