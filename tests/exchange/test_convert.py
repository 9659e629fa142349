"""Encoders trained elsewhere: the converted network is the foreign one, in every ready layout, and ours comes back."""

import json

import jax
import numpy as np
import pytest

from inr_sae.exchange import convert
from inr_sae.exchange import tensors as files
from inr_sae.exchange.layouts import LAYOUTS
from inr_sae.inr import network
from inr_sae.inr.coordinates import grid
from inr_sae.inr.initial import unit_names
from tests.exchange import foreign
from tests.exchange.foreign import FOURIER, N_LAYERS, SHAPE, WIDTH, assert_same_function, named

CONFIG = dict(width=WIDTH, n_layers=N_LAYERS, omega_0=30.0, sigma=2.0, n_fourier=FOURIER)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# The ready layouts


@pytest.mark.parametrize("layout", ["siren", "siren_modules"])
def test_siren(rng, layout):
    layers, decoders = foreign.siren_layers(rng), foreign.heads(rng, 1, channels=1)
    if layout == "siren":
        tensors = named(layers, "net.{}.linear.weight", "net.{}.linear.bias")
        tensors |= named(decoders, "net.{}.weight", "net.{}.bias", [3])
    else:
        tensors = named(layers + decoders, "net.net.{}.0.weight", "net.net.{}.0.bias")
    h = foreign.sine_net(foreign.ends(), layers)
    params = convert.from_tensors(tensors, LAYOUTS[layout], SHAPE)
    assert_same_function(params, h, foreign.signals_of(h, decoders, -1, 1))


def test_strainer_with_more_than_ten_layers_and_heads(rng):
    # So that numbers are not sorted as text, neither in the file nor among our units.
    layers, decoders = foreign.siren_layers(rng, 12), foreign.heads(rng, 11)
    tensors = named(layers, "encoder.{}.weight", "encoder.{}.bias", range(0, 24, 2))
    tensors |= named(decoders, "decoder.{}.0.weight", "decoder.{}.0.bias")
    h = foreign.sine_net(foreign.ends(), layers)
    params = convert.from_tensors(tensors, LAYOUTS["strainer"], SHAPE)
    assert_same_function(params, h, foreign.signals_of(h, decoders))
    assert tuple(params["encoder"]["units"]) == unit_names(12) == tuple(sorted(unit_names(12)))


def test_strainer_notebook(rng):
    layers, decoders = foreign.siren_layers(rng), foreign.heads(rng, 2)
    tensors = named(layers, "encoderINR.net.{}.linear.weight", "encoderINR.net.{}.linear.bias")
    tensors |= named(decoders, "decoderINRs.{}.net.0.weight", "decoderINRs.{}.net.0.bias")
    h = foreign.sine_net(foreign.ends(column_first=True), layers)
    params = convert.from_tensors(tensors, LAYOUTS["strainer_notebook"], SHAPE)
    assert_same_function(params, h, foreign.signals_of(h, decoders, -1, 1))


def test_ffmlp_with_its_sigmoid_gives_no_heads(rng):
    layers, b = foreign.ffmlp_layers(rng), rng.normal(size=(FOURIER, 2)).astype("f4")
    tensors = named(layers + foreign.heads(rng, 1), "w_{}", "b_{}", out_in=False) | {"B": b}
    h = foreign.relu_net(foreign.half_open(column_first=True), b, layers)
    assert_same_function(convert.from_tensors(tensors, LAYOUTS["ffmlp"], SHAPE), h, None)


def test_ffmlp_alpine(rng):
    layers, decoders = foreign.ffmlp_layers(rng), foreign.heads(rng, 1)
    b = rng.normal(size=(FOURIER, 2)).astype("f4")
    tensors = named(layers + decoders, "model.{}.weight", "model.{}.bias", [1, 3, 5, 7])
    tensors |= {"pos_encode.B": b, "model.0.B": b}  # the module holds it under two names
    h = foreign.relu_net(foreign.ends(), b, layers)
    params = convert.from_tensors(tensors, LAYOUTS["ffmlp_alpine"], SHAPE)
    assert_same_function(params, h, foreign.signals_of(h, decoders))


# Our own


def own(name, n_signals, n_layers=N_LAYERS):
    """New parameters of a backbone for signals of two channels."""
    keys, config = jax.random.split(jax.random.key(0)), CONFIG | {"n_layers": n_layers}
    return network.init(network.backbone(name), keys, config, np.zeros((n_signals, *SHAPE, 2), np.float32))


@pytest.mark.parametrize("with_heads, n_layers", [(True, 3), (False, 3), (True, 11)])
@pytest.mark.parametrize("name", ["siren", "ffmlp"])
def test_our_own_export_comes_back_bit_for_bit(name, with_heads, n_layers):
    params = own(name, 3, n_layers)
    params = params if with_heads else params | {"heads": None}
    back = convert.from_tensors(convert.to_tensors(params), LAYOUTS["inr_sae"], SHAPE)
    assert jax.tree.structure(back) == jax.tree.structure(params)
    for path, leaf in jax.tree_util.tree_leaves_with_path(back):
        assert leaf.dtype == np.float32, path
    jax.tree.map(np.testing.assert_array_equal, back, params)


def test_export_is_named_by_what_it_holds():
    siren, ffmlp = convert.to_tensors(own("siren", 3)), convert.to_tensors(own("ffmlp", 3))
    layers = {f"encoder/units/hidden_{i}/{leaf}" for i in range(N_LAYERS) for leaf in "wb"}
    assert siren.keys() == layers | {"encoder/constants/omega_0", "heads/w", "heads/b"}
    assert ffmlp.keys() == layers | {"encoder/constants/frequencies", "heads/w", "heads/b"}


@pytest.mark.parametrize("name", ["siren", "ffmlp"])
def test_an_export_of_version_0_1_is_still_read(name):
    params = own(name, 3)
    old = {"constants/frequencies": "fourier/b", "constants/omega_0": "siren/omega_0", "units/": ""}
    tensors = {}
    for key, value in convert.to_tensors(params).items():
        for part, before in old.items():
            key = key.replace(part, before)
        tensors[key] = value
    assert tensors.keys() > {"encoder/hidden_0/w", "encoder/hidden_2/b", "heads/w", "heads/b"}
    back = convert.from_tensors(tensors, LAYOUTS["inr_sae_1"], SHAPE)
    assert jax.tree.structure(back) == jax.tree.structure(params)
    jax.tree.map(np.testing.assert_array_equal, back, params)


def test_facts_are_what_a_config_must_say():
    siren, ffmlp = convert.facts_of(own("siren", 3)), convert.facts_of(own("ffmlp", 1) | {"heads": None})
    assert siren == dict(backbone="siren", width=WIDTH, n_layers=3, omega_0=30.0)
    assert ffmlp == dict(backbone="ffmlp", width=WIDTH, n_layers=3, n_fourier=FOURIER)
    assert json.loads(json.dumps(siren)) == siren


# PyTorch, through files

COHORT_INR = {
    "hidden_w": "hidden.{i}.weight",
    "hidden_b": "hidden.{i}.bias",
    "head_w": "heads.weight",
    "head_b": "heads.bias",
    "fourier": "embed.b",
    "out_in": True,
    "omega_0": 30.0,
}


@pytest.mark.parametrize("suffix", ["safetensors", "npz"])
@pytest.mark.parametrize("name", ["siren", "ffmlp"])
def test_a_pytorch_module_there_and_back(tmp_path, name, suffix):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from safetensors.torch import load_file, save_file

    from inr_sae.exchange import torch_steps

    torch.manual_seed(0)
    module = torch_steps.CohortINR(name, 1, 3, **CONFIG)
    path = tmp_path / f"module.{suffix}"
    if suffix == "npz":
        np.savez(path, **{key: value.numpy() for key, value in module.state_dict().items()})
    else:
        save_file(module.state_dict(), path)
    params = convert.from_tensors(files.read(path), COHORT_INR | {"backbone": name}, SHAPE)
    x = torch.tensor(np.asarray(grid(*SHAPE))).double()
    assert_same_function(params, module.double().encode(x).detach().numpy(), module(x).detach().numpy())

    files.write(tmp_path / "ours.safetensors", convert.to_tensors(params), convert.facts_of(params))
    read = load_file(tmp_path / "ours.safetensors")
    again = torch_steps.CohortINR(name, 1, 3, **CONFIG)
    theirs = {"heads.weight": read["heads/w"][0].T, "heads.bias": read["heads/b"][0]}
    for i in range(json.loads((tmp_path / "ours.json").read_text())["n_layers"]):
        theirs[f"hidden.{i}.weight"] = read[f"encoder/units/hidden_{i}/w"].T
        theirs[f"hidden.{i}.bias"] = read[f"encoder/units/hidden_{i}/b"]
    if name == "ffmlp":
        theirs["embed.b"] = read["encoder/constants/frequencies"]
    again.load_state_dict(theirs)
    for key, value in module.float().state_dict().items():
        assert torch.equal(again.state_dict()[key], value), key
