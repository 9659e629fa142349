"""Ten signals, one Fourier-feature MLP encoder (Sec. 3.1, Table 2).

    python -m inr_sae.launch --config=configs/cohort_ffmlp.py                                   # demo on phantoms
    python -m inr_sae.launch --config=configs/cohort_ffmlp.py:celebahq --config.signals.root=DIR

The paper's result to expect on CelebA-HQ: weight stable rank 80, 31, 17, 23, 27; the best tau is 0.
"""

from configs import base

# A ReLU network is slow to start: at the paper's 1e-4 nothing is learnt in the demo's few steps.
DEMO = {"cohort": {"learning_rate": 3e-4}, "fit": {"learning_rate": 3e-4}}


def get_config(scale=""):
    config = base.get_config()
    config.inr.backbone = "ffmlp"
    return base.at_scale(config, scale, DEMO)
