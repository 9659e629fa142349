"""Stable rank, PSNR, SSIM: pure functions of arrays."""
