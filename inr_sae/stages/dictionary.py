"""Stage 4: one TopK sparse autoencoder a layer, on the cohort encoder's activations (Secs. 3.3, 4.2)."""

from functools import partial

import jax
import jax.numpy as jnp

from inr_sae.inr import network
from inr_sae.measure.image import psnr_from_mse
from inr_sae.sae import stats
from inr_sae.sae import train as sae_train
from inr_sae.stages import cohort, training
from inr_sae.stages.keys import key_of

PARTS = (*cohort.PARTS, "sae")
N_MAPS = 16  # atoms a layer whose maps are stored


def run(config, store):
    """Writes dictionary/layer_<l>/: checkpoints, maps.npz, atoms.csv, and last metrics.csv: that layer is done."""
    signals = cohort.draw(config.signals, store)
    params = cohort.trained(config, store, signals.cohort.shape[-1])
    backbone = network.backbone(config.inr.backbone)
    x, targets = cohort.grid(signals.cohort), cohort.flat(signals.cohort)
    for layer in config.sae.layers:
        if store.exists(f"{folder(layer)}/metrics.csv"):
            continue
        h = network.prefix(backbone, params["encoder"], layer, x)
        sae = fit_layer(config, store, layer, h)
        measure_layer(config, store, layer, sae, h, lambda h: mean_psnr(backbone, params, layer, h, targets))


def folder(layer):
    """The folder of a layer's dictionary."""
    return f"dictionary/layer_{layer}"


def initial(config, layer, mean):
    """The SAE's TrainState at step 0 for activations of mean `mean` (d,)."""
    return sae_train.init_state(key_of(config.seed, "sae", layer), config.sae.n_atoms, mean, config.sae.learning_rate)


def fit_layer(config, store, layer, h):
    """Train the SAE of one layer on activations h (N, d); returns its parameters."""
    sae = config.sae

    def run_chunk(n, state):
        return sae_train.steps_on_all_devices(sae.k, sae.learning_rate, sae.batch, n, state, h)

    state, history = training.train(
        store,
        folder(layer),
        f"dictionary {config.inr.backbone} layer {layer}",
        initial(config, layer, jnp.mean(h, axis=0)),
        sae.steps,
        sae.log_every,
        run_chunk,
        measure=lambda state, losses: [losses.mean()],
        describe=lambda row: f"mse {row[0]:.3g}",
        checkpoint_seconds=config.runtime.checkpoint_seconds,
    )
    store.write_csv(f"{folder(layer)}/history.csv", [{"step": step, "mse": mse} for step, mse in history])
    return state.params


def trained(config, store, layer):
    """The trained SAE's parameters of a layer."""
    return training.restore(store, folder(layer), initial(config, layer, jnp.zeros(config.inr.width)))[0].params


@partial(jax.jit, static_argnums=(0, 2))
def mean_psnr(backbone, params, layer, h, targets):
    """Mean over the cohort of the PSNR in dB with h (N, d) in place of the activations of `layer`."""
    outputs = network.outputs(backbone, params, layer + 1, h)
    return psnr_from_mse(jnp.mean(jnp.square(outputs - targets), axis=(1, 2))).mean()


def measure_layer(config, store, layer, sae, h, psnr_with):
    """Measure the dictionary over the whole grid; psnr_with(h) is the cohort's PSNR with h substituted."""
    atoms, reconstruction = stats.measure(sae, h, config.sae.k)
    top = stats.top_atoms(atoms, min(N_MAPS, config.sae.n_atoms))
    store.write_npz(f"{folder(layer)}/maps.npz", atoms=top, z=stats.maps(sae, h, top, config.sae.k))
    store.write_csv(
        f"{folder(layer)}/atoms.csv",
        [
            {"atom": atom, **{name: values[atom] for name, values in atoms._asdict().items()}}
            for atom in range(config.sae.n_atoms)
        ],
    )
    row = {
        "layer": layer,
        "n_atoms": config.sae.n_atoms,
        "k": config.sae.k,
        "step": config.sae.steps,
        "mse": reconstruction.mse,
        "r2": reconstruction.r2,
        **stats.summary(atoms),
        "psnr_substituted_db": float(psnr_with(reconstruction.h_hat)),
        "psnr_db": float(psnr_with(h)),
    }
    store.write_csv(f"{folder(layer)}/metrics.csv", [row])
    store.log("dictionary", **{key: row[key] for key in ("layer", "r2", "alive_fraction", "psnr_substituted_db")})
