"""Networks there and back: exported as safetensors, and taken in as an encoder trained elsewhere."""

import json
import shutil

import numpy as np
import pytest

from inr_sae import exchange, study
from inr_sae.errors import UserError
from inr_sae.output import tensors
from inr_sae.output.checkpoints import read_params
from tests.helpers import rows


@pytest.fixture(scope="module")
def exported(finished, tmp_path_factory):
    """The folder that the finished study is exported to."""
    out = tmp_path_factory.mktemp("export")
    paths = exchange.export(finished[1], out)
    assert sorted(path.name for path in paths) == [
        "encoder.safetensors",
        "sae_layer_0.safetensors",
        "sae_layer_2.safetensors",
    ]
    return out


def external(config, exported, heads):
    """The config of a study of the exported encoder on the signals that it was trained on."""
    own = config.copy_and_resolve_references()
    own.external.update(dict(file=str(exported / "encoder.safetensors"), heads=heads))
    facts = json.loads((exported / "encoder.json").read_text())
    own.signals.cohort_names = tuple(facts["cohort"])
    return own


def test_a_dictionary_is_exported_to_the_bit_with_its_hyperparameters(finished, exported):
    (saes,) = read_params(finished[1] / "dictionary/checkpoints")
    for i, layer in enumerate((0, 2)):
        read = tensors.read(exported / f"sae_layer_{layer}.safetensors")
        assert read.keys() == saes.keys()
        for name, values in read.items():
            np.testing.assert_array_equal(values, saes[name][i])
        facts = tensors.read_facts(exported / f"sae_layer_{layer}.safetensors")
        assert (facts["layer"], facts["n_atoms"], facts["d"], facts["k"]) == (layer, 32, 16, 4)


def test_an_exported_encoder_taken_in_again_gives_the_same_study(finished, exported, tmp_path):
    config, workdir = finished
    study.run(external(config, exported, "file"), tmp_path / "run")
    names = ("freeze_sweep/phantom/fits.csv", "dictionary/layer_2/atoms.csv", "ablation/ablations.csv")
    for name in names:
        assert (tmp_path / "run" / name).read_bytes() == (workdir / name).read_bytes()
    ours, theirs = (rows(folder / "rank/stable_rank.csv") for folder in (tmp_path / "run", workdir))
    assert [row["sr_weight"] for row in ours] == [row["sr_weight"] for row in theirs]
    history = rows(tmp_path / "run/cohort/history.csv")
    assert len(history) == 1 and history[0]["psnr_db_mean"] == rows(workdir / "cohort/history.csv")[-1]["psnr_db_mean"]
    assert "was trained elsewhere" in (tmp_path / "run/report/index.html").read_text()


def test_heads_by_least_squares_are_at_least_as_good(finished, exported, tmp_path):
    config = external(finished[0], exported, "fit")
    config.stages = ("cohort", "rank")
    study.run(config, tmp_path / "run")
    fitted = float(rows(tmp_path / "run/cohort/history.csv")[0]["psnr_db_mean"])
    assert fitted > float(rows(finished[1] / "cohort/history.csv")[-1]["psnr_db_mean"])


@pytest.mark.parametrize(
    "key, value, words",
    [
        ("inr.width", 8, "set --config.inr.width=16"),
        ("inr.n_layers", 4, "set --config.inr.n_layers=3"),
        ("inr.backbone", "siren", "set --config.inr.backbone=ffmlp"),
        ("external.file", "gone.safetensors", "no such file"),
        ("external.layout", "torch", "external.layout is 'torch'; it is one of inr_sae, siren"),
        ("external.layout", "siren", "there is no hidden layer"),
        ("external.heads", "none", "external.heads is 'none'"),
        ("signals.cohort_names", ("phantom_0000",), "has 1 names, and signals.n_cohort is 3"),
        ("signals.cohort_names", ("a", "b", "c"), "signals.cohort_names has 'a'"),
        ("signals.n_cohort", 2, "signals.cohort_names has 3 names"),
    ],
)
def test_what_does_not_fit_the_file_is_named(key, value, words, finished, exported, tmp_path):
    config = external(finished[0], exported, "file")
    config.update_from_flattened_dict({key: value})
    with pytest.raises(UserError, match=words):
        study.run(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_heads_for_other_signals_are_refused(finished, exported, tmp_path):
    config = external(finished[0], exported, "file")
    config.signals.update(dict(cohort_names=(), n_cohort=2))
    with pytest.raises(UserError, match="has 3 heads of 1 channels for 2 signals"):
        study.run(config, tmp_path / "run")


def test_what_is_not_done_or_damaged_is_not_exported(finished, tmp_path):
    with pytest.raises(UserError, match="no cohort's encoder"):
        exchange.export(tmp_path)
    copy = shutil.copytree(finished[1], tmp_path / "run")
    (copy / "rank/stable_rank.csv").write_text("")
    with pytest.raises(UserError, match="stable_rank.csv is not what was written"):
        exchange.export(copy)
