"""The dictionaries' stage: what it stores of each layer's."""

import numpy as np
import pytest

from inr_sae.rows.dictionaries import AtomRow, LossRow, MetricsRow
from inr_sae.stages import dictionary


def test_every_layer_has_a_dictionary_unless_the_config_names_some(single):
    config = single.config.copy_and_resolve_references()
    found = sorted(path.name for path in (single.workdir / "dictionary").glob("layer_*"))
    assert found == sorted(f"layer_{layer}" for layer in dictionary.layers(config))
    config.dictionary.layers = ()
    assert dictionary.layers(config) == tuple(range(single.last + 1))
    assert f"layer_{single.last}" in found


def test_a_layers_files_have_a_row_for_every_atom_and_one_for_all(single):
    for layer in dictionary.layers(single.config):
        atoms = single.rows(f"dictionary/layer_{layer}/atoms.csv")
        (metrics,) = single.rows(f"dictionary/layer_{layer}/metrics.csv")
        assert tuple(atoms[0]) == AtomRow._fields and tuple(metrics) == MetricsRow._fields
        assert [int(row["atom"]) for row in atoms] == list(range(24))
        assert (metrics["layer"], metrics["n_atoms"], metrics["k"]) == (str(layer), "24", "4")
        dead = np.mean([float(row["firing_rate"]) == 0 for row in atoms])
        assert float(metrics["dead_fraction"]) == pytest.approx(dead)


def test_the_network_behind_a_layer_gives_the_cohorts_own_psnr(single):
    """Whatever the layer, with its own activations nothing is lost."""
    last = single.rows("cohort/history.csv")[-1]
    for layer in dictionary.layers(single.config):
        (metrics,) = single.rows(f"dictionary/layer_{layer}/metrics.csv")
        assert float(metrics["psnr_db"]) == pytest.approx(float(last["psnr_db_mean"]), abs=1e-3)


def test_the_stored_maps_are_those_of_the_top_atoms(single):
    for layer in dictionary.layers(single.config):
        atoms = single.rows(f"dictionary/layer_{layer}/atoms.csv")
        with np.load(single.workdir / f"dictionary/layer_{layer}/maps.npz") as maps:
            assert tuple(maps["shape"]) == single.config.signals.size and maps["z"].shape == (16, 12 * 11)
            order = sorted(range(24), key=lambda atom: -float(atoms[atom]["mean_magnitude"]))
            assert maps["atoms"].tolist() == order[:16]
            means = [float(atoms[atom]["mean_magnitude"]) for atom in order[:16]]
            np.testing.assert_allclose(maps["z"].mean(axis=1), means, rtol=1e-4, atol=1e-7)


def test_history_has_every_dictionarys_loss(single):
    history = single.rows("dictionary/history.csv")
    assert tuple(history[0]) == LossRow._fields
    names = [f"layer_{layer}" for layer in dictionary.layers(single.config)]
    assert [(row["step"], row["dictionary"]) for row in history] == [(s, name) for s in ("3", "6") for name in names]
