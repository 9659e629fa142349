"""The coordinates that an INR is evaluated at."""

import jax.numpy as jnp


def grid(height, width):
    """(height * width, 2) float32 coordinates in [-1, 1], row then column, end points included, in raster order.

    Each axis is scaled on its own, so a pixel of an image that is not square is not square in these coordinates.
    An axis of one pixel lies at 0.
    """

    def axis(n):
        return jnp.linspace(-1.0, 1.0, n) if n > 1 else jnp.zeros(1)

    rows, columns = jnp.meshgrid(axis(height), axis(width), indexing="ij")
    return jnp.stack([rows.ravel(), columns.ravel()], axis=-1).astype(jnp.float32)
