"""Ten signals, one WIRE encoder.

    python -m inr_sae.launch --config=configs/cohort_wire.py                                   # demo on phantoms
    python -m inr_sae.launch --config=configs/cohort_wire.py:celebahq --config.signals.root=DIR

Layers have inr.width / sqrt(2) complex numbers, as many real parameters as real layers of that width, and their
activations are [Re, Im]. omega and the rate are tuned on phantoms, by configs/tune.py:wire
(docs/tuning); on photographs they have to be tuned again.
"""

from configs import base

# What its demo has otherwise: a step costs two to three times one of SIREN, and learns as much as several.
DEMO = {"cohort": {"steps": 250}, "fit": {"steps": 80}}


def get_config(scale=""):
    return base.cohort_of("wire", scale, DEMO)
