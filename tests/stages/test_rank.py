"""The stage of stable ranks: a row for every unit, and the layer that the rule picks."""

import json

import numpy as np
import pytest

from inr_sae.folder.store import Store
from inr_sae.rows.transfer import RankRow
from inr_sae.run import trained
from inr_sae.stages import cohort


def test_every_unit_has_its_ranks_whatever_the_depth(single):
    ranks = single.rows("rank/stable_rank.csv")
    assert tuple(ranks[0]) == RankRow._fields
    assert [int(row["layer"]) for row in ranks] == list(range(single.last + 1))
    for row, width in zip(ranks, trained.unit_widths(single.config.inr), strict=True):
        values = [float(value) for key, value in row.items() if key != "layer" and value]
        assert all(1 - 1e-6 <= value <= width + 1e-4 for value in values)


def test_activations_are_ranked_as_they_are_and_about_the_mean_of_each_unit(single):
    encoder = cohort.load(single.config, Store(single.workdir))
    for row, h in zip(single.rows("rank/stable_rank.csv"), encoder.activations(), strict=True):
        h = np.asarray(h, np.float64)
        for name, matrix in (("sr_activation", h), ("sr_activation_centred", h - h.mean(axis=0, keepdims=True))):
            energies = np.square(np.linalg.svd(matrix, compute_uv=False))
            assert float(row[name]) == pytest.approx(energies.sum() / energies[0], rel=1e-4), name


def test_training_has_moved_every_matrix_away_from_its_start(single):
    ranks = [row for row in single.rows("rank/stable_rank.csv") if row["sr_weight"]]
    assert ranks and all(row["sr_weight"] != row["sr_weight_init"] for row in ranks)


def test_the_log_says_which_layer_the_rule_picks(single):
    lines = map(json.loads, (single.workdir / "log.jsonl").read_text().splitlines())
    (logged,) = [line for line in lines if line["event"] == "rank"]
    known = {int(row["layer"]): float(row["sr_weight"]) for row in single.rows("rank/stable_rank.csv")}
    assert logged["rule_layer"] == max(known, key=known.get)
