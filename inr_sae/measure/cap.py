"""How far PSNR says anything: beyond the rounding of 8-bit images, means count that rounding's.

Rows keep what was measured; every mean, difference and interval over fits or signals is of capped values, for a single
fit of 90 dB would outweigh all others by digits that no 8-bit image has.
"""

import math

import numpy as np

CAP_DB = 10 * math.log10(12 * 255**2)  # 58.92: values rounded to 1/255 are off by 1/255/sqrt(12), root mean square


def capped(psnr_db):
    """PSNR in dB, at most CAP_DB; a number or an array, float64."""
    return np.minimum(np.asarray(psnr_db, np.float64), CAP_DB)


def n_beyond(rows):
    """How many rows of fits have a PSNR beyond the cap."""
    return sum(row.psnr_db is not None and row.psnr_db > CAP_DB for row in rows)
