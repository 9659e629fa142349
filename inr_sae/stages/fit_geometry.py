"""Whether test-time fits of one encoder lie together by data set, in the head alone and in all their weights."""

import jax
import numpy as np
from flax.traverse_util import flatten_dict

from inr_sae.errors import UserError
from inr_sae.machine import extras, processes
from inr_sae.machine.progress import Progress
from inr_sae.report.parts import weights as parts
from inr_sae.rows.weights import FitGeometryRow
from inr_sae.run import checks, drawn, fits, sweep
from inr_sae.stages import cohort, freeze_sweep
from inr_sae.weights import diagnostics

NEEDS, USES = ("cohort",), ()
READS = (*cohort.READS, "fit", "metrics", "sets", "geometry")
WRITES = ("fit_geometry",)
HEAD, ENCODER, ALL, PIXELS = "head", "encoder's offsets", "head and offsets", "pixels"
LEAST = 2  # fits of a set: alone, none has a neighbour
START = ("start", 0)  # what every fit is called: all begin at one head, else its noise would be what lies apart
OWN = "signals"  # the key of the cohort's own set


def check(config):
    """Refuse sets and protocols that cannot be, and signals of which a head could not speak alike."""
    with checks.naming("geometry"):
        extras.need_scikit_learn("stages has fit_geometry, which needs")
    freeze_sweep.check_fits(config)
    checks.some("geometry.sets", config.geometry.sets)
    checks.some("geometry.protocols", config.geometry.protocols)
    for protocol in config.geometry.protocols:
        checks.one_of("geometry.protocols", protocol, ("freeze", "full"))
    own = drawn.read(OWN, config.signals)
    for key, group in groups(config).items():
        if group["n_test"] < LEAST:
            raise UserError(f"{key}.n_test is {group['n_test']}; fit_geometry takes {LEAST} signals of a set at least")
        signals = drawn.read(key, group)
        if signals.test.shape[-1] != own.cohort.shape[-1]:
            raise UserError(
                f"{key} has {signals.test.shape[-1]} channels and signals {own.cohort.shape[-1]}, so heads differ in "
                "shape; set signals.grey=True, and the sets' too"
            )
        drawn.hold_apart(OWN, own, key, signals, "test")


def groups(config):
    """{key: config group} of the cohort's own set and all others; raises UserError naming one that there is not."""
    found = {OWN: config.signals}
    for name in config.geometry.sets:
        if name not in config.sets:
            raise UserError(f"geometry.sets has {name!r}; there are {', '.join(config.sets) or 'none in sets'}")
        if name == name_of(OWN):
            raise UserError(f"geometry.sets has {name!r}, which the cohort's own set is called here; name it otherwise")
        found[f"sets.{name}"] = config.sets[name]
    return found


def run(config, store):
    """Writes fit_geometry/signals_<set>.csv, the fits' weights, weights_<set>_<protocol>.npz, and geometry.csv."""
    encoder = cohort.load(config, store)
    signals = {}
    for key, group in groups(config).items():
        signals[key] = drawn.draw(key, group, store, f"fit_geometry/signals_{name_of(key)}.csv").test
    protocols = config.geometry.protocols
    with Progress(store.label("fits by data set"), len(signals) * len(protocols)) as progress:
        for key, protocol in ((key, protocol) for key in signals for protocol in protocols):
            file = f"fit_geometry/weights_{name_of(key)}_{protocol}.npz"
            if not store.exists(file):
                processes.stop_if_asked()
                store.write_npz(file, **weights_of(config, encoder, protocol, name_of(key), signals[key]))
            progress.advance(1, f"{name_of(key)} {protocol}")
    store.write_rows("fit_geometry/geometry.csv", FitGeometryRow, measured(config, store, signals))


def name_of(key):
    """A set's name from its key."""
    return "own" if key == OWN else key.partition(".")[2]


def weights_of(config, encoder, protocol, name, images):
    """{"head" (B, ...), "offsets" (B, ...)} of fits of images (B, H, W, C): heads, and what the encoder's weights have
    moved by."""
    tau = encoder.n_units - 1 if protocol == "freeze" else None
    way = sweep.Way(protocol, tau, config.fit.learning_rate)
    n, at_once = len(images), sweep.shared_evenly(len(images), sweep.most_at_once(config, images))
    rounds, found = at_once * jax.device_count(), []
    for first in range(0, n, rounds):
        places = np.minimum(np.arange(first, first + rounds), n - 1)  # the last one fills up
        fitted = fits.fit(config, encoder.encoder, way, [START] * rounds, images[places], True)
        found.append({key: leaf[: n - first] for key, leaf in fitted.params.items()})
    params = {key: np.concatenate([each[key] for each in found]) for key in found[0]}
    if not all(np.isfinite(leaf).all() for leaf in params.values()):
        raise UserError(f"fits of {name} ({protocol}) are not finite; lower fit.learning_rate")
    start = flatten_dict(encoder.encoder["units"], sep="/")
    units = {key.removeprefix("encoder/units/"): leaf for key, leaf in params.items() if "encoder/units/" in key}
    moved = [joined(leaf - np.asarray(start[key])) for key, leaf in sorted(units.items())]
    heads = [joined(leaf) for key, leaf in sorted(params.items()) if key.startswith("heads/")]
    return {"head": np.concatenate(heads, axis=1), "offsets": np.concatenate(moved, axis=1)}


def joined(leaf):
    """Leaves (B, ...) as rows (B, n)."""
    return np.asarray(leaf).reshape(len(leaf), -1)


def measured(config, store, signals):
    """FitGeometryRows of every protocol and part, and of statistics of the pixels."""
    labels = np.concatenate([np.full(len(images), i) for i, images in enumerate(signals.values())])
    rows = []
    for protocol in config.geometry.protocols:
        read = [store.read_npz(f"fit_geometry/weights_{name_of(key)}_{protocol}.npz") for key in signals]
        head, offsets = (np.concatenate([each[part] for each in read]) for part in ("head", "offsets"))
        spaces = {HEAD: head}
        if offsets.any():
            spaces |= {ENCODER: offsets, ALL: np.concatenate([head, offsets], axis=1)}
        rows += [row_of(config, protocol, part, features, labels) for part, features in spaces.items()]
    pixels = np.concatenate([statistics(images) for images in signals.values()])
    return [*rows, row_of(config, "", PIXELS, pixels / np.maximum(pixels.std(axis=0), 1e-12), labels)]


def statistics(images):
    """(B, 5): mean, deviation, mean absolute gradients by row and column, and share of dark pixels of images."""
    images = np.asarray(images, np.float64)
    axes = tuple(range(1, images.ndim))
    columns = [images.mean(axis=axes), images.std(axis=axes), (images < 0.05).mean(axis=axes)]
    columns += [np.abs(np.diff(images, axis=axis)).mean(axis=axes) for axis in (1, 2)]
    return np.stack(columns, axis=1)


def row_of(config, protocol, part, features, labels):
    """The FitGeometryRow of features (n, D)."""
    rng = np.random.default_rng(config.seed)
    about = (protocol, part, len(labels), len(np.unique(labels)), features.shape[1])
    chance = diagnostics.chance_purity(labels)
    return FitGeometryRow(
        *about, chance, *diagnostics.geometry(features, labels, rng), diagnostics.cross_probe(features, labels)
    )


def sections(config, store, exhibits):
    """Whether fits lie together by data set."""
    return [parts.fits_section(exhibits, store.read_rows("fit_geometry/geometry.csv", FitGeometryRow))]
