"""Whether test-time fits of one encoder lie together by data set, in the head alone and in all their weights.

    python -m inr_sae.launch --config=configs/fit_geometry.py                          # demo on phantoms, minutes
    python -m inr_sae.launch --config=configs/fit_geometry.py:celebahq,kodak,oasis --config.signals.root=DIR \\
        --config.sets.kodak.root=DIR --config.sets.oasis.root=DIR

The first set of the string has the cohort; signals of all are fitted, in grey, with its encoder. Needs the extra
`analysis`.
"""

from configs import base


def get_config(sets=""):
    config = base.get_config()
    config.stages = ("cohort", "fit_geometry", "report")
    recipe, listed = base.apart(sets)
    word, others = base.of_cohort(listed, sets)
    base.at_scale(config, ",".join(filter(None, (word, recipe))))
    with config.unlocked():
        for name, other in others:
            config.sets[name] = base.data_set(other)
    config.geometry.sets = tuple(name for name, _ in others)
    if word == "demo":
        _demo(config)
    for group in (config.signals, *config.sets.values()):
        group.update(dict(grey=True, n_validation=0))
    return config


def _demo(config):
    """Heads, others of the same kind as a null, and finer ones; minutes on 2 CPU cores."""
    config.signals.update(dict(size=(32, 32), n_cohort=6, n_test=8))
    with config.unlocked():
        for name, size, seed in (("other_heads", (32, 32), 1), ("fine_heads", (48, 40), 2)):
            config.sets[name] = base.data_set("phantom")
            config.sets[name].update(dict(size=size, seed=seed, n_cohort=1, n_test=8))
    config.geometry.sets = ("other_heads", "fine_heads")
    config.cohort.update(dict(steps=300, learning_rate=3e-4))
    config.fit.update(dict(steps=60, learning_rate=3e-4, seeds=1))
