import jax
import jax.numpy as jnp
import pytest

from inr_sae.inr import freeze, initial
from tests.inr.builders import same

NAMES = initial.unit_names(12)  # over ten, so that "1" begins "10" and "11"


def encoder():
    """An encoder whose leaves are told apart by values, and whose units differ in theirs."""
    units = {name: {"w": jnp.full((2, 2), float(i)), "b": jnp.full(2, float(i))} for i, name in enumerate(NAMES)}
    units[NAMES[3]] = {"gain": {"real": jnp.full(2, 3.0), "imaginary": jnp.full(2, 3.0)}}
    return {"units": units, "constants": {"frequencies": jnp.ones((2, 3))}}


PARAMS = {"encoder": encoder(), "heads": {"w": jnp.ones((1, 2, 3)), "b": jnp.ones((1, 3))}}


@pytest.mark.parametrize("tau", [None, 0, 1, 10, 11])
def test_labels_cover_every_leaf_and_freeze_by_exact_index(tau):
    labels = freeze.labels(PARAMS, tau)
    assert jax.tree.structure(labels) == jax.tree.structure(PARAMS)
    frozen = [name for name in NAMES if set(jax.tree.leaves(labels["encoder"]["units"][name])) == {"frozen"}]
    moving = [name for name in NAMES if set(jax.tree.leaves(labels["encoder"]["units"][name])) == {"train"}]
    assert [*frozen, *moving] == list(NAMES) and len(frozen) == (0 if tau is None else tau + 1)
    assert set(jax.tree.leaves(labels["encoder"]["constants"])) == {"frozen"}
    assert set(jax.tree.leaves(labels["heads"])) == {"train"}


@pytest.mark.parametrize("tau", [-1, 12])
def test_a_tau_that_is_no_unit_is_refused(tau):
    with pytest.raises(ValueError, match="0..11"):
        freeze.labels(PARAMS, tau)


def test_the_optimiser_does_not_move_frozen_leaves_and_keeps_no_moments_for_them():
    tx = freeze.optimizer(0.1, freeze.labels(PARAMS, 1))
    state = tx.init(PARAMS)
    grads = jax.tree.map(lambda leaf: jnp.full_like(leaf, 5.0), PARAMS)
    updates, _ = tx.update(grads, state, PARAMS)
    frozen, moving = freeze.split(updates, 1)
    assert all((leaf == 0).all() for leaf in jax.tree.leaves(frozen))
    assert all(jnp.abs(leaf).min() > 0 for leaf in jax.tree.leaves(moving))
    n_moments = sum(leaf.size for leaf in jax.tree.leaves(state)) - 1  # Adam's count
    n_moving = sum(leaf.size for leaf in jax.tree.leaves(PARAMS)) - 6 - 2 * 6
    assert n_moments == 2 * n_moving


def test_join_takes_the_prefix_from_the_one_and_the_rest_from_the_other():
    fresh = jax.tree.map(lambda leaf: leaf + 100, encoder())
    started = freeze.join(encoder(), fresh, 10)
    first = [float(jax.tree.leaves(started["units"][name])[0].ravel()[0]) for name in NAMES]
    assert first == [*range(11), 111.0]
    assert started["constants"]["frequencies"][0, 0] == 1
    assert same(freeze.join(encoder(), fresh, None), encoder())


@pytest.mark.parametrize("tau", [None, 0, 10])
def test_split_takes_whole_units_apart_and_merge_puts_them_together(tau):
    frozen, moving = freeze.split(PARAMS, tau)
    assert set(frozen["encoder"]["units"]) == set(NAMES[: 0 if tau is None else tau + 1])
    assert set(moving["encoder"]["units"]) == set(NAMES) - set(frozen["encoder"]["units"])
    assert frozen["encoder"]["constants"] == PARAMS["encoder"]["constants"] and not moving["encoder"]["constants"]
    assert moving["heads"] == PARAMS["heads"] and not frozen["heads"]
    merged = freeze.merge(frozen, moving)
    assert jax.tree.structure(merged) == jax.tree.structure(PARAMS) and same(merged, PARAMS)
