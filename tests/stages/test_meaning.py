"""The stage of meanings: every alive atom has its row, and shares are those of the rows."""

import numpy as np
import pytest

from inr_sae.errors import UserError
from inr_sae.run import once
from inr_sae.stages import meaning
from tests.stages import studies

CONDITIONS = [f"{regime}-{backbone}" for regime in ("single", "cohort") for backbone in ("siren", "ffmlp")]


@pytest.mark.parametrize("name", CONDITIONS)
def test_every_alive_atom_has_its_explanation(converged, name):
    for layer in (0, converged.last):
        atoms = converged.rows(f"conditions/{name}/dictionary/layer_{layer}/atoms.csv")
        alive = [int(row["atom"]) for row in atoms if float(row["mean_magnitude"]) > 0]
        rows = converged.rows(f"meaning/{name}_layer_{layer}.csv")
        assert [int(row["atom"]) for row in rows] == alive
        signals = converged.rows(f"conditions/{name}/cohort/signals.csv")
        cohort = {row["name"] for row in signals if row["split"] == "cohort"}
        for row in rows:
            assert (row["signal"] in cohort) != (row["kind"] == "position" and row["signal"] == "")
            assert row["second_kind"] != row["kind"] and float(row["second_r2"]) <= float(row["r2"])


def test_shares_are_those_of_the_rows(converged):
    summary = converged.rows("meaning/summary.csv")
    for name in CONDITIONS:
        regime, backbone = name.split("-")
        rows = converged.rows(f"meaning/{name}_layer_0.csv")
        of = [row for row in summary if (row["regime"], row["backbone"], row["layer"]) == (regime, backbone, "0")]
        assert sum(float(row["fraction"]) for row in of) == pytest.approx(1)
        kinds = [row["kind"] if row["explained"] == "1" else "nothing" for row in rows]
        for row in of:
            assert float(row["fraction"]) == pytest.approx(np.mean([kind == row["kind"] for kind in kinds]))
        assert {row["kind"] for row in of} == {"position", "luminance", "edges", "frequency", "tissue", "nothing"}


def test_a_number_that_cannot_be_is_named():
    config = studies.converged(3)
    config.meaning.max_atoms = 0
    with pytest.raises(UserError, match="meaning.max_atoms is 0"):
        meaning.check(once.declared(config, meaning.READS))
