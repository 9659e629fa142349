"""How far the ranking of protocols hinges on the test-time rate and on omega_0 or sigma.

python -m inr_sae.launch --config=configs/sensitivity.py                                # demo on phantoms
python -m inr_sae.launch --config=configs/sensitivity.py:celebahq --config.sets.celebahq.root=DIR
"""

from configs import base, transfer


def get_config(sets=""):
    config = transfer.get_config(sets)
    config.transfer.frequencies.update(dict(siren=(20.0, 30.0, 50.0), ffmlp=(5.0, 10.0, 20.0)))
    config.fit.update(
        dict(protocols=("full", "freeze", "scratch"), other_rates=(2e-4, 5e-4, 1e-3, 2e-3), taus=(0, 1, 2))
    )
    if not base.apart(sets)[1]:
        config.transfer.update(dict(sources=("heads",), targets=("heads",)))
        config.transfer.frequencies.update(dict(siren=(10.0, 30.0), ffmlp=(2.0, 10.0)))
        config.fit.other_rates = (1e-4, 1e-3)
    return config
