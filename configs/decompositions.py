"""Decompositions of cohort encoders held against each other: neurons, PCA, LIB, and pointwise, lifted, operator and
convolutional SAEs.

    python -m inr_sae.launch --config=configs/decompositions.py                              # demo on phantoms, minutes
    python -m inr_sae.launch --config=configs/decompositions.py:celebahq --config.signals.root=DIR

Directions and interactions needed for a stated drop, dictionaries at other resolutions, spatial Top-K, model recovery
with a known dictionary, and the verdicts on what is claimed of these methods.
"""

from configs import base

STAGES = ("recovery", "decompositions", "claims", "report")


def get_config(scale=""):
    config = base.at_scale(base.get_config(), scale)
    config.stages = STAGES
    config.signals.n_test = 0
    if base.one_word(scale, base.SCALES, "demo") == "demo":
        config.signals.update(dict(size=(33, 33), n_cohort=6))
        config.inr.update(dict(width=64, n_layers=4))
        config.cohort.update(dict(steps=600, learning_rate=1e-3))
        for group in base.of_methods(config):
            base.at_most(group, n_atoms=128, k=8, batch=300)
            base.update_known(group, steps=400, learning_rate=3e-3)
        config.dictionary.lifted.width = 128
        config.decompositions.coordinates = 128
        config.recovery.update(dict(steps=500, seeds=(0, 1)))
    return config
