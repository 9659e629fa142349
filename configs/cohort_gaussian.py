"""Ten signals, one Gaussian network encoder.

    python -m inr_sae.launch --config=configs/cohort_gaussian.py                               # demo on phantoms
    python -m inr_sae.launch --config=configs/cohort_gaussian.py:celebahq --config.signals.root=DIR

Scale and rate are tuned on phantoms, by configs/tune.py:gaussian (docs/tuning); on photographs they have to be tuned
again.
"""

from configs import base

DEMO = {"cohort": {"steps": 400}}


def get_config(scale=""):
    return base.cohort_of("gaussian", scale, DEMO)
