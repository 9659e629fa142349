"""Every backbone file against the contract in `inr/backbones/__init__.py`."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import rankdata

from configs import base
from inr_sae.inr import backbones, fit, network
from inr_sae.measure.rank import stable_rank
from tests.inr.builders import BACKBONES, EVERY, SIGNALS, X, built, flat, new, same, settings, unit

DEPTHS = (3, 7, 12)
FUNCTIONS = {
    "unit_names": ["config"],
    "init": ["key", "config", "signals"],
    "embed": ["params", "x"],
    "apply": ["params", "unit", "h"],
    "matrix": ["params", "unit"],
    "head_bound": ["config", "d"],
}


@EVERY
def test_a_file_holds_what_the_contract_names(backbone):
    assert isinstance(backbone.LABEL, str) and isinstance(backbone.DEFAULTS, dict)
    assert backbone.FREQUENCY is None or backbone.DEFAULTS[backbone.FREQUENCY] > 0
    for name, arguments in FUNCTIONS.items():
        assert list(inspect.signature(getattr(backbone, name)).parameters) == arguments
        assert f"{name}({', '.join(arguments)})" in backbones.__doc__


@pytest.mark.parametrize("name", network.backbone_names())
def test_the_defaults_are_the_config_group(name):
    assert base.get_config().inr[name].to_dict() == network.backbone(name).DEFAULTS


def test_of_many_layers_behind_a_grid_the_units_sort_in_forward_order_too():
    backbone = network.backbone("hashgrid")
    config = settings(backbone) | {"n_hidden": 11}
    encoder = jax.eval_shape(lambda key: backbone.init(key, config, SIGNALS), jax.random.key(0))
    assert list(backbone.unit_names(config)) == sorted(encoder["units"]) and len(encoder["units"]) == 12


def test_an_unknown_backbone_names_the_ones_there_are():
    with pytest.raises(ValueError, match=f"'no such'.*{', '.join(network.backbone_names())}"):
        network.backbone("no such")


@EVERY
@pytest.mark.parametrize("n_layers", DEPTHS)
def test_units_are_those_of_unit_names_and_these_sort_in_forward_order(backbone, n_layers):
    config = settings(backbone, n_layers=n_layers)
    names = backbone.unit_names(config)
    encoder = jax.eval_shape(lambda key: backbone.init(key, config, SIGNALS), jax.random.key(0))
    assert set(encoder) == {"units", "constants"} and set(encoder["units"]) == set(names)
    assert sorted(names) == list(names) == network.unit_names(encoder)
    for leaves in encoder["units"].values():
        assert jax.tree.leaves(leaves) and all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(leaves))


def most_alike(tree):
    """(the largest rank correlation between two leaves of 64 numbers or more, which two)."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    numbers = {jax.tree_util.keystr(path): np.ravel(leaf)[:64] for path, leaf in leaves}
    ranks = {name: rankdata(values) for name, values in numbers.items() if len(np.unique(values)) == 64}
    alike = np.abs(np.corrcoef(list(ranks.values()))) - np.eye(len(ranks))
    return alike.max(), [list(ranks)[i] for i in np.unravel_index(alike.argmax(), alike.shape)]


@pytest.mark.parametrize("law", ["backbone", "torch"])
@pytest.mark.parametrize("name", network.backbone_names())
def test_the_parts_of_a_new_network_share_no_draw(name, law):
    backbone = network.backbone(name)
    params = fit.new_network(backbone, settings(backbone, 64), jax.random.key(0), SIGNALS[:1], law)
    found, where = most_alike(params)
    assert found < 0.75, where


def test_two_backbones_of_one_key_share_no_draw():
    """Or what two of them have in common could be what both started from."""
    units = {}
    for name in network.backbone_names():
        encoder = network.init_encoder(
            network.backbone(name), jax.random.key(0), settings(network.backbone(name), 64), SIGNALS
        )
        units[name] = encoder["units"]
    found, where = most_alike(units)
    assert found < 0.75, where


@EVERY
def test_an_encoder_whose_names_do_not_sort_is_refused(backbone, monkeypatch):
    # As without leading zeros: "10" sorts before "2".
    monkeypatch.setattr(backbone, "unit_names", lambda config: tuple(f"unit_{i}" for i in range(config["n_layers"])))
    config = settings(backbone, n_layers=11)
    with pytest.raises(ValueError, match="sort"):
        jax.eval_shape(lambda key: network.init_encoder(backbone, key, config, SIGNALS), jax.random.key(0))


@EVERY
@pytest.mark.parametrize("n_layers", [3, 12])
def test_unit_by_unit_is_the_whole_network(backbone, n_layers):
    params = built(backbone, n_layers)
    encoder = params["encoder"]
    hidden = network.activations(backbone, encoder, X)
    assert [h.shape for h in hidden] == [(30, width) for width in network.widths(backbone, encoder)]
    h = backbone.embed(encoder, X)
    whole = network.outputs(backbone, params, 0, h)
    assert whole.shape == (3, 30, 2) and h.dtype == whole.dtype == jnp.float32
    for i, name in enumerate(network.unit_names(encoder)):
        h = backbone.apply(encoder, name, h)
        np.testing.assert_allclose(h, hidden[i], atol=1e-5 if n_layers == 3 else 1e-4)  # rounding grows with depth
    for tau in {0, 1, len(hidden) - 1}:
        prefix = network.prefix(backbone, encoder, tau, X)
        np.testing.assert_allclose(prefix, hidden[tau], atol=1e-5)
        np.testing.assert_allclose(network.outputs(backbone, params, tau + 1, prefix), whole, atol=1e-5)


@EVERY
def test_every_unit_reads_its_own_leaves_alone(backbone):
    """Else freezing a unit would not fix its activations."""
    encoder = built(backbone)["encoder"]
    h = backbone.embed(encoder, X)
    for name in network.unit_names(encoder):
        others = {other: jax.tree.map(jnp.zeros_like, leaves) for other, leaves in encoder["units"].items()}
        alone = encoder | {"units": others | {name: encoder["units"][name]}}
        after = backbone.apply(encoder, name, h)
        np.testing.assert_array_equal(after, backbone.apply(alone, name, h))
        h = after


@EVERY
@pytest.mark.parametrize("n_layers, tau", [(3, None), (3, 0), (3, 2), (7, 3), (12, 10)])
def test_freezing_a_unit_leaves_all_up_to_it_bit_equal_and_moves_every_leaf_of_the_others(backbone, n_layers, tau, rng):
    cohort = built(backbone, n_layers)["encoder"]
    if tau is not None and tau >= network.n_units(cohort):
        pytest.skip("this backbone is never so deep")
    way = ("full" if tau is None else "freeze", tau, 1e-2)
    state = fit.test_time_state(new(backbone, n_layers), cohort, way, jax.random.key(1))
    before = jax.tree.map(np.asarray, state.params)
    h = network.prefix(backbone, cohort, -1 if tau is None else tau, X)
    targets = jnp.asarray(rng.uniform(size=(1, 30, 2)), jnp.float32)
    after = fit.fit_cohort(backbone, tau, 1e-2, 5, state, fit.tiles(h, targets, 16))[0].params
    frozen = network.unit_names(cohort)[: 0 if tau is None else tau + 1]
    for name, leaves in before["encoder"]["units"].items():
        still = jax.tree.leaves(
            jax.tree.map(lambda old, new: (old == new).all(), leaves, after["encoder"]["units"][name])
        )
        assert all(still) if name in frozen else not any(still), name
    assert same(before["encoder"]["constants"], after["encoder"]["constants"])
    assert not same(before["heads"]["w"], after["heads"]["w"]) and not same(before["heads"]["b"], after["heads"]["b"])


@EVERY
def test_the_matrix_of_a_unit_has_a_stable_rank_or_is_none(backbone):
    encoder = built(backbone)["encoder"]
    for name in network.unit_names(encoder):
        matrix = backbone.matrix(encoder, name)
        if matrix is not None:
            assert matrix.ndim == 2
            energies = np.square(np.linalg.svd(np.asarray(matrix, np.complex128), compute_uv=False))
            assert stable_rank(matrix) == pytest.approx(energies.sum() / energies[0], rel=1e-6)


@EVERY
@pytest.mark.parametrize("d", [1, 8, 300])
def test_the_bound_of_a_head_is_positive_and_its_law(backbone, d):
    config = settings(backbone)
    bound = backbone.head_bound(config, d)
    heads = network.init_heads(backbone, jax.random.key(0), config, d, 7, 3)
    assert bound > 0 and heads["w"].shape == (7, d, 3) and heads["b"].shape == (7, 3)
    assert 0.8 * bound < np.abs(heads["w"]).max() <= bound and np.abs(heads["b"]).max() <= d**-0.5


@EVERY
def test_new_weights_depend_on_the_key_and_on_nothing_hidden(backbone):
    config = settings(backbone)
    kept = dict(config)
    one, again, other = (backbone.init(jax.random.key(key), config, SIGNALS) for key in (0, 0, 1))
    assert config == kept and same(one, again)
    for name, leaves in one["units"].items():
        assert not same(leaves, other["units"][name])


@EVERY
def test_a_units_new_weights_do_not_depend_on_how_many_there_are(backbone):
    deep, shallow = (built(backbone, n_layers)["encoder"] for n_layers in (12, 3))
    for i in range(3):
        assert same(unit(shallow, i), unit(deep, i))


@EVERY
def test_functions_are_pure(backbone):
    """Twice the same, the same compiled, and what they are given is as it was."""
    encoder = built(backbone)["encoder"]
    kept = jax.tree.map(np.array, encoder)
    names = network.unit_names(encoder)

    def run(params, x):
        h = backbone.embed(params, x)
        for name in names:
            h = backbone.apply(params, name, h)
        return h

    np.testing.assert_array_equal(run(encoder, X), run(encoder, X))
    np.testing.assert_allclose(jax.jit(run)(encoder, X), run(encoder, X), atol=1e-5)
    assert same(kept, encoder)


@EVERY
def test_a_network_is_evaluated_point_by_point(backbone, rng):
    params, order = built(backbone), rng.permutation(30)
    whole, mixed = (network.outputs(backbone, params, 0, backbone.embed(params["encoder"], x)) for x in (X, X[order]))
    np.testing.assert_allclose(mixed, whole[:, order], atol=1e-5)


@EVERY
def test_gradients_reach_every_leaf_of_every_unit(backbone, rng):
    """So a leaf that cannot move belongs to the constants."""
    params = built(backbone)
    data = fit.tiles(backbone.embed(params["encoder"], X), flat(SIGNALS), 30)
    gradients, _ = fit.gradients(backbone, None, data, params)
    for leaf in jax.tree.leaves(gradients["encoder"]["units"]):
        assert np.isfinite(leaf).all() and (leaf != 0).any()
    assert all((leaf == 0).all() for leaf in jax.tree.leaves(gradients["encoder"]["constants"]))


def test_the_stand_in_is_unlike_the_others():
    """Else these tests would show nothing of units that are not `w, b` layers of one width."""
    backbone = BACKBONES["uneven"]
    encoder = built(backbone)["encoder"]
    assert len(set(network.widths(backbone, encoder))) > 1
    matrices = [backbone.matrix(encoder, name) for name in network.unit_names(encoder)]
    assert matrices[1] is None and jnp.iscomplexobj(matrices[0])
