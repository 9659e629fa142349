"""Stage 3: fit held-out signals behind every freeze boundary, and by STRAINER's recipe (Secs. 3.1, 4.1)."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from inr_sae import runtime
from inr_sae.inr import fit, network
from inr_sae.measure import image
from inr_sae.output.progress import Progress
from inr_sae.stages import cohort, rank, training
from inr_sae.stages.keys import key_of

PARTS = (*cohort.PARTS, "fit")
FULL = "full"  # STRAINER's recipe in a table's column tau: every layer starts at the cohort's weights and moves


def run(config, store):
    """Writes freeze_sweep/<target>/fits.csv, summary.csv, and the first test signal's fits under example/.

    fits.csv grows by whole batches, and what is in it is not fitted again: a sweep that was cut off goes on with
    the same batches, so it ends at the same bits.
    """
    signals = cohort.draw(config, store)
    folder = f"freeze_sweep/{config.signals.dataset}"
    encoder = cohort.trained(config, store, signals.cohort.shape[-1])["encoder"]
    fits = list(itertools.product(range(len(signals.names.test)), range(config.fit.seeds)))
    batches = [fits[i : i + config.fit.batch] for i in range(0, len(fits), config.fit.batch)]
    rows = store.read_csv(f"{folder}/fits.csv") if store.exists(f"{folder}/fits.csv") else []
    measured = {(str(row["tau"]), str(row["image"]), row["seed"]) for row in rows}
    taus = (None, *config.fit.taus)
    with Progress(f"freeze sweep {config.inr.backbone}", len(taus) * len(fits), len(rows)) as progress:
        for tau, batch in itertools.product(taus, batches):
            if all((tau_name(tau), signals.names.test[index], seed) in measured for index, seed in batch):
                continue
            new = fit_batch(config, store, folder, signals, encoder, tau, batch)
            rows += new
            store.write_csv(f"{folder}/fits.csv", rows)
            progress.advance(len(batch), f"tau {tau_name(tau)}: {np.mean([row['psnr_db'] for row in new]):.2f} dB")
    # From the file, not from memory: then a sweep that was cut off sums up the same rounded numbers.
    summary = summarise(store.read_csv(f"{folder}/fits.csv"), rank.rule_layer(store.read_csv("rank/stable_rank.csv")))
    store.write_csv(f"{folder}/summary.csv", summary)
    store.log("freeze_sweep", best_tau=next(row["tau"] for row in summary if row["is_best"]))


def tau_name(tau):
    """tau as tables show it."""
    return FULL if tau is None else str(tau)


def fit_batch(config, store, folder, signals, encoder, tau, batch):
    """Fit a batch of (test signal, seed) at one tau; returns their rows of fits.csv."""
    backbone, rate = network.backbone(config.inr.backbone), config.fit.learning_rate
    images = signals.test[[index for index, _ in batch]]
    names = [signals.names.test[index] for index, _ in batch]
    keys = jnp.stack([key_of(config.seed, "fit", name, seed) for name, (_, seed) in zip(names, batch)])
    states = jax.vmap(lambda key: fit.test_time_state(backbone, config.inr, encoder, tau, rate, key, images.shape[-1]))(
        keys
    )
    h = network.prefix(backbone, encoder, -1 if tau is None else tau, cohort.grid(images))
    rows = fit.tile_rows(config.inr, len(batch), runtime.accelerator_memory())
    data = fit.tiles(h, cohort.flat(images), rows)
    for done in range(0, config.fit.steps, config.fit.log_every):
        n = min(config.fit.log_every, config.fit.steps - done)
        states, losses = fit.fit_batch(backbone, tau, rate, n, states, data)
        training.check_finite(f"fit at tau {tau_name(tau)}", done, np.moveaxis(np.asarray(losses), 1, 0), states.params)
    outputs = jax.vmap(lambda params: fit.outputs(backbone, params, tau, h))(states.params)
    outputs = outputs.reshape(images.shape)
    if (0, 0) in batch:
        save_example(
            store,
            folder,
            tau,
            jax.tree.map(lambda leaf: leaf[batch.index((0, 0))], states.params),
            outputs[batch.index((0, 0))],
        )
    scores = {
        "psnr_db": image.psnr(outputs, images),
        "psnr_clipped_db": image.psnr_clipped(outputs, images),
        "ssim": image.ssim(outputs, images),
    }
    scores = {name: np.asarray(score) for name, score in scores.items()}
    return [
        {
            "source": config.signals.dataset,
            "target": config.signals.dataset,
            "backbone": config.inr.backbone,
            "protocol": "full" if tau is None else "freeze",
            "tau": tau_name(tau),
            "image": name,
            "seed": seed,
            **{metric: float(score[i]) for metric, score in scores.items()},
        }
        for i, (name, (_, seed)) in enumerate(zip(names, batch))
    ]


def save_example(store, folder, tau, params, output):
    """Keep one fit's parameters and output (H, W, C), for pictures and for the ablation of a held-out signal."""
    store.write_npz(f"{folder}/example/tau_{tau_name(tau)}.npz", output=output, **flatten_dict(params, sep="/"))


def load_example(store, folder, tau):
    """(params, output) of `save_example`."""
    arrays = store.read_npz(f"{folder}/example/tau_{tau_name(tau)}.npz")
    output = arrays.pop("output")
    return unflatten_dict(arrays, sep="/"), output


def summarise(rows, rule_layer):
    """One row a tau from rows of fits.csv: mean and sample standard deviation over signals and seeds, nan for n = 1.

    `is_best` marks the freeze boundary of highest mean PSNR, `is_rule` the one that the stable rank picks.
    """
    groups = {}
    for row in rows:
        groups.setdefault(str(row["tau"]), []).append(row)
    summary = []
    for tau, group in groups.items():
        row = {key: group[0][key] for key in ("source", "target", "backbone", "protocol")} | {"tau": tau}
        for metric in ("psnr_db", "psnr_clipped_db", "ssim"):
            values = np.array([r[metric] for r in group], np.float64)
            row[f"{metric}_mean"] = values.mean()
            row[f"{metric}_std"] = values.std(ddof=1) if len(values) > 1 else float("nan")
        summary.append(row | {"n": len(group), "is_rule": int(tau == str(rule_layer))})
    frozen = [row for row in summary if row["tau"] != FULL]
    best = max(frozen, key=lambda row: row["psnr_db_mean"])["tau"] if frozen else None
    return [row | {"is_best": int(row["tau"] == best)} for row in summary]
