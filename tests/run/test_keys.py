"""Random keys by identity."""

import jax
import numpy as np

from inr_sae.run.keys import key_of


def data(*identity):
    return jax.random.key_data(key_of(*identity))


def test_a_key_follows_from_the_identity_alone():
    np.testing.assert_array_equal(data(0, "fit", "a.png", 1), data(0, "fit", "a.png", 1))
    others = [
        data(1, "fit", "a.png", 1),
        data(0, "fit", "a.png", 2),
        data(0, "fit", "b.png", 1),
        data(0, "sae", "a.png", 1),
    ]
    assert all((data(0, "fit", "a.png", 1) != other).any() for other in others)
