"""Every config builds at every scale, and holds the paper's values where it says so."""

import importlib

import pytest

from configs import base
from inr_sae.check import check
from inr_sae.errors import UserError

NAMES = ("cohort_siren", "cohort_ffmlp", "single_siren", "single_ffmlp")


def build(name, scale=""):
    return importlib.import_module(f"configs.{name}").get_config(scale)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", ("", *base.SCALES))
def test_builds_and_passes_the_check(name, scale):
    check(build(name, scale), n_devices=1)


@pytest.mark.parametrize("name", ("transfer", "tune", "sensitivity"))
@pytest.mark.parametrize("sets", ("", "celebahq,kodak,oasis", "mine=folder,faces=celebahq"))
def test_a_matrix_builds_and_passes_the_check(name, sets):
    config = build(name, sets)
    check(config, n_devices=1)
    assert set(config.transfer.sources) <= set(config.sets)
    if sets.startswith("mine"):
        assert config.sets.mine.dataset == "folder" and config.sets.faces.dataset == "celebahq"


def test_the_matrix_has_the_papers_budget():
    config = build("transfer", "celebahq,kodak,oasis")
    assert config.transfer.sources == config.transfer.targets == ("celebahq", "kodak", "oasis")
    assert [config.sets[name].n_test for name in config.transfer.targets] == [100, 14, 100]
    assert (config.fit.steps, config.fit.seeds, config.cohort.steps) == (500, 3, 5000)
    assert set(config.fit.protocols) == {"freeze", "full", "warm", "thaw", "random", "scratch"}
    tuned = build("tune", "celebahq")
    assert tuned.sets.celebahq.n_validation == 50 and tuned.transfer.split == "validation"


@pytest.mark.parametrize("scale", ("", *base.SCALES))
def test_the_study_of_dictionaries_builds_and_passes_the_check(scale):
    config = build("dictionaries", scale)
    check(config, n_devices=1)
    assert set(config.conditions.regimes) == {"single", "cohort", "second"}


def test_dictionaries_have_the_papers_grid():
    config = build("dictionaries", "celebahq")
    assert config.size_sweep.n_atoms == (1024, 2048, 4096, 8192) and config.size_sweep.k == (4, 16, 32, 64, 128)
    assert (config.sae.n_atoms, config.sae.k, config.sae.steps, config.single.steps) == (4096, 32, 10000, 500)


def test_the_papers_values_stand_at_the_papers_scales():
    config = build("cohort_siren", "celebahq")
    assert (config.inr.n_layers, config.inr.width, config.inr.omega_0) == (5, 256, 30.0)
    assert (config.cohort.steps, config.cohort.learning_rate, config.signals.n_cohort) == (5000, 1e-4, 10)
    assert (config.fit.steps, config.fit.learning_rate, config.fit.seeds, config.signals.n_test) == (500, 1e-4, 3, 100)
    assert (config.sae.n_atoms, config.sae.k, config.sae.steps, config.sae.learning_rate) == (4096, 32, 10000, 1e-4)
    assert build("cohort_ffmlp", "kodak").inr.sigma == 10.0 and build("cohort_ffmlp", "kodak").signals.n_test == 14


@pytest.mark.parametrize(
    "name, key, value, rate", [("single_siren", "omega_0", 50.0, 2e-4), ("single_ffmlp", "sigma", 20.0, 5e-4)]
)
def test_the_single_signal_regime_of_table_2(name, key, value, rate):
    config = build(name, "celebahq")
    assert config.inr[key] == value and config.cohort.learning_rate == rate
    assert config.cohort.steps == 500 and config.signals.n_cohort == 1 and "freeze_sweep" not in config.stages


def test_a_scale_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match="'demoo'; it is one of demo"):
        build("cohort_siren", "demoo")


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"sae.k": 5000}, "sae.k = 5000 is more than sae.n_atoms = 1024"),
        ({"fit.taus": (0, 5)}, r"fit.taus has 5; layers are 0..4"),
        ({"fit.taus": (-1,)}, "fit.taus has -1"),
        ({"fit.taus": (1, 1)}, "none twice"),
        ({"sae.layers": ()}, "at least one layer"),
        ({"stages": ("cohort", "dream")}, "'dream'"),
        ({"stages": ("cohort", "ablation")}, "ablation without dictionary"),
        ({"inr.backbone": "wire"}, "'wire'"),
        ({"cohort.steps": 0}, "cohort.steps is 0"),
        ({"fit.learning_rate": -1.0}, "fit.learning_rate"),
        ({"ablation.top": 17}, "ablation.top"),
        ({"ablation.cohort_signals": 11}, "ablation.cohort_signals"),
        ({"signals.n_test": 0}, "signals.n_test is 0"),
        ({"sae.batch": 1025}, "2 devices"),
    ],
)
def test_what_cannot_be_is_named(changes, words):
    config = build("cohort_ffmlp")
    config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=words):
        check(config, n_devices=2)
