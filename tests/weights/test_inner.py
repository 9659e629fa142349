"""The inner loop: its gradient, where it starts, what it improves, and what it never sees."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.weights import inner, network, outer
from tests.weights import builders

DATA, STATE = builders.data(), builders.state()
NETWORK, RATES = STATE.params["network"], STATE.params["rates"]


def test_sine_and_its_derivatives_of_every_order_are_numpys():
    x = jnp.linspace(-20.0, 20.0, 401)

    f = lambda x: network.sin_cos(x)[0]  # noqa: E731
    for expected in (np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x)):
        np.testing.assert_allclose(jax.vmap(f)(x), expected(np.asarray(x, np.float64)), atol=2e-6)
        f = jax.grad(f)


def test_the_network_is_the_formula():
    rng = np.random.default_rng(0)
    offset = rng.normal(0, 0.1, NETWORK["hidden"].shape).astype(np.float32)
    h = np.sin(5.0 * (np.asarray(DATA.x) @ NETWORK["first"]["w"] + NETWORK["first"]["b"]))
    for layer in np.asarray(NETWORK["hidden"]) + offset:
        h = np.sin(np.concatenate([h, np.ones((len(h), 1))], axis=1) @ layer.T)
    expected = NETWORK["out"]["scale"] * (h @ NETWORK["out"]["w"]) + NETWORK["out"]["b"]
    np.testing.assert_allclose(network.render(NETWORK, 5.0, offset, DATA.x), expected, atol=1e-5)


def test_the_inner_gradient_is_that_of_finite_differences():
    offset = np.random.default_rng(0).normal(0, 0.1, NETWORK["hidden"].shape).astype(np.float32)
    arguments = (NETWORK, 5.0, DATA.x, DATA.images[0])
    gradient = np.asarray(jax.grad(inner.mse, argnums=4)(*arguments, offset))
    for seed in range(4):
        direction = np.random.default_rng(seed).normal(size=offset.shape).astype(np.float32)
        ahead, behind = (float(inner.mse(*arguments, offset + step * direction)) for step in (1e-2, -1e-2))
        np.testing.assert_allclose((ahead - behind) / 2e-2, (gradient * direction).sum(), rtol=2e-2, atol=1e-4)


def test_the_gradient_goes_through_all_inner_steps():
    """By rates and by the shared start it is that of finite differences; the second order of it is not left out."""

    def loss(hidden, rates):
        start = NETWORK | {"hidden": hidden}
        offset = inner.adapt(start, rates, 5.0, DATA.x, DATA.images[0])
        return inner.mse(start, 5.0, DATA.x, DATA.images[0], offset)

    rng, rates = np.random.default_rng(0), 3.0 * RATES
    for argument, value in enumerate((NETWORK["hidden"], rates)):
        direction = rng.normal(size=value.shape).astype(np.float32)
        arguments = [[NETWORK["hidden"], rates] for _ in range(2)]
        for each, step in zip(arguments, (1e-2, -1e-2)):
            each[argument] = each[argument] + step * direction
        expected = (float(loss(*arguments[0])) - float(loss(*arguments[1]))) / 2e-2
        found = (jax.grad(loss, argument)(NETWORK["hidden"], rates) * direction).sum()
        np.testing.assert_allclose(found, expected, rtol=3e-2, atol=1e-5)


def test_a_step_is_rate_times_gradient():
    gradient = jax.grad(inner.mse, argnums=4)(NETWORK, 5.0, DATA.x, DATA.images[0], jnp.zeros(RATES.shape[1:]))
    found = inner.adapt(NETWORK, RATES[:1], 5.0, DATA.x, DATA.images[0])
    np.testing.assert_allclose(found, -RATES[0] * gradient, rtol=1e-5)


def test_without_a_step_all_tokens_are_the_same_and_with_steps_images_are_fitted_better():
    none = inner.offsets(NETWORK, RATES[:0], 5.0, DATA.x, DATA.images)
    assert none.shape == (12, 2, 6, 7) and not np.asarray(none).any()
    offsets = inner.offsets(NETWORK, RATES, 5.0, DATA.x, DATA.images)
    assert len(np.unique(np.asarray(outer.tokens_of(offsets)), axis=0)) == 12
    for offset, image in zip(offsets, DATA.images):
        before = inner.mse(NETWORK, 5.0, DATA.x, image, jnp.zeros_like(offset))
        assert inner.mse(NETWORK, 5.0, DATA.x, image, offset) < before


def test_an_images_offset_is_its_own_and_no_function_of_the_loop_takes_a_class():
    together = inner.offsets(NETWORK, RATES, 5.0, DATA.x, DATA.images)
    alone = inner.adapt(NETWORK, RATES, 5.0, DATA.x, DATA.images[3])
    np.testing.assert_allclose(together[3], alone, atol=1e-7)
    for function in (inner.adapt, inner.offsets, inner.mse):
        assert not any("label" in name for name in inspect.signature(function).parameters)
