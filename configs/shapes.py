"""Depth and width: where the best boundary and the rank's peak lie, and how dictionaries change, for L in {2, 3, 5, 8}
and d in {64, 128, 256, 512}.

    python -m inr_sae.launch --config=configs/shapes.py                                     # demo on phantoms
    python -m inr_sae.launch --config=configs/shapes.py:celebahq --config.signals.root=DIR

Every network is a study of its own in networks/, so a run that was cut off goes on, and one with more widths, seeds or
backbones (`networks.backbones`) shares those that are there: give it the same --workdir and --redo.
"""

from configs import base

STAGES = ("networks", "report")


def get_config(scale=""):
    config = base.at_scale(base.get_config(), scale)
    config.stages = STAGES
    config.networks.update(dict(backbones=("siren",), n_layers=(2, 3, 5, 8), widths=(64, 128, 256, 512), seeds=(0,)))
    config.fit.protocols = ("full", "freeze")
    if base.one_word(scale, base.SCALES, "demo") == "demo":
        demo(config)
        config.networks.update(dict(n_layers=(2, 3, 5), widths=(64, 128)))
    else:
        config.signals.n_test = min(config.signals.n_test, 14)
    return config


def demo(config):
    """Networks of a demo: small phantoms, and few steps at rates that learn in them."""
    config.signals.update(dict(size=(40, 40), n_cohort=6, n_test=2))
    config.cohort.update(dict(steps=200, learning_rate=5e-4))
    config.fit.update(dict(steps=60, learning_rate=5e-4, seeds=1))
    for group in base.of_methods(config):
        base.at_most(group, n_atoms=256, k=16, steps=150, batch=512)
