import numpy as np
import pytest

from inr_sae.report.figures import convergence
from inr_sae.rows.comparisons import FromManyRow, LikenessRow, PartnersRow
from tests.report.builders import labelled, legend, make, titles

PAIR = dict(kind="encoder seeds", regime="cohort", backbone="ffmlp", seed=0, of="units")
PAIR |= dict(other_regime="cohort", other_backbone="ffmlp", other_seed=1)


def partners(**columns):
    level = {"trained": 0.6, "displaced": 0.2, "untrained": 0.1}
    return [
        make(PartnersRow, **PAIR | columns, case=case, layer=i, other_layer=i, matched_held_out_mean=value + 0.01 * i)
        for case, value in level.items()
        for i in range(3)
    ]


def test_a_panel_of_units_and_of_atoms_with_their_nulls():
    fig = convergence.partners([*partners(), *partners(of="atoms", dictionary_seed=1)])
    assert titles(fig) == ["units of cohort ffmlp", "atoms of cohort ffmlp"]
    drawn = labelled(fig.axes[0])["seed 1"]
    np.testing.assert_allclose(drawn.get_xydata(), [[0, 0.6], [1, 0.61], [2, 0.62]])
    nulls = [line.get_ydata()[0] for line in fig.axes[0].get_lines() if line is not drawn]
    assert sorted(nulls) == [0.1, 0.2]
    assert "dictionary seed 1" in labelled(fig.axes[1])
    said = [text.get_text() for text in fig.legends[0].get_texts()]
    assert said == ["seed 1", "dictionary seed 1", "the other's maps displaced", "before training"]


def test_what_a_network_is_compared_with_looks_the_same_in_all_panels():
    others = [dict(other_seed=seed) for seed in range(1, 9)] + [dict(other_regime="second")]
    of_units = [row for other in others[1:] for row in partners(backbone="siren", other_backbone="siren", **other)]
    of_atoms = [row for other in others for row in partners(of="atoms", **other)]
    fig = convergence.partners([*of_atoms, *of_units, *partners(other_backbone="siren")])
    looks = {}
    for ax in fig.axes:
        for name, line in labelled(ax).items():
            if name[0] != "_":
                assert looks.setdefault(name, (line.get_color(), line.get_marker())) == (
                    line.get_color(),
                    line.get_marker(),
                )
    assert len(set(looks.values())) == len(looks) == 10
    assert {"second, seed 1", "cohort siren", "seed 8"} < looks.keys()
    assert titles(fig) == [f"{of} of cohort {name}" for of in ("atoms", "units") for name in ("ffmlp", "siren")]


def test_every_layer_against_every_other():
    rows = [
        make(LikenessRow, **PAIR, case="trained", layer=i, other_layer=j, cka=None if i > j else 0.1 * (i + j))
        for i in range(3)
        for j in range(3)
    ]
    fig = convergence.heat_maps(rows)
    found = np.ma.filled(fig.axes[0].images[0].get_array(), np.nan)
    np.testing.assert_allclose(found, [[0, 0.1, 0.2], [np.nan, 0.2, 0.3], [np.nan, np.nan, 0.4]])
    assert "–" in [text.get_text() for text in fig.axes[0].texts]


def test_curves_are_sorted_and_a_pair_without_such_units_has_none():
    arrays = {"units_best": np.array([0.2, 0.9, 0.5]), "units_matched": np.array([0.1, 0.8])}
    shown = {("encoder seeds", "a", "a-seed_1"): {0: arrays}, ("dictionary seeds", "a", "a-dictionary_1"): {0: {}}}
    fig = convergence.curves(shown, "units")
    assert len(fig.axes) == 1 and titles(fig) == ["encoder seeds\na, seed_1"]
    np.testing.assert_allclose(labelled(fig.axes[0])["layer 0"].get_ydata(), [0.9, 0.5, 0.2])


@pytest.mark.parametrize("depth", [1, 7])
def test_from_many_has_a_panel_a_layer_and_a_star_for_one(depth):
    rows = [
        make(
            FromManyRow,
            **PAIR,
            case="trained",
            layer=i,
            other_layer=i,
            penalty=p,
            n_weights_mean=1 / p,
            r2_held_out=1 - p,
            r2_one_held_out=0.3,
        )
        for i in range(depth)
        for p in (1.0, 0.1)
    ]
    fig = convergence.from_many(rows)
    assert titles(fig)[:depth] == [f"layer {i}" for i in range(depth)]
    stars = [line.get_xydata().tolist() for line in fig.axes[0].get_lines() if line.get_marker() == "*"]
    assert stars == [[[1.0, 0.3]]]


def test_pairs_are_told_apart_by_what_differs():
    row = make(PartnersRow, **PAIR)
    assert convergence.name_of(row._replace(other_regime="second")) == "cohort ffmlp, second"
    assert convergence.name_of(row._replace(other_backbone="siren")) == "cohort: ffmlp, siren"
    assert convergence.name_of(row._replace(dictionary_seed=2)) == "cohort ffmlp: dictionary seed 2"


def test_a_layer_has_one_colour_in_all_panels_of_curves():
    def of(*layers):
        return dict.fromkeys(layers, {"units_best": np.array([0.5, 0.9]), "units_matched": np.array([0.4, 0.9])})

    fig = convergence.curves(
        {("seeds", "siren", "siren 1"): of(0, 1, 2), ("readers", "siren", "ffmlp"): of(2, 3)}, "units"
    )
    shown = [{line.get_label(): line.get_color() for line in ax.lines} for ax in fig.axes]
    assert shown[0]["layer 2"] == shown[1]["layer 2"]
    assert len({shown[0]["layer 0"], shown[0]["layer 1"], *shown[1].values()}) == 4
    assert legend(fig) == [f"layer {layer}" for layer in range(4)]
