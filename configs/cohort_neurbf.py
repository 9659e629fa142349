"""Ten signals, one NeuRBF encoder.

    python -m inr_sae.launch --config=configs/cohort_neurbf.py                                 # demo on phantoms
    python -m inr_sae.launch --config=configs/cohort_neurbf.py:celebahq --config.signals.root=DIR

Units are the kernels with a small grid, 36 features wide, and two layers of 64: dictionaries have fewer codes a
coordinate than elsewhere.
"""

from configs import base

K = 8  # a quarter of the first unit's features


def get_config(scale=""):
    config = base.cohort_of("neurbf", scale)
    config.dictionary.topk.k = K
    return config
