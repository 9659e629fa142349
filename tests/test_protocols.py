"""The table of `protocols`, as a rule and as what fits do by it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae import protocols
from inr_sae.inr import fit, network
from tests.inr.builders import BACKBONES, X, built, new, same, unit


@pytest.fixture(params=BACKBONES)
def backbone(request):
    return BACKBONES[request.param]


def state_of(backbone, cohort, protocol, tau):
    return fit.test_time_state(new(backbone), cohort, (protocol, tau, 1e-2), jax.random.key(1))


def started(backbone, cohort, protocol, tau):
    return state_of(backbone, cohort, protocol, tau).params["encoder"]


@pytest.mark.parametrize("name", protocols.PROTOCOLS)
def test_every_unit_starts_where_the_table_says(backbone, name):
    cohort, rules = built(backbone, key=7)["encoder"], protocols.PROTOCOLS[name]
    anew = new(backbone)["encoder"]
    for tau in range(3):
        encoder = started(backbone, cohort, name, tau)
        for i in range(3):
            of_cohort = rules.prefix_of_cohort if i <= tau else rules.suffix_of_cohort
            assert same(unit(encoder, i), unit(cohort if of_cohort else anew, i))
        assert same(encoder["constants"], (cohort if rules.prefix_of_cohort else anew)["constants"])


@pytest.mark.parametrize("name", protocols.PROTOCOLS)
def test_what_moves_is_what_the_table_says(backbone, name, rng):
    cohort, tau = built(backbone, key=7)["encoder"], 1
    name, boundary = protocols.same_fit(name, tau, 3)
    state = state_of(backbone, cohort, name, boundary)
    frozen_to = protocols.frozen_to(name, boundary)
    before = jax.tree.map(np.asarray, state.params["encoder"])
    h = network.prefix(backbone, state.params["encoder"], -1 if frozen_to is None else frozen_to, X)
    data = fit.tiles(h, jnp.asarray(rng.uniform(size=(1, 30, 2)), jnp.float32), 8)
    state, _ = fit.fit_cohort(backbone, frozen_to, 1e-2, 3, state, data)
    for i in range(3):
        still = same(unit(before, i), unit(state.params["encoder"], i))
        assert still == (i <= tau and not protocols.PROTOCOLS[name].prefix_moves)


def test_protocols_of_one_key_share_their_new_weights(backbone):
    """What is compared differs in the protocol alone."""
    cohort = built(backbone, key=7)["encoder"]
    scratch = started(backbone, None, "scratch", None)
    for name, tau in (("freeze", 1), ("thaw", 1), ("random", 0)):
        cohort_or_none = cohort if protocols.PROTOCOLS[name].prefix_of_cohort else None
        assert same(unit(started(backbone, cohort_or_none, name, tau), 2), unit(scratch, 2))


@pytest.mark.parametrize("n_units", [3, 12])
def test_every_different_fit_is_there_once(n_units):
    fits = protocols.different_fits(tuple(protocols.PROTOCOLS), range(n_units), n_units)
    # freeze and random at every boundary, warm and thaw at all but the last, full and scratch once.
    assert len(fits) == len(set(fits)) == 2 * n_units + 2 * (n_units - 1) + 2
    last = n_units - 1
    assert ("warm", last) not in fits and ("thaw", last) not in fits and {("full", None), ("scratch", None)} <= {*fits}
    assert all(tau is None for name, tau in fits if name in ("full", "scratch"))


def test_nothing_stands_for_a_fit_that_does_not_run():
    assert protocols.different_fits(("thaw", "full"), (1, 2), 3) == [("thaw", 1), ("full", None)]
    assert protocols.different_fits(("warm", "thaw"), (2,), 3) == [("warm", 2), ("thaw", 2)]


def test_of_protocols_that_run_unequally_long_none_stands_for_the_other():
    steps = {"full": 500, "freeze": 2000, "warm": 2000, "thaw": 2000}
    fits = protocols.different_fits(tuple(steps), (1, 2), 3, budgets=steps)
    assert ("thaw", 2) in fits and ("warm", 2) not in fits and ("freeze", 2) in fits
    equal = protocols.different_fits(tuple(steps), (1, 2), 3, budgets=dict.fromkeys(steps, 500))
    assert ("thaw", 2) not in equal


def test_a_way_that_was_fitted_itself_is_told_by_its_own_fits():
    ran = {("full", None): "full", ("freeze", 2): "freeze"}
    assert protocols.of_same_fit(lambda *way: ran.get(way), "thaw", 2, 3) == "full"
    assert protocols.of_same_fit(lambda *way: ran.get(way), "thaw", 1, 3) is None
    assert protocols.of_same_fit(lambda *way: ran.get(way), "full", 1, 3) == "full"
    ran["thaw", 2] = "thaw"
    assert protocols.of_same_fit(lambda *way: ran.get(way), "thaw", 2, 3) == "thaw"


def test_a_protocol_may_have_boundaries_of_its_own():
    own = {"random": (1,), "freeze": (), "warm": (2,)}
    fits = protocols.different_fits(("freeze", "random", "warm"), (0, 2), 3, own)
    assert fits == [("freeze", 0), ("freeze", 2), ("random", 1)]  # warm at the last layer is freeze


@pytest.mark.parametrize("name", protocols.PROTOCOLS)
def test_what_treats_all_units_alike_has_no_boundary(name):
    assert protocols.PROTOCOLS[name].has_boundary == (name not in ("full", "scratch"))
    if not protocols.PROTOCOLS[name].has_boundary:
        assert {protocols.same_fit(name, tau, 3) for tau in (0, 1, 2, None)} == {(name, None)}
        assert protocols.frozen_to(name, 1) is None


@pytest.mark.parametrize("alias, same_as", [("warm", "freeze"), ("thaw", "full")])
def test_a_protocol_that_another_stands_for_is_the_same_fit(backbone, alias, same_as):
    cohort = built(backbone, key=7)["encoder"]
    name, tau = protocols.same_fit(alias, 2, 3)
    assert name == same_as
    assert same(started(backbone, cohort, alias, 2), started(backbone, cohort, name, tau))
    assert protocols.frozen_to(alias, 2) == protocols.frozen_to(name, tau)
