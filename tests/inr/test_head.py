"""A head alone: its quadratic is the error over all pixels, however small that is."""

import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.inr import fit, head


@pytest.mark.parametrize("off", [1.0, 1e-2, 1e-4])
def test_the_error_of_a_good_fit_is_not_lost_in_rounding(off, rng):
    h = np.sin(3 * rng.normal(size=(576, 64))).astype(np.float32)
    w = rng.normal(size=(1, 64, 3)).astype(np.float32)
    targets = np.float32(h.astype(np.float64) @ w[0] + 0.5)[None]
    data = fit.tiles(jnp.asarray(h), jnp.asarray(targets), 100)
    close = np.float32(w + off * rng.normal(size=w.shape))
    heads = {"w": jnp.asarray(close), "b": jnp.full((1, 3), 0.5)}
    for params in (heads, heads | {"w": heads["w"] * (1 + 0.1 * off)}):
        grads, mse = head.gradients(head.quadratic(data, heads), {"encoder": {}, "heads": params})
        error = h.astype(np.float64) @ np.float64(params["w"][0]) + np.float64(params["b"][0]) - targets[0]
        np.testing.assert_allclose(mse, [np.square(error).mean()], rtol=1e-3)
        expected = 2 * h.T.astype(np.float64) @ error / error.size
        np.testing.assert_allclose(grads["heads"]["w"][0], expected, atol=1e-3 * np.abs(expected).max())
