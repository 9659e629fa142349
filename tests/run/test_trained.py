"""A trained encoder's views of itself agree, whatever its backbone."""

import jax
import numpy as np
import pytest

from inr_sae.errors import UserError
from inr_sae.inr import network
from inr_sae.run import drawn, trained


@pytest.fixture(params=network.backbone_names(), scope="module")
def cohort(request):
    """(config, TrainedCohort) of an untrained network of each backbone."""
    from tests.conftest import tiny_study

    config = tiny_study(request.param)
    signals, backbone = drawn.read("signals", config.signals), trained.backbone_of(config.inr)
    settings = trained.settings(config.inr)
    params = network.init(backbone, jax.random.split(jax.random.key(0)), settings, signals.cohort)
    return config, trained.TrainedCohort(settings, backbone, params, signals, trained.grid(settings, signals.cohort))


def test_what_a_config_says_of_a_backbone_is_what_it_has(cohort):
    config, encoder = cohort
    names = list(trained.backbone_of(config.inr).unit_names(trained.settings(config.inr)))
    assert encoder.n_units == trained.n_units(config.inr) == len(names)
    assert network.unit_names(encoder.encoder) == names
    shared = {"width", "n_layers", "coordinates"}
    assert set(encoder.backbone.DEFAULTS) | shared == trained.settings(config.inr).keys()
    assert trained.size(config.inr).startswith(f"{len(names)} layers of width")
    key = encoder.backbone.FREQUENCY
    assert trained.frequency(config.inr) == (None if key is None else config.inr[config.inr.backbone][key])


def test_a_backbones_size_names_its_widths_as_they_are(cohort, monkeypatch):
    config, encoder = cohort
    widths = {h.shape[1] for h in encoder.activations()}
    if widths == {config.inr.width}:
        assert trained.size(config.inr) == f"{encoder.n_units} layers of width {config.inr.width}"
    monkeypatch.setattr(network, "widths", lambda *_: [8, 16, 8])
    assert trained.size(config.inr) == "3 layers of widths 8, 16, 8"


def test_behind_every_unit_lie_the_same_outputs(cohort):
    _, encoder = cohort
    outputs = encoder.outputs()
    assert outputs.shape == encoder.signals.cohort.shape and encoder.shape == outputs.shape[1:3]
    activations = encoder.activations()
    assert len(activations) == encoder.n_units
    for layer, h in enumerate(activations):
        np.testing.assert_allclose(np.asarray(encoder.behind(layer)(h)).reshape(outputs.shape), outputs, atol=1e-5)


def test_some_layers_activations_are_those_of_all(cohort):
    _, encoder = cohort
    last = encoder.n_units - 1
    for some, h in zip(encoder.activations((last, 0)), (encoder.activations()[last], encoder.activations()[0])):
        np.testing.assert_array_equal(some, h)


@pytest.mark.parametrize("low, high", [(-1.0, 1.0), (0.0, 1.0)])
def test_the_grid_has_the_range_that_the_config_says(low, high, cohort):
    config, encoder = cohort
    own = config.copy_and_resolve_references()
    own.inr.coordinates = (low, high)
    x = trained.grid(trained.settings(own.inr), encoder.signals.cohort)
    assert (x.min(), x.max()) == (low, high) and x.shape == encoder.x.shape == (16 * 12, 2)


def test_one_head_gives_its_own_signal(cohort):
    _, encoder = cohort
    one = encoder._replace(params=encoder.with_head(1))
    last = encoder.n_units - 1
    ours = np.asarray(one.behind(last)(one.activations([last])[0]))[0].reshape(encoder.outputs()[1].shape)
    np.testing.assert_allclose(ours, encoder.outputs()[1], atol=1e-6)


def test_a_backbone_that_there_is_not_is_named_with_its_key(tiny_ffmlp):
    tiny_ffmlp.inr.backbone = "wire_of_another"
    with pytest.raises(UserError, match=r"^inr\.backbone is 'wire_of_another'; it is one of .*ffmlp"):
        trained.backbone_of(tiny_ffmlp.inr)


def test_sizes_that_differ_say_whose_they_are(tiny_ffmlp):
    ours, same, deeper = (tiny_ffmlp.copy_and_resolve_references().inr for _ in range(3))
    same.backbone, deeper.backbone, deeper.n_layers = "siren", "finer", 4
    assert trained.sizes([ours, same]) == "3 layers of width 16"
    found = trained.sizes([ours, same, deeper])
    assert found == "FFMLP, SIREN: 3 layers of width 16; FINER: 4 layers of width 16"
