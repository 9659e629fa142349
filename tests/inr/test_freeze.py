import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.inr import fit, freeze, network


def encoder(n_layers):
    """An encoder whose leaves are told apart by values; with over ten layers, so that "1" begins "10" and "11"."""
    layers = {f"hidden_{i}": {"w": jnp.full((2, 2), float(i)), "b": jnp.full(2, float(i))} for i in range(n_layers)}
    return layers | {"fourier": {"b": jnp.ones((2, 3))}}


PARAMS = {"encoder": encoder(12), "heads": {"w": jnp.ones((1, 2, 3)), "b": jnp.ones((1, 3))}}


@pytest.mark.parametrize("tau", [None, 0, 1, 10, 11])
def test_labels_cover_every_leaf_and_freeze_by_exact_index(tau):
    labels = freeze.labels(PARAMS, tau)
    assert jax.tree.structure(labels) == jax.tree.structure(PARAMS)
    frozen = {name for name, group in labels["encoder"].items() if set(jax.tree.leaves(group)) == {"frozen"}}
    assert frozen == {"fourier"} | {f"hidden_{i}" for i in range(12) if tau is not None and i <= tau}
    assert set(jax.tree.leaves(labels["heads"])) == {"train"}


@pytest.mark.parametrize("tau", [-1, 12])
def test_a_tau_that_is_no_layer_is_refused(tau):
    with pytest.raises(ValueError, match="0..11"):
        freeze.labels(PARAMS, tau)


def test_the_optimiser_does_not_move_frozen_leaves_and_keeps_no_moments_for_them():
    tx = freeze.optimizer(0.1, freeze.labels(PARAMS, 1))
    state = tx.init(PARAMS)
    grads = jax.tree.map(lambda leaf: jnp.full_like(leaf, 5.0), PARAMS)
    updates, _ = tx.update(grads, state, PARAMS)
    for name, group in updates["encoder"].items():
        moved = all(jnp.abs(leaf).min() > 0 for leaf in jax.tree.leaves(group))
        still = all((leaf == 0).all() for leaf in jax.tree.leaves(group))
        assert still if name in ("fourier", "hidden_0", "hidden_1") else moved
    n_moments = sum(leaf.size for leaf in jax.tree.leaves(state)) - 1  # Adam's count
    n_moving = sum(leaf.size for leaf in jax.tree.leaves(PARAMS)) - 6 - 2 * 6
    assert n_moments == 2 * n_moving


def test_join_takes_the_prefix_from_the_one_and_the_rest_from_the_other():
    fresh = jax.tree.map(lambda leaf: leaf + 100, encoder(12))
    started = freeze.join(encoder(12), fresh, 10)
    assert [float(started[f"hidden_{i}"]["w"][0, 0]) for i in range(12)] == [*range(11), 111.0]
    assert started["fourier"]["b"][0, 0] == 1
    assert freeze.join(encoder(12), fresh, None)["hidden_11"]["w"][0, 0] == 11


@pytest.mark.parametrize("tau", [None, 0])
def test_split_takes_whole_layers_apart_and_merge_puts_them_together(tau):
    frozen, moving = freeze.split(PARAMS, tau)
    assert not frozen["encoder"].keys() & moving["encoder"].keys()
    assert set(frozen["encoder"]) == ({"fourier"} if tau is None else {"fourier", "hidden_0"})
    assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), freeze.merge(frozen, moving), PARAMS))


@pytest.mark.parametrize("tau", [None, 0, 2])
@pytest.mark.parametrize("name", ["siren", "ffmlp"])
def test_frozen_leaves_are_bit_equal_after_training_and_the_others_moved(name, tau, rng):
    backbone = network.backbone(name)
    config = dict(width=8, n_layers=3, omega_0=30.0, sigma=2.0, n_fourier=4)
    cohort = backbone.init(jax.random.key(0), config)
    state = fit.test_time_state(
        backbone, config, cohort, "full" if tau is None else "freeze", tau, 1e-2, jax.random.key(1), 1
    )
    before = jax.tree.map(np.asarray, state.params)
    h = network.prefix(backbone, cohort, -1 if tau is None else tau, rng.uniform(-1, 1, (40, 2)).astype(np.float32))
    state, _ = fit.fit_cohort(
        backbone, tau, 1e-2, 5, state, fit.tiles(h, rng.uniform(size=(1, 40, 1)).astype(np.float32), 16)
    )
    labels = jax.tree.leaves(freeze.labels(before, tau))
    for label, old, new in zip(labels, jax.tree.leaves(before), jax.tree.leaves(state.params)):
        assert (old == np.asarray(new)).all() == (label == "frozen")
