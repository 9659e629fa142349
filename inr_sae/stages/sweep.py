"""Fitting a target's held-out signals under every protocol, boundary and rate: what freeze sweep and matrix share.

A fit is one (protocol, tau, rate, image, seed). Fits of one shape go in batches, a batch's results appear as one file
under parts/, and what stands in a file is not fitted again. At the end the parts become fits.csv and curves.csv.
"""

import itertools
from typing import NamedTuple

import jax
import numpy as np
from flax.traverse_util import unflatten_dict

from inr_sae import processes, runtime
from inr_sae.inr import fit, protocols
from inr_sae.interrupt import Stopped
from inr_sae.measure import image
from inr_sae.measure.lpips import lpips
from inr_sae.output.store import format_cell, parse_cell
from inr_sae.stages import batch, training

UNTRAINED = "untrained"  # the source of a fit that takes nothing from a cohort
FREQUENCY = {"siren": "omega_0", "ffmlp": "sigma"}  # the key of `inr` that sets how high a backbone's frequencies are
METRICS = ("psnr_db", "psnr_clipped_db", "ssim", "lpips")
KEYS = ("source", "target", "backbone", "frequency", "protocol", "tau", "learning_rate")  # of a cell's rows


class Target(NamedTuple):
    """The signals that are fitted: the set's name, images (T, H, W, C), and the name of each."""

    name: str
    images: np.ndarray
    names: tuple


class Cell(NamedTuple):
    """One way of fitting; tau is None for a protocol without a boundary."""

    protocol: str
    tau: int | None
    rate: float

    @property
    def tau_name(self):
        """tau as tables show it: the protocol's name where there is no boundary."""
        return self.protocol if self.tau is None else str(self.tau)

    @property
    def name(self):
        """As a file is named."""
        return "_".join(dict.fromkeys((self.protocol, self.tau_name))) + f"_rate_{self.rate:g}"


def cells(config):
    """Every Cell of the config group `fit`, each different fit once."""
    pairs = protocols.cells(config.fit.protocols, config.fit.taus, config.inr.n_layers)
    return [Cell(*pair, rate) for pair, rate in itertools.product(pairs, rates(config))]


def rates(config):
    """The test-time learning rates, the main one first."""
    return tuple(dict.fromkeys((config.fit.learning_rate, *config.fit.other_rates)))


def frequency(config):
    """omega_0 of a SIREN, sigma of an FFMLP, as a csv file keeps it; None for another backbone."""
    key = FREQUENCY.get(config.inr.backbone)
    return parse_cell(format_cell(config.inr[key])) if key else None


def cost(config, cell, target):
    """What a fit costs, in pixels times layers times steps; a head alone costs next to nothing."""
    layers = config.inr.n_layers - fit.first_moving_layer(protocols.frozen_to(cell.protocol, cell.tau))
    return max(layers, 0.01) * int(np.prod(target.images.shape[1:3])) * config.fit.steps


def work(config, target):
    """(number of fits, their cost) of a target."""
    n = len(target.names) * config.fit.seeds
    return n * len(cells(config)), sum(n * cost(config, cell, target) for cell in cells(config))


def run(config, store, source, encoder, target, progress, n_examples):
    """Fit the target with a source's encoder; writes freeze_sweep/<target>/fits.csv and curves.csv in `store`.

    encoder: the cohort's, or None where the config's protocols take nothing from one. n_examples: of how many images
    the fits of the first seed are stored, for pictures and for ablations. A sweep that was cut off goes on with the
    same batches, so it ends at the same bits. Returns the rows of fits.csv.
    """
    at = folder(target.name)
    pairs = list(itertools.product(range(len(target.names)), range(config.fit.seeds)))
    size = batch_size(config, target, len(pairs))
    done = {row_key(row) for row in stored(store, at, "fits")} & {row_key(row) for row in stored(store, at, "curves")}
    for cell in cells(config):
        rounds = jax.device_count() * size
        for start in range(0, len(pairs), rounds):
            mine = pairs[start : start + rounds]
            kept = [example(target, cell, pair) for pair in mine if is_example(config, cell, pair, n_examples)]
            if not all(fit_key(cell, target, pair) in done for pair in mine) or not all(map(store.exists, kept)):
                if processes.asked_to_stop():
                    raise Stopped
                part = fit_batch(config, store, source, encoder, target, cell, mine, size, n_examples)
                store.write_json(f"{at}/parts/{cell.name}_{start:05d}.json", part)
                note = f"{target.name} {cell.protocol} {cell.tau_name}: {mean_psnr(part['fits']):.2f} dB"
            else:
                note = ""
            progress.advance(len(mine), note, len(mine) * cost(config, cell, target), bool(note))
    finish(store, at, target, cells(config), config.fit.seeds)
    return store.read_csv(f"{at}/fits.csv")


def folder(target):
    """The folder of a target's sweep."""
    return f"freeze_sweep/{target}"


def batch_size(config, target, n_fits):
    """Fits that a device takes at once; what the memory allows, and evenly shared, unless the config says it."""
    n_pixels = int(np.prod(target.images.shape[1:3]))
    most = config.fit.batch or fit.fits_at_once(config.inr, n_pixels, runtime.memory())
    return -(-n_fits // -(-n_fits // most))


def mean_psnr(rows):
    """Mean PSNR of rows of fits.csv, for a progress line."""
    return np.mean([row["psnr_db"] for row in rows])


def fit_key(cell, target, pair):
    """What tells one fit of a sweep from all others."""
    return cell.protocol, cell.tau_name, cell.rate, target.names[pair[0]], pair[1]


def row_key(row):
    """`fit_key` of a row of fits.csv or curves.csv."""
    return row["protocol"], str(row["tau"]), row["learning_rate"], str(row["image"]), row["seed"]


def stored(store, at, kind):
    """Rows `kind` ("fits" or "curves") that are there already: of the csv file, or of the parts."""
    if store.exists(f"{at}/{kind}.csv"):
        return store.read_csv(f"{at}/{kind}.csv")
    return [row for name in store.names(f"{at}/parts") for row in store.read_json(f"{at}/parts/{name}")[kind]]


def finish(store, at, target, every_cell, seeds):
    """Make the parts into curves.csv and, last, fits.csv: every fit once, in one order, however they were batched."""
    order = {
        fit_key(cell, target, pair): i
        for i, (cell, pair) in enumerate(
            itertools.product(every_cell, itertools.product(range(len(target.names)), range(seeds)))
        )
    }
    for kind in ("curves", "fits"):
        if not store.exists(f"{at}/{kind}.csv"):
            first = {(row_key(row), row.get("step")): row for row in reversed(stored(store, at, kind))}
            rows = sorted(first.items(), key=lambda item: (order[item[0][0]], item[0][1] or 0))
            store.write_csv(f"{at}/{kind}.csv", [row for _, row in rows])
    store.remove(f"{at}/parts")


def fit_batch(config, store, source, encoder, target, cell, pairs, size, n_examples):
    """Fit (image, seed) pairs in one cell; returns {"fits": rows of fits.csv, "curves": rows of curves.csv}.

    size: fits on each device; where there are fewer pairs, the last is fitted again and left out.
    """
    kept = [i for i, pair in enumerate(pairs) if is_example(config, cell, pair, n_examples)]
    fitted = batch.fit(config, encoder, target, cell, pairs, size, bool(kept))
    label = f"fit of {target.name} by {cell.protocol}, tau {cell.tau_name}, rate {cell.rate:g}"
    training.check_finite(label, 0, fitted.losses.T, fitted.finite, "in a new --workdir")
    for i in kept:
        params = {name: leaves[i] for name, leaves in fitted.params.items()}
        store.write_npz(example(target, cell, pairs[i]), output=fitted.outputs[i], **params)
    scores = measure(config, fitted.outputs, target.images[[index for index, _ in pairs]])
    keys = dict(zip(KEYS, (source, target.name, config.inr.backbone, frequency(config), cell.protocol)))
    keys |= {"tau": cell.tau_name, "learning_rate": cell.rate}
    fits, curves = [], []
    for i, (index, seed) in enumerate(pairs):
        key = keys | {"image": target.names[index], "seed": seed}
        fits.append(key | scores[i])
        before = {step: fitted.losses[i, step] for step in range(0, config.fit.steps, config.fit.log_every)}
        points = [(step, float(image.psnr_from_mse(mse))) for step, mse in before.items()]
        points.append((config.fit.steps, fits[-1]["psnr_db"]))
        curves += [key | {"step": step, "psnr_db": psnr} for step, psnr in points]
    return {"fits": fits, "curves": curves}


def is_example(config, cell, pair, n_examples):
    """Whether an (image, seed) pair's fit is kept, for pictures and for its ablation."""
    return pair[0] < n_examples and pair[1] == 0 and cell.rate == config.fit.learning_rate


def example(target, cell, pair):
    """The file of a fit that is kept."""
    return f"{folder(target.name)}/example/{cell.protocol}_{cell.tau_name}_{pair[0]}.npz"


def measure(config, outputs, images):
    """[{metric: score}] of each output against its image, (H, W, C) both; None for a metric that is not measured.

    One at a time: a mean over pixels rounds otherwise where others are computed beside it, and a fit's scores would
    tell how many devices there were.
    """
    return [measure_one(config, output[None], image[None]) for output, image in zip(outputs, images, strict=True)]


def measure_one(config, output, target):
    """{metric: score} of one output (1, H, W, C)."""
    scores = {"psnr_db": image.psnr, "psnr_clipped_db": image.psnr_clipped, "ssim": image.ssim}
    scores = {metric: float(score(output, target)[0]) for metric, score in scores.items()}
    wanted = config.metrics.lpips
    return scores | {"lpips": float(lpips(output, target, config.metrics.lpips_weights)[0]) if wanted else None}


def load_example(store, target, protocol, tau, index=0):
    """(params, output) of the fit of image `index`, seed 0, that `fit_batch` has kept."""
    arrays = store.read_npz(f"{folder(target)}/example/{protocol}_{protocol if tau is None else tau}_{index}.npz")
    output = arrays.pop("output")
    return unflatten_dict(arrays, sep="/"), output


def summarise(rows):
    """One row a cell from rows of fits.csv: mean and sample standard deviation over images and seeds, and their number.

    nan stands for the deviation of one fit, and for a metric that was not measured.
    """
    groups = {}
    for row in rows:
        groups.setdefault(tuple(str(row[key]) for key in KEYS), []).append(row)
    summary = []
    for group in groups.values():
        row = {key: group[0][key] for key in KEYS}
        for metric in METRICS:
            values = np.array([np.nan if r[metric] is None else r[metric] for r in group], np.float64)
            row[f"{metric}_mean"] = values.mean()
            row[f"{metric}_std"] = values.std(ddof=1) if len(values) > 1 else float("nan")
        summary.append(row | {"n": len(group), "n_images": len({r["image"] for r in group})})
    return summary


def of_main_rate(rows, config):
    """The rows at the main test-time rate."""
    return [row for row in rows if row["learning_rate"] == config.fit.learning_rate]
