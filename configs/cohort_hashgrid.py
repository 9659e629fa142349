"""Ten signals, one hash grid encoder.

    python -m inr_sae.launch --config=configs/cohort_hashgrid.py                               # demo on phantoms
    python -m inr_sae.launch --config=configs/cohort_hashgrid.py:celebahq --config.signals.root=DIR

Units are the grid, 32 features wide, and two layers of 64: dictionaries have fewer codes a coordinate than elsewhere.
"""

from configs import base

K = 8  # a quarter of the grid's features


def get_config(scale=""):
    config = base.cohort_of("hashgrid", scale)
    config.dictionary.topk.k = K
    return config
