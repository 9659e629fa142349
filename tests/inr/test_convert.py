"""Encoders trained elsewhere: the converted network is the foreign one, at each one's own coordinates of the pixel.

The foreign networks are written out here in NumPy, float64, each with its own recipe for coordinates.
"""

import json

import jax
import numpy as np
import pytest

from inr_sae.errors import UserError
from inr_sae.inr import convert, network
from inr_sae.inr.coordinates import grid
from inr_sae.inr.layouts import LAYOUTS
from inr_sae.measure.rank import stable_rank
from inr_sae.output import tensors as files

SHAPE = (7, 5)
WIDTH = 16
FOURIER = 6
CONFIG = dict(width=WIDTH, n_layers=3, omega_0=30.0, sigma=2.0, n_fourier=FOURIER)


def linear(rng, d_in, d_out, bound):
    """(w (d_in, d_out), b (d_out,)) as a foreign program would hold them: float32, bias not zero."""
    return rng.uniform(-bound, bound, (d_in, d_out)).astype("f4"), rng.uniform(0.1, 0.4, d_out).astype("f4")


def siren_layers(rng, n_layers=3):
    bound = np.sqrt(6 / WIDTH) / 30
    return [linear(rng, 2, WIDTH, 0.5)] + [linear(rng, WIDTH, WIDTH, bound) for _ in range(n_layers - 1)]


def ffmlp_layers(rng, n_layers=3):
    return [linear(rng, 2 * FOURIER if i == 0 else WIDTH, WIDTH, 0.3) for i in range(n_layers)]


def heads(rng, m, channels=3):
    return [linear(rng, WIDTH, channels, 0.2) for _ in range(m)]


def named(layers, w, b, numbers=None, out_in=True):
    """{name: array}: formats w and b give a layer's names from its number."""
    out = {}
    for i, (weight, bias) in zip(numbers or range(len(layers)), layers):
        out |= {w.format(i): weight.T if out_in else weight, b.format(i): bias}
    return out


def affine(h, layer):
    w, b = (np.asarray(leaf, np.float64) for leaf in layer)
    return h @ w + b


def sine_net(x, layers, first_omega_0=30.0, omega_0=30.0):
    h = np.asarray(x, np.float64)
    for i, layer in enumerate(layers):
        h = np.sin((omega_0 if i else first_omega_0) * affine(h, layer))
    return h


def relu_net(x, b, layers, factor=2 * np.pi, order="sin_cos"):
    """b (F, 2), which gives B's columns in the order of x."""
    projected = factor * np.asarray(x, np.float64) @ np.asarray(b, np.float64).T
    features = [np.sin(projected), np.cos(projected)]
    h = np.concatenate(features if order == "sin_cos" else features[::-1], axis=-1)
    for layer in layers:
        h = np.maximum(affine(h, layer), 0)
    return h


def pixels(rows, columns, column_first=False):
    """(H * W, 2) coordinates, in raster order of the pixels."""
    r, c = np.meshgrid(rows, columns, indexing="ij")
    return np.stack([c.ravel(), r.ravel()] if column_first else [r.ravel(), c.ravel()], axis=-1)


def ends(low=-1.0, high=1.0, **order):
    return pixels(np.linspace(low, high, SHAPE[0]), np.linspace(low, high, SHAPE[1]), **order)


def half_open(**order):
    return pixels(*(np.linspace(0, 1, n, endpoint=False) for n in SHAPE), **order)


def ours(params):
    """(activations of the last layer (N, d), signals (M, N, C) or None), by this program."""
    backbone = network.backbone(convert.facts_of(params)["backbone"])
    h = network.activations(backbone, params["encoder"], grid(*SHAPE))[-1]
    return h, None if params["heads"] is None else network.apply_heads(params["heads"], h)


def assert_same_function(params, h, signals):
    """The converted network is the foreign one: activations h (N, d) and images (M, N, C)."""
    our_h, our_signals = ours(params)
    assert np.median(np.ptp(h, axis=0)) > 1e-2  # it depends on the pixel
    np.testing.assert_allclose(our_h, h, atol=1e-5)
    if signals is None:
        assert our_signals is None
    else:
        np.testing.assert_allclose(our_signals, signals, atol=1e-5)


def signals_of(h, decoders, low=0.0, high=1.0):
    return (np.stack([affine(h, head) for head in decoders]) - low) / (high - low)


# The ready layouts


@pytest.mark.parametrize("layout", ["siren", "siren_modules"])
def test_siren(rng, layout):
    layers, decoders = siren_layers(rng), heads(rng, 1, channels=1)
    if layout == "siren":
        tensors = named(layers, "net.{}.linear.weight", "net.{}.linear.bias")
        tensors |= named(decoders, "net.{}.weight", "net.{}.bias", [3])
    else:
        tensors = named(layers + decoders, "net.net.{}.0.weight", "net.net.{}.0.bias")
    h = sine_net(ends(), layers)
    params = convert.from_tensors(tensors, LAYOUTS[layout], SHAPE)
    assert_same_function(params, h, signals_of(h, decoders, -1, 1))


def test_strainer(rng):
    # More than ten of both, so that numbers are not sorted as text.
    layers, decoders = siren_layers(rng, 7), heads(rng, 11)
    tensors = named(layers, "encoder.{}.weight", "encoder.{}.bias", range(0, 14, 2))
    tensors |= named(decoders, "decoder.{}.0.weight", "decoder.{}.0.bias")
    h = sine_net(ends(), layers)
    assert_same_function(convert.from_tensors(tensors, LAYOUTS["strainer"], SHAPE), h, signals_of(h, decoders))


def test_strainer_notebook(rng):
    layers, decoders = siren_layers(rng), heads(rng, 2)
    tensors = named(layers, "encoderINR.net.{}.linear.weight", "encoderINR.net.{}.linear.bias")
    tensors |= named(decoders, "decoderINRs.{}.net.0.weight", "decoderINRs.{}.net.0.bias")
    h = sine_net(ends(column_first=True), layers)
    params = convert.from_tensors(tensors, LAYOUTS["strainer_notebook"], SHAPE)
    assert_same_function(params, h, signals_of(h, decoders, -1, 1))


def test_ffmlp_with_its_sigmoid_gives_no_heads(rng):
    layers, b = ffmlp_layers(rng), rng.normal(size=(FOURIER, 2)).astype("f4")
    tensors = named(layers + heads(rng, 1), "w_{}", "b_{}", out_in=False) | {"B": b}
    h = relu_net(half_open(column_first=True), b, layers)
    assert_same_function(convert.from_tensors(tensors, LAYOUTS["ffmlp"], SHAPE), h, None)


def test_ffmlp_alpine(rng):
    layers, decoders, b = ffmlp_layers(rng), heads(rng, 1), rng.normal(size=(FOURIER, 2)).astype("f4")
    tensors = named(layers + decoders, "model.{}.weight", "model.{}.bias", [1, 3, 5, 7])
    tensors |= {"pos_encode.B": b, "model.0.B": b}  # the module holds it under two names
    h = relu_net(ends(), b, layers)
    assert_same_function(convert.from_tensors(tensors, LAYOUTS["ffmlp_alpine"], SHAPE), h, signals_of(h, decoders))


@pytest.mark.parametrize("with_heads", [True, False])
@pytest.mark.parametrize("name", ["siren", "ffmlp"])
def test_our_own_export_comes_back_bit_for_bit(name, with_heads):
    params = own(name, 3) if with_heads else own(name, 3) | {"heads": None}
    back = convert.from_tensors(convert.to_tensors(params), LAYOUTS["inr_sae"], SHAPE)
    assert jax.tree.structure(back) == jax.tree.structure(params)
    for path, leaf in jax.tree_util.tree_leaves_with_path(back):
        assert leaf.dtype == np.float32, path
    jax.tree.map(np.testing.assert_array_equal, back, params)


def own(name, n_signals):
    backbone = network.backbone(name)
    return {
        "encoder": backbone.init(jax.random.key(0), CONFIG),
        "heads": network.init_heads(backbone, jax.random.key(1), CONFIG, n_signals, 2),
    }


def test_export_is_named_by_what_it_holds():
    names = {"encoder/hidden_0/w", "encoder/hidden_2/b", "encoder/siren/omega_0", "heads/w", "heads/b"}
    assert names < convert.to_tensors(own("siren", 3)).keys()
    assert "encoder/fourier/b" in convert.to_tensors(own("ffmlp", 3))


def test_layouts_are_json():
    assert json.loads(json.dumps(LAYOUTS)) == LAYOUTS


# Unusual conventions

CENTRES = pixels(*((np.arange(n) + 0.5) / n for n in SHAPE))
PER_AXIS = pixels(np.linspace(2.0, -1.0, SHAPE[0]), np.linspace(-0.5, 0.75, SHAPE[1]))
COORDINATES = {
    "column first": ({"coordinates": "column_row"}, ends(column_first=True)),
    "half-open": ({"range": [0, 1], "pixels": "start"}, half_open()),
    "centres": ({"range": [0, 1], "pixels": "centres"}, CENTRES),
    "unit, both ends": ({"range": [0, 1]}, ends(0.0, 1.0)),
    "half-open, column first": (
        {"range": [0, 1], "pixels": "start", "coordinates": "column_row"},
        half_open(column_first=True),
    ),
    "each axis its own": ({"range": [[2.0, -1.0], [-0.5, 0.75]]}, PER_AXIS),
}


@pytest.mark.parametrize("omegas", [(30.0, 30.0), (60.0, 30.0), (10.0, 25.0)])
@pytest.mark.parametrize("case", COORDINATES)
def test_siren_on_other_coordinates_and_omegas(rng, case, omegas):
    says, x = COORDINATES[case]
    layers, decoders = siren_layers(rng), heads(rng, 2)
    tensors = named(layers, "l{}.w", "l{}.b", [1, 2, 3]) | named(decoders, "d{}.w", "d{}.b")
    names = {"hidden_w": "l{i}.w", "hidden_b": "l{i}.b", "head_w": "d{j}.w", "head_b": "d{j}.b"}
    layout = says | names | {"backbone": "siren", "out_in": True, "first_omega_0": omegas[0], "omega_0": omegas[1]}
    h = sine_net(x, layers, *omegas)
    params = convert.from_tensors(tensors, layout | {"output_range": [-1, 3]}, SHAPE)
    assert_same_function(params, h, signals_of(h, decoders, -1, 3))
    assert convert.facts_of(params)["omega_0"] == omegas[1]


@pytest.mark.parametrize("order, factor", [("sin_cos", 1.0), ("cos_sin", 2 * np.pi), ("cos_sin", np.pi)])
@pytest.mark.parametrize("case", COORDINATES)
def test_ffmlp_on_other_coordinates_and_features(rng, case, order, factor):
    says, x = COORDINATES[case]
    layers, decoders = ffmlp_layers(rng), heads(rng, 2)
    b = rng.normal(size=(FOURIER, 2)).astype("f4")
    tensors = named(layers, "l{}.w", "l{}.b") | named(decoders, "d{}.w", "d{}.b") | {"B": b.T}
    names = {"hidden_w": "l{i}.w", "hidden_b": "l{i}.b", "head_w": "d{j}.w", "head_b": "d{j}.b", "fourier": "B"}
    layout = says | names | {"backbone": "ffmlp", "out_in": True, "fourier_order": order, "fourier_factor": factor}
    h = relu_net(x, b, layers, factor, order)
    assert_same_function(convert.from_tensors(tensors, layout, SHAPE), h, signals_of(h, decoders))


def test_the_offset_turns_layer_0_and_keeps_its_singular_values(fourier):
    params = convert.from_tensors(fourier, LAYOUTS["ffmlp"], SHAPE)
    w, before = np.asarray(params["encoder"]["hidden_0"]["w"]), fourier["w_0"]
    assert np.abs(w - before).max() > 0.05
    np.testing.assert_allclose(np.linalg.svd(w, compute_uv=False), np.linalg.svd(before, compute_uv=False), rtol=1e-5)
    assert stable_rank(w) == pytest.approx(stable_rank(before), rel=1e-5)


def test_without_biases_they_are_zero(rng):
    layers = [(w, 0 * b) for w, b in siren_layers(rng)]
    decoders = [(w, 0 * b) for w, b in heads(rng, 2)]
    tensors = named(layers, "encoder.{}.weight", "encoder.{}.bias") | named(
        decoders, "decoder.{}.0.weight", "decoder.{}.0.bias"
    )
    tensors = {name: value for name, value in tensors.items() if not name.endswith("bias")}
    h = sine_net(half_open(), layers)
    layout = LAYOUTS["strainer"] | {"range": [0, 1], "pixels": "start"}
    # The offset of the coordinates makes a bias of layer 0 where there was none.
    params = convert.from_tensors(tensors, layout, SHAPE)
    assert_same_function(params, h, signals_of(h, decoders))
    assert not np.asarray(params["encoder"]["hidden_1"]["b"]).any() and not np.asarray(params["heads"]["b"]).any()


def test_heads_that_are_not_there_are_none(strainer):
    encoder = {name: value for name, value in strainer.items() if name.startswith("encoder")}
    assert convert.from_tensors(encoder, LAYOUTS["strainer"], SHAPE)["heads"] is None
    assert convert.from_tensors(strainer, LAYOUTS["strainer"] | {"head_w": None}, SHAPE)["heads"] is None


def test_facts_are_what_a_config_must_say():
    siren, ffmlp = convert.facts_of(own("siren", 3)), convert.facts_of(own("ffmlp", 1) | {"heads": None})
    assert siren == dict(
        backbone="siren", width=WIDTH, n_layers=3, n_fourier=None, omega_0=30.0, n_signals=3, channels=2
    )
    assert ffmlp == dict(
        backbone="ffmlp", width=WIDTH, n_layers=3, n_fourier=FOURIER, omega_0=None, n_signals=None, channels=None
    )
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

    from tests import torch_reference

    torch.manual_seed(0)
    module = torch_reference.CohortINR(name, 1, 3, **CONFIG)
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
    again = torch_reference.CohortINR(name, 1, 3, **CONFIG)
    theirs = {"heads.weight": read["heads/w"][0].T, "heads.bias": read["heads/b"][0]}
    for i in range(files.read_facts(tmp_path / "ours.safetensors")["n_layers"]):
        theirs[f"hidden.{i}.weight"] = read[f"encoder/hidden_{i}/w"].T
        theirs[f"hidden.{i}.bias"] = read[f"encoder/hidden_{i}/b"]
    if name == "ffmlp":
        theirs["embed.b"] = read["encoder/fourier/b"]
    again.load_state_dict(theirs)
    for key, value in module.float().state_dict().items():
        assert torch.equal(again.state_dict()[key], value), key


# Refusals


@pytest.fixture
def strainer(rng):
    """The tensors of a STRAINER of three shared layers and two decoders."""
    tensors = named(siren_layers(rng), "encoder.{}.weight", "encoder.{}.bias", [0, 2, 4])
    return tensors | named(heads(rng, 2), "decoder.{}.0.weight", "decoder.{}.0.bias")


@pytest.fixture
def fourier(rng):
    """The tensors of a Fourier feature network."""
    b = rng.normal(size=(FOURIER, 2)).astype("f4")
    return named(ffmlp_layers(rng) + heads(rng, 1), "w_{}", "b_{}", out_in=False) | {"B": b}


def test_tensors_that_nothing_names_are_ignored(strainer):
    params = convert.from_tensors(strainer, LAYOUTS["strainer"], SHAPE)
    more = strainer | {"encoder.norm.weight": np.ones(WIDTH, "f4"), "step": np.float32(3)}
    jax.tree.map(np.testing.assert_array_equal, convert.from_tensors(more, LAYOUTS["strainer"], SHAPE), params)


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("encoder.2.weight", None, "there is no tensor 'encoder.2.weight'; there are decoder.0.0.bias, .* \\.\\.\\."),
        ("encoder.4.weight", None, "there is no tensor 'encoder.4.weight'"),
        ("encoder.2.bias", None, "there is no tensor 'encoder.2.bias'"),
        ("decoder.1.0.bias", None, "there is no tensor 'decoder.1.0.bias'"),
        ("decoder.1.0.weight", None, "there is no tensor 'decoder.1.0.weight'"),
        ("encoder.0.weight", (WIDTH, 3), "'encoder.{i}.weight'.*(3, 16)"),
        ("encoder.2.weight", (WIDTH, 8), "'encoder.2.weight' takes 8 values"),
        ("encoder.4.weight", (WIDTH, WIDTH, 1), "'encoder.4.weight' .16, 16, 1."),
        ("encoder.2.bias", (8,), "'encoder.2.weight' .16, 16. and its bias .8,."),
        ("decoder.1.0.weight", (3, 8), "'decoder.1.0.weight' takes 8 values"),
        ("decoder.0.2.weight", (3, WIDTH), "has several layers"),
        ("decoder.3.0.weight", (3, WIDTH), "numbered 0, 1, 3"),
        ("encoder.7.weight", (WIDTH, WIDTH), "numbered 0, 2, 4, 7"),
    ],
)
def test_tensors_that_do_not_fit_are_named(strainer, name, value, message):
    if value is None:
        del strainer[name]
    else:
        strainer[name] = np.ones(value, "f4")
    with pytest.raises(UserError, match=message.replace("{i}", r"\{i\}")):
        convert.from_tensors(strainer, LAYOUTS["strainer"], SHAPE)


def test_unequal_widths_are_named(strainer):
    strainer |= {"encoder.4.weight": np.ones((8, WIDTH), "f4"), "encoder.4.bias": np.ones(8, "f4")}
    with pytest.raises(UserError, match="'encoder.4.weight' takes 16 values and gives 8, .* one width"):
        convert.from_tensors(strainer, LAYOUTS["strainer"], SHAPE)


def test_heads_of_unequal_channels_are_named(strainer):
    strainer |= {"decoder.1.0.weight": np.ones((1, WIDTH), "f4"), "decoder.1.0.bias": np.ones(1, "f4")}
    with pytest.raises(UserError, match="'decoder.1.0.weight' is not of as many channels"):
        convert.from_tensors(strainer, LAYOUTS["strainer"], SHAPE)


def test_no_hidden_layer_is_refused(strainer):
    decoders = {name: value for name, value in strainer.items() if name.startswith("decoder")}
    for tensors in (decoders, {}):
        with pytest.raises(UserError, match="no hidden layer 'encoder.*there are"):
            convert.from_tensors(tensors, LAYOUTS["strainer"], SHAPE)


@pytest.mark.parametrize("key", ["hidden_b", "head_b"])
def test_a_slip_in_a_biases_name_does_not_drop_them(strainer, key):
    with pytest.raises(UserError, match="no bias is named 'typo', but the tensor .* has the shape of one"):
        convert.from_tensors(strainer, LAYOUTS["strainer"] | {key: "typo"}, SHAPE)


@pytest.mark.parametrize(
    "says, message",
    [
        ({"omega": 30}, "unknown key 'omega'; its keys are backbone, "),
        ({"backbone": "wire"}, "backbone is 'wire'; it is one of None, siren, ffmlp"),
        ({"coordinates": "xy"}, "coordinates is 'xy'; it is one of row_column"),
        ({"pixels": "open"}, "pixels is 'open'"),
        ({"fourier_order": "cos"}, "fourier_order is 'cos'"),
        ({"out_in": "yes"}, "out_in is 'yes'"),
        ({"hidden_w": 3}, "hidden_w is 3"),
        ({"omega_0": 0}, "omega_0 is 0"),
        ({"omega_0": [30]}, r"omega_0 is \[30\]"),
        ({"omega_0": "encoder.0.bias"}, "omega_0 is 'encoder.0.bias'"),
        ({"omega_0": "omega"}, "there is no tensor 'omega'"),
        ({"first_omega_0": float("nan")}, "first_omega_0 is nan"),
        ({"range": [1, 1]}, r"range is \[1, 1\]"),
        ({"range": [0, 1, 2]}, "range is"),
        ({"range": "unit"}, "range is 'unit'"),
        ({"output_range": [[0, 1], [0, 1]]}, "output_range is"),
        ({"backbone": "ffmlp"}, "there is no tensor 'encoder/fourier/b'"),
        ({"out_in": False}, "'encoder.*no linear layer"),
    ],
)
def test_layouts_that_do_not_fit_are_refused(strainer, says, message):
    with pytest.raises(UserError, match=message):
        convert.from_tensors(strainer, LAYOUTS["strainer"] | says, SHAPE)


@pytest.mark.parametrize("says, message", [({"fourier_out_in": False}, "'B'.*6, 2"), ({"fourier": "b"}, "tensor 'b'")])
def test_a_fourier_matrix_that_does_not_fit_is_named(fourier, says, message):
    with pytest.raises(UserError, match=message):
        convert.from_tensors(fourier, LAYOUTS["ffmlp"] | says, SHAPE)


def test_layer_0_must_take_the_features(fourier):
    with pytest.raises(UserError, match="takes 12 values, and 5 frequencies give 10"):
        convert.from_tensors(fourier | {"B": np.ones((5, 2), "f4")}, LAYOUTS["ffmlp"], SHAPE)


@pytest.mark.parametrize("shape", [(7,), (1, 5), None])
def test_a_shape_that_is_no_image_is_refused(strainer, shape):
    with pytest.raises(UserError, match="the images' shape is"):
        convert.from_tensors(strainer, LAYOUTS["strainer"], shape)


def test_layers_without_an_activation_between_them_are_refused(fourier):
    # A Sequential of Linear, Linear, ReLU, Linear, ReLU ...: its numbers tell.
    tensors = {name.replace("_1", "_9").replace("_2", "_11"): value for name, value in fourier.items()}
    with pytest.raises(UserError, match="not all followed by an activation"):
        convert.from_tensors(tensors, LAYOUTS["ffmlp"], SHAPE)
