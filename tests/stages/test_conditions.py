"""The conditions' stage: encoders of every regime on the same images, each with its dictionaries and ablations."""

import json

import pytest

from inr_sae import study
from inr_sae.dictionaries.topk import training
from inr_sae.errors import UserError
from inr_sae.run import once
from inr_sae.stages import conditions
from tests.helpers import assert_same_bytes_after_kills
from tests.stages import studies

BACKBONES = ("siren", "ffmlp")


def trained_on(finished, name):
    """The names of the signals that a condition's encoder was trained on."""
    signals = finished.rows(f"conditions/{name}/cohort/signals.csv")
    return [row["name"] for row in signals if row["split"] == "cohort"]


@pytest.mark.parametrize("backbone", BACKBONES)
def test_conditions_share_their_images_and_the_second_cohort_has_its_own(compared, backbone):
    single, cohort, second = (trained_on(compared, f"{regime}-{backbone}") for regime in ("single", "cohort", "second"))
    assert single == cohort[:1] and len(cohort) == len(second) == 2
    assert not set(cohort) & set(second)
    assert cohort == trained_on(compared, f"cohort-{BACKBONES[0]}")


def test_a_backbone_among_several_has_its_own_rates_but_of_a_single_signal():
    config = studies.compared(3)
    config.conditions.backbones = ("siren", "wire")
    config.rates.wire = (1.5e-3, 2e-3)
    found = {which.name: own for which, own in conditions.studies(once.declared(config, conditions.READS)).items()}
    for name in ("cohort-wire", "second-wire"):
        assert (found[name].cohort.learning_rate, found[name].fit.learning_rate) == (1.5e-3, 2e-3)
    assert found["single-wire"].cohort.learning_rate == config.single.wire.learning_rate
    assert found["cohort-siren"].cohort.learning_rate == config.cohort.learning_rate
    config.rates.wire = (1.5e-3,)
    with pytest.raises(UserError, match="rates.wire is"):
        conditions.check(once.declared(config, conditions.READS))


def test_each_condition_is_a_study_with_the_stages_of_its_regime(compared):
    stages = {
        "single": {"cohort", "rank", "dictionary", "ablation"},  # of one signal nothing transfers
        "cohort": {"cohort", "rank", "freeze_sweep", "dictionary", "ablation"},
        "second": {"cohort", "rank", "dictionary"},  # it is there to be compared
    }
    for folder in (compared.workdir / "conditions").iterdir():
        if not folder.is_dir():
            continue
        done = {path.parent.name for path in folder.glob("*/done.json")}
        assert done == stages[folder.name.partition("-")[0]]
        assert all(json.loads((folder / name / "done.json").read_text())["stage"] == name for name in done)


def test_a_single_signal_has_the_rate_and_frequency_that_it_was_tuned_to(compared):
    for backbone, key in (("siren", "omega_0"), ("ffmlp", "sigma")):
        read = json.loads((compared.workdir / f"conditions/single-{backbone}/cohort/done.json").read_text())["reads"]
        tuned = compared.config.single[backbone]
        assert read[f"inr.{backbone}.{key}"] == tuned.frequency
        assert read["cohort.learning_rate"] == tuned.learning_rate


def test_atoms_are_sampled_at_the_top_and_at_random(compared):
    ablated = compared.rows("conditions/cohort-ffmlp/ablation/ablations.csv")
    assert {row["sample"] for row in ablated} == {"top", "random"}
    assert {row["signal_role"] for row in ablated} == {"cohort", "test"}
    assert {int(row["magnitude_rank"]) for row in ablated if row["sample"] == "top"} == {0, 1}
    assert {int(row["layer"]) for row in ablated} == {0, compared.last}


def test_held_out_signals_are_fitted_behind_the_layers_that_have_dictionaries(compared):
    for backbone in BACKBONES:
        fits = compared.rows(f"conditions/cohort-{backbone}/freeze_sweep/phantom/fits.csv")
        assert {(row["protocol"], int(row["tau"])) for row in fits} == {("freeze", 0), ("freeze", compared.last)}


def test_a_study_cut_off_anywhere_gives_the_same_bytes(tmp_path, tmp_path_factory, monkeypatch):
    """The dictionaries of one condition after the other, then of sizes, then of another seed."""
    finished = studies.finished(tmp_path_factory, f"compared_{min(studies.DEPTHS)}")
    kills = [(training, "steps_on_all_devices", calls) for calls in (3, 8, 5, 6)]
    assert_same_bytes_after_kills(finished, tmp_path / "run", monkeypatch, kills)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"conditions.regimes": ()}, "conditions.regimes is"),
        ({"conditions.regimes": ("cohort", "third")}, "conditions.regimes is 'third'"),
        ({"conditions.regimes": ("second",)}, "a second cohort needs a first"),
        ({"conditions.backbones": ("perceptron",)}, "conditions.backbones is 'perceptron'"),
        ({"signals.n_validation": 0}, "signals.n_validation is 0, raise it"),
        ({"signals.n_validation": 1}, "as many validation signals as signals.n_cohort = 2; .* is 1, raise it"),
        ({"signals.n_test": 0}, "signals.n_test is 0"),
        ({"signals.train_on": "validation"}, "signals.train_on is 'validation', and conditions.regimes say"),
        ({"external.file": "some.safetensors"}, "external.file is one encoder, and conditions has several"),
        ({"single.steps": 0}, "single.steps is 0"),
        ({"single.siren.learning_rate": -1.0}, "single.siren.learning_rate is -1.0"),
        ({"single.siren.frequency": -1.0}, "single.siren.frequency is -1.0"),
        ({"dictionary.layers": (3,)}, "dictionary.layers has 3"),
    ],
)
def test_what_cannot_be_is_named_and_nothing_is_written(tmp_path, changes, words):
    config = studies.compared(3)
    config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=words):
        study.run(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
