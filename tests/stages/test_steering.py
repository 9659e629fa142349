"""The stage of steering: a dose of 1 does nothing, of 0 what the ablation did, and its fits start alike."""

import shutil

import numpy as np
import pytest

from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.run import once
from inr_sae.stages import steering
from tests.helpers import numbers
from tests.stages import studies


def tables(converged, name, layer):
    at = f"steering/{name}_layer_{layer}"
    return [converged.rows(f"{at}/{table}.csv") for table in ("doses", "kept", "fits")]


def test_a_file_of_a_layer_that_is_gone_is_made_again(converged, tmp_path):
    workdir = shutil.copytree(converged.workdir, tmp_path / "copy")
    for layer, gone in ((0, "doses.csv"), (converged.last, "effects.npz")):
        (workdir / f"steering/cohort-siren_layer_{layer}" / gone).unlink()
    steering.run(once.declared(converged.config, steering.READS), Store(workdir))
    assert numbers(workdir) == numbers(converged.workdir)


@pytest.mark.parametrize("backbone", ["siren", "ffmlp"])
def test_a_code_times_0_is_the_ablation_of_its_atom(converged, backbone):
    for layer in (0, converged.last):
        doses, _, _ = tables(converged, f"cohort-{backbone}", layer)
        ablated = converged.rows(f"conditions/cohort-{backbone}/ablation/ablations.csv")
        ablations = [
            row
            for row in doses
            if not float(row["alpha"]) and row["n_atoms"] == "1" and row["through"] == "activations"
        ]
        assert ablations
        for row in ablations:
            wanted = (str(layer), row["atoms"], row["signal"])
            (same,) = [each for each in ablated if (each["layer"], each["atom"], each["signal"]) == wanted]
            assert float(row["psnr_after_db"]) == pytest.approx(float(same["psnr_after_db"]), abs=1e-3)
            assert float(row["effect_inside_fraction"]) > 0.99


def test_at_the_last_layer_effects_are_proportional_to_the_dose_and_add_up(converged):
    """Behind it there is a linear head alone."""
    doses, _, _ = tables(converged, "cohort-siren", converged.last)
    groups = {}
    for row in doses:
        groups.setdefault((row["atoms"], row["signal"], row["through"]), {})[float(row["alpha"])] = row
    assert len({atoms for atoms, _, _ in groups}) == 3, "two atoms, each alone and both"
    for by_alpha in groups.values():
        rms = {alpha: float(row["rms_effect"]) for alpha, row in by_alpha.items()}
        assert rms[-2.0] == pytest.approx(3 * rms[0.0], rel=1e-3) and rms[4.0] == pytest.approx(3 * rms[0.0], rel=1e-3)
        for row in by_alpha.values():
            assert (row["interaction_fraction"] == "") == (row["n_atoms"] == "1")
            assert float(row["interaction_fraction"] or 0) < 1e-6


def test_all_atoms_kept_are_the_network_itself(converged):
    for layer in (0, converged.last):
        _, kept, _ = tables(converged, "cohort-ffmlp", layer)
        most = max(int(row["n_kept"]) for row in kept)
        for row in kept:
            if int(row["n_kept"]) == most:
                assert float(row["psnr_db"]) == pytest.approx(float(row["psnr_all_db"]), abs=1e-3)


def test_a_fit_behind_codes_times_1_is_the_plain_one(converged):
    for backbone in ("siren", "ffmlp"):
        for layer in (0, converged.last):
            _, _, fits = tables(converged, f"cohort-{backbone}", layer)
            assert {row["alpha"] for row in fits} == {"0", "1"} or {row["alpha"] for row in fits} == {"0.0", "1.0"}
            for row in fits:
                pairs = [(row[f"psnr{part}_db"], row[f"psnr{part}_plain_db"]) for part in ("", "_inside", "_outside")]
                if float(row["alpha"]) == 1:
                    assert all(ours == plain for ours, plain in pairs)
                else:
                    assert any(ours != plain for ours, plain in pairs)


def test_the_plain_fit_is_that_of_the_sweep(converged):
    sweep = converged.rows("conditions/cohort-siren/freeze_sweep/phantom/fits.csv")
    for layer in (0, converged.last):
        (row,) = [each for each in sweep if each["tau"] == str(layer) and each["seed"] == "0"][:1]
        _, _, fits = tables(converged, "cohort-siren", layer)
        assert fits[0]["image"] == row["image"]
        assert float(fits[0]["psnr_plain_db"]) == pytest.approx(float(row["psnr_db"]), abs=1e-3)


def test_inside_and_outside_are_where_the_atom_fires_and_where_it_does_not(converged):
    """Of the coordinates of an image these are all, so that the whole lies between the two."""
    for layer in (0, converged.last):
        for row in tables(converged, "cohort-siren", layer)[2]:
            parts = [float(row[f"psnr_{part}_db"]) for part in ("inside", "outside") if row[f"psnr_{part}_db"]]
            if len(parts) == 2:
                assert min(parts) - 1e-3 <= float(row["psnr_db"]) <= max(parts) + 1e-3
    target, part = np.zeros((2, 2, 1)), np.array([True, False, False, False])
    output = np.array([[0.1], [0.0], [0.0], [0.01]])
    assert steering.of_part(output, target, part) == pytest.approx(20.0)
    assert steering.of_part(output, target, ~part) == pytest.approx(-10 * np.log10(1e-4 / 3))
    assert steering.of_part(output, target, np.zeros(4, bool)) is None
    assert np.isnan(steering.of_part(output * np.nan, target, part)), "what diverges is not the best there is"
    assert np.isnan(steering.psnr(output * np.nan, target)) and steering.psnr(output * 0, target) < 59


def test_nothing_is_fitted_where_nothing_transfers(converged):
    assert tables(converged, "single-siren", 0)[2] == []


def test_pictures_are_of_the_top_atom_at_every_dose(converged):
    stored = np.load(converged.workdir / "steering/cohort-siren_layer_0/effects.npz")
    assert stored["after"].shape == (3, *stored["before"].shape) and stored["z"].shape == studies.SIZE
    changes = np.abs(stored["after"] - stored["before"]).max(axis=-1)
    assert (changes[:, stored["z"] == 0] < 1e-6).all() and (changes.max(axis=(1, 2)) > 0).all()


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"steering.alphas": ()}, "steering.alphas is"),
        ({"steering.alphas": (1.0, 1.0)}, "steering.alphas .* none twice"),
        ({"steering.through": ("network",)}, "steering.through is 'network'; it is one of activations, reconstruction"),
        ({"steering.kept": (0,)}, "steering.kept is 0"),
        ({"steering.fit_atoms": 9}, "steering.fit_atoms is 9; it is from 0 to steering.atoms = 2"),
        ({"steering.atoms": 0}, "steering.atoms is 0"),
    ],
)
def test_what_cannot_be_is_named(changes, words):
    config = studies.converged(3)
    config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=words):
        steering.check(once.declared(config, steering.READS))
