"""Sparse products against the dense codes that they avoid; both forms, whatever the device."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.dictionaries.codes import Codes
from inr_sae.dictionaries.topk import sparse

B, K, N, D = 9, 3, 7, 5


@pytest.fixture
def codes(rng):
    indices = np.stack([rng.permutation(N)[:K] for _ in range(B)])
    return jnp.asarray(rng.normal(size=(B, K)), jnp.float32), jnp.asarray(indices)


@pytest.fixture(params=["cpu", "default"])
def form(request, monkeypatch):
    """Each of the two forms in turn."""
    monkeypatch.setattr(jax.lax, "platform_dependent", lambda *args, **forms: forms[request.param](*args))


def dense(codes):
    return Codes(*codes, N, signed=True).dense()


def test_combine_is_codes_times_dictionary(form, codes, rng):
    w = rng.normal(size=(N, D)).astype(np.float32)
    np.testing.assert_allclose(sparse.combine(*codes, jnp.asarray(w)), dense(codes) @ w, atol=1e-5)


def test_outer_is_its_transpose_times_rows(form, codes, rng):
    g = rng.normal(size=(B, D)).astype(np.float32)
    np.testing.assert_allclose(sparse.outer(*codes, jnp.asarray(g), N), dense(codes).T @ g, atol=1e-5)


def test_dots_are_the_entries_that_the_codes_name(form, codes, rng):
    g, w = rng.normal(size=(B, D)).astype(np.float32), rng.normal(size=(N, D)).astype(np.float32)
    expected = np.take_along_axis(g @ w.T, np.asarray(codes[1]), axis=1)
    np.testing.assert_allclose(sparse.dots(jnp.asarray(g), codes[1], jnp.asarray(w)), expected, atol=1e-5)


def test_rows_are_those_of_the_indices_one_dictionary_or_several(form, rng):
    h, indices = rng.normal(size=(2, 11, D)).astype(np.float32), rng.integers(0, 11, (2, B))
    np.testing.assert_array_equal(sparse.rows(jnp.asarray(h[0]), jnp.asarray(indices[0])), h[0][indices[0]])
    several = jax.vmap(sparse.rows)(jnp.asarray(h), jnp.asarray(indices))
    np.testing.assert_array_equal(several, np.stack([h[i][indices[i]] for i in range(2)]))
