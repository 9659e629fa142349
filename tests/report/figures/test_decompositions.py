import numpy as np
import pytest

from inr_sae.report.figures import decompositions as figures
from inr_sae.rows.decompositions import EdgeRow, KeptRow, RecoveryRow, ResolutionRow, SpatialRow
from tests.report.builders import labelled, legend, titles

METHODS = {"pca": "PCA", "lib": "LIB"}
BACKBONES = {"siren": "SIREN", "ffmlp": "FFMLP"}
LABELS = METHODS | BACKBONES
PLACES = [(backbone, layer) for backbone in BACKBONES for layer in range(3)]


def test_directions_have_a_panel_a_layer_and_a_line_a_method():
    rows = [
        KeptRow(*place, method, n, 10.0 + n, 20.0) for place in PLACES for method in METHODS for n in (0, 1, 2, 4, 8)
    ]
    fig = figures.kept(rows, LABELS)
    assert titles(fig) == [f"{LABELS[backbone]}, layer {layer}" for backbone, layer in PLACES]
    assert legend(fig) == ["PCA", "LIB", "the network"]
    line = labelled(fig.axes[0])["LIB"]
    assert line.get_xydata().tolist() == [[n, 10.0 + n] for n in (0, 1, 2, 4, 8)]
    fig.draw_without_rendering()


def test_interactions_are_bars_with_their_numbers():
    rows = [EdgeRow(*place, method, 100, 25, 8.0, 1.0, 30.0) for place in PLACES for method in METHODS]
    fig = figures.edges(rows, LABELS)
    assert titles(fig) == ["SIREN", "FFMLP"] and legend(fig) == ["PCA", "LIB"]
    assert {bar.get_height() for bar in fig.axes[0].patches} == {25.0}
    assert {text.get_text() for text in fig.axes[0].texts} == {"25"}


def test_resolutions_stand_in_the_order_of_their_size_and_gaps_are_left_out():
    rows = [
        ResolutionRow(*place, method, grid, 5, 5, 0.9, None if grid == "between" else 0.1, 0.0, 30.0)
        for place in PLACES
        for method in METHODS
        for grid in ("same", "half", "double", "between")
    ]
    fig = figures.resolution(rows, LABELS)
    assert titles(fig)[:3] == ["SIREN: R²", "SIREN: PSNR to the network (dB)", "SIREN: change of codes"]
    assert [text.get_text() for text in fig.axes[0].get_xticklabels()] == ["half", "same", "between", "double"]
    assert labelled(fig.axes[2])["PCA"].get_xdata().tolist() == [0, 1, 3]
    assert labelled(fig.axes[1])["PCA"].get_ydata().tolist() == [30.0] * 4


@pytest.mark.parametrize("n_layers", [1, 3])
def test_spatial_curves_stand_beside_those_at_random(n_layers):
    rows = [
        SpatialRow(backbone, layer, share, 30 * share, 20 * share, 30.0)
        for backbone, layer in PLACES
        if layer < n_layers
        for share in (0.1, 1.0)
    ]
    fig = figures.spatial(rows, LABELS)
    assert titles(fig) == [f"layer {layer}" for layer in range(n_layers)]
    assert legend(fig) == ["SIREN", "SIREN, at random", "FFMLP", "FFMLP, at random"]
    np.testing.assert_allclose(labelled(fig.axes[0])["SIREN"].get_xydata(), [[10, 3], [100, 30]])


def test_there_may_be_more_backbones_than_colours_and_a_method_looks_alike_in_all_figures():
    names = [f"backbone_{i}" for i in range(12)]
    rows = [SpatialRow(name, 0, share, 30 * share, 20 * share, 30.0) for name in names for share in (0.1, 1.0)]
    lines = labelled(figures.spatial(rows, dict(zip(names, names))).axes[0])
    assert len({(lines[name].get_color(), lines[name].get_marker()) for name in names}) == 12
    rows = [KeptRow("siren", 0, method, n, 10.0 + n, 20.0) for method in METHODS for n in (0, 1)]
    alone, both = (labelled(figures.kept(shown, LABELS).axes[0])["LIB"] for shown in (rows[2:], rows))
    assert alone.get_color() == both.get_color() and alone.get_marker() == both.get_marker()


def recovered():
    return [
        RecoveryRow(model, lifted, modes, atoms, optimizer, 1e-3, seed, 0.5, seed + 0.25 * (modes == 8), step)
        for model, modes in (("sae", None), ("operator", 33), ("operator", 8))
        for lifted in (0, 1)
        for atoms in ("smooth", "rough")
        for optimizer in ("adam", "sgd")
        for seed in (0, 1)
        for step in (10, 20)
    ]


def test_recovery_names_models_by_their_modes_and_lifting():
    fig = figures.recovery(recovered())
    assert titles(fig) == ["smooth atoms, Adam", "rough atoms, Adam", "smooth atoms, SGD", "rough atoms, SGD"]
    assert legend(fig)[:4] == ["SAE", "SAE, lifted", "operator, all modes", "operator, all modes, lifted"]
    assert labelled(fig.axes[0])["operator, few modes"].get_xydata().tolist() == [[10, 0.75], [20, 0.75]]
