"""Unusual conventions: folded into the weights, the network is the same function of the pixel."""

import numpy as np
import pytest

from inr_sae.errors import InputError
from inr_sae.exchange import convert
from inr_sae.exchange.layouts import LAYOUTS
from inr_sae.measure.rank import stable_rank
from tests.exchange import foreign
from tests.exchange.foreign import FOURIER, SHAPE, assert_same_function, ends, half_open, named, pixels

NAMES = {"hidden_w": "l{i}.w", "hidden_b": "l{i}.b", "head_w": "d{j}.w", "head_b": "d{j}.b", "fourier": "B"}
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


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def strainer(rng):
    return foreign.strainer_tensors(rng)


@pytest.fixture
def fourier(rng):
    return foreign.fourier_tensors(rng)


@pytest.mark.parametrize("omegas", [(30.0, 30.0), (60.0, 30.0), (10.0, 25.0)])
@pytest.mark.parametrize("case", COORDINATES)
def test_siren_on_other_coordinates_and_omegas(rng, case, omegas):
    says, x = COORDINATES[case]
    layers, decoders = foreign.siren_layers(rng), foreign.heads(rng, 2)
    tensors = named(layers, "l{}.w", "l{}.b", [1, 2, 3]) | named(decoders, "d{}.w", "d{}.b")
    layout = says | NAMES | {"backbone": "siren", "out_in": True, "first_omega_0": omegas[0], "omega_0": omegas[1]}
    h = foreign.sine_net(x, layers, *omegas)
    params = convert.from_tensors(tensors, layout | {"output_range": [-1, 3]}, SHAPE)
    assert_same_function(params, h, foreign.signals_of(h, decoders, -1, 3))
    assert convert.facts_of(params)["omega_0"] == omegas[1]


@pytest.mark.parametrize("order, factor", [("sin_cos", 1.0), ("cos_sin", 2 * np.pi), ("cos_sin", np.pi)])
@pytest.mark.parametrize("case", COORDINATES)
def test_ffmlp_on_other_coordinates_and_features(rng, case, order, factor):
    says, x = COORDINATES[case]
    layers, decoders = foreign.ffmlp_layers(rng), foreign.heads(rng, 2)
    b = rng.normal(size=(FOURIER, 2)).astype("f4")
    tensors = named(layers, "l{}.w", "l{}.b") | named(decoders, "d{}.w", "d{}.b") | {"B": b.T}
    layout = says | NAMES | {"backbone": "ffmlp", "out_in": True, "fourier_order": order, "fourier_factor": factor}
    h = foreign.relu_net(x, b, layers, factor, order)
    params = convert.from_tensors(tensors, layout, SHAPE)
    assert_same_function(params, h, foreign.signals_of(h, decoders))


@pytest.mark.parametrize("coordinates", [(0.0, 1.0), (-2.0, 3.0)])
def test_our_own_coordinates_may_run_over_another_range(fourier, rng, coordinates):
    x = ends(*coordinates).astype(np.float32)
    layers = foreign.siren_layers(rng)
    tensors = named(layers, "encoder.{}.weight", "encoder.{}.bias")
    params = convert.from_tensors(tensors, LAYOUTS["strainer"], SHAPE, coordinates)
    assert_same_function(params, foreign.sine_net(ends(), layers), None, x)
    layers = [(fourier[f"w_{i}"], fourier[f"b_{i}"]) for i in range(3)]
    params = convert.from_tensors(fourier, LAYOUTS["ffmlp"], SHAPE, coordinates)
    assert_same_function(params, foreign.relu_net(half_open(column_first=True), fourier["B"], layers), None, x)


def test_the_offset_turns_layer_0_and_keeps_its_singular_values(fourier):
    params = convert.from_tensors(fourier, LAYOUTS["ffmlp"], SHAPE)
    w, before = np.asarray(params["encoder"]["units"]["hidden_0"]["w"]), fourier["w_0"]
    assert np.abs(w - before).max() > 0.05
    np.testing.assert_allclose(np.linalg.svd(w, compute_uv=False), np.linalg.svd(before, compute_uv=False), rtol=1e-5)
    assert stable_rank(w) == pytest.approx(stable_rank(before), rel=1e-5)


def test_without_biases_they_are_zero(rng):
    layers = [(w, 0 * b) for w, b in foreign.siren_layers(rng)]
    decoders = [(w, 0 * b) for w, b in foreign.heads(rng, 2)]
    tensors = named(layers, "encoder.{}.weight", "encoder.{}.bias")
    tensors |= named(decoders, "decoder.{}.0.weight", "decoder.{}.0.bias")
    tensors = {name: value for name, value in tensors.items() if not name.endswith("bias")}
    h = foreign.sine_net(half_open(), layers)
    layout = LAYOUTS["strainer"] | {"range": [0, 1], "pixels": "start"}
    # The offset of the coordinates makes a bias of layer 0 where there was none.
    params = convert.from_tensors(tensors, layout, SHAPE)
    assert_same_function(params, h, foreign.signals_of(h, decoders))
    assert not np.asarray(params["encoder"]["units"]["hidden_1"]["b"]).any()
    assert not np.asarray(params["heads"]["b"]).any()


def test_heads_that_are_not_there_are_none(strainer):
    encoder = {name: value for name, value in strainer.items() if name.startswith("encoder")}
    assert convert.from_tensors(encoder, LAYOUTS["strainer"], SHAPE)["heads"] is None
    assert convert.from_tensors(strainer, LAYOUTS["strainer"] | {"head_w": None}, SHAPE)["heads"] is None


@pytest.mark.parametrize("says, message", [({"fourier_out_in": False}, "'B'.*6, 2"), ({"fourier": "b"}, "tensor 'b'")])
def test_a_fourier_matrix_that_does_not_fit_is_named(fourier, says, message):
    with pytest.raises(InputError, match=message):
        convert.from_tensors(fourier, LAYOUTS["ffmlp"] | says, SHAPE)


def test_layer_0_must_take_the_features(fourier):
    with pytest.raises(InputError, match="takes 12 values, and 5 frequencies give 10"):
        convert.from_tensors(fourier | {"B": np.ones((5, 2), "f4")}, LAYOUTS["ffmlp"], SHAPE)


@pytest.mark.parametrize("shape", [(7,), (1, 5), None])
def test_a_shape_that_is_no_image_is_refused(strainer, shape):
    with pytest.raises(InputError, match="the images' shape is"):
        convert.from_tensors(strainer, LAYOUTS["strainer"], shape)
