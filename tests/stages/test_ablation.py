"""The stage of ablations: which atoms are removed, one at a time, and what that costs."""

import numpy as np
import pytest

from inr_sae.measure.cap import capped
from inr_sae.rows.dictionaries import AblationRow, EffectRow
from inr_sae.stages import dictionary


def test_every_layer_has_its_top_atoms_and_random_ones_on_both_signals(single):
    ablated = single.rows("ablation/ablations.csv")
    assert tuple(ablated[0]) == AblationRow._fields
    layers = dictionary.layers(single.config)
    for layer in layers:
        for role in ("cohort", "test"):
            of_one = [row for row in ablated if (row["layer"], row["signal_role"]) == (str(layer), role)]
            assert [row["magnitude_rank"] for row in of_one if row["sample"] == "top"] == ["0", "1"]
            others = [row for row in of_one if row["sample"] == "random"]
            assert len(others) <= 1 and all(int(row["magnitude_rank"]) > 1 for row in others)
            assert len({row["atom"] for row in of_one}) == len(of_one) == len(ablated) / len(layers) / 2


def test_before_the_removal_stands_the_trained_network(single):
    last = single.rows("cohort/history.csv")[-1]
    low, high = float(last["psnr_db_min"]) - 1e-3, float(last["psnr_db_max"]) + 1e-3
    rows = [row for row in single.rows("ablation/ablations.csv") if row["signal_role"] == "cohort"]
    assert rows and all(low <= capped(float(row["psnr_before_db"])) <= high for row in rows)
    for row in rows:
        drop = float(row["psnr_before_db"]) - float(row["psnr_after_db"])
        assert float(row["psnr_drop_db"]) == pytest.approx(drop, abs=1e-4)


def test_a_test_signal_is_the_fit_frozen_up_to_that_layer(single):
    fits = single.rows("freeze_sweep/phantom/fits.csv")
    for row in single.rows("ablation/ablations.csv"):
        if row["signal_role"] == "test":
            (fit,) = [
                fit
                for fit in fits
                if (fit["protocol"], fit["tau"], fit["image"], fit["seed"])
                == ("freeze", row["layer"], row["signal"], "0")
            ]
            assert float(row["psnr_before_db"]) == pytest.approx(float(fit["psnr_db"]), abs=1e-3)


def test_the_effect_stays_where_the_atom_fires(single):
    for layer in dictionary.layers(single.config):
        with np.load(single.workdir / f"ablation/layer_{layer}.npz") as panels:
            for role in ("cohort", "test"):
                effect = np.abs(panels[f"{role}_effect"]).max(axis=-1).reshape(panels["z"].shape)
                assert (effect[panels["z"] == 0] == 0).all() and (effect > 0).any()


def test_all_atoms_agree_with_the_top_ones_removed_one_by_one(single):
    every = single.rows("ablation/all_atoms.csv")
    assert tuple(every[0]) == EffectRow._fields
    assert len(every) == len(dictionary.layers(single.config)) * 24 * 2
    drops = {(row["layer"], row["atom"], row["signal"]): float(row["psnr_drop_db"]) for row in every}
    for row in single.rows("ablation/ablations.csv"):
        assert drops[row["layer"], row["atom"], row["signal"]] == pytest.approx(float(row["psnr_drop_db"]), abs=2e-3)
