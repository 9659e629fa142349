import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.dictionaries.codes import Codes

SPARSE = Codes(jnp.array([[3.0, 1.0], [2.0, 0.0]]), jnp.array([[2, 0], [1, 3]]), 4, signed=False)
ALL = np.array([[1.0, 0.0, 3.0, 0.0], [0.0, 2.0, 0.0, 0.0]], np.float32)
DENSE = Codes(jnp.asarray(-ALL), None, 4, signed=True)


@pytest.mark.parametrize("codes, expected", [(SPARSE, ALL), (DENSE, -ALL)], ids=["sparse", "dense"])
def test_sparse_and_dense_codes_read_alike(codes, expected):
    np.testing.assert_array_equal(codes.dense(), expected)
    np.testing.assert_array_equal(codes.of(jnp.array([3, 2, 2])), expected[:, [3, 2, 2]].T)
    assert codes.of(jnp.array([1])).shape == (1, 2)
