import json
import re
from pathlib import Path

import jax
import numpy as np
import pytest

from inr_sae import dictionaries, notebook, study
from inr_sae.folder.store import Store
from inr_sae.inr import network
from inr_sae.run import trained
from inr_sae.stages import cohort as stage
from tests.conftest import tiny_study

TUTORIAL = Path(__file__).parents[1] / "docs" / "tutorial.ipynb"
SMALL = dict(steps=10, width=16, n_layers=3)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(size=(3, 16, 12, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def cohort(images):
    return notebook.train_cohort(images, "siren", **SMALL)


def test_a_cohort_has_the_weights_of_the_studys_stage(tmp_path):
    config = tiny_study("ffmlp")
    config.stages = ("cohort",)
    study.run(config, tmp_path / "run")
    expected = stage.load(config, Store(tmp_path / "run"))
    settings = {key: value for key, value in trained.settings(config.inr).items()}
    ours = notebook.train_cohort(
        expected.signals.cohort, "ffmlp", config.cohort.steps, config.cohort.learning_rate, config.seed, **settings
    )
    # A study's chunks are its rows of history: another program, whose rounding may differ in the last bits.
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), ours.params, expected.params)


def test_without_a_rate_it_is_the_backbones_own(images):
    small, own = dict(steps=2, width=16, n_layers=2), network.rate(network.backbone("wire"))
    ours, told = (notebook.train_cohort(images, "wire", **small, **rate) for rate in ({}, {"learning_rate": own}))
    jax.tree.map(np.testing.assert_array_equal, ours.params, told.params)
    assert own != network.rate(network.backbone("siren")) == 1e-4


def test_a_fit_lowers_the_error_and_keeps_what_is_frozen(cohort, images):
    fitted = notebook.fit(cohort, images[0], 1, steps=100, learning_rate=1e-3)
    assert fitted.image.shape == images[0].shape
    assert fitted.curve[-1][1] > fitted.curve[0][1]
    assert fitted.psnr_db == fitted.curve[-1][1]
    names = network.unit_names(cohort.encoder)
    units, start = fitted.params["encoder"]["units"], cohort.encoder["units"]
    same = [jax.tree.all(jax.tree.map(np.array_equal, units[name], start[name])) for name in names]
    assert same == [True, True, False]


def test_an_image_may_have_another_size_than_the_cohorts(cohort):
    image = np.zeros((9, 11, 3))
    assert notebook.fit(cohort, image, 0, steps=1).image.shape == image.shape


@pytest.mark.parametrize("method", dictionaries.method_names())
def test_a_dictionary_of_every_method_is_fitted_and_shown(cohort, method):
    small = dict(n_atoms=24, k=4, steps=4, batch=32)
    small = {key: value for key, value in small.items() if key in dictionaries.method(method).DEFAULTS}
    dictionary = notebook.fit_dictionary(cohort, method, 2, **small)
    figure = notebook.show_atoms(cohort, {2: dictionary}, top=3)
    assert len([ax for ax in figure.axes if ax.images]) == 4  # three atoms and their mean


def test_numbers_of_numpy_and_lists_are_as_good(images):
    settings = dict(width=np.int64(8), n_layers=2, omega_0=np.float32(20), coordinates=[-1.0, 1.0])
    cohort = notebook.train_cohort(images, "siren", steps=1, **settings)
    assert cohort.config["width"] == 8 and float(cohort.x.min()) == -1


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda c: notebook.train_cohort(np.zeros((2, 8, 8)), "siren"), "shape"),
        (lambda c: notebook.train_cohort(np.full((2, 8, 8, 3), 200.0), "siren"), r"bring them to \[0, 1\]"),
        (lambda c: notebook.train_cohort(np.zeros((2, 8, 8, 3)), "siren", widht=8), "widht"),
        (lambda c: notebook.fit(c, np.zeros((8, 8, 3)), 3), "from 0 to 2"),
        (lambda c: notebook.fit(c, np.zeros((8, 8, 3)), 0, "full"), "it is None"),
        (lambda c: notebook.fit(c, np.zeros((8, 8, 3)), 0, "melt"), "melt"),
        (lambda c: notebook.fit(c, np.zeros((8, 8, 3)), 0, steps=0), "steps are 0"),
        (lambda c: notebook.fit(c, np.zeros((8, 8, 3)), 0, learning_rate=0.0), "learning rate is 0"),
        (lambda c: notebook.fit_dictionary(c, "topk", 0, atoms=3), "atoms"),
        (lambda c: notebook.train_cohort(np.zeros((0, 8, 8, 3)), "siren"), "no images"),
        (lambda c: notebook.train_cohort([np.zeros((8, 8, 3)), np.zeros((8, 9, 3))], "siren"), "not of one size"),
        (lambda c: notebook.train_cohort(["a.png"], "siren"), "no numbers"),
        (lambda c: notebook.train_cohort(3.0, "siren"), "have shape"),
        (lambda c: notebook.train_cohort(np.zeros((2, 8, 8, 3)), "siren", width=0), "width is 0; it must be above 0"),
        (
            lambda c: notebook.train_cohort(np.zeros((2, 8, 8, 3)), "siren", n_layers=2.0),
            "n_layers is 2.0; .* int",
        ),
        (lambda c: notebook.train_cohort(np.zeros((2, 8, 8, 3)), "siren", omega_0=-1), "omega_0 is -1"),
        (lambda c: notebook.fit(c, np.zeros((8, 8, 3)), 1.0), "tau is 1.0; it is from 0 to 2"),
        (lambda c: notebook.fit_dictionary(c, "topk", 9), "layer is 9; it is from 0 to 2"),
        (lambda c: notebook.fit_dictionary(c, "topk", -1), "layer is -1"),
        (lambda c: notebook.fit_dictionary(c, "lifted", 0, width=3), "width"),
        (lambda c: notebook.train_cohort(np.zeros((2, 8, 8, 3)), "siren", coordinates=(1.0, 1.0)), "coordinates is"),
        (lambda c: notebook.train_cohort(np.zeros((2, 8, 8, 3)), "siren", steps=9, learning_rate=1e30), "not finite"),
        (lambda c: notebook.fit_dictionary(c, "topk", 0, n_atoms="8"), "n_atoms is '8'; it is of type int"),
    ],
)
def test_wrong_arguments_are_named(cohort, call, message):
    with pytest.raises(ValueError, match=message):
        call(cohort)


def test_the_tutorial_runs(monkeypatch):
    monkeypatch.chdir(TUTORIAL.parents[1])
    space = {}
    for part in json.loads(TUTORIAL.read_text())["cells"]:
        if part["cell_type"] == "code":
            # Of fewer pixels and steps, to be done sooner.
            source = "".join(part["source"]).replace("(48, 48)", "(32, 32)")
            exec(re.sub(r"steps=(\d+)", lambda found: f"steps={int(found[1]) // 4}", source), space)
    assert space["fitted"].psnr_db > 20
