import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.sae import train

K, RATE, BATCH, N, D = 4, 1e-2, 32, 24, 6


@pytest.fixture
def h(rng):
    """Activations that are sparse sums of a few directions, so that there is something to learn."""
    codes = np.maximum(rng.normal(size=(200, 10)) - 1.0, 0)
    return jnp.asarray(codes @ rng.normal(size=(10, D)) + 0.5, jnp.float32)


def start(h):
    return train.init_state(jax.random.key(0), N, h.mean(0), RATE)


def on_one_device(n, state, h):
    return jax.jit(lambda state, h: train.steps(K, RATE, BATCH, n, 1, state, h, 0))(state, h)


def test_layers_and_ks_side_by_side_on_two_devices_are_each_alone_on_one(h):
    """Two sets (k = 2 and K) of two layers, trained in one program under pmap: every SAE is what it is by itself."""
    assert jax.local_device_count() == 2
    layers = jnp.stack([h, 2.0 * h[::-1] - 1.0])
    keys = jax.random.split(jax.random.key(5), (2, 2))
    states = train.init_states(keys, N, layers.mean(axis=1), RATE)
    ours, losses = train.steps_on_all_devices((2, K), RATE, BATCH, 10, states, layers)
    assert losses.shape == (10, 2, 2) and int(ours.step) == 10
    for s, k in enumerate((2, K)):
        for i in range(2):
            state = train.init_state(keys[s, i], N, layers[i].mean(0), RATE)
            alone, expected = jax.jit(lambda state, h, k=k: train.steps(k, RATE, BATCH, 10, 1, state, h, 0))(
                state, layers[i]
            )
            np.testing.assert_allclose(losses[:, s, i], expected, rtol=1e-5)
            for a, b in zip(jax.tree.leaves(ours.params[s]), jax.tree.leaves(alone.params)):
                # Adam divides by the gradient's size, so one rounding of a gradient near 0 is visible in an update.
                np.testing.assert_allclose(a[i], b, atol=1e-5)


def test_training_reconstructs_better(h):
    _, losses = on_one_device(300, start(h), h)
    assert losses[-20:].mean() < 0.3 * losses[:5].mean()


def test_atoms_are_of_unit_norm_after_every_step(h):
    state = start(h)
    for _ in range(3):
        state, _ = on_one_device(1, state, h)
        np.testing.assert_allclose(jnp.linalg.norm(state.params["w_dec"], axis=1), 1.0, atol=1e-6)


def test_chunks_of_steps_draw_what_one_long_chunk_draws(h):
    whole, _ = on_one_device(6, start(h), h)
    parts, _ = on_one_device(4, start(h), h)
    parts, _ = on_one_device(2, parts, h)
    for a, b in zip(jax.tree.leaves(whole.params), jax.tree.leaves(parts.params)):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_batches_differ_from_step_to_step_and_cover_the_grid():
    key = jax.random.key(0)
    drawn = np.stack([train.draw(key, step, 64, 50) for step in range(20)])
    assert set(drawn.ravel()) == set(range(50))
    assert (drawn[0] != drawn[1]).any()


def test_a_batch_that_the_devices_cannot_share_is_refused(h):
    states = train.init_states(jax.random.split(jax.random.key(0), (1, 1)), N, h.mean(0)[None], RATE)
    with pytest.raises(ValueError, match="2 devices"):
        train.steps_on_all_devices((K,), RATE, 33, 1, states, h[None])
