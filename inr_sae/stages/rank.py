"""Stage 2: the stable rank of every layer, and the layer that the rule picks (Eqs. 3 and 4)."""

from inr_sae.inr import network
from inr_sae.measure.rank import stable_rank
from inr_sae.stages import cohort

PARTS = cohort.PARTS


def run(config, store):
    """Writes rank/stable_rank.csv: weights at initialisation and trained, activations over the source's grid.

    sr(H) is of H as it is, as Eq. 3 says; beside it stands the centred one, since ReLU's outputs have a large mean,
    which alone bounds the first.
    """
    signals = cohort.draw(config.signals, store)
    channels = signals.cohort.shape[-1]
    backbone = network.backbone(config.inr.backbone)
    before = cohort.initial(config, channels).params["encoder"]
    after = cohort.trained(config, store, channels)["encoder"]
    hidden = network.activations(backbone, after, cohort.grid(signals.cohort))
    rows = [
        {
            "layer": i,
            "sr_weight": stable_rank(after[f"hidden_{i}"]["w"]),
            "sr_weight_init": None if config.external.file else stable_rank(before[f"hidden_{i}"]["w"]),
            "sr_activation": stable_rank(h),
            "sr_activation_centred": stable_rank(h - h.mean(axis=0)),
        }
        for i, h in enumerate(hidden)
    ]
    store.write_csv("rank/stable_rank.csv", rows)
    store.log("rank", rule_layer=rule_layer(rows), sr_weight=[row["sr_weight"] for row in rows])


def rule_layer(rows):
    """The layer that the rule picks, the argmax of the trained weights' stable rank (Eq. 4)."""
    return max(rows, key=lambda row: row["sr_weight"])["layer"]
