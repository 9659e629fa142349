"""An encoder that was trained elsewhere: its ranks, its dictionaries, what single atoms do, and where it transfers.

    python -m inr_sae.launch --config=configs/external.py:siren --config.external.file=FILE --config.signals.root=DIR

FILE holds tensors, as safetensors or npz; the string names their layout, one of inr_sae/inr/layouts.py or a json file.
Set config.inr to what the file holds (a wrong value is refused by its name), and signals.size to the images' size. The
heads are fitted to images drawn from DIR; with --config.external.heads=file and --config.signals.cohort_names they
are the file's own. Add the stage freeze_sweep, and signals.n_test, to see where it transfers.
"""

from configs import base


def get_config(layout="inr_sae"):
    config = base.get_config()
    config.stages = ("cohort", "rank", "dictionary", "ablation", "explorer", "report")
    config.signals.update(dict(dataset="folder", n_test=0))
    config.external.layout = layout
    return config
