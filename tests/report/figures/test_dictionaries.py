import numpy as np
import pytest

from inr_sae.report.figures import dictionaries, style
from inr_sae.rows.dictionaries import EffectRow, MatchRow
from tests.report.builders import FFMLP, SIREN, atoms, labelled, legend, make, metrics, titles

DEPTHS = pytest.mark.parametrize("depth", [3, 7])
SUMMARIES = pytest.mark.parametrize("draw", [dictionaries.concentration, dictionaries.quality, dictionaries.shape])


@DEPTHS
@SUMMARIES
def test_every_condition_is_a_line_over_every_layer(draw, depth):
    fig = draw({SIREN: metrics(depth), FFMLP: metrics(depth)})
    assert legend(fig) == ["cohort-siren", "cohort-ffmlp"]
    for ax in fig.axes:
        assert ax.get_xticks().tolist() == list(range(depth)) and ax.get_xlabel() == "layer"
    lines = labelled(fig.axes[0])
    assert lines["cohort-siren"].get_xdata().tolist() == list(range(depth))
    assert lines["cohort-siren"].get_color() == style.ORANGE and lines["cohort-ffmlp"].get_color() == style.BLUE


@SUMMARIES
def test_conditions_of_other_depths_stand_beside_each_other(draw):
    fig = draw({SIREN: metrics(3), FFMLP: metrics(7)})
    assert fig.axes[0].get_xticks().tolist() == list(range(7))


@SUMMARIES
def test_what_has_no_meaning_for_a_dictionary_is_left_out(draw):
    nothing = {key: None for key in metrics(1)[0]._fields if key not in ("layer", "n_atoms", "k", "r2")}
    draw({SIREN: metrics(3, **nothing)}).draw_without_rendering()


def test_panels_show_their_own_columns():
    fig = dictionaries.quality({SIREN: metrics(3, psnr_substituted_db=20.0, spatial_l0=0.125, concentration=4.0)})
    shown = [labelled(ax)["cohort-siren"].get_ydata().tolist() for ax in fig.axes]
    assert shown[1:] == [[20.0] * 3, [0.125] * 3, [4.0] * 3]
    np.testing.assert_allclose(shown[0], [0.9, 0.8, 0.7])
    dead = dictionaries.concentration({SIREN: metrics(3, dead_fraction=0.25)}).axes[2]
    assert labelled(dead)["cohort-siren"].get_ydata().tolist() == [25.0] * 3
    memory = dictionaries.shape({SIREN: metrics(3, content_of_as_many_median=0.75)}).axes[3]
    assert memory.get_lines()[0].get_ydata().tolist() == [0.25] * 3


def test_panels_without_a_number_are_left_out():
    signed = {SIREN: metrics(3, active_fraction_median=None, dead_fraction=None, spatial_l0=None)}
    assert titles(dictionaries.concentration(signed)) == ["inverse participation ratio"]
    shown = ["R² of the activations", "PSNR, substituted (dB)", "top atom / next 15"]
    assert titles(dictionaries.quality(signed)) == shown
    beside = signed | {FFMLP: metrics(3)}
    assert len(dictionaries.concentration(beside).axes) == 3, "another condition has these numbers"


def test_a_profile_is_of_the_sixteen_top_atoms():
    assert dictionaries.profile(atoms(40), "mean_magnitude").tolist() == [40.0 - i for i in range(16)]


@DEPTHS
def test_bars_have_a_panel_for_every_layer_of_every_condition(depth):
    of_layers = {layer: atoms(4) for layer in range(depth)}
    fig = dictionaries.profile_bars(
        {SIREN: of_layers, FFMLP: of_layers},
        {SIREN: metrics(depth, dead_fraction=0.125), FFMLP: metrics(depth, dead_fraction=None)},
        "mean_magnitude",
        "mean z",
    )
    assert titles(fig)[: depth + 1] == [*(f"layer {i}, dead 12.5 %" for i in range(depth)), "layer 0"]
    assert [bar.get_height() for bar in fig.axes[depth - 1].patches] == [4.0, 3.0, 2.0, 1.0]
    assert fig.axes[depth].get_ylabel() == "cohort-ffmlp\nmean z"


@pytest.mark.parametrize("key", ["mean_magnitude", "firing_rate"])
def test_bars_and_profiles_of_unequal_depths_and_of_signed_dictionaries(key):
    uneven = {SIREN: {0: atoms(3), 2: atoms(3)}, FFMLP: {i: atoms(3, firing_rate=None) for i in range(3)}}
    bars = dictionaries.profile_bars(uneven, {SIREN: metrics(3), FFMLP: metrics(3)}, key, "label")
    assert titles(bars)[:3] == ["layer 0, dead 50.0 %", "layer 2, dead 50.0 %", ""]
    fig = dictionaries.profiles(uneven, key, "label")
    fig.draw_without_rendering()
    assert titles(fig) == ["layer 0", "layer 2", "layer 1"]
    assert [len(labelled(ax)) for ax in fig.axes] == [2, 2, 1]


@DEPTHS
def test_profiles_have_every_condition_in_every_panel(depth):
    of_layers = {layer: atoms(4) for layer in range(depth)}
    fig = dictionaries.profiles({SIREN: of_layers, FFMLP: of_layers}, "mean_magnitude", "mean z")
    assert titles(fig) == [f"layer {i}" for i in range(depth)] and legend(fig) == ["cohort-siren", "cohort-ffmlp"]
    assert labelled(fig.axes[-1])["cohort-ffmlp"].get_ydata().tolist() == [4.0, 3.0, 2.0, 1.0]


@DEPTHS
def test_every_layer_has_its_colour_among_the_costs(depth):
    of_layers = {layer: atoms(3) for layer in range(depth)}
    rows = [
        EffectRow(layer, atom, "a", "cohort", "activations", atom - 0.5, None)
        for layer in range(depth)
        for atom in range(3)
    ]
    (ax,) = dictionaries.drop_against_magnitude({SIREN: rows}, {SIREN: of_layers}).axes
    assert [points.get_label() for points in ax.collections] == [f"layer {i}" for i in range(depth)]
    assert len({tuple(points.get_facecolor()[0]) for points in ax.collections}) == depth
    # Atom 0 costs nothing; the others stand at their magnitude and cost.
    assert ax.collections[0].get_offsets().tolist() == [[2.0, 0.5], [3.0, 1.5]]
    assert ax.get_title("left") == "cohort-siren"


@DEPTHS
def test_stability_names_seeds_and_conditions(depth):
    row = make(MatchRow, regime="cohort", backbone="siren", seed=0, other_regime="cohort", other_backbone="siren")
    row = row._replace(other_seed=0, dictionary_seed=1, by="map", similarity_mean=0.5, null_mean=0.25)
    rows = [row._replace(layer=layer) for layer in range(depth)]
    rows += [row._replace(layer=i, other_regime="second", dictionary_seed=None) for i in range(depth)]
    fig = dictionaries.stability([*rows, rows[0]._replace(by="decoder", similarity_mean=0.75)])
    by_map, by_decoder = map(labelled, fig.axes)
    assert list(by_map) == ["cohort-siren, seed 1", "cohort-siren and second-siren"]
    assert by_map["cohort-siren, seed 1"].get_ydata().tolist() == [0.5] * depth
    seed, second = by_map.values()
    assert (seed.get_linestyle(), second.get_linestyle()) == ("-", "--")
    assert [line.get_ydata().tolist() for line in by_decoder.values()] == [[0.75]]
    nulls = [line for line in fig.axes[0].get_lines() if line.get_label().startswith("_")]
    assert [line.get_ydata().tolist() for line in nulls] == [[0.25] * depth] * 2


def test_no_two_pairs_of_dictionaries_look_alike():
    row = make(MatchRow, regime="cohort", backbone="siren", seed=0, other_regime="cohort", other_backbone="siren")
    rows = [row._replace(other_seed=0, dictionary_seed=seed, by="map", layer=0) for seed in (1, 2, 3)]
    shown = labelled(dictionaries.stability(rows).axes[0]).values()
    assert len({(line.get_color(), line.get_marker()) for line in shown}) == 3


def test_stability_without_decoders_leaves_their_panel_empty():
    row = make(MatchRow, regime="cohort", backbone="siren", seed=0, other_regime="cohort", other_backbone="siren")
    row = row._replace(other_seed=1, layer=0, by="map", similarity_mean=0.5, null_mean=0.25)
    fig = dictionaries.stability([row])
    assert list(labelled(fig.axes[0])) == ["cohort-siren-seed0 and cohort-siren-seed1"]
    assert len(fig.axes[1].get_lines()) == 0
