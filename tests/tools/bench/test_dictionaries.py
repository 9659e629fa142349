"""Every method is timed through its own `fit`, by the step where it trains."""

from types import SimpleNamespace

import jax
import numpy as np
import pytest

from inr_sae import dictionaries
from inr_sae.state import Training
from inr_sae.tools.bench import dictionaries as rows_of
from inr_sae.tools.bench import timing
from tests.tools.bench.small import BACKBONE, SIZES, stopped, uncompiled

methods = pytest.mark.parametrize("name", dictionaries.method_names())


def method_that_trains(n_trainings):
    """Trains so many times; a step adds one to its state, which is taken away as it is where states are donated."""

    def run(n, state):
        assert not state["gone"], "a state that was handed in before"
        state["gone"] = True
        return {"step": state["step"] + n, "gone": False}, np.zeros(n)

    def fit(jobs, train):
        training = Training("", total=100, chunk=2, run=run, measure=None, describe=None)
        return [train({"step": 0, "gone": False}, training)[0] for _ in range(n_trainings)]

    return SimpleNamespace(fit=fit)


@pytest.mark.parametrize("n_trainings", [1, 3])
def test_a_training_is_timed_by_the_step(monkeypatch, n_trainings):
    results = stopped(monkeypatch)
    what, seconds = rows_of.fit_seconds(method_that_trains(n_trainings), [])
    assert what == "step"
    assert seconds == pytest.approx([3.0 * n_trainings] * rows_of.REPEATS)  # two steps a dispatch, as the method says
    n_dispatches = rows_of.WARM_UP + rows_of.REPEATS
    assert [state["step"] for state, _ in results] == [2 * (i + 1) for i in range(n_dispatches)] * n_trainings


def test_what_compiles_is_not_counted(monkeypatch):
    took = iter([100.0, 50.0] + [2.0] * rows_of.REPEATS)
    monkeypatch.setattr(timing, "stopwatch", lambda call: (next(took), call()))
    assert set(rows_of.fit_seconds(method_that_trains(1), [])[1]) == {1.0}


def test_a_method_that_does_not_train_is_timed_as_a_whole(monkeypatch):
    results = stopped(monkeypatch)
    method = SimpleNamespace(fit=lambda jobs, train: list(jobs))
    assert rows_of.fit_seconds(method, ["a job"]) == ("fit", [6.0] * rows_of.REPEATS)
    assert results == [["a job"]] * rows_of.REPEATS


@methods
def test_every_method_can_be_timed(name):
    method = dictionaries.method(name)
    config = rows_of.config_of(method, SIZES.scale)
    method.check(config, jax.device_count())
    what, seconds = rows_of.fit_seconds(method, [rows_of.jobs_of(SIZES, BACKBONE)[0]._replace(config=config)])
    assert what in ("step", "fit") and len(seconds) == rows_of.REPEATS and min(seconds) > 0


@methods
def test_a_methods_rows(name, monkeypatch):
    """One layer's, with a quarter and twice its atoms where it has a number of them, without its modes, and all
    layers'."""
    fitted = []

    def fit_seconds(method, jobs):
        fitted.append(jobs)
        return "step", [float(len(fitted))]

    monkeypatch.setattr(rows_of, "fit_seconds", fit_seconds)
    rows = rows_of.dictionary_rows(SIZES, BACKBONE, name)
    config = rows_of.config_of(dictionaries.method(name), SIZES.scale)
    labels, n_atoms = ["", ", 3 layers at once"], config.get("n_atoms")
    if n_atoms is not None:
        labels[1:1] = [f", n={n}" for n in rows_of.other_numbers_of_atoms({"n_atoms": n_atoms})]
    if "modes" in config:
        labels.insert(-1, ", modes=0")
    assert [row["name"] for row in rows] == [f"dictionary step, {name}{label}" for label in labels]
    assert [row["ms"] for row in rows] == [1e3 * (i + 1) for i in range(len(rows))]
    assert [len(jobs) for jobs in fitted] == [1] * (len(rows) - 1) + [3]
    for label, jobs in zip(labels, fitted):
        said = int(label.removeprefix(", n=")) if label.startswith(", n=") else n_atoms
        assert {job.config.get("n_atoms") for job in jobs} == {said}
        assert {job.config.get("modes") for job in jobs} == {0 if label == ", modes=0" else config.get("modes")}
        assert all(job.h.shape == (96, 8) and job.behind(job.h).shape == (2, 96, 3) for job in jobs)


def test_other_numbers_of_atoms():
    assert rows_of.other_numbers_of_atoms({"n_atoms": 4096, "k": 32}) == [1024, 8192]
    assert rows_of.other_numbers_of_atoms({"n_atoms": 64}) == [128]
    assert rows_of.other_numbers_of_atoms({"steps": 7}) == []


def test_a_scaled_batch_is_shared_evenly(monkeypatch):
    monkeypatch.setattr(jax, "device_count", lambda: 3)
    method = SimpleNamespace(DEFAULTS={"batch": 4096, "n_atoms": 4096, "k": 32})
    assert rows_of.config_of(method, 0.3) == {"batch": 1227, "n_atoms": 1228, "k": 32}
    assert rows_of.config_of(SimpleNamespace(DEFAULTS={"steps": 7}), 0.3) == {"steps": 7}


def test_ablation_is_held_against_as_many_passes(monkeypatch):
    seen, results = uncompiled(monkeypatch), stopped(monkeypatch)
    rows = rows_of.ablation_rows(SIZES, BACKBONE, dictionaries.method_names())
    assert len(rows) == len(seen) == len(results) > 0
    for row, (one_pass, *_), effects in zip(rows, seen, results):
        assert one_pass.shape == (1, 96, 3)
        n_atoms = len(effects.energy)
        assert row["name"].startswith(f"ablation of all {n_atoms} atoms of a layer, ") and row["ms"] == 6e3
        assert row["ratio_to_passes"] == pytest.approx(1 / n_atoms)  # a pass takes as long as the whole ablation here
