"""Stage 4: one dictionary a unit, on the encoder's activations (Secs. 3.3, 4.2)."""

import jax
import jax.numpy as jnp
import numpy as np
from flax.core import FrozenDict
from flax.traverse_util import flatten_dict, unflatten_dict

from inr_sae import dictionaries
from inr_sae.atoms import shape, statistics
from inr_sae.dictionaries.codes import Dictionary, Job, fit
from inr_sae.errors import UserError
from inr_sae.report.parts import study as parts
from inr_sae.rows.dictionaries import AtomRow, LossRow, MetricsRow
from inr_sae.run import checks, drawn, ground, trained, training
from inr_sae.run.keys import key_of
from inr_sae.run.trained import mean_psnr
from inr_sae.stages import cohort

NEEDS, USES = ("cohort",), ()
READS = (*cohort.READS, "dictionary")
WRITES = ("dictionary",)
N_MAPS = 16  # atoms a layer whose maps are stored


def check(config):
    """Refuse a method, its settings, or layers that cannot be."""
    with checks.naming(f"dictionary.{config.dictionary.method}"):
        method_of(config).check(settings(config), jax.device_count())
    if method_of(config).FIELD:
        height, width = drawn.read("signals", config.signals).cohort.shape[1:3]
        if min(height, width) < 2:
            raise UserError(
                f"dictionary.method {config.dictionary.method} reads fields of at least 2 x 2 pixels, and the signals "
                f"are {height}x{width}; set another method, or signals.size"
            )
    checks.units("dictionary.layers", config.dictionary.layers, config.inr.backbone, trained.n_units(config.inr))
    with checks.naming(f"dictionary.{config.dictionary.method}"):
        for layer in layers(config):
            method_of(config).n_atoms(settings(config), trained.unit_widths(config.inr)[layer])
    if "k" in settings(config):
        check_sparsity(config, f"dictionary.{config.dictionary.method}.k", settings(config)["k"])


def check_sparsity(config, key, k):
    """Raise UserError where codes of k numbers are no sparser than the activations of a layer that has a dictionary."""
    widths = trained.unit_widths(config.inr)
    layer = min(layers(config), key=lambda layer: widths[layer])
    if k >= widths[layer]:
        raise UserError(
            f"{key} is {k}, and layer {layer} of {config.inr.backbone} is {widths[layer]} wide: codes of as many "
            f"numbers say nothing; set it well below, as {max(1, widths[layer] // 4)}"
        )


def method_of(config):
    """The method's module; raises UserError naming the key."""
    try:
        return dictionaries.method(config.dictionary.method)
    except ValueError as error:
        raise UserError(f"dictionary.method is {config.dictionary.method!r}; {error}") from error


def settings(config):
    """The method's own config group, as a plain dict; of a method without keys a stage's own record has none."""
    return dict(config.dictionary.get(config.dictionary.method, {}))


def further_seeds(config, seeds):
    """Those of the seeds that give another dictionary: none of a closed form."""
    return () if method_of(config).LINEAR else tuple(seeds)


def layers(config):
    """The units that have a dictionary: those the config names, or all."""
    return tuple(config.dictionary.layers) or tuple(range(trained.n_units(config.inr)))


def layers_in_both(one, other):
    """The units that have a dictionary in the studies of two configs, whose backbones may differ in depth."""
    return [layer for layer in layers(one) if layer in layers(other)]


def folder(layer):
    """The folder of a layer's dictionary."""
    return f"dictionary/layer_{layer}"


def run(config, store):
    """Writes dictionary/checkpoints and history.csv, of all layers together, where a method trains; and for each
    layer_<l>/: dictionary.npz, atoms.csv, maps.npz and last metrics.csv: that layer is done."""
    encoder = cohort.load(config, store)
    jobs = jobs_of(config, encoder, settings(config))
    ground.settle_training(store, "dictionary", ground.of_training(config, encoder.signals, encoder.params))
    fitted = fit_jobs(config, store, jobs, "dictionary")
    others = held_out(config, encoder.signals)
    features = shape.features(encoder.signals.cohort, others, np.random.default_rng(config.seed))
    targets = trained.flat(encoder.signals.cohort)
    for layer, job, dictionary in zip(layers(config), jobs, fitted):
        files = ("dictionary.npz", "atoms.csv", "maps.npz", "metrics.csv")
        if not all(store.exists(f"{folder(layer)}/{file}") for file in files):
            params = {"/".join(path): leaf for path, leaf in flatten_dict(dictionary.params).items()}
            store.write_npz(f"{folder(layer)}/dictionary.npz", **params)
            measure_layer(store, layer, dictionary, job, features, targets)


def held_out(config, signals):
    """Signals that the encoder was not trained on, (T, H, W, C), or None: what atoms are compared with beside those
    that it was."""
    validation = None if config.signals.train_on == "validation" else signals.validation
    known = [part for part in (signals.test, validation) if part is not None]
    return np.concatenate(known) if known else None


def jobs_of(config, encoder, method_settings, seed=None):
    """A Job for every layer that has a dictionary. Its key is its own, whatever the other layers; `seed` tells reruns
    apart."""
    identity = () if seed is None else (f"seed {seed}",)
    steps = encoder.steps()
    return [
        Job(
            f"layer_{layer}",
            key_of(config.seed, "sae", layer, *identity),
            h,
            encoder.shape,
            encoder.behind(layer),
            method_settings,
            steps[layer:],
        )
        for layer, h in zip(layers(config), encoder.activations(layers(config)))
    ]


def fit_jobs(config, store, jobs, at):
    """The Dictionary of each Job; in the folder `at` checkpoints and history.csv, where the method trains."""

    def train(state, of_method):
        mend = f"dictionary.{config.dictionary.method}.learning_rate"
        of_method = of_method._replace(label=f"{store.label(at)} {config.inr.backbone}", mend=mend)
        state, history = training.train(store, at, state, of_method, config.runtime)
        rows = [LossRow(step, job.name, mse) for step, *row in history for job, mse in zip(jobs, row, strict=True)]
        store.write_rows(f"{at}/history.csv", LossRow, rows)
        return state, history

    with checks.naming(f"dictionary.{config.dictionary.method}"):
        return fit(method_of(config), jobs, train)


def load(config, store, layer):
    """The Dictionary of a layer of a study's folder."""
    arrays = store.read_npz(f"{folder(layer)}/dictionary.npz")
    params = jax.tree.map(jnp.asarray, unflatten_dict(arrays, sep="/"))
    method = method_of(config)
    shape = tuple(map(int, maps(store, layer)["shape"])) if method.FIELD else None
    return Dictionary(method, FrozenDict(settings(config)), params, shape)


def measure_layer(store, layer, dictionary, job, features, targets):
    """Measure a dictionary over the whole grid, and write its atoms.csv, maps.npz and metrics.csv."""
    atoms, reconstruction = statistics.measure(dictionary, job.h)
    shapes = shape.locality(shape.moments(dictionary, job.h, *job.shape), *job.shape)
    content = shape.content(shape.correlations(dictionary, job.h, features.maps), features)
    n = len(atoms.mean_magnitude)
    top = statistics.top_atoms(atoms, min(N_MAPS, n))
    maps_of_top = statistics.maps(dictionary, job.h, top)
    store.write_npz(f"{folder(layer)}/maps.npz", atoms=top, z=maps_of_top, shape=np.array(job.shape))
    columns = zip(*atoms, *shapes, *content, strict=True)
    rows = [AtomRow(atom, *map(as_number, values)) for atom, values in enumerate(columns)]
    store.write_rows(f"{folder(layer)}/atoms.csv", AtomRow, rows)
    row = MetricsRow(
        layer=layer,
        n_atoms=n,
        k=reconstruction.k,
        mse=reconstruction.mse,
        r2=reconstruction.r2,
        **statistics.summary(atoms),
        **shape.summary(shapes, content),
        psnr_substituted_db=float(mean_psnr(job.behind, jnp.asarray(reconstruction.h_hat), targets)),
        psnr_db=float(mean_psnr(job.behind, job.h, targets)),
    )
    store.write_rows(f"{folder(layer)}/metrics.csv", MetricsRow, [row])
    store.log("dictionary", layer=layer, r2=row.r2, alive_fraction=row.alive_fraction)


def as_number(value):
    """A number of an array as Python's own."""
    return value.item() if isinstance(value, np.generic) else value


def metrics(config, store):
    """The MetricsRow of every layer."""
    return [store.read_rows(f"{folder(layer)}/metrics.csv", MetricsRow)[0] for layer in layers(config)]


def atoms(store, layer):
    """The AtomRows of a layer."""
    return store.read_rows(f"{folder(layer)}/atoms.csv", AtomRow)


def maps(store, layer):
    """{"atoms": (A,), "z": (A, N), "shape": (height, width)} of a layer's top atoms."""
    return store.read_npz(f"{folder(layer)}/maps.npz")


def description(config):
    """As a caption has it: the method and its settings."""
    method, own = method_of(config), settings(config)
    shown = [f"{key} = {own[key]}" for key in method.DEFAULTS if key != "log_every"]
    return ", ".join([method.LABEL, *shown])


def sections(config, store, exhibits):
    """What the layers encode."""
    stored = {layer: maps(store, layer) for layer in layers(config)}
    shown = parts.Dictionaries(
        metrics=metrics(config, store),
        atoms={layer: atoms(store, layer) for layer in layers(config)},
        maps={layer: (of_layer["atoms"], of_layer["z"]) for layer, of_layer in stored.items()},
        shape=tuple(stored[layers(config)[0]]["shape"]),
        top=config.report.top,
        description=description(config),
        noun=method_of(config).LABEL,
    )
    return [parts.dictionary_section(exhibits, shown)]
