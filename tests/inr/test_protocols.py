import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.errors import UserError
from inr_sae.inr import fit, network, protocols

CONFIG = dict(width=8, n_layers=3, omega_0=30.0, sigma=2.0, n_fourier=4)


@pytest.fixture(params=["siren", "ffmlp"])
def backbone(request):
    return network.backbone(request.param)


def started(backbone, cohort, protocol, tau, key=1):
    return fit.test_time_state(backbone, CONFIG, cohort, protocol, tau, 1e-2, jax.random.key(key), 2).params["encoder"]


def same(a, b):
    return all((x == y).all() for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


@pytest.mark.parametrize("name", protocols.PROTOCOLS)
@pytest.mark.parametrize("tau", [0, 1, 2])
def test_every_layer_starts_where_the_table_says(backbone, name, tau):
    cohort = backbone.init(jax.random.key(7), CONFIG)
    rules, encoder = protocols.PROTOCOLS[name], started(backbone, cohort, name, tau)
    for i in range(3):
        of_cohort = rules.prefix_of_cohort if i <= tau else rules.suffix_of_cohort
        assert same(encoder[f"hidden_{i}"], cohort[f"hidden_{i}"]) == of_cohort
    extra = "siren" if "siren" in cohort else "fourier"
    if extra == "fourier":  # omega_0 is the same number everywhere
        assert same(encoder[extra], cohort[extra]) == rules.prefix_of_cohort


@pytest.mark.parametrize("name", protocols.PROTOCOLS)
def test_what_moves_is_what_the_table_says(backbone, name, rng):
    cohort, tau = backbone.init(jax.random.key(7), CONFIG), 1
    name, boundary = protocols.cell(name, tau, 3)
    state = fit.test_time_state(backbone, CONFIG, cohort, name, boundary, 1e-2, jax.random.key(1), 2)
    frozen_to = protocols.frozen_to(name, boundary)
    before = jax.tree.map(np.asarray, state.params["encoder"])
    x = rng.uniform(-1, 1, (20, 2)).astype(np.float32)
    h = network.prefix(backbone, state.params["encoder"], -1 if frozen_to is None else frozen_to, x)
    data = fit.tiles(h, rng.uniform(size=(1, 20, 2)).astype(np.float32), 8)
    state, _ = fit.fit_cohort(backbone, frozen_to, 1e-2, 3, state, data)
    for i in range(3):
        still = same(before[f"hidden_{i}"], state.params["encoder"][f"hidden_{i}"])
        assert still == (i <= tau and not protocols.PROTOCOLS[name].prefix_moves)


def test_protocols_of_one_key_share_their_new_weights(backbone):
    """What is compared differs in the protocol alone."""
    cohort = backbone.init(jax.random.key(7), CONFIG)
    scratch = started(backbone, None, "scratch", None)
    for name, tau in (("freeze", 1), ("thaw", 1), ("random", 0)):
        cohort_or_none = cohort if protocols.PROTOCOLS[name].prefix_of_cohort else None
        assert same(started(backbone, cohort_or_none, name, tau)["hidden_2"], scratch["hidden_2"])


def test_cells_hold_every_different_fit_once():
    cells = protocols.cells(("full", "freeze", "warm", "thaw", "random", "scratch"), (0, 1, 2), 3)
    assert len(cells) == len(set(cells)) == 1 + 3 + 2 + 2 + 3 + 1
    assert ("warm", 2) not in cells and ("thaw", 2) not in cells
    assert protocols.cells(("thaw", "full"), (1, 2), 3) == [("thaw", 1), ("full", None)]
    assert protocols.cells(("warm", "thaw"), (2,), 3) == [("warm", 2), ("thaw", 2)], (
        "nothing stands for what did not run"
    )
    assert protocols.cell("full", 1, 3) == ("full", None) and protocols.cell("scratch", 0, 3) == ("scratch", None)


@pytest.mark.parametrize("alias, same_as", [("warm", "freeze"), ("thaw", "full")])
def test_a_cell_that_another_stands_for_is_the_same_fit(backbone, alias, same_as):
    cohort = backbone.init(jax.random.key(7), CONFIG)
    name, tau = protocols.cell(alias, 2, 3)
    assert name == same_as
    assert same(started(backbone, cohort, alias, 2), started(backbone, cohort, name, tau))
    assert protocols.frozen_to(alias, 2) == protocols.frozen_to(name, tau)


def test_an_unknown_protocol_is_named():
    with pytest.raises(UserError, match="'thawed'.*freeze, full"):
        protocols.protocol("thawed")


def test_batches_with_their_own_prefixes_are_the_single_fits(backbone, rng):
    """`random` freezes another prefix in every fit; a batch of fits is still each fit alone."""
    x = rng.uniform(-1, 1, (24, 2)).astype(np.float32)
    targets = rng.uniform(size=(2, 24, 2)).astype(np.float32)
    states = jax.vmap(lambda key: fit.test_time_state(backbone, CONFIG, None, "random", 0, 1e-2, key, 2))(
        jax.random.split(jax.random.key(3), 2)
    )
    h = jax.vmap(lambda params: network.prefix(backbone, params, 0, x))(states.params["encoder"])
    assert (h[0] != h[1]).any()
    _, losses = fit.fit_batch(backbone, 0, 1e-2, 5, states, fit.tiles(h, jnp.asarray(targets), 10))
    for i in range(2):
        alone = jax.tree.map(lambda leaf: leaf[i], states)
        _, expected = fit.fit_cohort(backbone, 0, 1e-2, 5, alone, fit.tiles(h[i], targets[i : i + 1], 10))
        np.testing.assert_allclose(losses[i], expected, rtol=2e-4)
