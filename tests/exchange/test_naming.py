"""Tensors that make up no network of ours are refused by their names."""

import re

import jax
import numpy as np
import pytest

from inr_sae.errors import InputError
from inr_sae.exchange import convert
from inr_sae.exchange.layouts import LAYOUTS
from tests.exchange import foreign
from tests.exchange.foreign import SHAPE, WIDTH


@pytest.fixture
def strainer():
    return foreign.strainer_tensors(np.random.default_rng(0))


def test_tensors_that_nothing_names_are_ignored(strainer):
    params = convert.from_tensors(strainer, LAYOUTS["strainer"], SHAPE)
    more = strainer | {"encoder.norm.weight": np.ones(WIDTH, "f4"), "step": np.float32(3)}
    more |= {"n_averaged": np.int64(3), "mask": np.ones(WIDTH, bool), "phase": np.ones(2, "c8"), "by": np.array(["x"])}
    more |= {"loss": np.float32([1.0, np.nan]), "quantised.bias": np.ones(WIDTH, np.int8)}
    jax.tree.map(np.testing.assert_array_equal, convert.from_tensors(more, LAYOUTS["strainer"], SHAPE), params)


@pytest.mark.parametrize(
    "value, message",
    [
        (np.ones((WIDTH, WIDTH), np.int8), "tensor 'encoder.2.weight' is of int8, not of floats"),
        (np.ones((WIDTH, WIDTH), bool), "tensor 'encoder.2.weight' is of bool, not of floats"),
        (np.ones((WIDTH, WIDTH), "c8"), "tensor 'encoder.2.weight' is of complex64, not of floats"),
        (np.full((WIDTH, WIDTH), "x"), "tensor 'encoder.2.weight' is of str"),
        (np.full((WIDTH, WIDTH), np.nan), "tensor 'encoder.2.weight' has values that are not finite in float32"),
        (np.full((WIDTH, WIDTH), 1e300), "tensor 'encoder.2.weight' has values that are not finite in float32"),
    ],
)
def test_a_tensor_that_is_named_and_not_of_floats_is_refused(strainer, value, message):
    with pytest.raises(InputError, match=message):
        convert.from_tensors(strainer | {"encoder.2.weight": value}, LAYOUTS["strainer"], SHAPE)


def test_a_layer_of_a_decoder_that_no_key_names_is_no_layer_to_leave_out(strainer):
    """Of STRAINER's notebook, whose decoders may have a sine layer before the linear one."""
    tensors = {}
    for name, value in strainer.items():
        name = re.sub(r"encoder\.(\d+)", r"encoderINR.net.\1.linear", name)
        tensors[re.sub(r"decoder\.(\d+)", r"decoderINRs.\1.net", name)] = value
    convert.from_tensors(tensors, LAYOUTS["strainer_notebook"], SHAPE)
    tensors["decoderINRs.0.net.0.linear.weight"] = np.ones((WIDTH, WIDTH), "f4")
    with pytest.raises(InputError, match="has several layers"):
        convert.from_tensors(tensors, LAYOUTS["strainer_notebook"], SHAPE)


def test_a_frequency_may_be_stored_as_an_integer(strainer):
    params = convert.from_tensors(strainer | {"omega": np.int64(30)}, LAYOUTS["strainer"] | {"omega_0": "omega"}, SHAPE)
    assert params["encoder"]["constants"]["omega_0"] == 30.0


@pytest.mark.parametrize("wrapped", ["module.{}", "_orig_mod.{}", "module._orig_mod.{}", "_orig_mod.module.{}"])
def test_what_torchs_wrappers_put_before_names_is_taken_off_and_said(strainer, wrapped, caplog):
    params = convert.from_tensors(strainer, LAYOUTS["strainer"], SHAPE)
    assert caplog.text == ""
    other = {wrapped.format(name): value for name, value in strainer.items()} | {"n_averaged": np.int64(1)}
    with caplog.at_level("INFO", "inr_sae"):
        found = convert.from_tensors(other, LAYOUTS["strainer"], SHAPE)
    jax.tree.map(np.testing.assert_array_equal, found, params)
    assert all(part + "." in caplog.text for part in wrapped.split(".")[:-1])


def test_a_wrapper_within_a_name_is_taken_off_and_one_that_the_layout_names_is_not(strainer):
    params = convert.from_tensors(strainer, LAYOUTS["strainer"], SHAPE)
    within = {name.replace("encoder.", "encoder._orig_mod."): value for name, value in strainer.items()}
    jax.tree.map(np.testing.assert_array_equal, convert.from_tensors(within, LAYOUTS["strainer"], SHAPE), params)
    named = LAYOUTS["strainer"] | {"hidden_w": "encoder._orig_mod.{i}.weight", "hidden_b": "encoder._orig_mod.{i}.bias"}
    jax.tree.map(np.testing.assert_array_equal, convert.from_tensors(within, named, SHAPE), params)


def test_where_names_would_clash_they_stay(strainer):
    both = strainer | {f"module.{name}": value + 1 for name, value in strainer.items()}
    params = convert.from_tensors(strainer, LAYOUTS["strainer"], SHAPE)
    jax.tree.map(np.testing.assert_array_equal, convert.from_tensors(both, LAYOUTS["strainer"], SHAPE), params)


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
    with pytest.raises(InputError, match=message.replace("{i}", r"\{i\}")):
        convert.from_tensors(strainer, LAYOUTS["strainer"], SHAPE)


def test_unequal_widths_are_named(strainer):
    strainer |= {"encoder.4.weight": np.ones((8, WIDTH), "f4"), "encoder.4.bias": np.ones(8, "f4")}
    with pytest.raises(InputError, match="'encoder.4.weight' takes 16 values and gives 8, .* one width"):
        convert.from_tensors(strainer, LAYOUTS["strainer"], SHAPE)


def test_heads_of_unequal_channels_are_named(strainer):
    strainer |= {"decoder.1.0.weight": np.ones((1, WIDTH), "f4"), "decoder.1.0.bias": np.ones(1, "f4")}
    with pytest.raises(InputError, match="'decoder.1.0.weight' is not of as many channels"):
        convert.from_tensors(strainer, LAYOUTS["strainer"], SHAPE)


def test_a_slip_in_a_heads_name_is_not_a_head_of_several_layers(strainer):
    layout = LAYOUTS["strainer"] | {"head_w": "decoder.{j}.0.wieght"}
    with pytest.raises(InputError, match=r"no head 'decoder.\{j\}.0.wieght'; there are decoder.0.0.weight"):
        convert.from_tensors(strainer, layout, SHAPE)


def test_no_hidden_layer_is_refused(strainer):
    decoders = {name: value for name, value in strainer.items() if name.startswith("decoder")}
    for tensors in (decoders, {}):
        with pytest.raises(InputError, match="no hidden layer 'encoder.*there are"):
            convert.from_tensors(tensors, LAYOUTS["strainer"], SHAPE)


@pytest.mark.parametrize("key", ["hidden_b", "head_b"])
def test_a_slip_in_a_biases_name_does_not_drop_them(strainer, key):
    with pytest.raises(InputError, match="no bias is named 'typo', but the tensor .* has the shape of one"):
        convert.from_tensors(strainer, LAYOUTS["strainer"] | {key: "typo"}, SHAPE)


def test_layers_without_an_activation_between_them_are_refused():
    # A Sequential of Linear, Linear, ReLU, Linear, ReLU ...: its numbers tell.
    fourier = foreign.fourier_tensors(np.random.default_rng(0))
    tensors = {name.replace("_1", "_9").replace("_2", "_11"): value for name, value in fourier.items()}
    with pytest.raises(InputError, match="not all followed by an activation"):
        convert.from_tensors(tensors, LAYOUTS["ffmlp"], SHAPE)
