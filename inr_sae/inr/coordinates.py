"""The coordinates that an INR is evaluated at."""

import jax.numpy as jnp


def grid(height, width, low=-1.0, high=1.0):
    """(height * width, 2) float32 coordinates from low to high, row then column, end points included, in raster order.

    Each axis is scaled on its own, so a pixel of an image that is not square is not square in these coordinates. An
    axis of one pixel lies in the middle. Column before row, as others have it, is the same network with the two rows of
    the matrix that reads the coordinates changed over (the first layer's, or B of Fourier features).
    """

    def axis(n):
        return jnp.linspace(low, high, n) if n > 1 else jnp.full(1, (low + high) / 2)

    rows, columns = jnp.meshgrid(axis(height), axis(width), indexing="ij")
    return jnp.stack([rows.ravel(), columns.ravel()], axis=-1).astype(jnp.float32)
