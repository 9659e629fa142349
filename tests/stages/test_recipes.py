"""The stage that seeks the recipe behind published numbers: each beside ours, under every candidate."""

import shutil

import numpy as np
import pytest
from PIL import Image

from configs import base
from inr_sae import study
from inr_sae.errors import UserError
from inr_sae.paper.budgets import Budgets
from inr_sae.rows.claims import DeviationRow, PublishedRow
from inr_sae.run import once, sweep, training
from inr_sae.stages import recipes
from tests.helpers import changed, rows
from tests.stages import studies

# Of the rows of published.csv the one on another backbone speaks to none of these; of clipped output PSNR along the fit
# is not kept.
CELLS = {("psnr_db", "full", ""), ("psnr_db", "freeze", "0"), ("sr_weight", "", "0"), ("cohort_psnr_db", "", "")}


@pytest.mark.parametrize(
    "cohort, targets, made_up",
    [
        ("phantom", ("kodak",), True),
        ("kodak", ("phantom", "noise"), True),
        ("kodak", ("noise", "kodak"), False),
        ("kodak", ("kodak",), False),
    ],
)
def test_claims_are_not_testable_on_what_is_made_up(cohort, targets, made_up, searched):
    config = changed(searched.config, signals__dataset=cohort)
    with config.unlocked():
        for name in targets:
            config.sets[name] = base.data_set(name)
    images, names = np.zeros((2, 16, 16, 3), np.float32), ("a", "b")
    sweeps = [sweep.Sweep(config, None, "", cohort, {}, name, images, names, names) for name in targets]
    assert recipes.data_of(sweeps, Budgets(500, 500)).phantom == made_up


def test_every_recipe_is_held_against_every_number_that_it_speaks_to(searched):
    rows = searched.rows("recipes/deviations.csv")
    assert tuple(rows[0]) == DeviationRow._fields
    found = {}
    for row in rows:
        recipe = tuple(row[key] for key in ("coordinates_low", "coordinates_high", "steps", "steps_full", "clipped"))
        found.setdefault(recipe, set()).add((row["quantity"], row["protocol"], row["tau"]))
    assert {recipe[:2] for recipe in found} == {("0", "1"), ("-1", "1")}
    for (*_, steps, steps_full, clipped), cells in found.items():
        on_the_way = {("freeze", "0"): steps == "2", ("full", ""): steps_full == "2"}
        unknown = {("psnr_db", *which) for which, before_the_end in on_the_way.items() if before_the_end}
        assert cells == (CELLS - unknown if clipped == "1" else CELLS)
    assert len(found) == 2 * 3 * 2


def test_ours_are_the_runs_own_numbers(searched):
    for row in searched.rows("recipes/deviations.csv"):
        at = f"recipes/{row['coordinates_low']}_{row['coordinates_high']}_cohort_{row['cohort_steps']}"
        if row["quantity"] == "sr_weight":
            expected = float(searched.rows(f"{at}/rank/stable_rank.csv")[0]["sr_weight"])
        elif row["quantity"] == "cohort_psnr_db":
            expected = float(searched.rows(f"{at}/cohort/history.csv")[-1]["psnr_db_mean"])
        elif (row["steps"], row["steps_full"], row["clipped"]) == ("4", "4", "0"):
            fits = searched.rows(f"{at}/fits/pixels_0_rate_0.0003_backbone/phantom/fits.csv")
            wanted = row["protocol"], row["tau"]
            expected = np.mean([float(fit["psnr_db"]) for fit in fits if (fit["protocol"], fit["tau"]) == wanted])
        else:
            continue
        assert float(row["ours"]) == pytest.approx(expected, abs=1e-3)
        assert float(row["deviation"]) == pytest.approx(float(row["ours"]) - float(row["value"]), abs=1e-6)


def test_every_claim_that_the_fits_speak_to_has_a_verdict_under_every_budget(searched):
    rows = searched.rows("recipes/claims.csv")
    recipes = {row["recipe"] for row in rows}
    assert {name.partition(", rate")[0] for name in recipes} == {
        f"{ends}, cohort {searched.config.cohort.steps}, {steps} steps"
        for ends in ("[0, 1]", "[-1, 1]")
        for steps in ("2", "4", "full 2, frozen 4")
    }
    by_recipe = {name: frozenset(row["claim"] for row in rows if row["recipe"] == name) for name in recipes}
    for ends in ("[0, 1]", "[-1, 1]"):  # of other ends the rule may name a boundary that was not tried
        (claims,) = {found for name, found in by_recipe.items() if name.startswith(ends)}
        assert {"best_tau_ffmlp", "rule_beats_shape"} <= claims
    assert {row["verdict"] for row in rows} == {"not testable on these data"}, "phantoms"
    assert any("fit.budget.full is 2, not 500" in row["short_of_published"] for row in rows)


def test_the_page_names_the_nearest(searched):
    page = (searched.workdir / "report/index.html").read_text()
    assert "Nearest to the published numbers is" in page
    assert (searched.workdir / "report/tables/recipe_scores.csv").exists()


def test_a_candidate_more_costs_its_own_fits_alone(searched, tmp_path, monkeypatch):
    workdir, fitted, good = shutil.copytree(searched.workdir, tmp_path / "copy"), [], sweep.fit_batch
    before = searched.rows("recipes/deviations.csv")
    monkeypatch.setattr(sweep, "fit_batch", lambda *of: fitted.append(of[1].rate) or good(*of))
    study.run(changed(searched.config, recipes__rates=(1e-3, 3e-4)), workdir, redo=True)
    assert set(fitted) == {1e-3}
    after = rows(workdir / "recipes/deviations.csv")
    assert [row for row in after if row["learning_rate"] == "0.0003"] == before


def test_a_cohort_of_another_length_is_trained_and_fitted_beside_the_first(searched, tmp_path, monkeypatch):
    workdir, trained, good = shutil.copytree(searched.workdir, tmp_path / "copy"), [], training.train
    monkeypatch.setattr(training, "train", lambda *of: trained.append(of) or good(*of))
    steps = searched.config.cohort.steps
    study.run(changed(searched.config, recipes__cohort_steps=(2, steps)), workdir, redo=True)
    assert len(trained) == len(searched.config.recipes.coordinates), "the others are there"
    after = rows(workdir / "recipes/deviations.csv")
    assert [row for row in after if row["cohort_steps"] == str(steps)] == searched.rows("recipes/deviations.csv")
    ours = {(row["cohort_steps"], row["quantity"]): row["ours"] for row in after if row["recipe"].startswith("[0, 1]")}
    for quantity in ("cohort_psnr_db", "sr_weight", "psnr_db"):
        assert ours["2", quantity] != ours[str(steps), quantity]
    page = (workdir / "report/index.html").read_text()
    assert f"trained for 2 or {steps} steps" in page and "by how long the cohort was trained" in page


def test_a_set_of_other_images_may_be_all_that_is_fitted(tmp_path, rng):
    (tmp_path / "images").mkdir()
    for name in "abc":
        pixels = rng.integers(0, 255, (*studies.SIZE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / f"{name}.png")
    config = studies.recipes_of(3)
    with config.unlocked():
        config.sets.others = base.data_set("folder")
    config.sets.others.update(dict(root=str(tmp_path / "images"), size=studies.SIZE, n_cohort=1, n_test=2))
    config.sets.others.n_validation = 0
    config.recipes.update(dict(targets=("others",), coordinates=((0.0, 1.0),)))
    study.run(config, tmp_path / "run")
    assert rows(tmp_path / "run/recipes/claims.csv")
    fits = rows(
        tmp_path / f"run/recipes/0_1_cohort_{config.cohort.steps}/fits/pixels_0_rate_0.0003_backbone/others/fits.csv"
    )
    assert {(row["source"], row["target"]) for row in fits} == {("phantom", "others")}


@pytest.mark.parametrize(
    "line, words",
    [
        ("psnr,s,t,siren,full,,30,1,here", "quantity is 'psnr'; it is one of psnr_db"),
        ("psnr_db,s,t,siren,full,,0,,here", "a psnr_db has the value 0"),
        ("psnr_db,s,t,siren,full,,nan,1,here", "a psnr_db has the value nan"),
    ],
)
def test_published_numbers_that_nothing_can_be_held_against_are_refused_before_any_fit(line, words, tmp_path):
    config, file = studies.recipes_of(3), tmp_path / "numbers.csv"
    file.write_text(f"{','.join(PublishedRow._fields)}\n{line}\n")
    config.recipes.published = str(file)
    with pytest.raises(UserError, match=words):
        recipes.check(once.declared(config, recipes.READS))


def test_an_encoder_from_elsewhere_has_no_length_of_training():
    config = studies.recipes_of(3)
    assert "trained for 200 steps" in recipes.heading(config).subtitle
    config.external.file = "a.npz"
    heading = recipes.heading(config)
    assert "trained for" not in heading.subtitle and "trained elsewhere (a.npz)" in " ".join(heading.caveats)
    assert all("cohort" not in reading.name for reading in recipes.readings(config))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"recipes.steps": (3,)}, "recipes.steps has 3; each is a multiple of fit.log_every = 2"),
        ({"recipes.targets": ("kodak",)}, "recipes.targets has 'kodak'; there are phantom"),
        ({"recipes.pixels": ()}, "recipes.pixels is"),
        ({"signals.n_test": 0}, "recipes.targets has 'phantom', and signals.n_test is 0: there is nothing to fit"),
        ({"recipes.cohort_steps": (4, 4)}, r"recipes.cohort_steps is \(4, 4\); it names at least one, and none twice"),
        ({"recipes.cohort_steps": (4, 0)}, "recipes.cohort_steps is 0"),
        ({"recipes.cohort_steps": (4,), "external.file": "a.npz"}, "recipes.cohort_steps is given, and the encoder of"),
        ({"recipes.cohort_steps": (4,), "cohort.stop_psnr_db": 3.0}, "cohort.stop_psnr_db = 3.0 may end a training"),
        ({"recipes.coordinates": ((0.0, 1.0, 2.0),)}, r"recipes.coordinates is \(0.0, 1.0, 2.0\)"),
        ({"recipes.coordinates": ((1.0, 0.0),)}, r"recipes.coordinates is \(1.0, 0.0\)"),
        ({"recipes.new": ("nope",)}, "recipes.new is 'nope'; it is one of backbone, torch"),
        ({"recipes.pixels": (0, -5)}, "recipes.pixels has -5; of phantom's"),
        ({"recipes.pixels": (0, 10**6)}, "recipes.pixels has 1000000; of phantom's"),
        ({"recipes.published": ""}, "the paper's numbers are of 5 layers, and .* has 3 here"),
        ({"recipes.published": "gone.csv"}, "recipes.published gone.csv: .*its columns are quantity"),
    ],
)
def test_what_cannot_be_is_named(changes, words):
    config = studies.recipes_of(3)
    config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=words):
        recipes.check(once.declared(config, recipes.READS))
