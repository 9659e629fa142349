"""What the claims on dictionaries are handed, on tables whose answer is known."""

import pytest

from inr_sae.paper import claims, dictionary_claims
from inr_sae.stages import dictionary_evidence as evidence

LAYERS = range(5)


def metrics(dead, active, locality, concentration, cohort=0.5, held_out=0.4):
    return [
        dict(layer=i, dead_fraction=dead[i], active_fraction_median=active[i], locality_median=locality[i])
        | dict(concentration=concentration, content_of_as_many_median=cohort, content_held_out_median=held_out)
        for i in LAYERS
    ]


def atoms(content, null=0.1, n=20):
    """Atom 0 is the strongest; weak atoms have another content, which must not count."""
    return {
        i: [
            dict(atom=a, mean_magnitude=1.0 / (1 + a), content=content[i] if a < 16 else 0.99, content_shuffled=null)
            | dict(content_of_as_many=0.6 if a < 16 else 0.1, content_held_out=0.3)
            for a in range(n)
        ]
        for i in LAYERS
    }


def effects(layer, drops):
    return [dict(layer=layer, atom=a, psnr_drop_db=drop) for a, drop in drops.items()]


def as_published():
    return evidence.of_conditions(
        {
            "cohort-siren": metrics([0.27, 0.04, 0, 0, 0], [0.01] * 5, [0.95] * 5, 1.2),
            "cohort-ffmlp": metrics([0.003, 0, 0, 0.3, 0.591], [0.35, 0.3, 0.2, 0.1, 0.05], [0.1] * 5, 7.0),
        },
        {"cohort-siren": atoms([0.12] * 5), "cohort-ffmlp": atoms([0.1, 0.1, 0.5, 0.6, 0.6])},
        {
            "test": {
                "cohort-siren": effects(2, {0: 2.5, 19: 9.2}),
                "cohort-ffmlp": effects(2, {0: 10.58, 19: 12.0}) + effects(0, {0: 30.0}),
            }
        },
        [
            dict(condition="cohort-siren", other=other, by="map", layer=layer, similarity_mean=value)
            for other, values in (("cohort-siren", (0.8, 0.8)), ("second-siren", (0.7, 0.5)))
            for layer, value in enumerate(values)
        ],
        [
            dict(condition="c", layer=layer, k=4, n_atoms=n, spatial_l0=l0)
            for layer, chain in enumerate(((0.4, 0.2, 0.1), (0.4, 0.1, 0.2)))
            for n, l0 in zip((10, 20, 40), chain)
        ],
    )


def test_quantities():
    m = as_published()
    assert m["siren_alive"].value == 0.04 and m["ffmlp_dies"].value == 0.591
    assert m["ffmlp_concentrates"].value == pytest.approx(7.0) and m["ffmlp_dense"].value == 0.05
    assert (m["siren_local"].value, m["siren_local"].of) == (5, 5)
    assert (m["ffmlp_content"].value, m["ffmlp_content"].of) == (3, 3), "from layer 2 on"
    assert (m["siren_no_content"].value, m["siren_no_content"].of) == (5, 5)
    assert m["ffmlp_largest_drop"].value == 10.58, "of the top atoms, from layer 2 on"
    assert m["ffmlp_costs_more"].value == pytest.approx(30.0 - 9.2), "over all atoms and layers"
    assert (m["siren_tiling_repeats"].value, m["siren_tiling_repeats"].of) == (1, 2)
    assert (m["l0_falls"].value, m["l0_falls"].of) == (1, 2)
    assert (m["memorised"].value, m["memorised"].of) == (3, 3)


def test_the_published_numbers_reproduce_the_published_claims():
    real = claims.Data("x", (), phantom=False)
    rows = claims.table(dictionary_claims.DICTIONARIES, as_published(), real)
    verdicts = {row["claim"]: row["verdict"] for row in rows}
    assert verdicts.pop("ffmlp_dense") == "not reproduced", "Fig. 4's caption contradicts Fig. 8"
    assert verdicts.pop("siren_tiling_repeats") == verdicts.pop("l0_falls") == "partly"
    assert set(verdicts.values()) == {"reproduced"}


def test_what_was_not_run_is_left_out():
    assert evidence.of_conditions({}, {}, {}, [], []) == {}
