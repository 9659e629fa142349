"""An encoder that was trained elsewhere: its ranks, its dictionaries, what single atoms do, and where it transfers.

    python -m inr_sae.launch --config=configs/external.py:siren --config.external.file=FILE --config.signals.root=DIR

FILE holds tensors, as safetensors or npz; the string names their layout, one of inr_sae/exchange/layouts.py or a json
file (.json). Set config.inr to what FILE holds (a wrong value is refused by its name), and signals.size to the images'
size. The heads are fitted to images drawn from DIR; with --config.external.heads=file and
--config.signals.cohort_names they are the file's own; of what --export has written the json beside FILE says the names,
and how the images were read. Add the stage freeze_sweep, and signals.n_test, to see where it
transfers.
"""

from ml_collections.config_dict import placeholder

from configs import base
from inr_sae.errors import UserError
from inr_sae.exchange.layouts import LAYOUTS


def get_config(layout="inr_sae"):
    config = base.by_recipe(base.get_config(), base.apart(layout)[0])
    config.stages = ("cohort", "rank", "dictionary", "ablation", "explorer", "report")
    config.signals.update(dict(dataset="folder", n_test=0))
    config.external.layout, config.external.file = layout_of(layout), placeholder(str)
    return config


def layout_of(string):
    """The layout that a config's string names; raises UserError unless it is one that there is, or a json file."""
    listed = base.apart(string)[1] or [("inr_sae", "inr_sae")]
    name, word = listed[0]
    if len(listed) > 1 or name != word or not (word in LAYOUTS or word.endswith(".json")):
        raise UserError(f"the config string is {string!r}; it is one of {', '.join(LAYOUTS)}, or a json file")
    return word
