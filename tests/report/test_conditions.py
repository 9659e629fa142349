from inr_sae.report import conditions
from inr_sae.rows.common import Condition
from inr_sae.rows.dictionaries import MatchRow
from tests.report.builders import FFMLP, SIREN, make


def test_a_seed_is_named_only_where_it_tells_conditions_apart():
    assert conditions.condition_names([SIREN, FFMLP]) == {SIREN: "cohort-siren", FFMLP: "cohort-ffmlp"}
    again = SIREN._replace(seed=3)
    names = conditions.condition_names([SIREN, FFMLP, again])
    assert names == {SIREN: "cohort-siren-seed0", FFMLP: "cohort-ffmlp", again: "cohort-siren-seed3"}


def test_pairs_keep_their_rows_by_layer():
    row = make(MatchRow, regime="cohort", backbone="siren", seed=0, layer=0, by="map")
    row = row._replace(other_regime="second", other_backbone="siren", other_seed=5)
    rows = [row, row._replace(dictionary_seed=1, other_regime="cohort", other_seed=0), row._replace(layer=1)]
    other = Condition("second", "siren", 5)
    groups = conditions.pairs(rows)
    assert list(groups) == [(SIREN, other, None), (SIREN, SIREN, 1)]
    assert [row.layer for row in groups[SIREN, other, None]] == [0, 1]
    assert conditions.matched_conditions(rows) == [SIREN, other]
