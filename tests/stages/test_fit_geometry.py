"""Test-time fits by data set: what lies apart is found in the weights, what is the same kind is not, and refusals."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sklearn")

from configs import base
from configs import fit_geometry as of_config
from inr_sae import study
from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.run import once
from inr_sae.stages import fit_geometry
from tests.conftest import shrink
from tests.helpers import Killed, dying_after, made_once, numbers, rows


def tiny():
    """A config of a tiny study: other heads are of the same kind, fine ones differ."""
    config = shrink(of_config.get_config())
    config.signals.update(dict(size=(12, 11), n_cohort=2, n_test=6))
    config.sets.other_heads.update(dict(size=(12, 11), n_test=6))
    config.sets.fine_heads.update(dict(size=(16, 11), n_test=5))
    config.inr.update(dict(width=8, n_layers=3))
    config.fit.update(dict(steps=6, log_every=3, seeds=1, batch=0))
    return config


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return made_once(tmp_path_factory, "fit_geometry", lambda workdir: study.run(tiny(), workdir))


def test_every_part_of_the_weights_is_measured(finished):
    found = rows(finished / "fit_geometry/geometry.csv")
    parts = [(row["protocol"], row["part"]) for row in found]
    assert parts == [
        ("freeze", "head"),
        ("full", "head"),
        ("full", "encoder's offsets"),
        ("full", "head and offsets"),
        ("", "pixels"),
    ]
    for row in found:
        assert (row["n"], row["n_sets"]) == ("17", "3") and 0 <= float(row["purity"]) <= 1
    assert int(found[0]["dimensions"]) == 8 + 1
    assert int(found[3]["dimensions"]) == int(found[1]["dimensions"]) + int(found[2]["dimensions"])


def test_weights_that_are_stored_are_what_the_fits_moved_by(finished):
    frozen, full = (
        dict(np.load(finished / f"fit_geometry/weights_fine_heads_{protocol}.npz")) for protocol in ("freeze", "full")
    )
    assert frozen["head"].shape == full["head"].shape == (5, 9) and not frozen["offsets"].any()
    assert 0 < np.abs(full["offsets"]).max() < 6 * 3e-4 * 2, "so far Adam goes in six steps"
    assert len(np.unique(full["offsets"], axis=0)) == 5


@pytest.mark.parametrize("n_devices", [1, 2, 5])
def test_a_device_takes_as_many_fits_whatever_there_are_of_them(n_devices, monkeypatch):
    at_once, config = [], once.declared(tiny(), fit_geometry.READS)
    monkeypatch.setattr(fit_geometry.jax, "device_count", lambda: n_devices)

    def fit(config, encoder, way, called, images, keep):
        at_once.append(len(images) / n_devices)
        n = len(images)
        return SimpleNamespace(params={"heads/w": np.zeros((n, 2)), "encoder/units/hidden_0/w": np.zeros((n, 3))})

    monkeypatch.setattr(fit_geometry.fits, "fit", fit)
    encoder = SimpleNamespace(n_units=3, encoder={"units": {"hidden_0": {"w": np.zeros(3)}}})
    found = fit_geometry.weights_of(config, encoder, "freeze", "heads", np.zeros((9, 6, 5, 1), np.float32))
    assert set(at_once) == {5} and found["head"].shape == (9, 2)


def test_all_fits_begin_at_one_head(finished):
    """Nearly no steps from it they are still alike, whatever the image and the set."""
    heads = [np.load(path)["head"] for path in sorted((finished / "fit_geometry").glob("weights_*_freeze.npz"))]
    assert len(heads) == 3 and np.ptp(np.concatenate(heads), axis=0).max() <= 2 * 6 * 3e-4 * 1.1


def test_cut_off_anywhere_it_goes_on_to_the_same_bits(finished, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(fit_geometry, "weights_of", dying_after(fit_geometry.weights_of, 3))
        with pytest.raises(Killed):
            study.run(tiny(), tmp_path)
    study.run(tiny(), tmp_path)
    ours, theirs = numbers(tmp_path), numbers(finished)
    assert ours.keys() == theirs.keys() and [key for key in ours if ours[key] != theirs[key]] == []


def row_of(features, labels):
    return fit_geometry.row_of(tiny(), "full", "head", features, labels)


def test_fits_that_lie_apart_are_found_and_fits_that_do_not_are_not():
    rng, labels = np.random.default_rng(0), np.repeat([0, 1, 2], 20)
    planted = row_of(rng.normal(size=(60, 5)) + 8 * np.eye(5)[labels], labels)
    null = row_of(rng.normal(size=(60, 5)), labels)
    assert planted.purity > 0.98 and planted.probe > 0.95
    assert null.purity == pytest.approx(null.chance, abs=0.1) == planted.purity_shuffled and null.probe < 0.6


def test_the_page_says_by_which_part_sets_lie_together(finished):
    page = (finished / "report/index.html").read_text()
    assert "By head of 17 fits (freeze)" in page and (finished / "report/figures/fit_geometry.png").exists()


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"geometry.sets": ()}, "geometry.sets is"),
        ({"geometry.sets": ("faces",)}, "geometry.sets has 'faces'; there are fine_heads, other_heads"),
        ({"geometry.protocols": ("warm",)}, "geometry.protocols is 'warm'; it is one of freeze, full"),
        ({"sets.fine_heads.n_test": 1}, "sets.fine_heads.n_test is 1; fit_geometry takes 2"),
        ({"sets.fine_heads.seed": 0, "sets.fine_heads.size": (12, 11)}, "are the same picture"),
    ],
)
def test_what_cannot_be_is_refused(changes, words):
    config = tiny()
    config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=words):
        fit_geometry.check(once.declared(config, fit_geometry.READS))


def test_a_set_that_is_called_as_the_cohorts_own_is_refused():
    config = tiny()
    with config.unlocked():
        config.sets.own = config.sets.fine_heads
    config.geometry.sets = ("own",)
    with pytest.raises(UserError, match="geometry.sets has 'own', which the cohort's own set is called"):
        fit_geometry.check(once.declared(config, fit_geometry.READS))


def test_without_scikit_learn_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(UserError, match="fit_geometry, which needs scikit-learn"):
        study.check(tiny(), Store(tmp_path))


def test_a_configs_sets_are_fitted_in_grey_and_the_first_has_the_cohort():
    config = of_config.get_config("celebahq,mine=folder,notebook")
    assert config.signals.dataset == "celebahq" and config.geometry.sets == ("mine",) and config.fit.steps == 2000
    assert config.signals.grey and config.sets.mine.grey
    assert set(once.flatten(base.get_config().to_dict())) >= {"geometry.sets", "geometry.protocols"}
