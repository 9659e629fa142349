"""The claims' stage: every claim of the paper with what was measured in this run, at whatever depth it has."""

import shutil
from html import escape

import numpy as np
import pytest

from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.paper.dictionary_claims import DICTIONARIES
from inr_sae.paper.transfer_claims import TRANSFER
from inr_sae.rows.claims import ClaimRow
from inr_sae.rows.common import MADE
from inr_sae.stages import claims as of_stage
from tests.helpers import changed
from tests.stages import studies


def claims_of(finished):
    """{claim: row} of a study."""
    rows = finished.rows("report/claims.csv")
    assert tuple(rows[0]) == ClaimRow._fields
    return {row["claim"]: row for row in rows}


def mean_psnr(matrix, best, protocol, tau, epoch=None):
    """{image: PSNR in dB} of a pair's fits of one protocol and boundary, at their end or after so many steps."""
    same = ("source", "target", "backbone")
    fits = matrix.rows("transfer/fits.csv") if epoch is None else curves_at(matrix, epoch)
    wanted = {"protocol": protocol, "tau": "" if tau is None else str(tau)} | {key: best[key] for key in same}
    return {row["image"]: float(row["psnr_db"]) for row in fits if all(row[key] == wanted[key] for key in wanted)}


def curves_at(matrix, epoch):
    """The points of all curves after so many steps."""
    files = matrix.workdir.glob("encoders/*/freeze_sweep/*/curves.csv")
    every = [row for file in files for row in matrix.rows(file.relative_to(matrix.workdir))]
    return [row for row in every if row["epoch"] == str(epoch)]


def freezing_helps(matrix, epoch=None):
    """Mean of freeze minus thaw at the layer that the rule picks, over pairs, images and targets."""
    by_target = {}
    for best in matrix.rows("transfer/best_tau.csv"):
        rule = int(best["tau_by_sr_weight"])
        frozen = mean_psnr(matrix, best, "freeze", rule, epoch)
        # Behind the last layer there is nothing that could start anew: `thaw` is STRAINER's recipe there.
        thawed = mean_psnr(matrix, best, *(("full", None) if rule == matrix.last else ("thaw", rule)), epoch)
        for image in frozen:
            differences = by_target.setdefault(best["target"], {}).setdefault(image, [])
            differences.append(frozen[image] - thawed[image])
    return np.mean([np.mean([np.mean(values) for values in images.values()]) for images in by_target.values()])


def test_every_claim_of_its_kind_is_there_and_on_phantoms_none_is_testable(matrix, compared):
    for finished, claims in ((matrix, TRANSFER), (compared, DICTIONARIES)):
        found = claims_of(finished)
        assert list(found) == [claim.name for claim in claims]
        assert {row["verdict"] for row in found.values()} == {"not testable on these data"}


@pytest.mark.parametrize("name", MADE)
def test_on_what_is_made_up_no_claim_on_decompositions_is_testable(name, tmp_path_factory, monkeypatch):
    monkeypatch.setattr(of_stage.decompositions, "signals", lambda config, store: {})
    decomposed = studies.finished(tmp_path_factory, "decomposed_3")
    config = changed(decomposed.config, signals__dataset=name)
    rows = of_stage.of_decompositions(config, Store(decomposed.workdir))
    assert {row.verdict for row in rows if row.tested_on != "a known dictionary"} == {"not testable on these data"}


def test_whether_freezing_helps_is_measured_against_thaw(matrix):
    measured, expected = claims_of(matrix)["freezing_helps"], freezing_helps(matrix)
    assert float(measured["value"]) == pytest.approx(expected, abs=1e-6)
    assert float(measured["low"]) <= expected <= float(measured["high"])


def test_of_unequal_budgets_every_claim_is_told_at_the_least_as_well(matrix):
    least = matrix.config.fit.budget.full
    file = matrix.workdir / "report/claims_equal.csv"
    if not least:
        assert not file.exists(), "all protocols had as many steps"
        return
    assert 0 < least < matrix.config.fit.steps
    store = Store(matrix.workdir)
    ends, equal = (store.read_rows(f"report/{name}.csv", ClaimRow) for name in ("claims", "claims_equal"))
    assert [row.claim for row in equal] == [row.claim for row in ends]
    (measured,) = (row for row in equal if row.claim == "freezing_helps")
    assert measured.value == pytest.approx(freezing_helps(matrix, least), abs=1e-6)
    assert abs(measured.value - freezing_helps(matrix)) > 1e-3, "not at the end"
    for rows, steps in ((ends, matrix.config.fit.steps), (equal, least)):
        assert all(f"fit.budget.freeze is {steps}, not" in row.short_of_published for row in rows if row.tested_on)
    page = (matrix.workdir / "report/index.html").read_text()
    assert f"at {least} steps each" in page
    assert all(escape(f"{row.verdict}: {row.ours}") in page for row in equal)


def test_of_unequal_budgets_without_verdicts_at_equal_ones_the_page_says_so(tmp_path_factory, tmp_path):
    finished = studies.finished(tmp_path_factory, "matrix_7")
    shutil.copytree(finished.workdir, tmp_path / "run")
    store = Store(tmp_path / "run")
    known, unknown = "stand beside them", "are not known"
    (section,) = of_stage.sections(finished.config, store, None)
    assert known in section.html and unknown not in section.html
    store.remove("report/claims_equal.csv")  # as an earlier version has left it
    (section,) = of_stage.sections(finished.config, store, None)
    assert unknown in section.html and known not in section.html
    of_stage.run(changed(finished.config, fit__log_every=4), store)
    assert not store.exists("report/claims_equal.csv"), "curves have no point there"


@pytest.mark.parametrize(
    "real, made_up",
    [((), True), (("heads",), False), (("fine_heads",), False), (("heads", "fine_heads"), False)],
)
def test_a_matrix_is_testable_where_a_source_and_a_target_are_images(real, made_up, matrix, monkeypatch):
    store, both = Store(matrix.workdir), ("heads", "fine_heads")
    given = changed(matrix.config, transfer__sources=both, transfer__targets=both)
    drawn = of_stage.transfer.draw(given, store, "heads")
    monkeypatch.setattr(of_stage.transfer, "draw", lambda *_: drawn)
    for name in real:
        given.sets[name].dataset = "kodak"
    tables = [of_stage.transfer.load(store, name) for name in ("fits", "ranks")]
    found = of_stage.data_of_matrix(given, store, *tables)
    assert found.phantom == made_up and all(f"{name} (kodak)" in found.sets for name in real)
    for source, target in (("heads", "fine_heads"), ("fine_heads", "heads")):
        one_way = changed(given, transfer__sources=(source,), transfer__targets=(target,))
        assert of_stage.data_of_matrix(one_way, store, *tables).phantom == (not {source, target} <= set(real))


def test_a_matrix_and_dictionaries_have_their_claims_apart(matrix):
    of_stage.check(matrix.config)
    with pytest.raises(UserError, match="stages has transfer and conditions, whose claims are of two studies"):
        of_stage.check(changed(matrix.config, stages=(*matrix.config.stages, "conditions")))


def test_claims_on_the_curve_are_about_the_runs_own_last_layer(matrix):
    found, best = claims_of(matrix), matrix.rows("transfer/best_tau.csv")
    falls, collapses = [], 0
    for row in best:
        curve = {tau: np.mean([*mean_psnr(matrix, row, "freeze", tau).values()]) for tau in matrix.config.fit.taus}
        collapses += max(curve.values()) - curve[matrix.last] >= 10
        if row["backbone"] == "ffmlp":
            falls.append((curve[0] - curve[matrix.last]) / matrix.last)
    assert float(found["ffmlp_falls"]["value"]) == pytest.approx(np.mean(falls))
    assert found["last_layer_collapses"]["ours"].split(";")[0] == f"{collapses} of {len(best)}"


def test_what_was_not_run_is_not_measured(matrix, tuned):
    missing = {"training_matters", "better_than_scratch"}  # need random and scratch
    for finished in (matrix, tuned):
        unmeasured = {name for name, row in claims_of(finished).items() if row["ours"] == "not measured"}
        assert missing <= unmeasured or set(finished.config.fit.protocols) >= {"random", "scratch"}
        assert {"levels", "gain_kodak"} <= unmeasured, "no set is the paper's, and no encoder as deep"


def test_claims_on_ffmlps_last_layer_are_about_the_runs_own(compared):
    found = claims_of(compared)
    (first,), (last,) = (
        compared.rows(f"conditions/cohort-ffmlp/dictionary/layer_{layer}/metrics.csv") for layer in (0, compared.last)
    )
    assert float(found["ffmlp_dies"]["value"]) == pytest.approx(float(last["dead_fraction"]))
    assert float(found["ffmlp_dense"]["value"]) == pytest.approx(float(last["active_fraction_median"]))
    falls = float(first["active_fraction_median"]) / float(last["active_fraction_median"])
    assert float(found["ffmlp_concentrates"]["value"]) == pytest.approx(falls)


def test_claims_over_layers_count_those_that_have_dictionaries(compared):
    counts = {name: row["ours"].split(";")[0] for name, row in claims_of(compared).items()}
    assert counts["siren_local"].endswith("of 2") and counts["siren_no_content"].endswith("of 2")
    assert counts["siren_tiling_repeats"].endswith("of 2")
    assert counts["ffmlp_content"].endswith("of 1"), "from layer 2 on, the last alone"
    assert counts["l0_falls"].endswith(f"of {2 * 2 * 2}"), "backbones, layers, k"


def test_the_page_tells_on_which_data_and_what_is_another_than_the_papers(matrix, compared):
    for finished in (matrix, compared):
        rows = [row for row in claims_of(finished).values() if row["tested_on"]]
        page = (finished.workdir / "report/index.html").read_text()
        assert rows and all("12x11" in row["tested_on"] and row["short_of_paper"] for row in rows)
        assert rows[0]["tested_on"] in page
        assert all(escape(difference) in page for difference in rows[0]["short_of_paper"].split("; "))
