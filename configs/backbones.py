"""Every backbone on the same signals, each at its own rate, from several initialisations: is the layer of highest
stable rank the best boundary beyond SIREN and FFMLP?

    python -m inr_sae.launch --config=configs/backbones.py                                  # demo on phantoms
    python -m inr_sae.launch --config=configs/backbones.py:celebahq --config.signals.root=DIR

The rule is judged by sr(W), sr(W) / min(shape), sr(W) minus that at initialisation, and sr(H) centred, with the chance
level beside every count: of a hash grid's or NeuRBF's three units one in three. Further initialisations, as in
--config.networks.seeds="(0,1,2,3)", share what is there: give the same --workdir and --redo.
"""

from configs import base, shapes
from inr_sae.inr import network


def get_config(scale=""):
    config = base.at_scale(base.get_config(), scale)
    config.stages = shapes.STAGES
    config.networks.update(dict(backbones=network.backbone_names(), seeds=(0, 1, 2)))
    config.fit.update(dict(protocols=("full", "freeze", "scratch", "random"), seeds=1))
    for name in network.backbone_names():
        if hasattr(network.backbone(name), "RATE"):
            config.rates[name] = (network.rate(network.backbone(name)),) * 2
    if base.one_word(scale, base.SCALES, "demo") == "demo":
        shapes.demo(config)
        config.inr.update(dict(width=64, n_layers=3))
        config.networks.seeds = (0, 1)
    else:
        config.signals.n_test = min(config.signals.n_test, 14)
    return config
