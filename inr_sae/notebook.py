"""The study's steps as functions of arrays, for a notebook: no config file, no folder, nothing written.

    cohort = notebook.train_cohort(images, backbone, steps=2000)
    fitted = notebook.fit(cohort, image, tau=1)
    dictionary = notebook.fit_dictionary(cohort, method, layer=2)
    notebook.show_atoms(cohort, {2: dictionary})

Equal settings give the cohorts and dictionaries that a study's stages give (a study's fit has a draw of its own by its
image's name, here all have one); on a GPU or TPU if matrix products run in float32, as
`jax.config.update("jax_default_matmul_precision", "highest")` has it.
"""

import numbers
from functools import partial
from typing import NamedTuple

import jax
import numpy as np

from inr_sae import dictionaries
from inr_sae.atoms import statistics
from inr_sae.dictionaries import codes
from inr_sae.inr import fit as inr_fit
from inr_sae.inr import network
from inr_sae.machine import devices
from inr_sae.machine.progress import Progress
from inr_sae.measure.image import psnr_from_mse
from inr_sae.protocols import PROTOCOLS, frozen_to
from inr_sae.report.figures import pictures
from inr_sae.run import trained
from inr_sae.run.keys import key_of
from inr_sae.run.trained import TrainedCohort
from inr_sae.run.training import all_finite
from inr_sae.signals.load import Signals
from inr_sae.signals.split import Split
from inr_sae.state import Training, train

CHUNK = 50  # steps between points of a curve
KINDS = {int: numbers.Integral, float: numbers.Real, tuple: (tuple, list)}  # what stands for a setting of a type


class Fit(NamedTuple):
    """A held-out image fitted behind a freeze boundary."""

    image: np.ndarray  # (H, W, C), the network's
    psnr_db: float
    curve: list  # [(step, PSNR in dB)]
    params: dict  # {"encoder", "heads"}


def train_cohort(images, backbone, steps=5000, learning_rate=None, seed=0, **settings):
    """The TrainedCohort of images (M, H, W, C) in [0, 1].

    learning_rate: None for the backbone's own (`network.rate`). settings: width, n_layers, coordinates, and the
    backbone's own keys, in the place of their defaults. Raises ValueError for an unknown backbone or setting, and for
    images of another form.
    """
    images = _images(images)
    module = network.backbone(backbone)
    rate = network.rate(module) if learning_rate is None else learning_rate
    config = _settings(backbone, dict(width=256, n_layers=5, coordinates=(0.0, 1.0), **module.DEFAULTS), settings)
    for key, value in config.items():
        if isinstance(value, numbers.Real) and not value > 0:
            raise ValueError(f"{key} is {value}; it must be above 0")
    low, high = config["coordinates"]
    if not low < high:
        raise ValueError(f"coordinates is {(low, high)}; it is the first and the last pixel's, as in (0.0, 1.0)")
    x = trained.grid(config, images)
    params = network.init(module, (key_of(seed, "encoder"), key_of(seed, "heads")), config, images)
    state = inr_fit.init_state(params, None, rate, key_of(seed, "cohort"))
    state, _ = _trained(f"cohort {backbone}", module, None, (steps, rate), state, (x, images))
    nothing = Split((), (), ())
    return TrainedCohort(config, module, state.params, Signals(images, None, None, nothing, nothing, nothing), x)


def fit(cohort, image, tau, protocol="freeze", steps=500, learning_rate=None, seed=0):
    """The Fit of an image (H, W, C) by a protocol with units 0..tau behind the boundary; tau is None where it has none.

    The image's size is free. learning_rate: as of `train_cohort`. Raises ValueError for an unknown protocol or unit.
    """
    images = _images([image])
    if protocol not in PROTOCOLS:
        raise ValueError(f"there is no protocol {protocol!r}; there are {', '.join(PROTOCOLS)}")
    if PROTOCOLS[protocol].has_boundary:
        _check_unit(cohort, "tau", tau)
    elif tau is not None:
        raise ValueError(f"tau is {tau!r}; of {protocol} it is None")
    new = inr_fit.new_network(cohort.backbone, cohort.config, key_of(seed, "fit"), images)
    rate = network.rate(cohort.backbone) if learning_rate is None else learning_rate
    way = (protocol, tau, rate)
    state = inr_fit.test_time_state(new, cohort.encoder, way, key_of(seed, "fit"))
    boundary, x = frozen_to(protocol, tau), trained.grid(cohort.config, images)
    label = protocol if tau is None else f"{protocol} {tau}"
    state, history = _trained(label, cohort.backbone, boundary, (steps, rate), state, (x, images))
    h = network.prefix(cohort.backbone, state.params["encoder"], -1 if boundary is None else boundary, x)
    output = np.asarray(inr_fit.outputs(cohort.backbone, state.params, boundary, h)).reshape(images.shape[1:])
    curve = [(step, float(psnr_from_mse(mse))) for step, mse in history]
    return Fit(output, curve[-1][1], curve, state.params)


def fit_dictionary(cohort, method, layer, seed=0, **settings):
    """The `codes.Dictionary` of a layer's activations by a method; settings: the method's own keys, in the place of its
    defaults.

    Raises ValueError for an unknown method, layer or setting, and for one that cannot be.
    """
    module = dictionaries.method(method)
    config = _settings(method, module.DEFAULTS, settings)
    _check_unit(cohort, "layer", layer)
    module.check(config, jax.device_count())
    (h,) = cohort.activations([layer])
    module.n_atoms(config, h.shape[1])
    behind, steps = cohort.behind(layer), cohort.steps()[layer:]
    job = codes.Job(f"layer_{layer}", key_of(seed, "sae", layer), h, cohort.shape, behind, config, steps)
    (dictionary,) = codes.fit(module, [job], _watched_train)
    return dictionary


def show_atoms(cohort, of_layers, top=8):
    """A figure of the atoms of highest mean magnitude of {layer: Dictionary}: where each fires."""
    shown = {}
    for layer, dictionary in of_layers.items():
        (h,) = cohort.activations([layer])
        atoms, _ = statistics.measure(dictionary, h)
        ids = statistics.top_atoms(atoms, min(top, len(atoms.mean_magnitude)))
        shown[layer] = (ids, statistics.maps(dictionary, h, ids), atoms.mean_magnitude[ids])
    return pictures.atoms(shown, cohort.shape)


def _settings(name, defaults, given):
    """The defaults of a backbone or method with what is given in their place. Raises ValueError for an unknown key, and
    for a value of another type."""
    if unknown := given.keys() - defaults.keys():
        raise ValueError(f"{name} has no setting {', '.join(sorted(unknown))}; it has {', '.join(defaults)}")
    for key, value in given.items():
        kind = type(defaults[key])
        if not isinstance(value, KINDS.get(kind, kind)) or isinstance(value, bool) != (kind is bool):
            raise ValueError(f"{key} is {value!r}; it is of type {kind.__name__}, as {defaults[key]!r}")
    return defaults | given


def _check_unit(cohort, name, value):
    """Raise ValueError unless a value is the number of one of the encoder's units."""
    if not isinstance(value, KINDS[int]) or not 0 <= value < cohort.n_units:
        raise ValueError(f"{name} is {value!r}; it is from 0 to {cohort.n_units - 1}")


def _images(images):
    """The images as float32. Raises ValueError unless they are (M, H, W, C) in [0, 1]."""
    try:
        images = np.asarray(images, np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "the images are no numbers, or not of one size; give arrays (height, width, 1 or 3)"
        ) from error
    if not images.size:
        raise ValueError("there are no images")
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(f"the images have shape {images.shape}; it is (height, width, 1 or 3) each")
    if not (images.min() >= 0 and images.max() <= 1):
        raise ValueError(f"the images are in [{images.min():g}, {images.max():g}]; bring them to [0, 1]")
    return images


def _trained(label, backbone, boundary, budget, state, problem):
    """(state, history) of a fit; budget: (steps, learning rate). problem: (x (N, 2), images (M, H, W, C))."""
    (steps, rate), (x, images) = budget, problem
    if not (steps > 0 and rate > 0):
        raise ValueError(f"steps are {steps} and the learning rate is {rate}; both must be above 0")
    h = network.prefix(backbone, state.params["encoder"], -1 if boundary is None else boundary, x)
    per_row = inr_fit.bytes_a_row(backbone, state.params["encoder"])
    data = inr_fit.tiles(h, trained.flat(images), inr_fit.tile_rows(1, per_row, devices.accelerator_memory()))
    return _watched_train(
        state,
        Training(
            label=label,
            total=steps,
            chunk=CHUNK,
            run=lambda n, state: inr_fit.fit_cohort(backbone, boundary, rate, n, state, data),
            measure=lambda state, losses: inr_fit.signal_mse(backbone, state.params, boundary, data),
            describe=lambda row: f"{np.mean(psnr_from_mse(np.array(row))):.2f} dB",
        ),
    )


def _watched_train(state, training):
    """`state.train` under a progress bar."""
    with Progress(training.label, training.total) as progress:
        return train(state, training._replace(measure=partial(_measured, training, progress)))


def _measured(training, progress, state, losses):
    """A training's row of measurements, shown as its progress. Raises ValueError where it has diverged."""
    if not (np.isfinite(losses).all() and all_finite(state.params)):
        raise ValueError(f"{training.label}: the loss is not finite; lower the learning rate")
    row = [float(value) for value in training.measure(state, losses)]
    progress.advance(len(losses), training.describe(row))
    return row
