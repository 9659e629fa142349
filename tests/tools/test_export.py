"""Networks there and back: exported as safetensors, and taken in as an encoder trained elsewhere."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from inr_sae import study
from inr_sae.errors import UserError
from inr_sae.exchange import tensors
from inr_sae.folder.checkpoints import read_params
from inr_sae.folder.store import Store
from inr_sae.inr import network
from inr_sae.stages import cohort
from inr_sae.tools.export import export
from tests.helpers import changed, rows


@pytest.fixture(scope="module")
def exported(finished, tmp_path_factory):
    """The folder that the finished study is exported to."""
    out = tmp_path_factory.mktemp("export")
    paths = export(finished[1], out)
    assert sorted(path.name for path in paths) == [
        "dictionary_layer_0.safetensors",
        "dictionary_layer_2.safetensors",
        "encoder.safetensors",
    ]
    return out


def test_nothing_is_written_into_the_study_that_is_exported(finished):
    for folder in (finished[1], finished[1] / "exported"):
        with pytest.raises(UserError, match="in the folder of the study, which is only read"):
            export(finished[1], folder)


def test_a_study_of_an_earlier_version_is_not_exported(finished, tmp_path):
    shutil.copytree(finished[1], tmp_path / "run")
    for name in ("cohort/done.json", "digests.jsonl"):
        (tmp_path / "run" / name).unlink()
    (tmp_path / "run/cohort/done.json").write_text('{"stage": "cohort"}')
    with pytest.raises(UserError, match="begun by an earlier version"):
        export(tmp_path / "run", tmp_path / "out")


def facts(path):
    return json.loads(path.read_text())


def external(config, exported, heads):
    """The config of a study of the exported encoder on the signals that it was trained on."""
    own = config.copy_and_resolve_references()
    own.external.update(dict(file=str(exported / "encoder.safetensors"), heads=heads))
    own.signals.cohort_names = tuple(facts(exported / "encoder.json")["cohort"])
    return own


def test_an_encoder_is_exported_to_the_bit_with_what_a_config_must_say(finished, exported):
    params = read_params(finished[1] / "cohort/checkpoints")
    read = tensors.read(exported / "encoder.safetensors")
    np.testing.assert_array_equal(read["encoder/units/hidden_1/w"], params["encoder"]["units"]["hidden_1"]["w"])
    np.testing.assert_array_equal(read["heads/b"], params["heads"]["b"])
    told = facts(exported / "encoder.json")
    assert (told["backbone"], told["width"], told["n_layers"], told["n_signals"]) == ("ffmlp", 16, 3, 3)
    assert None not in told.values()
    assert told["settings"] == finished[0].inr.ffmlp.to_dict()
    assert told["coordinates"] == list(finished[0].inr.coordinates)
    assert told["cohort"] == [r["name"] for r in rows(finished[1] / "cohort/signals.csv") if r["split"] == "cohort"]


def test_the_documented_lines_of_pytorch_give_the_networks_images(finished, tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="needs PyTorch")
    config = changed(finished[0], inr__backbone="siren", cohort__steps=2, stages=("cohort",))
    study.run(config, tmp_path / "run")
    export(tmp_path / "run", tmp_path)
    text = (Path(__file__).parents[2] / "docs/running.md").read_text()
    (lines,) = re.findall(r"```python\n(import json, torch\n.*?)```", text, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    found = {}
    exec(lines.replace("(256, 256)", str(tuple(config.signals.size))), found)
    encoder = cohort.load(config, Store(tmp_path / "run"))
    *_, h = encoder.activations()
    np.testing.assert_allclose(found["images"].numpy(), encoder.behind(encoder.n_units - 1)(h), atol=1e-5)


@pytest.mark.parametrize("backbone", network.backbone_names())
def test_an_encoder_of_any_backbone_is_exported_and_taken_in_again(backbone, finished, tmp_path):
    """Told as the config has it: units may be of other widths, and two backbones have a constant of one name."""
    config = changed(finished[0], inr__backbone=backbone, inr__width=12, cohort__steps=2, stages=("cohort",))
    study.run(config, tmp_path / "run")
    export(tmp_path / "run", tmp_path)
    told = facts(tmp_path / "encoder.json")
    assert (told["backbone"], told["width"], told["n_layers"]) == (backbone, 12, config.inr.n_layers)
    assert (told["n_signals"], told["channels"]) == (
        3,
        tensors.read(tmp_path / "encoder.safetensors")["heads/b"].shape[1],
    )
    study.run(external(config, tmp_path, "file"), tmp_path / "again")


def test_a_dictionary_is_exported_to_the_bit_with_its_hyperparameters(finished, exported):
    (trained,) = read_params(finished[1] / "dictionary/checkpoints")
    for i, layer in enumerate((0, 2)):
        read = tensors.read(exported / f"dictionary_layer_{layer}.safetensors")
        assert read.keys() == trained.keys()
        for name, values in read.items():
            np.testing.assert_array_equal(values, trained[name][i])
        told = facts(exported / f"dictionary_layer_{layer}.json")
        assert (told["method"], told["layer"], told["n_atoms"], told["k"]) == ("topk", layer, 32, 4)


@pytest.mark.parametrize("method", ["lib", "operator"])
def test_dictionaries_of_any_method_are_exported_to_the_bit(method, finished, tmp_path):
    config = finished[0].copy_and_resolve_references()
    config.stages, config.dictionary.method = ("cohort", "dictionary"), method
    config.dictionary.operator.update(dict(n_atoms=16, k=2, steps=4, log_every=2, batch=64))
    study.run(config, tmp_path / "run")
    export(tmp_path / "run", tmp_path / "out")
    read = tensors.read(tmp_path / "out/dictionary_layer_2.safetensors")
    with np.load(tmp_path / "run/dictionary/layer_2/dictionary.npz") as stored:
        assert read.keys() == set(stored.files) and len(read) >= 4
        for name, values in read.items():
            np.testing.assert_array_equal(values, stored[name])
    assert facts(tmp_path / "out/dictionary_layer_2.json")["method"] == method


def test_studies_within_a_study_are_exported_too(finished, tmp_path):
    shutil.copytree(finished[1], tmp_path / "run/encoders/a", ignore=shutil.ignore_patterns("dictionary", "report"))
    (path,) = export(tmp_path / "run")
    assert path == tmp_path / "run-export/encoders/a/encoder.safetensors"
    assert tensors.read(path).keys() >= {"encoder/units/hidden_0/w", "heads/w"}


def test_an_exported_encoder_taken_in_again_gives_the_same_study(finished, exported, tmp_path):
    config, workdir = finished
    own = external(config, exported, "file")
    own.stages = tuple(stage for stage in config.stages if stage != "explorer")
    study.run(own, tmp_path / "run")
    names = ("freeze_sweep/phantom/fits.csv", "dictionary/layer_2/atoms.csv", "ablation/ablations.csv")
    for name in names:
        assert (tmp_path / "run" / name).read_bytes() == (workdir / name).read_bytes()
    ours, theirs = (rows(folder / "rank/stable_rank.csv") for folder in (tmp_path / "run", workdir))
    assert [row["sr_weight"] for row in ours] == [row["sr_weight"] for row in theirs]
    assert {row["sr_weight_init"] for row in ours} == {""}, "what it was before its training nobody knows"
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
        ("external.heads", "none", "external.heads is 'none'"),
        ("signals.cohort_names", ("phantom_0000",), "has 1 names, and signals.n_cohort is 3"),
        ("signals.cohort_names", ("a", "b", "c"), "signals.cohort_names has 'a'"),
        ("signals.n_cohort", 2, "signals.cohort_names has 3 names"),
        ("external.file", None, "external.file is not set"),
    ],
)
def test_what_does_not_fit_the_file_is_named_before_anything_is_done(key, value, words, finished, exported, tmp_path):
    config = external(finished[0], exported, "file")
    config.update_from_flattened_dict({key: value})
    with pytest.raises(UserError, match=words):
        study.run(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_heads_are_held_to_the_pixels_that_they_were_trained_on(finished, exported, tmp_path):
    """An image that was cropped or turned otherwise has its name still."""
    config = external(finished[0], exported, "file")
    config.signals.size = config.signals.size[::-1]
    with pytest.raises(UserError, match=r"phantom_\d+ is not the image .* set --config.signals.size=.\(\d+, \d+\). as"):
        study.run(config, tmp_path / "run")
    config.signals.size = finished[0].signals.size
    config.signals.cohort_names = config.signals.cohort_names[::-1]
    with pytest.raises(UserError, match="is not the image that its head .* set signals.cohort_names as"):
        study.run(config, tmp_path / "run")
    config.external.heads, config.stages = "fit", ("cohort",)
    study.run(config, tmp_path / "run")


def test_what_is_not_done_or_damaged_is_not_exported(finished, tmp_path):
    with pytest.raises(UserError, match="no cohort's encoder"):
        export(tmp_path)
    copy = shutil.copytree(finished[1], tmp_path / "run")
    (copy / "rank/stable_rank.csv").write_text("")
    with pytest.raises(UserError, match="stable_rank.csv is not what was written"):
        export(copy)
    assert not (tmp_path / "run-export").exists()


def test_a_folder_that_may_not_be_written_is_named(finished, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--workdir .*file/encoder.safetensors cannot be written"):
        export(finished[1], tmp_path / "file")


def test_dictionaries_of_an_encoder_that_was_trained_again_are_not_exported_with_it(finished, tmp_path):
    copy = shutil.copytree(finished[1], tmp_path / "run")
    store = Store(copy)
    store.write_json("cohort/done.json", store.read_json("cohort/done.json") | {"identity": "another"})
    with pytest.raises(UserError, match="its dictionaries are of an encoder that has been trained again since"):
        export(copy)
