"""What the claims of convergent learning are handed, on rows whose answer is known."""

import pytest

from inr_sae.paper import convergence_evidence
from inr_sae.paper.claims import CHANCE
from inr_sae.rows.comparisons import FromManyRow, PartnersRow
from tests.paper.dictionary_rows import blank

PATH = {0.01: (0.80, 30.0), 0.1: (0.79, 12.0), 0.3: (0.75, 3.0), 0.9: (0.20, 1.0)}  # {penalty: (R², weights)}


def pair(layer=0, other_seed=1, of="units", case="trained", backbone="ffmlp"):
    columns = {"kind": "encoder seeds", "backbone": backbone, "seed": 0, "other_backbone": backbone, "of": of}
    return columns | {"other_seed": other_seed, "layer": layer, "other_layer": layer, "case": case}


def partners(share=0.5, n_units=40, n_other=40, **keys):
    return blank(PartnersRow, **pair(**keys), n_units=n_units, n_other=n_other, beyond_null_fraction=share)


def from_many(path=PATH, one=0.4, **keys):
    """The rows of a path of penalties."""
    return [
        blank(FromManyRow, **pair(**keys), penalty=p, r2_held_out=r2, r2_one_held_out=one, n_weights_mean=n)
        for p, (r2, n) in path.items()
    ]


def test_layers_of_a_pair_of_networks_and_pairs_that_share_one_are_no_cases_of_their_own():
    m = convergence_evidence.of_pairs([partners(layer=layer) for layer in range(3)], [])["some_units_shared"]
    assert (m.value, m.total) == (3, 3) and m.chance == pytest.approx(CHANCE) and m.chance_of_all == 1.0
    of_two = [partners(layer=layer, other_seed=seed) for layer in range(3) for seed in (1, 2)]
    m = convergence_evidence.of_pairs(of_two, [])["some_units_shared"]
    assert m.total == 6 and m.chance_of_all == 1.0
    backbones = [partners(layer=layer, backbone=name) for layer in range(3) for name in ("one", "other")]
    m = convergence_evidence.of_pairs(backbones, [])["some_units_shared"]
    assert m.total == 6 and m.chance_of_all == pytest.approx(CHANCE**2)


def test_as_many_pairs_by_chance_are_that_many_or_more_of_the_smaller_network():
    none, one = 0.95**20, 20 * 0.05 * 0.95**19
    assert convergence_evidence.by_chance(partners(0.1, 20, 30)) == pytest.approx(1 - none - one)
    assert convergence_evidence.by_chance(partners(0.1, 30, 20)) == pytest.approx(1 - none - one)
    assert convergence_evidence.by_chance(partners(0.0)) == pytest.approx(1.0)


@pytest.mark.parametrize("share, n_units, counts", [(1 / 3, 3, 0), (1 / 2, 4, 1)])
def test_a_share_that_chance_gives_is_no_case_however_large(share, n_units, counts):
    """One of three is beyond the null in 14 % by chance, two of four in 1 %."""
    m = convergence_evidence.of_pairs([partners(share, n_units)], [])["some_units_shared"]
    assert (m.value, m.total) == (counts, 1)


def test_atoms_are_no_units():
    units = [partners()], from_many()
    atoms = [partners(0.0, of="atoms")], from_many({0.1: (0.1, 40.0)}, of="atoms")
    alone = convergence_evidence.of_pairs(*units)
    assert {name: (m.value, m.total) for name, m in alone.items()} == dict.fromkeys(alone, (1, 1)) and len(alone) == 3
    for first, then in ((units, atoms), (atoms, units)):
        assert convergence_evidence.of_pairs(*(a + b for a, b in zip(first, then))) == alone
    assert convergence_evidence.of_pairs(*atoms) == {}


@pytest.mark.parametrize("penalties", [sorted(PATH), sorted(PATH, reverse=True)])
def test_a_code_is_as_large_as_at_the_largest_penalty_that_still_explains(penalties):
    rows = from_many({penalty: PATH[penalty] for penalty in penalties})
    assert convergence_evidence.needed(rows) == 3.0
    m = convergence_evidence.of_pairs([partners()], rows)["code_between"]
    assert (m.value, m.total) == (1, 1), "3 of 40 units, and not 30"
