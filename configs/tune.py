"""Tuning of omega_0 and sigma on validation images, per regime, as in Table 2 (App. D).

    python -m inr_sae.launch --config=configs/tune.py                                       # demo on phantoms
    python -m inr_sae.launch --config=configs/tune.py:celebahq --config.sets.celebahq.root=DIR

For every frequency a cohort encoder is trained and the validation images are fitted by STRAINER's recipe (the cohort
regime) and from scratch (the single-signal regime), at every rate. The winners stand in tune/winners.csv.
The paper's result to expect: cohort omega_0 = 30, sigma = 10 at 1e-4;
single-signal omega_0 = 50 at 2e-4, sigma = 20 at 5e-4.
"""

from configs import base, transfer


def get_config(sets=""):
    config = transfer.get_config(sets)
    config.stages = ("encoders", "transfer", "tune", "claims", "report")
    config.transfer.split = "validation"
    config.transfer.frequencies.update(dict(siren=(10.0, 20.0, 30.0, 50.0, 80.0), ffmlp=(2.0, 5.0, 10.0, 20.0, 30.0)))
    config.fit.update(dict(protocols=("full", "scratch"), other_rates=(2e-4, 5e-4, 1e-3), seeds=1))
    for name in config.transfer.targets:
        config.sets[name].n_test = 0
        config.sets[name].n_validation = (
            2 if not base.apart(sets)[1] else 14 if config.sets[name].dataset == "kodak" else 50
        )
    if not base.apart(sets)[1]:
        config.transfer.update(dict(sources=("heads",), targets=("heads",)))
        config.transfer.frequencies.update(dict(siren=(10.0, 30.0), ffmlp=(2.0, 10.0)))
        config.fit.other_rates = (1e-3,)
    return config
