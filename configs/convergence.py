"""Do two networks learn the same, what do their atoms mean, and what do they do when they are turned up or down?

    python -m inr_sae.launch --config=configs/convergence.py                                # demo on phantoms, minutes
    python -m inr_sae.launch --config=configs/convergence.py:celebahq --config.signals.root=DIR

Encoders and dictionaries as in configs/dictionaries.py, and the cohorts' from further seeds; units and atoms of pairs
of them, by the measures of convergent learning (arXiv 1511.07543); the best explanation of every atom; steering; the
explorer. Needs the extra `analysis`.
"""

from configs import base, dictionaries

STAGES = ("conditions", "convergence", "meaning", "steering", "claims", "explorer", "report")


def get_config(scale=""):
    config = dictionaries.get_config(scale)
    config.stages = STAGES
    if base.one_word(scale, base.SCALES, "demo") == "demo":
        config.convergence.update(dict(many=128, targets=8))
    else:
        config.convergence.seeds = (3, 4)
    return config
