"""One signal, one Fourier-feature MLP, the single-signal regime of Table 2: sigma = 20, rate 5e-4, 500 steps.

    python -m inr_sae.launch --config=configs/single_ffmlp.py
    python -m inr_sae.launch --config=configs/single_ffmlp.py:celebahq --config.signals.root=DIR

Nothing is transferred, so there is no freeze sweep: rank, dictionaries and ablations of the signal's own network.
"""

from configs import base


def get_config(scale=""):
    config = base.get_config()
    config.inr.backbone = "ffmlp"
    config.inr.ffmlp.sigma = 20.0
    config = base.at_scale(config, scale, {"fit": {"learning_rate": 3e-4}})
    config.cohort.update(dict(steps=500, learning_rate=5e-4))
    return base.single(config)
