"""The matrix: every source x target x backbone x protocol x boundary x image x seed (Sec. 4.1; Tables 1, 3-5; Fig. 2).

    python -m inr_sae.launch --config=configs/transfer.py                                   # demo on phantoms, minutes
    python -m inr_sae.launch --config=configs/transfer.py:celebahq,kodak,oasis \\
        --config.sets.celebahq.root=DIR --config.sets.kodak.root=DIR --config.sets.oasis.root=DIR

The string lists data sets, each a source and a target; a name before one, as in `mine=folder,faces=celebahq`, tells
sets of one kind apart, and is the one in --config.sets.mine.root=DIR.
The paper's result to expect: the best boundary is 1 for SIREN and 0 for FFMLP in all nine pairs, and with it PSNR is
43.8 dB (SIREN) and 35.9 dB (FFMLP) on average, 3.1 and 1.3 dB above STRAINER's recipe.
"""

from configs import base

ALL_PROTOCOLS = ("full", "freeze", "warm", "thaw", "random", "scratch")


def get_config(sets=""):
    config = base.get_config()
    config.stages = ("encoders", "transfer", "claims", "report")
    recipe, listed = base.apart(sets)
    base.by_recipe(config, recipe)
    names = tuple(name for name, _ in listed)
    with config.unlocked():
        for name, word in listed:
            config.sets[name] = base.data_set(word)
        if not names:
            names = _demo(config)
    config.transfer.update(dict(sources=names, targets=names))
    config.fit.protocols = ALL_PROTOCOLS
    return config


def _demo(config):
    """Heads at two resolutions, so that one target is out of distribution as Kodak is; minutes on 2 CPU cores."""
    for name, size, seed in (("heads", (32, 32), 0), ("fine_heads", (48, 40), 1)):
        config.sets[name] = base.data_set("phantom")
        config.sets[name].update(dict(size=size, seed=seed, n_cohort=6, n_test=3))
    config.cohort.update(dict(steps=300, learning_rate=3e-4))
    config.fit.update(dict(steps=60, seeds=1, learning_rate=3e-4, log_every=20))
    return ("heads", "fine_heads")
