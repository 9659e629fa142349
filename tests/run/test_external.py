"""An encoder of another program's file: read, held to the config, its heads fitted where the file has none."""

import json

import jax
import numpy as np
import pytest

from inr_sae.errors import UserError
from inr_sae.exchange import convert, tensors
from inr_sae.inr import network
from inr_sae.run import drawn, external, trained


def written(config, folder):
    """(params of a new network, the config that names the file of them)."""
    signals = drawn.read("signals", config.signals)
    backbone = trained.backbone_of(config.inr)
    keys = jax.random.split(jax.random.key(0))
    params = network.init(backbone, keys, trained.settings(config.inr), signals.cohort)
    tensors.write(folder / "encoder.safetensors", convert.to_tensors(params), {})
    config.external.update(dict(file=str(folder / "encoder.safetensors"), heads="file"))
    return params, signals


@pytest.mark.parametrize("coordinates", [(-1.0, 1.0), (0.0, 1.0)])
def test_what_was_exported_is_read_to_the_bit(coordinates, tiny, tmp_path):
    tiny.inr.coordinates = coordinates
    params, signals = written(tiny, tmp_path)
    read = external.read(tiny, signals.cohort)
    flat, found = (jax.tree_util.tree_leaves_with_path(each) for each in (params, read))
    assert [path for path, _ in flat] == [path for path, _ in found]
    for (_, a), (_, b) in zip(flat, found):
        np.testing.assert_array_equal(a, b)


def test_a_tensor_of_another_shape_or_missing_is_named(tiny, tmp_path):
    """By the way of reading that every backbone has."""
    params, signals = written(tiny, tmp_path)
    backbone, settings = trained.backbone_of(tiny.inr), trained.settings(tiny.inr)
    found = tensors.read(tiny.external.file)
    external.as_exported(found, backbone, settings, signals.cohort)
    name = next(name for name in sorted(found) if name.startswith("encoder/units/"))
    for wrong in ({name: found[name][..., :-1]}, {}):
        rest = {key: value for key, value in found.items() if key != name} | wrong
        with pytest.raises(ValueError, match=f"tensor '{name}' is .* and {backbone.LABEL} as configured has"):
            external.as_exported(rest, backbone, settings, signals.cohort)


@pytest.mark.parametrize("backbone, key", [("finer", "omega"), ("gaussian", "scale"), ("hashgrid", "coordinates")])
def test_a_constant_that_the_config_says_otherwise_is_named(backbone, key, tiny, tmp_path):
    tiny.inr.backbone = backbone
    _, signals = written(tiny, tmp_path)
    external.read(tiny, signals.cohort)
    if key == "coordinates":
        low, high = tiny.inr.coordinates
        tiny.inr.coordinates = (low - 1.0, high)
    else:
        tiny.inr[backbone][key] += 1.0
    with pytest.raises(UserError, match="tensor 'encoder/constants/.*' is .* as configured has"):
        external.read(tiny, signals.cohort)


@pytest.mark.parametrize(
    "key, value, words",
    [
        ("inr.width", 8, "set --config.inr.width=16"),
        ("inr.n_layers", 4, "set --config.inr.n_layers=3"),
        ("inr.ffmlp.n_fourier", 4, "set --config.inr.ffmlp.n_fourier=8"),
        ("inr.backbone", "siren", "set --config.inr.backbone=ffmlp"),
        ("external.file", "gone.safetensors", "no such file"),
        ("external.layout", "torch", "external.layout is 'torch'; it is one of inr_sae, inr_sae_1, siren"),
        ("external.layout", "siren", "there is no hidden layer"),
    ],
)
def test_what_the_file_contradicts_is_named(key, value, words, tiny_ffmlp, tmp_path):
    _, signals = written(tiny_ffmlp, tmp_path)
    tiny_ffmlp.update_from_flattened_dict({key: value})
    with pytest.raises(UserError, match=words):
        external.read(tiny_ffmlp, signals.cohort)


def test_heads_for_other_signals_are_refused(tiny_ffmlp, tmp_path):
    _, signals = written(tiny_ffmlp, tmp_path)
    with pytest.raises(UserError, match="has 3 heads of 1 channels for 2 signals"):
        external.read(tiny_ffmlp, signals.cohort[:2])


def test_heads_that_the_file_lacks_are_fitted_or_refused(tiny_ffmlp, tmp_path):
    params, signals = written(tiny_ffmlp, tmp_path)
    tensors.write(tmp_path / "encoder.safetensors", convert.to_tensors(params | {"heads": {}}), {})
    with pytest.raises(UserError, match="has no heads in this layout; set external.heads=fit"):
        external.read(tiny_ffmlp, signals.cohort)
    tiny_ffmlp.external.heads = "fit"
    assert external.read(tiny_ffmlp, signals.cohort)["heads"] is None
    x = trained.grid(trained.settings(tiny_ffmlp.inr), signals.cohort)
    heads = external.params(tiny_ffmlp, signals.cohort, x)["heads"]
    assert heads["w"].shape == (3, 16, 1) and heads["b"].shape == (3, 1)


def test_fitted_heads_are_the_best_there_are(tiny, tmp_path):
    params, signals = written(tiny, tmp_path)
    backbone, x = trained.backbone_of(tiny.inr), trained.grid(trained.settings(tiny.inr), signals.cohort)
    h = np.asarray(network.prefix(backbone, params["encoder"], network.n_units(params["encoder"]) - 1, x), np.float64)
    heads = external.least_squares(backbone, params["encoder"], signals.cohort, x)
    targets = signals.cohort.reshape(3, len(h), -1)
    errors = h @ np.asarray(heads["w"]) + np.asarray(heads["b"])[:, None] - targets
    # Of the best fit the errors are orthogonal to all that it could use.
    assert np.abs(errors.mean(axis=1)).max() < 1e-4
    assert np.abs(np.einsum("nd,mnc->mdc", h, errors)).max() < 1e-4 * np.abs(h).max() * len(h)
    assert (errors**2).mean() < ((targets - targets.mean(axis=1, keepdims=True)) ** 2).mean()


@pytest.mark.parametrize("text, words", [("{", "is no json file"), ("[1]", "holds no object of keys and values")])
def test_a_layout_file_that_is_none_is_named(text, words, tmp_path):
    (tmp_path / "layout.json").write_text(text)
    with pytest.raises(UserError, match=words):
        external.layout(str(tmp_path / "layout.json"))
    (tmp_path / "layout.json").write_text(json.dumps({"backbone": "siren"}))
    assert external.layout(str(tmp_path / "layout.json")) == {"backbone": "siren"}


@pytest.mark.parametrize("key, value", [("coordinates", (-1.0, 1.0)), ("ffmlp.sigma", 3.0), ("backbone", "siren")])
def test_what_an_export_says_of_itself_and_no_shape_shows_is_held_to_the_config(key, value, tiny_ffmlp, tmp_path):
    _, signals = written(tiny_ffmlp, tmp_path)
    own = trained.backbone_of(tiny_ffmlp.inr).DEFAULTS | tiny_ffmlp.inr.ffmlp.to_dict()
    facts = {"layout": "inr_sae", "backbone": "ffmlp", "coordinates": [0.0, 1.0], "settings": own}
    (tmp_path / "encoder.json").write_text(json.dumps(facts))
    external.read(tiny_ffmlp, signals.cohort)
    group, _, name = key.rpartition(".")
    (tiny_ffmlp.inr[group] if group else tiny_ffmlp.inr)[name] = value
    with pytest.raises(UserError, match=f"exported with another config.inr; set .*--config.inr.{key}="):
        external.read(tiny_ffmlp, signals.cohort)


def test_an_export_of_a_frequency_that_float32_rounds_is_read(tiny_ffmlp, tmp_path):
    tiny_ffmlp.inr.backbone, tiny_ffmlp.inr.siren.omega_0 = "siren", 33.3
    params, signals = written(tiny_ffmlp, tmp_path)
    settings = tiny_ffmlp.inr.siren.to_dict()
    facts = {
        "layout": "inr_sae",
        "backbone": "siren",
        "coordinates": list(tiny_ffmlp.inr.coordinates),
        "settings": settings,
    }
    (tmp_path / "encoder.json").write_text(json.dumps(facts))
    external.read(tiny_ffmlp, signals.cohort)
    tiny_ffmlp.inr.siren.omega_0 = 33.4
    with pytest.raises(UserError, match="set .*--config.inr.siren.omega_0"):
        external.read(tiny_ffmlp, signals.cohort)


@pytest.mark.parametrize("facts", [{"settings": {"lr": 1}}, {"backbone": "siren", "settings": {}}, [1], {}])
def test_a_json_beside_it_that_no_export_has_written_says_nothing(facts, tiny_ffmlp, tmp_path):
    _, signals = written(tiny_ffmlp, tmp_path)
    (tmp_path / "encoder.json").write_text(json.dumps(facts))
    assert external.facts_beside(tiny_ffmlp) == {}
    external.read(tiny_ffmlp, signals.cohort)


def test_a_unit_that_the_backbone_does_not_have_is_refused(tiny, tmp_path):
    _, signals = written(tiny, tmp_path)
    found = tensors.read(tiny.external.file) | {"encoder/units/z/w": np.zeros((2, 2), np.float32)}
    with pytest.raises(ValueError, match="'encoder/units/z/w' is none that"):
        external.as_exported(found, trained.backbone_of(tiny.inr), trained.settings(tiny.inr), signals.cohort)
