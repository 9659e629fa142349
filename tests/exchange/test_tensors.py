"""Files of tensors: what is written is read, and no file executes anything."""

import json
import os
import pickle

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy

from inr_sae.errors import InputError
from inr_sae.exchange import tensors


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def arrays(rng):
    return {"a/w": rng.normal(size=(3, 4)).astype(np.float32), "omega_0": np.float32(30.0), "z": np.zeros((0, 2), "f4")}


def assert_equal(read, expected):
    assert read.keys() == expected.keys()
    for name, value in expected.items():
        assert read[name].dtype == np.float32 and read[name].shape == np.shape(value)
        np.testing.assert_array_equal(read[name], np.asarray(value, np.float32))


def test_round_trip(tmp_path, arrays):
    path = tmp_path / "new" / "encoder.safetensors"
    tensors.write(path, arrays, {"backbone": "siren", "omega_0": 30.0, "n_signals": None})
    assert_equal(tensors.read(path), arrays)
    facts = json.loads(path.with_suffix(".json").read_text())
    assert facts == {"backbone": "siren", "omega_0": 30.0, "n_signals": None}
    assert sorted(p.name for p in path.parent.iterdir()) == ["encoder.json", "encoder.safetensors"]


def test_a_transposed_view_is_read_as_it_was(tmp_path, rng):
    path = tmp_path / "a.safetensors"
    w = rng.normal(size=(3, 4)).astype(np.float32).T
    tensors.write(path, {"w": w}, {})
    np.testing.assert_array_equal(tensors.read(path)["w"], w)


def test_npz_is_read(tmp_path, arrays):
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    assert_equal(tensors.read(str(tmp_path / "a.npz")), arrays)


def write_raw(path, **described):
    """A safetensors file of {name: (dtype as the format calls it, shape, bytes)}, of whatever kinds it has."""
    header, data = {}, b""
    for name, (dtype, shape, values) in described.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


FLOATS = {"F64": np.float64, "F16": np.float16, "BF16": ml_dtypes.bfloat16}
FLOATS |= {"F8_E4M3": ml_dtypes.float8_e4m3fn, "F8_E5M2": ml_dtypes.float8_e5m2, "F8_E8M0": ml_dtypes.float8_e8m0fnu}
FLOATS |= {"F8_E4M3FNUZ": ml_dtypes.float8_e4m3fnuz, "F8_E5M2FNUZ": ml_dtypes.float8_e5m2fnuz}


@pytest.mark.parametrize("kind", FLOATS)
def test_other_floats_become_float32(tmp_path, kind):
    value = np.array([[0.5, 2.0, 1.0]]).astype(FLOATS[kind])
    write_raw(tmp_path / "a.safetensors", w=(kind, [1, 3], value.tobytes()))
    assert_equal(tensors.read(tmp_path / "a.safetensors"), {"w": value.astype(np.float32)})


@pytest.mark.parametrize("name", ["a.safetensors", "a.npz"])
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(InputError, match=f"{name}: there is no such file"):
        tensors.read(tmp_path / name)


@pytest.mark.parametrize("name", ["a.pt", "a.npy", "a"])
def test_other_kinds_of_file_are_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match=rf"/{name}: .*\.safetensors or \.npz"):
        tensors.read(tmp_path / name)
    with pytest.raises(InputError, match=rf"/{name}: .*\.safetensors"):
        tensors.write(tmp_path / name, {}, {})


@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5, 0.99])
@pytest.mark.parametrize("name", ["a.safetensors", "a.npz"])
def test_a_cut_off_file_is_named(tmp_path, rng, name, kept):
    path = tmp_path / name
    arrays = {f"layer_{i}": rng.normal(size=(20, 20)).astype(np.float32) for i in range(3)}
    np.savez(path, **arrays) if path.suffix == ".npz" else tensors.write(path, arrays, {})
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(InputError, match=f"{name} is damaged"):
        tensors.read(path)


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_pickles_are_refused_and_not_executed(tmp_path):
    fired = tmp_path / "fired"
    bomb = np.empty(1, object)
    bomb[0] = Bomb(fired)
    np.savez(tmp_path / "array.npz", w=bomb)
    (tmp_path / "whole.npz").write_bytes(pickle.dumps({"w": Bomb(fired)}))
    (tmp_path / "whole.safetensors").write_bytes(pickle.dumps({"w": Bomb(fired)}))
    for name in ("array.npz", "whole.npz", "whole.safetensors"):
        with pytest.raises(InputError, match=name):
            tensors.read(tmp_path / name)
    assert not fired.exists()
    np.load(tmp_path / "array.npz", allow_pickle=True)["w"]
    assert fired.exists()  # else the test would prove nothing


OTHERS = [np.arange(3), np.array([True]), np.array(["x"]), np.array([1j], np.complex64), np.float32([np.nan, np.inf])]


@pytest.mark.parametrize("value", OTHERS, ids=lambda value: value.dtype.name)
def test_what_is_not_of_numbers_that_are_used_is_read_as_it_is(tmp_path, value):
    np.savez(tmp_path / "a.npz", steps=value, w=np.ones(2))
    read = tensors.read(tmp_path / "a.npz")
    np.testing.assert_array_equal(read["steps"], value)
    assert read["steps"].dtype == value.dtype and read["w"].dtype == np.float32
    if value.dtype.kind != "U":  # the format has no texts
        (tmp_path / "a.safetensors").write_bytes(safetensors.numpy.save({"steps": value}))
        np.testing.assert_array_equal(tensors.read(tmp_path / "a.safetensors")["steps"], value)


@pytest.mark.parametrize("kind, n_bytes", [("F4", 2), ("F6_E2M3", 3)])
def test_kinds_without_a_number_of_bytes_each_spoil_no_file(tmp_path, kind, n_bytes):
    w = np.ones(3, np.float32)
    write_raw(tmp_path / "a.safetensors", small=(kind, [4], bytes(n_bytes)), w=("F32", [3], w.tobytes()))
    np.testing.assert_array_equal(tensors.read(tmp_path / "a.safetensors")["w"], w)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, arrays, monkeypatch):
    path = tmp_path / "a.safetensors"
    tensors.write(path, arrays, {"width": 3})

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="a.safetensors cannot be written .No space"):
        tensors.write(path, {"w": np.ones(2, np.float32)}, {"width": 2})
    assert_equal(tensors.read(path), arrays)
    assert json.loads((tmp_path / "a.json").read_text()) == {"width": 3}
    assert len(list(tmp_path.iterdir())) == 2
