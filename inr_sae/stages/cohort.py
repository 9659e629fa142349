"""Stage 1: draw the signals and train the encoder that they share."""

import jax.numpy as jnp
import numpy as np

from inr_sae import runtime
from inr_sae.errors import UserError
from inr_sae.inr import coordinates, fit, network
from inr_sae.measure.image import psnr_from_mse
from inr_sae.output import pictures
from inr_sae.output.style import save
from inr_sae.signals.load import load, n_trained
from inr_sae.signals.split import SPLITS
from inr_sae.stages import external, training
from inr_sae.stages.keys import key_of

PARTS = ("seed", "signals", "inr", "external", "cohort", "runtime.precision")


def run(config, store):
    """Train the cohort, or take an encoder from elsewhere; writes cohort/signals.csv, checkpoints, history.csv,
    reconstructions.png."""
    signals = draw(config.signals, store)
    backbone = network.backbone(config.inr.backbone)
    state = initial(config, signals.cohort.shape[-1])
    if config.external.file:
        state = external.state(config, signals.cohort, grid(signals.cohort), state.key)
    h = network.prefix(backbone, state.params["encoder"], -1, grid(signals.cohort))
    data = fit.tiles(h, flat(signals.cohort), fit.tile_rows(config.inr, 1, runtime.accelerator_memory()))
    if config.external.file:
        history = [[0, *map(float, fit.signal_mse(backbone, state.params, None, data))]]
        training.keep(store, "cohort", state, history)
    else:
        state, history = train(config, store, backbone, state, data)
    store.write_csv("cohort/history.csv", [history_row(row) for row in history])
    outputs = np.asarray(fit.outputs(backbone, state.params, None, h)).reshape(signals.cohort.shape)
    save(store, "cohort/reconstructions.png", pictures.reconstructions(signals.cohort, outputs, signals.names.cohort))


def train(config, store, backbone, state, data):
    """(state, history) of the cohort after its training on Tiles."""
    rate, stop_db = config.cohort.learning_rate, config.cohort.stop_psnr_db
    return training.train(
        store,
        "cohort",
        f"cohort {config.inr.backbone}",
        state,
        config.cohort.steps,
        config.cohort.log_every,
        run_chunk=lambda n, state: fit.fit_cohort(backbone, None, rate, n, state, data),
        measure=lambda state, losses: fit.signal_mse(backbone, state.params, None, data),
        describe=lambda mse: f"{mean_psnr(mse):.2f} dB",
        runtime=config.runtime,
        stop=lambda mse: stop_db is not None and mean_psnr(mse) >= stop_db,
    )


def mean_psnr(mse):
    """Mean PSNR in dB of signals from the mse of each."""
    return float(np.mean(psnr_from_mse(np.array(mse))))


def history_row(row):
    """A row of history.csv from [step, mse of each signal]; the loss is their sum."""
    step, mse = row[0], np.array(row[1:])
    psnr = np.asarray(psnr_from_mse(mse), np.float64)
    return {
        "step": step,
        "loss": mse.sum(),
        "psnr_db_mean": psnr.mean(),
        "psnr_db_min": psnr.min(),
        "psnr_db_max": psnr.max(),
    }


def draw(config, store, file="cohort/signals.csv"):
    """The signals of a config group; `file` is written the first time and holds them to the same pixels ever after.

    Raises UserError naming the signal that is another now.
    """
    signals = load(**config)
    rows = [
        {"split": split, "name": name, "sha256_of_pixels": digest}
        for split in SPLITS
        for name, digest in zip(getattr(signals.names, split), getattr(signals.digests, split))
    ]
    if not store.exists(file):
        store.write_csv(file, rows)
        return signals
    stored = {(row["split"], str(row["name"])): row["sha256_of_pixels"] for row in store.read_csv(file)}
    drawn = {(row["split"], row["name"]): row["sha256_of_pixels"] for row in rows}
    for key in stored.keys() | drawn.keys():
        if stored.get(key) != drawn.get(key):
            raise UserError(
                f"the {key[0]} signal {key[1]} is not what {store.path(file)} says it was; "
                "restore the images, or start a new --workdir"
            )
    return signals


def initial(config, channels):
    """The cohort's TrainState at step 0; it depends on the config alone."""
    backbone = network.backbone(config.inr.backbone)
    params = {
        "encoder": backbone.init(key_of(config.seed, "encoder"), config.inr),
        "heads": network.init_heads(
            backbone, key_of(config.seed, "heads"), config.inr, n_trained(config.signals), channels
        ),
    }
    return fit.init_state(params, None, config.cohort.learning_rate, key_of(config.seed, "cohort"))


def trained(config, store, channels):
    """The trained cohort's parameters {"encoder", "heads"}."""
    return training.restore(store, "cohort", initial(config, channels))[0].params


def grid(signals):
    """The coordinates (N, 2) of signals (M, H, W, C)."""
    return coordinates.grid(*signals.shape[1:3])


def flat(signals):
    """Signals (M, H, W, C) as targets (M, N, C)."""
    return jnp.asarray(signals.reshape(signals.shape[0], -1, signals.shape[-1]))
