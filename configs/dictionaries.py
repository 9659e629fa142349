"""What the layers encode: single-signal and cohort encoders of both backbones on the same images (Secs. 4.2, 4.3,
Apps. A-C).

    python -m inr_sae.launch --config=configs/dictionaries.py                               # demo on phantoms, minutes
    python -m inr_sae.launch --config=configs/dictionaries.py:celebahq --config.signals.root=DIR

Dictionaries, their diagnostics, ablations, the (n, k) sweep, their stability over seeds and cohorts, and the explorer.
The paper's result to expect: SIREN's atoms are blobs that tile the image, FFMLP's from layer 2 on look like the
cohort's images; dead atoms at most 27 % for SIREN, 59 % in FFMLP's layer 4.
"""

from configs import base

STAGES = ("conditions", "size_sweep", "stability", "claims", "explorer", "report")


def get_config(scale=""):
    config = base.at_scale(base.get_config(), scale)
    config.stages = STAGES
    config.conditions.regimes = ("single", "cohort", "second")
    if config.signals.n_validation < config.signals.n_cohort:
        config.signals.n_validation = config.signals.n_cohort  # the second cohort
    if base.one_word(scale, base.SCALES, "demo") == "demo":
        config.signals.update(dict(size=(48, 48), n_cohort=6, n_validation=6))
        config.cohort.update(dict(steps=400, learning_rate=3e-4))
        config.single.steps = 200
        config.fit.update(dict(steps=60, learning_rate=3e-4))
        for group in base.of_methods(config):
            base.at_most(group, n_atoms=512, k=16, steps=200, batch=512)
        config.size_sweep.update(dict(n_atoms=(256, 512), k=(4, 16), steps=50))
        config.explorer.update(dict(atoms=512))
    else:
        config.signals.n_test = min(config.signals.n_test, 4)  # only a few are fitted, for their ablations
    return config
