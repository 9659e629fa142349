"""Convergent learning's claims, measured on networks that were made so that they hold, and so that they do not."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from inr_sae.atoms import partners
from inr_sae.paper import claims, convergence_claims, convergence_evidence
from inr_sae.run import comparison

pytest.importorskip("sklearn", reason="needs scikit-learn")
REAL = claims.Data("faces", {}, phantom=False)
CLAIMS = {claim.name: claim for claim in convergence_claims.CONVERGENCE}
N, UNITS = 1200, 40


def measured(pair, untrained=None):
    """{name: Measured} of two layers of a pair of networks of each of two backbones; pair(rng) -> values (N, UNITS) of
    both."""
    tables = tables_of(pair, untrained)
    tables = [rows + [row._replace(backbone="siren", other_backbone="siren") for row in rows] for rows in tables]
    return convergence_evidence.of_pairs(*tables)


def tables_of(pair, untrained=None):
    """(PartnersRows, FromManyRows) of these."""
    tables = [], []
    for layer in (0, 1):
        rng = np.random.default_rng(layer)
        one, other = (partners.maps_of(values) for values in pair(rng))
        before = [partners.maps_of(values) for values in (untrained or noise)(rng)]
        order = np.roll(np.arange(N), N // 2)
        moved = other._replace(values=other.values[order])
        maps = {"trained": (one, other), "displaced": (one, moved), "untrained": tuple(before)}
        keys = ("encoder seeds", "cohort", "ffmlp", 0, "cohort", "ffmlp", 1, None, layer, layer, "units")
        rows = np.arange(N) % 2 == 0
        tables[0].extend(comparison.one_to_one(keys, maps, rows)[1])
        tables[1].extend(comparison.one_to_many(keys, maps, rows, 12))
    return tables


def noise(rng):
    return rng.normal(size=(N, UNITS)), rng.normal(size=(N, UNITS))


def copies(rng):
    """Every unit again, in another order."""
    one = rng.normal(size=(N, UNITS))
    return one, one[:, rng.permutation(UNITS)] + 0.1 * rng.normal(size=(N, UNITS))


def half(rng):
    """Half of the units again, and the others new."""
    one, other = noise(rng)
    other[:, : UNITS // 2] = one[:, : UNITS // 2] + 0.3 * rng.normal(size=(N, UNITS // 2))
    return one, other


def sums(rng):
    """Every unit the sum of three of the other network's."""
    one = rng.normal(size=(N, UNITS))
    mixing = np.stack([np.isin(np.arange(UNITS), rng.choice(UNITS, 3, replace=False)) for _ in range(UNITS)], axis=1)
    return one, one @ mixing.astype(float) + 0.2 * rng.normal(size=(N, UNITS))


def rotated(rng):
    """The same space in another basis altogether."""
    one = rng.normal(size=(N, UNITS))
    return one, one @ np.linalg.qr(rng.normal(size=(UNITS, UNITS)))[0]


CASES = {  # (reproduced of, not of)
    "some_units_shared": (half, (noise, copies)),
    "subspaces_shared": (sums, (noise, copies)),
    "code_between": (sums, (copies, rotated)),
}


def verdict(name, m):
    return claims.verdict_on(CLAIMS[name], m.get(name), REAL)


@pytest.fixture(scope="module")
def found():
    return {pair: measured(pair) for pair in (noise, copies, half, sums, rotated)}


@pytest.mark.parametrize("name", CASES)
def test_what_was_planted_is_found(name, found):
    assert verdict(name, found[CASES[name][0]]) == claims.REPRODUCED


@pytest.mark.parametrize("name, null", [(name, null) for name, (_, nulls) in CASES.items() for null in nulls])
def test_what_has_nothing_of_it_is_not(name, null, found):
    assert verdict(name, found[null]) == claims.NOT_REPRODUCED


def test_a_basis_turned_altogether_is_distributed_however_wide_the_layer_is():
    """Its weights are as small as the layer is wide, a sixteenth of 256 units."""

    def wide(rng):
        one = rng.normal(size=(N, 256))
        return one, one @ np.linalg.qr(rng.normal(size=(256, 256)))[0]

    assert verdict("code_between", measured(wide)) == claims.NOT_REPRODUCED


def test_where_many_explain_no_more_than_nulls_do_nothing_is_said_of_the_code(found):
    assert verdict("code_between", found[noise]) == claims.NOT_TESTABLE


def test_what_untrained_networks_share_already_is_nothing_learned():
    m = measured(sums, untrained=sums)
    assert verdict("subspaces_shared", m) == claims.NOT_REPRODUCED
    assert verdict("some_units_shared", m) == claims.NOT_REPRODUCED


def test_every_claim_is_fed_both():
    assert set(CASES) == set(CLAIMS)
    assert set(measured(half)) <= set(CLAIMS)


def test_smooth_maps_that_have_nothing_in_common_share_no_units():
    """Units of a layer mix few fields and depend on each other, so that shares scatter more than single units would."""

    def smooth(rng):
        fields = [gaussian_filter(rng.normal(size=(30, 40)), 4.0, mode="wrap").ravel() for _ in range(6)]
        fields = np.stack(fields, axis=1) / np.std(fields)
        return np.sin(fields @ rng.normal(size=(6, UNITS)) + rng.uniform(0, 6.28, UNITS))

    shares = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        one, other, *before = (partners.maps_of(smooth(rng)) for _ in range(4))
        moved = other._replace(values=np.roll(other.values, N // 2, axis=0))
        maps = {"trained": (one, other), "displaced": (one, moved), "untrained": tuple(before)}
        rows = np.arange(N).reshape(30, 40) // 8 % 2 == 0
        (row, *_) = comparison.one_to_one(("encoder seeds",) + ("x",) * 10, maps, rows.ravel())[1]
        shares.append(row.beyond_null_fraction)
    assert max(shares) < convergence_evidence.SOME and max(shares) >= 0.1, shares


def test_one_partners_r2_is_that_of_what_was_fitted_elsewhere():
    rng = np.random.default_rng(0)
    values, rows = rng.normal(size=(N, 8)), np.arange(N) % 2 == 0
    turned = np.where(rows[:, None], values, -values)
    maps = {"trained": (partners.maps_of(values), partners.maps_of(turned))}
    (row, *_) = comparison.one_to_many(("encoder seeds",) + ("x",) * 10, maps, rows, 8)
    assert row.r2_one_held_out == pytest.approx(-3.0, abs=0.01)
    maps = {"trained": (partners.maps_of(values), partners.maps_of(-values))}
    (row, *_) = comparison.one_to_many(("encoder seeds",) + ("x",) * 10, maps, rows, 8)
    assert row.r2_one_held_out == pytest.approx(1.0, abs=0.01)
    above = np.abs(values)  # never negative, as what comes of ReLU
    maps = {"trained": (partners.maps_of(above), partners.maps_of(above.max() - above))}
    (row, *_) = comparison.one_to_many(("encoder seeds",) + ("x",) * 10, maps, rows, 8)
    assert row.r2_one_held_out == pytest.approx(1.0, abs=0.01), "many may weigh negatively, so one may"


def test_pairs_that_share_a_network_are_one_case():
    once = tables_of(half)
    twice = [rows + [row._replace(other_seed=7) for row in rows] for rows in once]
    one, two = (convergence_evidence.of_pairs(*each)["some_units_shared"] for each in (once, twice))
    assert (one.total, two.total) == (2, 4) and one.chance_of_all == two.chance_of_all == 1.0, "no verdict"
    assert measured(half)["some_units_shared"].chance_of_all == pytest.approx(0.05**2)
