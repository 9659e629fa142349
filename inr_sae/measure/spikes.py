"""Adam at a constant rate spikes, so that the last step of a training may lie decibels below those before it."""

import numpy as np

SPIKE_DB = 1.0  # from where a training stood, beyond which a step is called a spike
LAST_LOGGED = 5  # points along a training, the median of which says where it stood


def usual(psnr_db):
    """Where a training stood in dB, from its PSNR at every point along it: the median of the last ones."""
    return float(np.median(psnr_db[-LAST_LOGGED:]))
