"""The stage of matches: a dictionary with another seed's, and with another cohort's."""

import numpy as np
import pytest

from configs import base
from inr_sae.errors import UserError
from inr_sae.report.parts import dictionaries as parts
from inr_sae.rows.dictionaries import MatchRow
from inr_sae.run import once
from inr_sae.stages import stability
from tests.atoms.builders import axes, dead_axes
from tests.stages import studies


def test_every_pair_has_its_match_in_every_layer(compared):
    matches = compared.rows("stability/matches.csv")
    assert tuple(matches[0]) == MatchRow._fields
    pairs = {
        ("cohort", backbone, other, backbone, seed)
        for backbone in ("siren", "ffmlp")
        for other, seed in (("cohort", "1"), ("second", ""), ("single", ""))
    }
    columns = ("regime", "backbone", "other_regime", "other_backbone", "dictionary_seed")
    assert {tuple(row[key] for key in columns) for row in matches} == pairs
    by_map = [row for row in matches if row["by"] == "map"]
    assert len(by_map) == len(pairs) * 2 and {int(row["layer"]) for row in by_map} == {0, compared.last}


def test_decoders_are_matched_within_one_encoder_alone(compared):
    matches = [row for row in compared.rows("stability/matches.csv") if row["by"] == "decoder"]
    assert matches and {row["other_regime"] for row in matches} == {"cohort"}
    assert {row["dictionary_seed"] for row in matches} == {"1"}
    assert all(float(row["similarity_mean"]) < 0.999 for row in matches), "another seed is another dictionary"


def test_similarities_are_correlations(compared):
    for row in compared.rows("stability/matches.csv"):
        assert -1 <= float(row["similarity_mean"]) <= 1 + 1e-6
        assert float(row["above_0_9_fraction"]) <= float(row["above_0_7_fraction"]) <= 1
        assert 0 < int(row["n_matched"]) <= 24


def test_a_layer_without_an_atom_alive_has_no_match(rng):
    h, config = rng.normal(size=(132, 3)).astype(np.float32), base.get_config()
    one, other = (stability.Dictionaries([h], [each], (12, 11)) for each in (axes(3), dead_axes(3)))
    keys = ("cohort", "siren", 0, "cohort", "siren", 0, 1, 0)
    assert stability.compare(config, one, other, 0, keys) == stability.compare(config, other, one, 0, keys) == []
    assert [row.by for row in stability.compare(config, one, one, 0, keys)] == ["map", "decoder"]


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"stability.max_atoms": 0}, "stability.max_atoms is 0"),
        ({"stability.regimes": ()}, "stability.regimes is"),
        ({"stability.regimes": ("third",)}, "stability.regimes is 'third'"),
    ],
)
def test_what_cannot_be_is_named(changes, words):
    config = studies.compared(3)
    config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=words):
        stability.check(once.declared(config, stability.READS))


@pytest.mark.parametrize("seeds, method", [((), "topk"), ((1,), "pca")])
def test_without_a_pair_of_dictionaries_nothing_is_begun(seeds, method):
    config = studies.compared(3)
    config.stability.seeds, config.stability.regimes, config.conditions.regimes = seeds, ("single",), ("single",)
    config.dictionary.method = method
    with pytest.raises(UserError, match=f"stability.seeds is empty, or {method} draws nothing"):
        stability.check(once.declared(config, stability.READS))


def test_of_dead_dictionaries_the_page_says_so():
    assert "No two dictionaries have an atom alive" in parts.stability_section(None, []).html
