import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.atoms import edges
from inr_sae.dictionaries import linear

D = 5


def basis(mean=0.0):
    """The units themselves, less a mean."""
    return linear.params(np.full(D, mean), np.eye(D), np.eye(D))


def between(step, *means):
    """Between two layers of which each has a mean, or none."""
    first, second = map(basis, means or (0.0, 0.0))
    return edges.Between(jax.tree_util.Partial(step), first, second)


def test_strengths_of_a_linear_step_by_hand(rng):
    h, w = rng.normal(size=(30, D)).astype(np.float32), rng.normal(size=(D, D)).astype(np.float32)
    found = edges.strengths(between(lambda h: h @ w), h)
    np.testing.assert_allclose(found, np.square(w).T * np.square(h).mean(axis=0), rtol=1e-4)


def test_with_all_edges_the_step_is_itself_and_without_it_stands_at_the_mean(rng):
    h, w = rng.normal(size=(30, D)).astype(np.float32), rng.normal(size=(D, D)).astype(np.float32)
    step = between(lambda h: jnp.sin(h @ w))
    np.testing.assert_allclose(edges.masked(step, h, np.ones((D, D), bool)), np.sin(h @ w), atol=1e-5)
    nothing = edges.masked(step, h, np.zeros((D, D), bool))
    np.testing.assert_allclose(nothing, np.zeros((30, D)), atol=1e-6)


def test_features_are_counted_from_the_means_of_their_layers(rng):
    h, w = rng.normal(size=(30, D)).astype(np.float32), rng.normal(size=(D, D)).astype(np.float32)
    step = between(lambda h: jnp.sin(h @ w), 0.7, -0.4)
    np.testing.assert_allclose(edges.features(basis(0.7), h), h - 0.7, atol=1e-6)
    np.testing.assert_allclose(edges.masked(step, h, np.ones((D, D), bool)), np.sin(h @ w), atol=1e-5)
    nothing = edges.masked(step, h, np.zeros((D, D), bool))
    at_mean = np.broadcast_to(np.sin(np.full(D, 0.7) @ w), (30, D))
    np.testing.assert_allclose(nothing, at_mean, atol=1e-5)
    found = edges.strengths(between(lambda h: h @ w, 0.7, -0.4), h)
    np.testing.assert_allclose(found, np.square(w).T * np.square(h - 0.7).mean(axis=0), rtol=1e-4)


def test_a_feature_sees_only_what_the_mask_names(rng):
    h, w = rng.normal(size=(30, D)).astype(np.float32), rng.normal(size=(D, D)).astype(np.float32)
    mask = rng.random((D, D)) < 0.5
    np.testing.assert_allclose(edges.masked(between(lambda h: h @ w), h, mask), h @ (w * mask.T), atol=1e-5)


def count(w, h, drop_db=0.5):
    """(fewest, effective) edges of a linear step read as it is, against its own output."""
    step = between(lambda h: h @ w)
    truth, strength = h @ w, np.asarray(edges.strengths(step, h))

    def psnr_of(mask):
        return -10 * np.log10(np.square(edges.masked(step, h, mask) - truth).mean() + 1e-3)

    return edges.fewest(strength, psnr_of, drop_db), edges.effective(strength)


@pytest.mark.parametrize("n", [3, 8])
def test_planted_edges_are_counted(n, rng):
    """A sparse step needs its own edges and no more; turned at random it needs nearly all."""
    h = rng.normal(size=(200, D)).astype(np.float32)
    w = np.zeros(D * D, np.float32)
    w[rng.choice(D * D, n, replace=False)] = 1.0
    w = w.reshape(D, D)
    fewest, effective = count(w, h)
    assert fewest == n and effective == pytest.approx(n, rel=0.1)
    turned = np.linalg.qr(rng.normal(size=(D, D)))[0].astype(np.float32)
    assert count(turned.T @ w, h)[0] > n


def test_where_no_edge_is_missed_none_is_needed():
    assert edges.fewest(np.ones((2, 3)), lambda mask: 30.0, 0.5) == 0
    assert edges.fewest(np.ones((2, 3)), lambda mask: 30.0 + mask.any(), 0.5) == 1


def test_one_strong_edge_is_one_in_effect():
    assert edges.effective(np.diag([1.0, 0, 0])) == 1 and edges.effective(np.ones((3, 3))) == pytest.approx(9)
    assert edges.effective(np.zeros((2, 2))) == 0


def test_strengths_are_of_what_a_step_computes_where_its_training_stops_gradients(rng):
    h, w = rng.normal(size=(30, D)).astype(np.float32), rng.normal(size=(D, D)).astype(np.float32)

    def step(h, keep=lambda a: a):
        z = h @ w
        return jnp.sin((keep(jnp.abs(z)) + 1.0) * z)

    stopped = edges.strengths(between(lambda h: step(h, jax.lax.stop_gradient)), h)
    np.testing.assert_allclose(stopped, edges.strengths(between(step), h), rtol=1e-4)
