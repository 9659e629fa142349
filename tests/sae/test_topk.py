import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.sae import topk, train

N, D, K = 40, 6, 5


@pytest.fixture
def params(rng):
    """Parameters at which every term counts: biases not zero, w_enc other than w_dec."""
    return {
        "w_enc": jnp.asarray(rng.normal(size=(N, D)), jnp.float32),
        "b_enc": jnp.asarray(rng.normal(size=N), jnp.float32),
        "w_dec": topk.unit_rows(jnp.asarray(rng.normal(size=(N, D)), jnp.float32)),
        "b_pre": jnp.asarray(rng.normal(size=D), jnp.float32),
    }


@pytest.fixture
def h(rng):
    return jnp.asarray(rng.normal(size=(17, D)), jnp.float32)


def reference(params, h):
    """Eqs. 5 and 6 in numpy and float64: dense codes and the reconstruction."""
    p = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)
    pre = np.maximum((np.asarray(h, np.float64) - p["b_pre"]) @ p["w_enc"].T + p["b_enc"], 0)
    z = np.where(pre >= np.sort(pre, axis=1)[:, -K][:, None], pre, 0)
    return z, z @ p["w_dec"] + p["b_pre"]


def test_codes_and_reconstruction_follow_the_equations(params, h):
    z, h_hat = reference(params, h)
    np.testing.assert_allclose(topk.dense(*topk.encode(params, h, K), N), z, atol=1e-5)
    np.testing.assert_allclose(topk.reconstruct(params, h, K), h_hat, atol=1e-5)


def test_at_most_k_fire_and_none_is_negative(params, h):
    values, indices = topk.encode(params, h, K)
    assert values.shape == indices.shape == (17, K)
    assert (values >= 0).all() and ((topk.dense(values, indices, N) > 0).sum(1) <= K).all()


def test_rows_without_positive_pre_activations_neither_fire_nor_get_a_gradient(params, h):
    silent = params | {"b_enc": jnp.full(N, -1e3)}
    values, _ = topk.encode(silent, h, K)
    assert (values == 0).all()
    np.testing.assert_allclose(topk.reconstruct(silent, h, K), jnp.broadcast_to(params["b_pre"], h.shape))
    grads = jax.grad(train.loss)(silent, h, K)
    assert (grads["w_enc"] == 0).all() and (grads["b_enc"] == 0).all() and (grads["w_dec"] == 0).all()


def test_gradients_are_those_of_the_dense_form(params, h):
    z, _ = reference(params, h)

    def dense_loss(params):
        pre = jax.nn.relu((h - params["b_pre"]) @ params["w_enc"].T + params["b_enc"])
        h_hat = jnp.where(z > 0, pre, 0) @ params["w_dec"] + params["b_pre"]
        return jnp.mean(jnp.square(h_hat - h))

    for a, b in zip(jax.tree.leaves(jax.grad(train.loss)(params, h, K)), jax.tree.leaves(jax.grad(dense_loss)(params))):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_gradient_to_the_activations_is_that_of_the_dense_form(params, h):
    z, _ = reference(params, h)

    def dense(h):
        pre = jax.nn.relu((h - params["b_pre"]) @ params["w_enc"].T + params["b_enc"])
        return jnp.where(z > 0, pre, 0) @ params["w_dec"] + params["b_pre"]

    ours = jax.vjp(lambda h: topk.reconstruct(params, h, K), h)[1](jnp.cos(h))[0]
    np.testing.assert_allclose(ours, jax.vjp(dense, h)[1](jnp.cos(h))[0], atol=1e-5)


def test_initial_atoms_are_of_unit_norm_and_b_pre_is_the_mean():
    params = topk.init(jax.random.key(0), N, jnp.arange(6.0))
    np.testing.assert_allclose(jnp.linalg.norm(params["w_dec"], axis=1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(params["w_enc"], params["w_dec"])
    np.testing.assert_array_equal(params["b_pre"], jnp.arange(6.0))


def test_unit_rows_keeps_a_row_of_zeros():
    np.testing.assert_allclose(topk.unit_rows(jnp.array([[3.0, 4.0], [0.0, 0.0]])), [[0.6, 0.8], [0, 0]])


def test_gradients_equal_pytorchs(params, h):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from tests import torch_reference

    sae = torch_reference.TopKSAE(D, N, K).double()
    with torch.no_grad():
        for name, value in params.items():
            getattr(sae, name).copy_(torch.tensor(np.array(value)))
    theirs = torch.tensor(np.array(h)).double()
    (sae(theirs) - theirs).square().mean().backward()
    for name, grad in jax.grad(train.loss)(params, h, K).items():
        np.testing.assert_allclose(grad, getattr(sae, name).grad.numpy(), atol=1e-5)
