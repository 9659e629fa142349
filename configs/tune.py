"""Tuning of each backbone's scale (omega_0, sigma, ...) and rate on validation images, per regime, as in Table 2.

    python -m inr_sae.launch --config=configs/tune.py                                       # demo on phantoms
    python -m inr_sae.launch --config=configs/tune.py:celebahq --config.sets.celebahq.root=DIR
    python -m inr_sae.launch --config=configs/tune.py:wire,celebahq --config.sets.celebahq.root=DIR

Words that are backbones' names say which are tuned, SIREN and FFMLP without; one at a time has its own rates. For every
frequency a cohort encoder is trained at the backbone's rate, and the validation images are fitted by STRAINER's recipe
(the cohort regime) and from scratch (the single-signal regime), at every rate. The winners stand in tune/winners.csv,
and all points of the curves in tune/grid.csv.
The paper's result to expect: cohort omega_0 = 30, sigma = 10 at 1e-4;
single-signal omega_0 = 50 at 2e-4, sigma = 20 at 5e-4.
"""

from configs import base, transfer
from inr_sae.inr import network

FREQUENCIES = {  # tried; of another backbone its default and multiples
    "siren": (10.0, 20.0, 30.0, 50.0, 80.0),
    "ffmlp": (2.0, 5.0, 10.0, 20.0, 30.0),
    "finer": (5.0, 10.0, 20.0, 30.0, 50.0),
    "gaussian": (2.5, 5.0, 10.0, 20.0, 30.0),
    "wire": (1.25, 2.5, 5.0, 10.0, 15.0),  # below twice sigma
    "hashgrid": (0.125, 0.25, 0.5, 1.0),
    "neurbf": (64.0, 256.0, 1024.0, 4096.0),
}
IN_DEMO = {"siren": (10.0, 30.0), "ffmlp": (2.0, 10.0)}
RATES = (0.1, 0.3, 3.0)  # beside a backbone's own, as multiples


def get_config(string=""):
    picked, sets = apart(string)
    config = transfer.get_config(sets)
    config.stages = ("encoders", "transfer", "tune", "claims", "report")
    config.transfer.split = "validation"
    config.fit.update(dict(protocols=("full", "scratch"), other_rates=(2e-4, 5e-4, 1e-3), seeds=1))
    for name in config.transfer.targets:
        config.sets[name].n_validation = 50 if base.apart(sets)[1] else 2
        if config.sets[name].dataset == "kodak":  # 24 images: all that the cohort leaves, which others test on
            config.sets[name].update(dict(n_validation=14, n_test=0))
    if not base.apart(sets)[1]:
        config.transfer.update(dict(sources=("heads",), targets=("heads",)))
        config.fit.other_rates = (1e-3,)
    for name in picked or ("siren", "ffmlp"):
        in_demo = not base.apart(sets)[1] and name in IN_DEMO
        config.transfer.frequencies[name] = IN_DEMO[name] if in_demo else tried(name)
    if picked:
        config.transfer.backbones = picked
        own = {name: network.rate(network.backbone(name)) for name in picked}
        config.rates.update({name: (rate, rate) for name, rate in own.items()})
        every = {float(f"{rate * factor:.3g}") for rate in own.values() for factor in RATES}
        config.fit.other_rates = tuple(sorted(every))
    return config


def apart(string):
    """(backbones that a config's string names, the rest of the string)."""
    listed = base.words(string)
    picked = tuple(word for name, word in listed if name == word and word in network.backbone_names())
    rest = [word if name == word else f"{name}={word}" for name, word in listed if word not in picked]
    return picked, ",".join(rest)


def tried(name):
    """The frequencies of a backbone that are tried; none, where it has no such key."""
    backbone = network.backbone(name)
    if backbone.FREQUENCY is None:
        return ()
    default = backbone.DEFAULTS[backbone.FREQUENCY]
    return FREQUENCIES.get(name, tuple(default * factor for factor in (0.25, 0.5, 1.0, 2.0)))
