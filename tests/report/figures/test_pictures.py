"""Figures are drawn from arrays without a file, and what they show is told by their text."""

import numpy as np
import pytest

from inr_sae.report.figures import pictures, style
from inr_sae.rows.dictionaries import AblationRow
from tests.report.builders import FFMLP, SIREN, make, texts, titles


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def shown(ax):
    """(colour map, least, most) of a map."""
    image = ax.images[0]
    return image.get_cmap().name, *image.get_clim()


def test_atoms_show_their_number_and_the_mean(rng):
    layers = {
        0: (np.array([7, 3]), rng.uniform(size=(2, 12)), [0.5, 0.25]),
        2: (np.array([1]), rng.uniform(size=(1, 12)), [0.125]),
    }
    fig = pictures.atoms(layers, (3, 4))
    assert "#7" in texts(fig) and "#1" in texts(fig) and "layer 2" in texts(fig)
    means = [ax.images[0].get_array() for ax in fig.axes if "mean of" in ax.get_title()]
    np.testing.assert_allclose(means[0], layers[0][1].mean(0).reshape(3, 4))


def test_a_signed_map_is_white_at_zero_and_another_is_dark_there():
    _, ((first, second, third, fourth),) = style.figure(4, 1, 1, 4)
    pictures.show(first, np.array([[-2.0, 1.0]]))
    pictures.show(second, np.array([[0.0, 1.0]]))
    pictures.show(third, np.array([[-2.0, 1.0]]), vmax=3.0)
    pictures.show(fourth, np.zeros((1, 2)))
    assert [shown(ax) for ax in (first, second, third, fourth)] == [
        (style.SIGNED_MAP, -2.0, 2.0),
        (style.MAP, 0.0, 1.0),
        (style.SIGNED_MAP, -3.0, 3.0),
        (style.MAP, 0.0, 1.0),
    ]


def test_reconstructions_show_psnr(rng):
    signals = rng.uniform(size=(3, 5, 4, 1)).astype(np.float32)
    text = texts(pictures.reconstructions(signals, signals + np.float32(0.1), ["a", "b", "c"]))
    assert "20.0 dB" in text and "b" in text


def test_held_out_fits_stand_in_their_order_above_their_errors(rng):
    target = rng.uniform(size=(3, 4, 3)).astype(np.float32)
    outputs = {("full", None): target, ("freeze", 6): target + np.float32(0.1)}
    fig = pictures.held_out_fits(target, outputs)
    assert titles(fig)[:3] == ["held-out signal", "STRAINER's recipe\nexact", "frozen 0..6\n20.0 dB"]
    errors = [ax.images[0].get_array() for ax in fig.axes[4:]]
    np.testing.assert_allclose(errors[0], 0.0)
    np.testing.assert_allclose(errors[1], 2.0, rtol=1e-5)  # 0.1 is two decades above the least


def test_ablations_show_atom_psnr_and_effect(rng):
    panels = {"z": np.array([[0.0, 0.5], [-0.25, 0.0]]), "test_target": np.zeros((1, 2, 1))}
    panels |= {"test_ablated": np.zeros((2, 1, 2, 1)), "test_effect": np.full((2, 1, 2, 1), -0.75)}
    drawn = dict(signal="a", psnr_before_db=30.0, psnr_after_db=20.0)
    rows = [make(AblationRow, atom=atom, sample=sample, **drawn) for atom, sample in ((5, "top"), (9, "random"))]
    fig = pictures.ablations(6, panels, "test", rows)
    captions = ["#5 top  max 0.5", "#9 random  max 0.25", *["20.0 dB (-10.00)"] * 2, "signal", *["max 0.75"] * 2]
    assert [title for title in titles(fig) if title] == captions
    assert fig.get_suptitle() == "layer 6, test signal a"
    assert shown(fig.axes[0])[0] == style.MAP and shown(fig.axes[1])[0] == style.SIGNED_MAP


@pytest.mark.parametrize("depth", [3, 7])
def test_a_gallery_has_a_row_a_layer_and_names_its_conditions(rng, depth):
    signal, layers = rng.uniform(size=(2, 3, 3)), {i: rng.uniform(size=(2, 6)) for i in range(depth)}
    fig = pictures.gallery({SIREN: (signal, layers), FFMLP: (signal, {0: layers[0][:1]})})
    assert [title for title in titles(fig) if title] == ["cohort-siren", "cohort-ffmlp"]
    assert [label for ax in fig.axes if (label := ax.get_ylabel())] == ["ℓ0", "ℓ0", *(f"ℓ{i}" for i in range(1, depth))]
    assert sum(bool(ax.images) for ax in fig.axes) == (1 + 3 * depth) + (1 + 2)
    np.testing.assert_allclose(fig.axes[3].images[0].get_array(), layers[0].mean(axis=0).reshape(2, 3))


def test_the_mean_of_signed_maps_is_that_of_their_magnitude():
    values, name = pictures.mean_map(np.array([[1.0, -2.0], [-1.0, 2.0]]))
    assert values.tolist() == [1.0, 2.0] and name == "mean |z|"
    values, name = pictures.mean_map(np.array([[1.0, 2.0], [3.0, 2.0]]))
    assert values.tolist() == [2.0, 2.0] and name == "mean"
