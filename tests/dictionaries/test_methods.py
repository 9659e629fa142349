"""Every dictionary method against the contract in `dictionaries/__init__.py`."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import base
from inr_sae import dictionaries, errors, state
from inr_sae.dictionaries import codes
from tests.dictionaries.builders import METHODS, SMALL, fitted, jobs, small
from tests.inr.builders import same

FUNCTIONS = {
    "check": ["config", "n_devices"],
    "n_atoms": ["config", "d"],
    "fit": ["jobs", "train"],
    "encode": ["params", "h", "config"],
    "decode": ["params", "codes"],
    "directions": ["params"],
    "remove": ["params", "h", "codes", "atom"],
}


@pytest.fixture(params=METHODS)
def name(request):
    return request.param


@pytest.fixture(params=[0, 1], ids=["narrow", "wide"])
def one(name, request):
    """(Job, Dictionary) of one of two layers of different widths."""
    return fitted(name)[request.param]


def test_a_file_holds_what_the_contract_names(name):
    method = METHODS[name]
    assert isinstance(method.LABEL, str) and isinstance(method.DEFAULTS, dict)
    assert all(isinstance(word, bool) for word in (method.POINTWISE, method.FIELD, method.LINEAR))
    for function, arguments in FUNCTIONS.items():
        assert list(inspect.signature(getattr(method, function)).parameters) == arguments


@pytest.mark.parametrize("name", dictionaries.method_names())
def test_the_defaults_are_the_config_group(name):
    assert base.get_config().dictionary[name].to_dict() == dictionaries.method(name).DEFAULTS


def test_an_unknown_method_names_the_ones_there_are():
    with pytest.raises(ValueError, match=f"'no such'.*{', '.join(dictionaries.method_names())}"):
        dictionaries.method("no such")


def test_a_file_without_a_label_helps_methods_and_is_none(tmp_path, monkeypatch):
    (tmp_path / "new_method.py").write_text('LABEL, DEFAULTS = "new", {}')
    (tmp_path / "new_helper.py").write_text("")
    monkeypatch.setattr(dictionaries, "__path__", [*dictionaries.__path__, str(tmp_path)])
    monkeypatch.setattr(dictionaries, "method_names", dictionaries.method_names.__wrapped__)
    assert set(dictionaries.method_names()) - set(METHODS) == {"new_method"}
    assert dictionaries.method("new_method").DEFAULTS == {}


def test_check_takes_the_defaults_and_names_a_size_that_cannot_be(name):
    method = METHODS[name]
    method.check(method.DEFAULTS, 1)
    method.check(small(method), 2)
    for key in SMALL.keys() & method.DEFAULTS.keys():
        with pytest.raises(errors.InputError) as refused:
            method.check(small(method) | {key: -1}, 1)
        assert f"group.{key}" in refused.value.sentence("group.")


def test_params_are_nested_dicts_of_arrays(one):
    _, dictionary = one

    def visit(tree):
        if isinstance(tree, dict):
            return all(isinstance(key, str) and visit(value) for key, value in tree.items())
        return isinstance(tree, jax.Array | np.ndarray)

    assert isinstance(dictionary.params, dict) and visit(dictionary.params)


def test_shapes(one):
    job, dictionary = one
    n_pixels, d = job.h.shape
    found = dictionary.encode(job.h)
    n = dictionary.method.n_atoms(job.config, d)
    assert found.n_atoms == n and dictionary.directions().shape == (n, d)
    assert found.dense().shape == (n_pixels, n)
    assert dictionary.decode(found).shape == (n_pixels, d) and dictionary.decode(found).dtype == jnp.float32
    assert dictionary.remove(job.h, found, 0).shape == (n_pixels, d)
    for array in (dictionary.decode(found), dictionary.directions(), dictionary.remove(job.h, found, 0)):
        assert np.isfinite(array).all()


def test_codes_are_sparse_or_dense_and_say_whether_they_are_signed(one):
    job, dictionary = one
    found = dictionary.encode(job.h)
    assert isinstance(found, codes.Codes) and found.values.dtype == jnp.float32 and isinstance(found.signed, bool)
    assert found.signed or (found.values >= 0).all()
    if found.indices is None:
        assert found.values.shape == (len(job.h), found.n_atoms)
    else:
        assert found.values.shape == found.indices.shape
        assert (found.indices >= 0).all() and (found.indices < found.n_atoms).all()
        assert all(len(set(row)) == len(row) for row in np.asarray(found.indices)), "an atom has one slot of a row"


def test_the_codes_of_some_atoms_are_columns_of_all_codes(one):
    job, dictionary = one
    found = dictionary.encode(job.h)
    atoms = jnp.array([found.n_atoms - 1, 0])
    np.testing.assert_array_equal(found.of(atoms), found.dense()[:, atoms].T)


def test_a_direction_is_what_one_unit_of_its_code_adds(one):
    job, dictionary = one
    found = dictionary.encode(job.h)
    before = dictionary.decode(found)
    if dictionary.method.FIELD:  # there it is along what an atom adds, here more and there less
        for atom in (0, found.n_atoms - 1):
            added, w = job.h - dictionary.remove(job.h, found, atom), dictionary.directions()[atom]
            np.testing.assert_allclose(added, jnp.outer(added @ w, w) / (w @ w), atol=1e-4)
        return
    for slot in range(min(3, found.values.shape[1])):
        more = found.replace(values=found.values.at[:, slot].add(1.0))
        atoms = slot if found.indices is None else found.indices[:, slot]
        added = jnp.broadcast_to(dictionary.directions()[atoms], before.shape)
        np.testing.assert_allclose(dictionary.decode(more) - before, added, atol=1e-4)


def test_pointwise_is_kept_where_it_is_promised(one):
    """Then ablations may go by chunks of coordinates, and all atoms at once by the slots of the codes."""
    job, dictionary = one
    found = dictionary.encode(job.h)
    codes_of_atoms, part = found.dense(), 0.0
    for atom in range(found.n_atoms):
        removed = job.h - dictionary.remove(job.h, found, atom)
        expected = codes_of_atoms[:, atom, None] * dictionary.directions()[atom]
        part = max(part, float(np.abs(removed - expected).max()))
    assert (part < 1e-4) == dictionary.method.POINTWISE


def test_codes_of_a_coordinate_do_not_depend_on_the_others(one):
    """Statistics read activations by chunks, or say that they are of the whole grid."""
    job, dictionary = one
    assert dictionary.encode(job.h).shape == (job.shape if dictionary.method.FIELD else None)
    if dictionary.method.FIELD:
        return
    whole = dictionary.encode(job.h).dense()
    np.testing.assert_allclose(dictionary.encode(job.h[7:11]).dense(), whole[7:11], atol=1e-5)
    np.testing.assert_allclose(dictionary.encode(job.h[::-1]).dense(), whole[::-1], atol=1e-5)


def test_linear_codes_are_said_to_be_and_have_the_parameters_of_such(one):
    job, dictionary = one
    h, other = job.h, job.h[::-1]
    whole, *parts = (dictionary.encode(each).dense() for each in (0.5 * (h + other), h, other))
    halves = 0.5 * (parts[0] + parts[1])
    assert (float(np.abs(whole - halves).max()) < 1e-4 * float(np.abs(halves).max())) == dictionary.method.LINEAR
    if dictionary.method.LINEAR:
        mean, encoder, directions = (dictionary.params[part] for part in ("mean", "encoder", "directions"))
        np.testing.assert_allclose(dictionary.encode(h).dense(), (h - mean) @ encoder, atol=1e-4)
        np.testing.assert_allclose(dictionary.decode(dictionary.encode(h)), parts[0] @ directions + mean, atol=1e-4)


def test_a_dictionary_is_an_argument_of_compiled_functions(one):
    job, dictionary = one
    compiled = jax.jit(lambda dictionary, h: dictionary.decode(dictionary.encode(h)))(dictionary, job.h)
    np.testing.assert_allclose(compiled, dictionary.decode(dictionary.encode(job.h)), atol=1e-4)
    without = jax.jit(lambda dictionary, h, atom: dictionary.remove(h, dictionary.encode(h), atom))
    for atom in (0, dictionary.directions().shape[0] - 1):
        expected = dictionary.remove(job.h, dictionary.encode(job.h), atom)
        np.testing.assert_allclose(without(dictionary, job.h, jnp.int32(atom)), expected, atol=1e-4)


def test_fitting_is_deterministic(name):
    again = codes.fit(METHODS[name], jobs(METHODS[name]), state.train)
    for (_, dictionary), other in zip(fitted(name), again, strict=True):
        assert jax.tree.structure(dictionary.params) == jax.tree.structure(other.params)
        assert same(dictionary.params, other.params)


def test_each_job_has_its_own_dictionary(name):
    (narrow, one), (wide, other) = fitted(name)
    assert narrow.h.shape[1] != wide.h.shape[1]
    assert one.directions().shape[1] == narrow.h.shape[1] and other.directions().shape[1] == wide.h.shape[1]
    alone = codes.fit(METHODS[name], jobs(METHODS[name], layers=(2,)), state.train)[0]
    for a, b in zip(jax.tree.leaves(other.params), jax.tree.leaves(alone.params), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_fit_that_takes_steps_is_told_to_train(name):
    """So it is checkpointed and can be cut off; what comes of it is of the state that `train` returns."""
    runs = []

    def train(started, training):
        runs.append(training)
        return state.train(started, training)

    codes.fit(METHODS[name], jobs(METHODS[name]), train)
    for training in runs:
        assert training.label and training.total > 0 and 0 < training.chunk <= training.total
    assert ("steps" in METHODS[name].DEFAULTS) <= len(runs) <= 1
