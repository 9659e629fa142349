import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.dictionaries.codes import Codes
from inr_sae.dictionaries.topk import model, training

N, D, K = 40, 6, 5


@pytest.fixture(params=["one bias", "two biases"])
def params(request, rng):
    """Parameters at which every term counts: biases not zero, w_enc other than w_dec."""
    params = {
        "w_enc": jnp.asarray(rng.normal(size=(N, D)), jnp.float32),
        "b_enc": jnp.asarray(rng.normal(size=N), jnp.float32),
        "w_dec": model.unit_rows(jnp.asarray(rng.normal(size=(N, D)), jnp.float32)),
        "b_pre": jnp.asarray(rng.normal(size=D), jnp.float32),
    }
    if request.param == "two biases":
        params["b_post"] = jnp.asarray(0.1 * rng.normal(size=D), jnp.float32)
    return params


@pytest.fixture
def h(rng):
    return jnp.asarray(rng.normal(size=(17, D)), jnp.float32)


def dense(values, indices):
    return Codes(values, indices, N, signed=False).dense()


def reference(params, h):
    """Eqs. 5 and 6 in numpy and float64: dense codes and the reconstruction."""
    p = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)
    pre = np.maximum((np.asarray(h, np.float64) - p["b_pre"]) @ p["w_enc"].T + p["b_enc"], 0)
    z = np.where(pre >= np.sort(pre, axis=1)[:, -K][:, None], pre, 0)
    return z, z @ p["w_dec"] + bias(p)


def bias(params):
    """What is added after decoding."""
    return params["b_pre"] + params.get("b_post", 0.0)


def test_codes_and_reconstruction_follow_the_equations(params, h):
    z, h_hat = reference(params, h)
    np.testing.assert_allclose(dense(*model.encode(params, h, K)), z, atol=1e-5)
    np.testing.assert_allclose(model.reconstruct(params, h, K), h_hat, atol=1e-5)


def test_at_most_k_fire_and_none_is_negative(params, h):
    values, indices = model.encode(params, h, K)
    assert values.shape == indices.shape == (17, K)
    assert (values >= 0).all() and ((dense(values, indices) > 0).sum(1) <= K).all()


def test_rows_without_positive_pre_activations_neither_fire_nor_get_a_gradient(params, h):
    silent = params | {"b_enc": jnp.full(N, -1e3)}
    values, _ = model.encode(silent, h, K)
    assert (values == 0).all()
    np.testing.assert_allclose(model.reconstruct(silent, h, K), jnp.broadcast_to(bias(params), h.shape))
    grads = jax.grad(training.loss)(silent, h, K)
    assert (grads["w_enc"] == 0).all() and (grads["b_enc"] == 0).all() and (grads["w_dec"] == 0).all()


def test_gradients_are_those_of_the_dense_form(params, h):
    z, _ = reference(params, h)

    def dense_loss(params):
        pre = jax.nn.relu((h - params["b_pre"]) @ params["w_enc"].T + params["b_enc"])
        h_hat = jnp.where(z > 0, pre, 0) @ params["w_dec"] + bias(params)
        return jnp.mean(jnp.square(h_hat - h))

    ours, theirs = jax.grad(training.loss)(params, h, K), jax.grad(dense_loss)(params)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_gradient_to_the_activations_is_that_of_the_dense_form(params, h):
    z, _ = reference(params, h)

    def dense_form(h):
        pre = jax.nn.relu((h - params["b_pre"]) @ params["w_enc"].T + params["b_enc"])
        return jnp.where(z > 0, pre, 0) @ params["w_dec"] + bias(params)

    ours = jax.vjp(lambda h: model.reconstruct(params, h, K), h)[1](jnp.cos(h))[0]
    np.testing.assert_allclose(ours, jax.vjp(dense_form, h)[1](jnp.cos(h))[0], atol=1e-5)


def test_initial_atoms_are_of_unit_norm_and_b_pre_is_the_mean():
    for how in model.INITS:
        params = model.init(jax.random.key(0), N, jnp.arange(6.0), how)
        np.testing.assert_allclose(jnp.linalg.norm(params["w_dec"], axis=1), 1.0, atol=1e-6)
        np.testing.assert_array_equal(params["b_pre"], jnp.arange(6.0))
        assert params.keys() == {"w_enc", "b_enc", "w_dec", "b_pre"} and (params["b_enc"] == 0).all()


def test_tied_weights_begin_alike_and_kaimings_each_on_its_own():
    tied, kaiming = (model.init(jax.random.key(0), 400, jnp.zeros(D), how) for how in ("tied", "kaiming"))
    np.testing.assert_array_equal(tied["w_enc"], tied["w_dec"])
    assert np.sqrt(6 / D) * 0.99 < np.abs(kaiming["w_enc"]).max() <= np.sqrt(6 / D)
    assert np.abs(np.corrcoef(kaiming["w_enc"].ravel(), kaiming["w_dec"].ravel())[0, 1]) < 0.1


def test_a_second_bias_is_0_at_first():
    params = model.init(jax.random.key(0), N, jnp.arange(6.0), second_bias=True)
    np.testing.assert_array_equal(params["b_post"], jnp.zeros(6))


def test_unit_rows_keeps_a_row_of_zeros():
    np.testing.assert_allclose(model.unit_rows(jnp.array([[3.0, 4.0], [0.0, 0.0]])), [[0.6, 0.8], [0, 0]])


def test_gradients_equal_pytorchs(params, h):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from inr_sae.exchange import torch_steps

    if "b_post" in params:
        pytest.skip("PyTorch's has one bias")
    sae = torch_steps.TopKSAE(D, N, K).double()
    with torch.no_grad():
        for name, value in params.items():
            getattr(sae, name).copy_(torch.tensor(np.array(value)))
    theirs = torch.tensor(np.array(h)).double()
    (sae(theirs) - theirs).square().mean().backward()
    for name, grad in jax.grad(training.loss)(params, h, K).items():
        np.testing.assert_allclose(grad, getattr(sae, name).grad.numpy(), atol=1e-5)
