import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.errors import InputError
from inr_sae.inr import coordinates, fit, network
from inr_sae.inr.backbones import hashgrid
from inr_sae.measure.rank import stable_rank
from tests.inr.backbones import parity

CONFIG = dict(width=256, n_layers=5, coordinates=(-1.0, 1.0), **hashgrid.DEFAULTS)
IMAGES = np.zeros((2, 90, 70, 3), np.float32)
BOUND = 1e-4


@pytest.fixture(scope="module")
def encoder():
    return hashgrid.init(jax.random.key(0), CONFIG, IMAGES)


def features(encoder, x):
    return np.asarray(hashgrid.apply(encoder, "grid", hashgrid.embed(encoder, jnp.asarray(x, jnp.float32))))


def with_table(encoder, table):
    return encoder | {"units": encoder["units"] | {"grid": {"table": table}}}


def test_weights_follow_its_law_and_sizes_the_image(encoder):
    assert parity.looks_uniform(encoder["units"]["grid"]["table"], BOUND)
    assert parity.looks_uniform(encoder["units"]["mlp_0"]["w"], np.sqrt(6 / (32 + 64)))
    assert set(encoder["units"]["mlp_1"]) == {"w"}
    scale = encoder["constants"]["levels"]["scale"]
    assert scale[0] == 15 and scale[-1] == pytest.approx(90 / 2 - 1, abs=1e-3) and len(scale) == 16
    assert network.widths(hashgrid, encoder) == [32, 64, 64]


def test_a_constant_table_gives_a_constant_since_weights_sum_to_1(encoder, rng):
    x = rng.uniform(-1, 1, (200, 2))
    found = features(with_table(encoder, jnp.full_like(encoder["units"]["grid"]["table"], 0.7)), x)
    np.testing.assert_allclose(found, 0.7, rtol=1e-5)
    weights = hashgrid.embed(encoder, jnp.asarray(x, jnp.float32))[:, 64:].reshape(200, 16, 4)
    np.testing.assert_allclose(weights.sum(-1), 1.0, rtol=1e-5)
    assert (weights >= 0).all()


def test_features_are_continuous_across_cells(encoder, rng):
    """At nodes of a level, a small step either way changes little; a table's entries differ by much more."""
    table = jnp.asarray(rng.normal(size=encoder["units"]["grid"]["table"].shape), jnp.float32)
    scale = float(encoder["constants"]["levels"]["scale"][3])
    nodes = (np.arange(1, 10) - 0.5) / scale * 2 - 1
    x = np.stack([nodes, np.full(9, 0.123)], axis=1)
    jump = features(with_table(encoder, table), x + [1e-5, 0]) - features(with_table(encoder, table), x - [1e-5, 0])
    assert np.abs(jump).max() < 0.02 and np.std(table) > 0.9


@pytest.mark.parametrize("log2_table", [19, 9])
def test_entries_are_those_of_their_level_even_at_the_ends(log2_table, encoder):
    of_some = hashgrid.init(jax.random.key(0), CONFIG | {"log2_table": log2_table}, IMAGES)
    ends = jnp.array([[-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]])
    entries = hashgrid.embed(of_some, ends)[:, :64].reshape(4, 16, 4)
    levels = of_some["constants"]["levels"]
    inside = entries - levels["offset"][None, :, None]
    assert (inside >= 0).all() and (inside < levels["size"][None, :, None]).all()
    assert len(of_some["units"]["grid"]["table"]) == levels["size"].sum()


def test_a_dense_level_has_no_collision_and_a_hashed_one_has(encoder):
    from inr_sae.inr import lookup

    row, column = (jnp.asarray(each.ravel(), jnp.uint32) for each in np.meshgrid(range(40), range(40), indexing="ij"))
    side, dense, hashed = jnp.uint32(40), jnp.uint32(1600), jnp.uint32(512)
    assert len(np.unique(lookup.node_index(row, column, side, dense))) == 1600
    found = np.asarray(lookup.node_index(row, column, side, hashed))
    assert len(np.unique(found)) > 400 and found.max() < 512
    by_hand = (np.asarray(row, np.uint64) ^ (np.asarray(column, np.uint64) * 2654435761 % 2**32)) % 512
    np.testing.assert_array_equal(found, by_hand)


def trained(steps, x, pixels=None):
    params = network.init(hashgrid, jax.random.split(jax.random.key(0)), CONFIG, IMAGES)
    targets = jnp.asarray(np.random.default_rng(0).uniform(size=(2, len(x), 3)), jnp.float32)
    data = fit.tiles(hashgrid.embed(params["encoder"], x), targets, 50)
    state = fit.init_state(params, None, 1e-2, jax.random.key(0))
    after = fit.fit_cohort(hashgrid, None, 1e-2, steps, state, data)[0]
    return params["encoder"]["units"]["grid"]["table"], after.params["encoder"]["units"]["grid"]["table"]


def test_entries_that_no_pixel_lies_beside_never_move():
    x = coordinates.grid(5, 6)
    before, after = trained(4, x)
    touched = np.zeros(len(before), bool)
    encoder = hashgrid.init(jax.random.key(0), CONFIG, IMAGES)
    columns = np.asarray(hashgrid.embed(encoder, x))
    touched[columns[:, :64].astype(int)[columns[:, 64:] > 0]] = True
    assert touched.any() and not touched.all()
    np.testing.assert_array_equal(after[~touched], before[~touched])
    assert (after[touched] != before[touched]).mean() > 0.9


def test_the_grids_matrix_has_the_stable_rank_of_its_features(encoder, rng):
    table = jnp.asarray(rng.normal(size=encoder["units"]["grid"]["table"].shape), jnp.float32)
    of_normal = with_table(encoder, table)
    found = features(of_normal, coordinates.grid(90, 90))
    matrix = hashgrid.matrix(of_normal, "grid")
    assert matrix.shape == (32, 32) and stable_rank(matrix) == pytest.approx(stable_rank(found), rel=0.1)


def test_outputs_gradients_and_a_step_equal_pytorchs(rng):
    def louder(encoder):
        return with_table(encoder, 1e4 * encoder["units"]["grid"]["table"])

    config = CONFIG | {"n_levels": 4, "log2_table": 6, "coarsest": 4, "cells_per_pixel": 1.5, "hidden": 16}
    parity.assert_network_gradients_and_a_step_are_pytorchs(hashgrid, config, rng, louder)


@pytest.mark.parametrize(
    "change, said",
    [
        ({"cells_per_pixel": 1e8}, r"hashgrid\.cells_per_pixel.* finer than 2\^32"),
        ({"log2_table": 24, "cells_per_pixel": 100.0}, r"hashgrid\.log2_table = 24 gives \d+ entries.*2\^24"),
    ],
)
def test_levels_that_no_index_counts_are_refused(change, said):
    with pytest.raises(InputError, match=said):
        network.init_encoder(hashgrid, jax.random.key(0), CONFIG | change, IMAGES)
