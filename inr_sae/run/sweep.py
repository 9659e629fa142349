"""Fitting a target's held-out signals under every protocol, boundary and rate: what freeze sweep and matrix share.

A fit is one way (protocol, tau, rate) for one (image, seed). Fits of one way go in batches, a batch's results appear as
one file under parts/, and what stands in a file is not fitted again. At the end the parts become fits.csv and
curves.csv.
"""

import itertools
from typing import NamedTuple

import jax
import numpy as np
from flax.traverse_util import unflatten_dict

from inr_sae.folder.store import Store
from inr_sae.inr import fit as inr_fit
from inr_sae.machine import devices, processes
from inr_sae.measure import image
from inr_sae.measure.cap import capped
from inr_sae.measure.lpips import lpips
from inr_sae.protocols import different_fits, frozen_to
from inr_sae.rows.transfer import CurveRow, FitRow
from inr_sae.run import fits, ground, trained, training

LAST = 50  # steps at the end of a fit, of whose PSNR a median is taken
TABLES = {CurveRow: "curves", FitRow: "fits"}


class Way(NamedTuple):
    """One way of fitting; tau is None for a protocol without a boundary."""

    protocol: str
    tau: int | None
    rate: float

    @property
    def name(self):
        """As a file is named."""
        boundary = self.protocol if self.tau is None else str(self.tau)
        return "_".join(dict.fromkeys((self.protocol, boundary))) + f"_rate_{self.rate:.9g}"

    @property
    def label(self):
        """As a person reads it."""
        return self.protocol if self.tau is None else f"{self.protocol} {self.tau}"


class Sweep(NamedTuple):
    """What is fitted with which encoder, and where its files go."""

    config: object  # with seed, inr, fit, metrics
    store: Store
    at: str  # its folder in the store
    source: str
    encoder: dict | None  # None where the protocols take nothing from a cohort
    target: str
    images: np.ndarray  # (T, H, W, C)
    names: tuple  # of the images
    subjects: tuple  # whom each shows
    n_examples: int = 0  # of how many images the fits of the first seed are stored, for pictures and for ablations

    @property
    def ways(self):
        """Every Way of the config."""
        return ways(self.config)

    @property
    def pairs(self):
        """Every (number of an image, seed)."""
        return list(itertools.product(range(len(self.names)), range(self.config.fit.seeds)))

    def cost(self, way):
        """What a fit costs, in pixels times units times steps; a head alone costs next to nothing."""
        first = inr_fit.first_moving_unit(frozen_to(way.protocol, way.tau))
        units = max(trained.n_units(self.config.inr) - first, 0.01)
        return units * int(np.prod(self.images.shape[1:3])) * fits.budget(self.config, way.protocol)

    @property
    def work(self):
        """(number of fits, their cost)."""
        n = len(self.pairs)
        return n * len(self.ways), sum(n * self.cost(way) for way in self.ways)


def ways(config):
    """Every Way of the config group `fit`, each different fit once."""
    own, budgets = config.fit.boundaries.to_dict(), fits.budgets(config)
    pairs = different_fits(config.fit.protocols, taus(config), trained.n_units(config.inr), own, budgets)
    return [Way(*pair, rate) for pair, rate in itertools.product(pairs, rates(config))]


def taus(config):
    """The freeze boundaries of a config: those it names, or all."""
    return tuple(config.fit.taus) or tuple(range(trained.n_units(config.inr)))


def rates(config):
    """The test-time learning rates, the main one first."""
    return tuple(dict.fromkeys((config.fit.learning_rate, *config.fit.other_rates)))


def run(sweep, progress):
    """The FitRows of a Sweep, after what is missing of it was fitted; writes fits.csv and curves.csv.

    A sweep that was cut off goes on with the same batches, so it ends at the same bits; one that is asked for more, or
    for others, fits what is new. Images are fitted in every way before the next ones are, so that what a cut-off sweep
    has can be compared.
    """
    store, size = sweep.store, batch_size(sweep)
    rests_on = ground.of(sweep, size)
    ground.settle(store, sweep.at, rests_on)
    take_in_parts(sweep)
    leave_out_other_budgets(sweep)
    rounds = jax.device_count() * size
    left = missing(sweep)
    for way, pairs in left.items():
        there = len(sweep.pairs) - len(pairs)
        progress.advance(there, "", there * sweep.cost(way), False)
    while any(left.values()):
        for way in sweep.ways:
            pairs, left[way] = left[way][:rounds], left[way][rounds:]
            if pairs:
                processes.stop_if_asked()
                part = fit_batch(sweep, way, pairs, size)
                store.write_json(f"{sweep.at}/parts/{way.name}_{sweep.pairs.index(pairs[0]):05d}.json", part)
                mean_db = np.mean(capped([row["psnr_db"] for row in part["fits"]]))
                note = f"{sweep.target} {way.label}: {mean_db:.2f} dB"
                progress.advance(len(pairs), note, len(pairs) * sweep.cost(way), True)
    finish(sweep)
    ground.write_down(store, sweep.at, rests_on)
    return store.read_rows(f"{sweep.at}/fits.csv", FitRow)


def missing(sweep):
    """{way: the (image, seed) pairs that it has not been fitted to, or whose kept fit is gone}."""
    done = keys_of(stored(sweep, FitRow)) & keys_of(stored(sweep, CurveRow))

    def is_there(way, pair):
        kept = not is_example(sweep, way, pair) or sweep.store.exists(example(sweep.at, way, pair[0]))
        return kept and fit_key(sweep, way, pair) in done

    return {way: [pair for pair in sweep.pairs if not is_there(way, pair)] for way in sweep.ways}


def batch_size(sweep):
    """Fits that a device takes at once; what the memory allows, and evenly shared, unless the config says it.

    A sweep keeps the number that it has while it may, and while the same is asked for: more images are no reason to
    make all again.
    """
    was, most = ground.known(sweep.store, sweep.at), most_at_once(sweep.config, sweep.images)
    kept = was and was["batch"] <= most and was.get("asked", 0) == sweep.config.fit.batch
    if kept and ground.holds(was, ground.of(sweep, was["batch"])):
        return was["batch"]
    return shared_evenly(len(sweep.pairs), most)


def most_at_once(config, images):
    """The most fits of images (T, H, W, C) that a device may take at once: as the config says, or its memory allows."""
    backbone, like = trained.backbone_of(config.inr), trained.like(config.inr, images[:1])
    per_row = inr_fit.bytes_a_row(backbone, like)
    return config.fit.batch or inr_fit.fits_at_once(int(np.prod(images.shape[1:3])), per_row, devices.memory())


def shared_evenly(n, most):
    """The size of as few batches of n fits as there can be of at most so many."""
    return -(-n // -(-n // most))


def fit_key(sweep, way, pair):
    """What tells one fit of a sweep from all others."""
    return way.protocol, way.tau, way.rate, sweep.names[pair[0]], pair[1]


def keys_of(rows):
    """`fit_key` of FitRows or CurveRows."""
    return {(row.protocol, row.tau, row.learning_rate, row.image, row.seed) for row in rows}


def stored(sweep, kind):
    """Rows that are there already: of the csv file, and of the parts."""
    store, name = sweep.store, TABLES[kind]
    finished = store.read_rows(f"{sweep.at}/{name}.csv", kind) if store.exists(f"{sweep.at}/{name}.csv") else []
    parts = (store.read_json(f"{sweep.at}/parts/{file}")[name] for file in store.names(f"{sweep.at}/parts"))
    return [*finished, *(kind(**row) for part in parts for row in part)]


def take_in_parts(sweep):
    """Make parts of a sweep that was cut off into rows of its tables, as they come: a part is named by its place, and
    where other images are fitted now, another one may take it."""
    if sweep.store.names(f"{sweep.at}/parts"):
        for kind, name in TABLES.items():
            sweep.store.write_rows(f"{sweep.at}/{name}.csv", kind, stored(sweep, kind))
        sweep.store.remove(f"{sweep.at}/parts")


def leave_out_other_budgets(sweep):
    """Take fits that ended elsewhere than at their protocol's budget now out of the tables."""
    ends, budgets = {}, fits.budgets(sweep.config)
    for row in stored(sweep, CurveRow):
        (key,) = keys_of([row])
        ends[key] = max(row.epoch, ends.get(key, 0))
    others = {key for key, end in ends.items() if end != budgets.get(key[0], end)}
    if others:
        for kind, name in reversed(TABLES.items()):  # fits before curves, which tell what is another's until the end
            rows = [row for row in stored(sweep, kind) if not keys_of([row]) & others]
            sweep.store.write_rows(f"{sweep.at}/{name}.csv", kind, rows)


def finish(sweep):
    """Make the parts into curves.csv and, last, fits.csv: every fit once, in one order, however they were batched."""
    keys = (fit_key(sweep, way, pair) for way, pair in itertools.product(sweep.ways, sweep.pairs))
    order = {key: i for i, key in enumerate(keys)}
    for kind, name in TABLES.items():
        first = {}
        for row in stored(sweep, kind):
            (key,) = keys_of([row])
            if key in order:
                first.setdefault((order[key], getattr(row, "step", 0)), row)
        sweep.store.write_rows(f"{sweep.at}/{name}.csv", kind, [row for _, row in sorted(first.items())])
    asked_for = {example(sweep.at, way, i) for way in sweep.ways for i in range(sweep.n_examples)}
    for file in sweep.store.names(f"{sweep.at}/example"):
        if f"{sweep.at}/example/{file}" not in asked_for:
            sweep.store.remove(f"{sweep.at}/example/{file}")
    sweep.store.remove(f"{sweep.at}/parts")


def fit_batch(sweep, way, pairs, size):
    """Fit (image, seed) pairs in one way; returns {"fits", "curves"}, rows as dicts.

    size: fits on each device; where there are fewer pairs, the last is fitted again and left out.
    """
    config = sweep.config
    kept = [i for i, pair in enumerate(pairs) if is_example(sweep, way, pair)]
    padded = pairs + pairs[-1:] * (size * jax.device_count() - len(pairs))
    called = [(sweep.names[index], seed) for index, seed in padded]
    fitted = fits.fit(config, sweep.encoder, way, called, sweep.images[[index for index, _ in padded]], bool(kept))
    fitted = jax.tree.map(lambda leaf: leaf[: len(pairs)], fitted)
    label = f"fit of {sweep.target} by {way.label}, rate {way.rate:g}"
    mend = f"that rate, of fit.learning_rate, fit.other_rates, recipes.rates or rates.{config.inr.backbone}"
    training.check_finite(label, 0, fitted.losses.T, fitted.finite, (mend, "with --redo other fits are kept"))
    for i in kept:
        params = {name: leaves[i] for name, leaves in fitted.params.items()}
        target = sweep.images[pairs[i][0]]
        sweep.store.write_npz(example(sweep.at, way, pairs[i][0]), target=target, output=fitted.outputs[i], **params)
    keys = (sweep.source, sweep.target, config.inr.backbone, trained.frequency(config.inr), *way)
    rows, curves = [], []
    for i, (index, seed) in enumerate(pairs):
        which = (*keys, sweep.names[index], seed)
        found = scores(config.metrics, fitted.outputs[i], sweep.images[index])
        last = float(np.median(image.psnr_from_mse(fitted.losses[i, -LAST:])))
        row = FitRow(*which, sweep.subjects[index], **found, psnr_db_last_50=last)
        curves += [CurveRow(*which, *point) for point in points_of(config, way, fitted, i, row.psnr_db)]
        rows.append(row)
    return {"fits": [row._asdict() for row in rows], "curves": [row._asdict() for row in curves]}


def points_of(config, way, fitted, i, last_db):
    """[(epoch, Adam's step, PSNR over all pixels in dB)] along fit i of a batch, before every chunk and at the end."""
    epochs = fits.budget(config, way.protocol)
    steps_each = fitted.losses.shape[1] // epochs
    at = [*range(0, epochs, config.fit.log_every), epochs]
    psnr = [*(float(image.psnr_from_mse(mse)) for mse in fitted.curve[i]), last_db]
    return [(epoch, epoch * steps_each, db) for epoch, db in zip(at, psnr, strict=True)]


def scores(metrics, output, target):
    """{metric: score} of one output against its target, (H, W, C) both; None for a metric that is not measured.

    One at a time: a mean over pixels rounds otherwise where others are computed beside it, and a fit's scores would
    tell how many devices there were.
    """
    measures = {"psnr_db": image.psnr, "psnr_clipped_db": image.psnr_clipped, "ssim": image.ssim}
    found = {metric: float(measure(output[None], target[None])[0]) for metric, measure in measures.items()}
    distance = float(lpips(output[None], target[None], metrics.lpips_weights)[0]) if metrics.lpips else None
    return found | {"lpips": distance}


def is_example(sweep, way, pair):
    """Whether an (image, seed) pair's fit is kept, for pictures and for its ablation."""
    return pair[0] < sweep.n_examples and pair[1] == 0 and way.rate == sweep.config.fit.learning_rate


def example(at, way, index):
    """The file, in a sweep's folder, of the fit of image `index` that is kept; its rate is the main one."""
    boundary = way.protocol if way.tau is None else way.tau
    return f"{at}/example/{way.protocol}_{boundary}_{index}.npz"


def load_example(store, file):
    """(params, output (H, W, C), target (H, W, C)) of a fit that was kept."""
    arrays = store.read_npz(file)
    output, target = arrays.pop("output"), arrays.pop("target")
    params = unflatten_dict(arrays, sep="/")
    return params | {"encoder": {"constants": {}} | params["encoder"]}, output, target
