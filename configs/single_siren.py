"""One signal, one SIREN, the single-signal regime of Table 2: omega_0 = 50, rate 2e-4, 500 steps.

    python -m inr_sae.launch --config=configs/single_siren.py
    python -m inr_sae.launch --config=configs/single_siren.py:celebahq --config.signals.root=DIR

Nothing is transferred, so there is no freeze sweep: rank, dictionaries and ablations of the signal's own network.
"""

from configs import base


def get_config(scale=""):
    config = base.get_config()
    config.inr.backbone = "siren"
    config.inr.siren.omega_0 = 50.0
    config = base.at_scale(config, scale)
    config.cohort.update(dict(steps=500, learning_rate=2e-4))
    return base.single(config)
