"""What weights carry: is class signal in them clustered, or routed by the network that reads them? (arXiv 2605.08281)

    python -m inr_sae.launch --config=configs/class_signal.py                     # demo on digits, minutes
    python -m inr_sae.launch --config=configs/class_signal.py:digits              # six seeds of eight conditions
    python -m inr_sae.launch --config=configs/class_signal.py:folder --config.classes.root=DIR \\
        --config.classes.n_train=800 --config.classes.n_validation=100 --config.classes.n_test=200
    python -m inr_sae.launch --config=configs/class_signal.py:idx --config.classes.root=DIR

The string names the set: the digits of scikit-learn (extra `analysis`), a folder with one subfolder a class, or files
as MNIST's. Published on MNIST: 98.8 % by the Meta Weight Transformer (arXiv 2503.18123).
"""

from configs import base
from inr_sae.errors import UserError

WORDS = ("demo", "digits", "folder", "idx")


def get_config(word=""):
    config = base.get_config()
    config.stages = ("class_signal", "class_claims", "report")
    listed = base.words(word) or [("demo", "demo")]
    if len(listed) > 1 or listed[0][0] != listed[0][1] or listed[0][1] not in WORDS:
        raise UserError(f"the config string is {word!r}; it is one of {', '.join(WORDS)}, or none")
    name = listed[0][1]
    config.classes.dataset = "digits" if name == "demo" else name
    if name == "demo":
        config.classes.update(dict(n_train=600, n_validation=100, n_test=200))
        config.weights.update(dict(seeds=(0,), ce_weights=(0.01, 0.0), contrasts=(0.0, 0.1), steps=100, log_every=25))
    if name == "idx":
        config.classes.update(dict(n_train=50000, n_validation=10000, n_test=10000))
    return config
