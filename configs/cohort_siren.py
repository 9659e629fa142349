"""Ten signals, one SIREN encoder (Sec. 3.1, Table 2).

    python -m inr_sae.launch --config=configs/cohort_siren.py                                   # demo on phantoms
    python -m inr_sae.launch --config=configs/cohort_siren.py:celebahq --config.signals.root=DIR

The paper's result to expect on CelebA-HQ: weight stable rank 2, 32, 28, 29, 22; the best tau is 1.
"""

from configs import base


def get_config(scale=""):
    config = base.get_config()
    config.inr.backbone = "siren"
    return base.at_scale(config, scale)
