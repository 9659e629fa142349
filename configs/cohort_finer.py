"""Ten signals, one FINER encoder.

    python -m inr_sae.launch --config=configs/cohort_finer.py                                  # demo on phantoms
    python -m inr_sae.launch --config=configs/cohort_finer.py:celebahq --config.signals.root=DIR

Rate and omega are the authors'; nobody has published a freeze boundary for it.
"""

from configs import base

DEMO = {"cohort": {"steps": 400}, "fit": {"steps": 100}}


def get_config(scale=""):
    return base.cohort_of("finer", scale, DEMO)
