"""Stage 2: the stable rank of every unit, and the layer that the rule picks (Eqs. 3 and 4)."""

import numpy as np

from inr_sae.inr import network
from inr_sae.measure.boundaries import rule_layer
from inr_sae.measure.rank import stable_rank
from inr_sae.measure.similarity import centred
from inr_sae.report.parts import study as parts
from inr_sae.rows.transfer import RankRow
from inr_sae.stages import cohort

NEEDS, USES = ("cohort",), ()
READS = cohort.READS
WRITES = ("rank",)


def check(config):
    """Nothing that the cohort does not ask for."""


def run(config, store):
    """Writes rank/stable_rank.csv: matrices at initialisation and trained, activations over the source's grid.

    sr(H) is of H as it is, as Eq. 3 says; beside it stands the centred one, since ReLU's outputs have a large mean,
    which alone bounds the first.
    """
    encoder = cohort.load(config, store)
    before = cohort.initial(config, encoder.signals.cohort).params["encoder"]
    names = network.unit_names(encoder.encoder)
    rows = [
        RankRow(
            layer,
            rank_of(encoder.backbone.matrix(encoder.encoder, name)),
            None if config.external.file else rank_of(encoder.backbone.matrix(before, name)),
            stable_rank(h),
            stable_rank(centred(h)),
        )
        for layer, (name, h) in enumerate(zip(names, encoder.activations()))
    ]
    store.write_rows("rank/stable_rank.csv", RankRow, rows)
    store.log("rank", rule_layer=rule_layer(rows), sr_weight=[row.sr_weight for row in rows])


def rank_of(matrix):
    """The stable rank of a unit's matrix; None where none speaks for it."""
    return None if matrix is None else stable_rank(np.asarray(matrix))


def load(store):
    """The RankRows of a study's folder."""
    return store.read_rows("rank/stable_rank.csv", RankRow)


def sections(config, store, exhibits):
    """The rank profiles."""
    return [parts.rank_section(exhibits, load(store))]
