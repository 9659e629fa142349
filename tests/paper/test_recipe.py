"""In what a run differs from a recipe, found by comparison."""

import pytest

from configs import base
from inr_sae.paper import recipe
from inr_sae.paper.recipe import RECIPES, SETS, Images
from inr_sae.run.once import flatten


def config(name, backbone="siren"):
    """The flat config of a study by a recipe."""
    full = base.by_recipe(base.get_config(), name)
    full.inr.backbone = backbone
    return flatten(full.to_dict())


@pytest.mark.parametrize("backbone", ["siren", "ffmlp"])
@pytest.mark.parametrize("name", ["paper", "published"])
def test_a_config_by_a_recipe_differs_from_it_in_nothing(name, backbone):
    assert recipe.differences(config(name, backbone), RECIPES[name]) == []


def test_the_notebook_has_siren_alone():
    assert recipe.differences(config("notebook"), RECIPES["notebook"]) == []
    assert recipe.differences(config("notebook", "ffmlp"), RECIPES["notebook"]) == ["inr.backbone is ffmlp, not siren"]


def test_recipes_differ_from_each_other():
    for name in RECIPES:
        for other in RECIPES:
            assert (recipe.differences(config(name), RECIPES[other]) == []) == (name == other)


def test_every_key_of_a_recipe_is_one_of_a_config():
    keys = flatten(base.get_config().to_dict()).keys()
    for name, values in RECIPES.items():
        assert set(values) <= keys, name


def test_whatever_a_recipe_sets_in_a_config_is_compared():
    for name, values in base.RECIPES.items():
        assert values.keys() - {"fit.steps"} <= RECIPES[name].keys(), "steps are compared as each protocol's budget"


@pytest.mark.parametrize(
    "key, value, sentence",
    [
        ("inr.siren.omega_0", 5.0, "inr.siren.omega_0 is 5, not 30"),
        ("cohort.learning_rate", 1e-2, "cohort.learning_rate is 0.01, not 0.0001"),
        ("cohort.steps", 60, "cohort.steps is 60, not 5000"),
        ("cohort.steps", 50000, "cohort.steps is 50000, not 5000"),
        ("cohort.stop_psnr_db", 20.0, "cohort.stop_psnr_db is 20, not none"),
        ("inr.coordinates", (0.0, 1.0), "inr.coordinates is (0, 1), not (-1, 1)"),
        ("inr.coordinates", [0.0, 1.0], "inr.coordinates is (0, 1), not (-1, 1)"),
        ("inr.width", 64, "inr.width is 64, not 256"),
        ("inr.n_layers", 3, "inr.n_layers is 3, not 5"),
        ("external.file", "a.npz", "external.file is a.npz, not empty"),
        ("signals.n_cohort", 3, "signals.n_cohort is 3, not 10"),
        ("signals.train_on", "validation", "signals.train_on is validation, not cohort"),
        ("fit.learning_rate", 3e-4, "fit.learning_rate is 0.0003, not 0.0001"),
        ("fit.budget.full", 2000, "fit.budget.full is 2000, not 500"),
        ("fit.pixels", 8192, "fit.pixels is 8192, not 0"),
        ("fit.seeds", 1, "fit.seeds is 1, not 3"),
        ("fit.taus", (0, 1), "fit.taus is (0, 1), not (0, 1, 2, 3, 4)"),
        ("fit.protocols", ("freeze",), "fit.protocols is (freeze), not (full, freeze)"),
        ("transfer.split", "validation", "transfer.split is validation, not test"),
        ("dictionary.method", "pca", "dictionary.method is pca, not topk"),
        ("dictionary.topk.k", 16, "dictionary.topk.k is 16, not 32"),
        ("dictionary.topk.second_bias", True, "dictionary.topk.second_bias is True, not False"),
        ("dictionary.layers", (0,), "dictionary.layers is (0), not (0, 1, 2, 3, 4)"),
        ("size_sweep.k", (4,), "size_sweep.k is (4), not (4, 16, 32, 64, 128)"),
        ("ablation.top", 2, "ablation.top is 2, not 4"),
        ("runtime.precision", "default", "runtime.precision is default, not highest"),
    ],
)
def test_whatever_differs_is_said(key, value, sentence):
    assert recipe.differences(config("paper") | {key: value}, RECIPES["paper"]) == [sentence]


def test_steps_of_all_protocols_are_said_of_each():
    said = recipe.differences(config("paper") | {"fit.steps": 8}, RECIPES["paper"])
    assert said == ["fit.budget.full is 8, not 500", "fit.budget.freeze is 8, not 500"]


@pytest.mark.parametrize(
    "key, value",
    [
        ("fit.seeds", 9),
        ("fit.taus", ()),
        ("fit.taus", (4, 3, 2, 1, 0)),
        ("fit.protocols", ("full", "freeze", "thaw")),
        ("fit.budget.freeze", 500),
        ("dictionary.layers", (0, 1, 2, 3, 4)),
        ("size_sweep.n_atoms", (512, 1024, 2048, 4096, 8192)),
        ("inr.ffmlp.sigma", 3.0),  # of a backbone that it does not use
        ("report.top", 1),
    ],
)
def test_more_than_a_recipe_asks_and_what_it_does_not_use_is_no_difference(key, value):
    assert recipe.differences(config("paper") | {key: value}, RECIPES["paper"]) == []


def test_of_another_method_its_settings_do_not_count():
    other = config("paper") | {"dictionary.method": "pca", "dictionary.topk.k": 1}
    assert recipe.differences(other, RECIPES["paper"]) == ["dictionary.method is pca, not topk"]


def test_of_what_a_config_leaves_out_nothing_is_said():
    assert recipe.differences({"inr.width": 256}, RECIPES["paper"]) == []


@pytest.mark.parametrize(
    "images, said",
    [
        (Images("celebahq", (218, 178), 100), []),
        (Images("celebahq", (218, 178), 500), []),
        (Images("celebahq", (218, 178), None), []),
        (Images("celebahq", (109, 89), 100), ["celebahq at 109x89, not 218x178"]),
        (Images("kodak", (512, 768), 2), ["2 of 14 kodak images"]),
        (Images("folder", (218, 178), 100), ["folder is none of its sets"]),
        (Images("phantom", (218, 178), 100), ["phantom is none of its sets"]),
    ],
)
def test_images_are_compared_by_what_they_are(images, said):
    assert recipe.differences_of_images([images], SETS["paper"]) == said


def test_all_recipes_are_compared_with_the_configs_of_all_encoders():
    configs = [config("paper"), config("paper", "ffmlp") | {"cohort.steps": 60}]
    found = recipe.all_differences(configs, SETS["paper"])
    assert found.keys() == RECIPES.keys() == SETS.keys() == recipe.LABELS.keys()
    assert found["paper"] == ("cohort.steps is 60, not 5000",)
    assert "cohort.steps is 5000, not 5001" in found["notebook"] and "kodak is none of its sets" in found["notebook"]


def test_a_set_that_is_missing_is_said_where_a_recipe_is_meant_whole():
    alone = SETS["paper"][:1]
    assert recipe.all_differences([config("paper")], alone)["paper"] == ("no oasis images", "no kodak images")
    assert recipe.all_differences([config("paper")], alone, whole=False)["paper"] == ()


def test_the_way_that_claims_are_about_is_held_to_the_recipes():
    """A study may remove atoms in both ways; of the first that it names are the verdicts."""
    ways = ("activations", "reconstruction")
    for first, own, other in (("activations", "paper", "notebook"), ("reconstruction", "notebook", "paper")):
        run = {"fit.steps": 500, "ablation.through": sorted(ways, key=lambda way: way != first)}
        assert not [said for said in recipe.differences(run, RECIPES[own]) if "through" in said]
        (said,) = (said for said in recipe.differences(run, RECIPES[other]) if "through" in said)
        assert said.startswith(f"ablation.through is ({first}), not")
