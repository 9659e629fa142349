"""The local interaction basis, by what must hold of it whatever the network is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.dictionaries import codes, lib
from inr_sae.errors import InputError
from inr_sae.inr import network, program
from tests.dictionaries.builders import METHODS, jobs
from tests.inr.builders import BACKBONES, X, built

D, HIDDEN, OUT = 6, 8, 3


@pytest.fixture
def chain(rng):
    """(h (N, d), steps) of a sine unit and linear heads behind some activations."""
    h = jnp.asarray(rng.normal(size=(400, D)) * np.linspace(2, 0.5, D), jnp.float32)
    w, b = rng.normal(size=(D, HIDDEN)) / 2, rng.normal(size=HIDDEN)
    heads, bias = rng.normal(size=(HIDDEN, OUT)), rng.normal(size=OUT)
    w, b, heads, bias = (jnp.asarray(leaf, jnp.float32) for leaf in (w, b, heads, bias))
    unit = jax.tree_util.Partial(lambda w, b, h: jnp.sin(3.0 * (h @ w + b)), w, b)
    return h, (unit, jax.tree_util.Partial(lambda w, b, h: h @ w + b, heads, bias))


def job(h, steps):
    return codes.Job("layer", None, h, (len(h), 1), None, {}, steps)


def fit_all(h, steps):
    """float64 parameters of the layer and of the next one, which the heads alone lie behind."""
    found = lib.fit([job(h, steps), job(steps[0](h), steps[1:])], None)
    return [{name: np.asarray(leaf, np.float64) for name, leaf in params.items()} for params in found]


def features(params, h):
    return (np.asarray(h, np.float64) - params["mean"]) @ params["encoder"]


def test_the_covariance_of_the_features_is_their_strengths(chain):
    h, steps = chain
    for params, of_layer in zip(fit_all(h, steps), (h, steps[0](h))):
        z = features(params, of_layer)
        np.testing.assert_allclose(z.T @ z / len(z), np.diag(params["strength"]), atol=1e-4 * params["strength"][0])
        assert (np.diff(params["strength"]) <= 0).all()


def test_back_and_forth_is_the_identity(chain):
    h, steps = chain
    for params in fit_all(h, steps):
        r = int((params["strength"] > 0).sum())
        both = params["directions"][:r] @ params["encoder"][:, :r]
        np.testing.assert_allclose(both, np.eye(r), atol=1e-4)
        assert not params["directions"][r:].any() and not params["encoder"][:, r:].any()


def by_hand(h, step, readout):
    """The mean of J J' by a derivative at every coordinate."""
    jacobian = jax.vmap(jax.jacfwd(lambda row: step(row[None])[0]))(h)  # (N, d', d)
    jacobian = np.einsum("nod,or->ndr", np.asarray(jacobian, np.float64), readout)
    return np.einsum("ndr,ner->de", jacobian, jacobian) / len(h)


def test_every_feature_changes_the_next_layers_alike(chain):
    """E of J'J by the features is the identity."""
    h, steps = chain
    first, second = fit_all(h, steps)
    r = int((first["strength"] > 0).sum())
    of_features = first["directions"][:r] @ by_hand(h, steps[0], second["encoder"]) @ first["directions"][:r].T
    np.testing.assert_allclose(of_features, np.eye(r), atol=1e-3)


def test_the_slope_at_0_is_the_networks_own():
    """Ties are common where a whole layer is 0 and there is no bias."""
    step = jax.tree_util.Partial(lambda w, h: jax.nn.relu(h @ w), jnp.eye(4))
    assert not lib.gram(step, jnp.zeros((5, 4)), np.eye(4)).any()
    assert not lib.gram_of_any(step, jnp.zeros((5, 4)), np.eye(4)).any()


def test_a_layer_that_does_not_vary_has_no_directions_and_the_one_before_it_neither(chain):
    h, (unit, heads) = chain
    dead = jax.tree_util.Partial(lambda unit, h: 0.0 * unit(h) + 0.3, unit)
    for params in fit_all(h, (dead, heads)):
        assert not params["strength"].any() and not params["encoder"].any() and not params["directions"].any()


@pytest.mark.parametrize("phi", [jnp.sin, jax.nn.relu, jnp.tanh, lambda z: z * jax.nn.sigmoid(z)])
def test_the_closed_form_is_the_mean_over_coordinates(phi, rng):
    h = jnp.asarray(rng.normal(size=(50, D)), jnp.float32)
    w, b = (jnp.asarray(rng.normal(size=size), jnp.float32) for size in ((D, HIDDEN), HIDDEN))
    readout = rng.normal(size=(HIDDEN, 4))
    step = jax.tree_util.Partial(lambda w, b, h: phi(h @ w + b), w, b)
    assert program.layer(program.trace(step, D)) is not None
    expected = by_hand(h, step, readout)
    np.testing.assert_allclose(lib.gram(step, h, readout), expected, rtol=1e-4, atol=1e-4 * expected.max())


def test_any_other_step_takes_the_long_way(rng, monkeypatch):
    """A unit with a skip, and one with a product of two maps."""
    monkeypatch.setattr(lib, "ROWS", 16)
    h = jnp.asarray(rng.normal(size=(50, D)), jnp.float32)
    w, v = (jnp.asarray(rng.normal(size=(D, D)), jnp.float32) for _ in range(2))
    readout = rng.normal(size=(D, 4))
    for step in (lambda h: h + jnp.sin(h @ w), lambda h: jnp.sin(h @ w) * jnp.cos(h @ v), lambda h: jnp.tanh(2 * h)):
        assert program.layer(program.trace(step, D)) is None
        expected = by_hand(h, step, readout)
        found = lib.gram(jax.tree_util.Partial(step), h, readout)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.max())


def test_the_long_way_is_shortened_where_there_are_many_coordinates(rng, monkeypatch):
    h = jnp.asarray(rng.normal(size=(4000, D)), jnp.float32)
    w, readout = jnp.asarray(rng.normal(size=(D, D)), jnp.float32), rng.normal(size=(D, 4))
    step = jax.tree_util.Partial(lambda w, h: h + jnp.sin(h @ w), w)
    some = lib.gram(step, h, readout)
    monkeypatch.setattr(lib, "MOST", 4000)
    every = lib.gram(step, h, readout)
    assert not np.array_equal(some, every)
    np.testing.assert_allclose(some, every, atol=0.1 * every.max())


def test_strengths_do_not_depend_on_the_layers_own_coordinates(chain, rng):
    h, steps = chain
    g = jnp.asarray(np.eye(D) + 0.3 * rng.normal(size=(D, D)), jnp.float32)
    back = jnp.linalg.inv(g)
    turned = jax.tree_util.Partial(lambda back, unit, h: unit(h @ back), back, steps[0])
    ours, theirs = fit_all(h, steps)[0], fit_all(h @ g, (turned, steps[1]))[0]
    np.testing.assert_allclose(ours["strength"], theirs["strength"], rtol=1e-2, atol=1e-4 * ours["strength"][0])
    # The same function of the coordinates; near-equal strengths leave it open which, so the subspace is compared.
    ours, theirs = features(ours, h)[:, :2], features(theirs, h @ g)[:, :2]
    angles = np.linalg.svd(np.linalg.qr(ours)[0].T @ np.linalg.qr(theirs)[0], compute_uv=False)
    np.testing.assert_allclose(angles, 1, atol=1e-2)


def test_what_is_dropped_from_the_last_layer_costs_its_strengths(chain):
    """Against the network's own output, which is linear in it."""
    h, steps = chain
    last, params = np.asarray(steps[0](h), np.float64), fit_all(h, steps)[1]
    own, z = np.asarray(steps[1](jnp.asarray(last, jnp.float32)), np.float64), features(params, last)
    heads = by_hand_matrix(steps[1])
    for n in range(OUT + 1):
        kept = z[:, :n] @ params["directions"][:n] + params["mean"]
        mse = np.square((kept - last) @ heads).mean()
        assert mse == pytest.approx(params["strength"][n:].sum() / own.shape[1], rel=1e-3, abs=1e-6)


def by_hand_matrix(step):
    """The matrix of an affine step."""
    return np.asarray(jax.jacfwd(lambda row: step(row[None])[0])(jnp.zeros(HIDDEN)), np.float64).T


def test_a_column_twice_has_one_direction_less(chain):
    h, steps = chain
    twice = jnp.concatenate([h, h[:, :1]], axis=1)
    unit = jax.tree_util.Partial(lambda unit, h: unit(h[:, :D]), steps[0])
    for of_layer, step in ((h, steps[0]), (twice, unit)):
        (params,) = lib.fit([job(of_layer, (step, steps[1]))], None)
        assert int((params["strength"] > 0).sum()) == D


def test_jobs_of_one_network_share_their_bases(monkeypatch):
    calls = []
    monkeypatch.setattr(lib, "from_gram", lambda *args, real=lib.from_gram: calls.append(1) or real(*args))
    lib.fit(jobs(lib), None)
    assert len(calls) == 3, "three layers, of which two are asked for"


def test_what_it_cannot_see_is_refused(chain):
    h, _ = chain
    with pytest.raises(InputError, match="step by step"):
        lib.fit([job(h, ())], None)


def test_removing_the_weak_costs_less_than_the_strong():
    """A planted network: only the first of six units is read."""
    h = jnp.asarray(np.random.default_rng(0).normal(size=(200, D)) * [0.1, 3, 3, 3, 3, 3], jnp.float32)
    w = jnp.zeros((D, 2)).at[0].set(jnp.array([1.0, -1.0])).at[1].set(1e-3)
    step = jax.tree_util.Partial(lambda w, h: h @ w, w)
    (params,) = lib.fit([job(h, (step,))], None)
    first = np.asarray(params["encoder"][:, 0])
    assert np.abs(first).argmax() == 0, "the unit that is read, not the ones that vary most"
    (pca,) = METHODS["pca"].fit([job(h, (step,))], None)
    assert np.abs(np.asarray(pca["directions"][0])).argmax() != 0


@pytest.mark.parametrize("name", BACKBONES)
def test_it_holds_of_any_backbone(name):
    """By the closed form where a unit is a product and a function of every column, and the long way where it is not."""
    backbone, params = BACKBONES[name], built(BACKBONES[name])
    hidden, steps = network.activations(backbone, params["encoder"], X), network.steps(backbone, params)
    for layer, params in enumerate(lib.fit([job(h, steps[i:]) for i, h in enumerate(hidden)], None)):
        z = features({key: np.asarray(leaf, np.float64) for key, leaf in params.items()}, hidden[layer])
        strength = np.asarray(params["strength"], np.float64)
        assert strength[0] > 0 and np.isfinite(strength).all()
        np.testing.assert_allclose(z.T @ z / len(z), np.diag(strength), atol=5e-3 * strength[0])
    outputs = network.outputs(backbone, built(backbone), len(hidden), hidden[-1])
    m, n, c = outputs.shape
    side_by_side = np.asarray(steps[-1](hidden[-1])).reshape(n, m, c)
    np.testing.assert_allclose(np.moveaxis(side_by_side, 1, 0), outputs, atol=1e-5)
