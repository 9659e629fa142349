"""Fidelity of reconstructed images."""

import dm_pix
import jax
import jax.numpy as jnp

LEAST_MSE = 2.0**-48 / 12  # of values in [1/2, 1] rounded to float32


def psnr_from_mse(mse):
    """PSNR in dB, -10 log10(mse), of signals of range 1; of a perfect fit 155.28, what float32 can tell."""
    return -10.0 * jnp.log10(jnp.maximum(mse, LEAST_MSE))


def mse(a, b):
    """Mean squared error over the last three axes, (..., H, W, C) -> (...)."""
    return jnp.mean(jnp.square(a - b), axis=(-3, -2, -1))


def psnr(a, b):
    """PSNR in dB of (..., H, W, C) against (..., H, W, C), unclipped, range 1 -> (...)."""
    return psnr_from_mse(mse(a, b))


def psnr_clipped(a, b):
    """As `psnr`, with the reconstruction `a` clipped to [0, 1] first."""
    return psnr(jnp.clip(a, 0.0, 1.0), b)


def ssim(a, b):
    """SSIM of (B, H, W, C) against (B, H, W, C) -> (B,): Gaussian window of 11, sigma 1.5, `a` clipped to [0, 1].

    This is dm_pix's, equal to scikit-image with gaussian_weights, sigma 1.5 and population covariance.
    Grey images keep their one channel. Raises ValueError for an image smaller than the window.
    """
    if min(a.shape[-3:-1]) < 11:
        raise ValueError(f"SSIM's window is 11x11; an image of {a.shape[-3]}x{a.shape[-2]} is smaller")
    return jax.vmap(dm_pix.ssim)(jnp.clip(a, 0.0, 1.0), b)
