"""Stage 4: one TopK sparse autoencoder a layer, on the encoder's activations (Secs. 3.3, 4.2)."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.inr import network
from inr_sae.measure.image import psnr_from_mse
from inr_sae.sae import shape, stats
from inr_sae.sae import train as sae_train
from inr_sae.stages import cohort, joint, training
from inr_sae.stages.keys import key_of

PARTS = (*cohort.PARTS, "sae")
N_MAPS = 16  # atoms a layer whose maps are stored


def run(config, store):
    """Writes dictionary/checkpoints and history.csv, of all layers together, and for each layer_<l>/: atoms.csv,
    maps.npz and last metrics.csv: that layer is done."""
    signals = cohort.draw(config.signals, store)
    params = cohort.trained(config, store, signals.cohort.shape[-1])
    backbone = network.backbone(config.inr.backbone)
    targets = cohort.flat(signals.cohort)
    h = activations(config, backbone, params, signals)
    (saes,) = fit(config, store, h, (config.sae.k,))
    features = shape.features(signals.cohort, signals.test, np.random.default_rng(config.seed))
    for i, layer in enumerate(config.sae.layers):
        if not all(store.exists(f"{folder(layer)}/{file}") for file in ("atoms.csv", "maps.npz", "metrics.csv")):
            sae = jax.tree.map(lambda leaf: leaf[i], saes)
            measure_layer(
                config, store, layer, sae, h[i], features, lambda h: mean_psnr(backbone, params, layer, h, targets)
            )


def activations(config, backbone, params, signals):
    """Post-activations (L, N, d) of the layers that have a dictionary, over the grid of the encoder's signals."""
    hidden = network.activations(backbone, params["encoder"], cohort.grid(signals.cohort))
    return jnp.stack([hidden[layer] for layer in config.sae.layers])


def folder(layer):
    """The folder of a layer's dictionary."""
    return f"dictionary/layer_{layer}"


def initial(config, means, ks, seed=None):
    """The TrainState at step 0 of the SAEs of all layers for activations of means (L, d), a set for each of `ks`.

    A layer's SAE starts from its own key, whatever the other layers and the other ks; `seed` tells reruns apart.
    """
    identity = () if seed is None else (f"seed {seed}",)
    keys = jnp.stack([key_of(config.seed, "sae", layer, *identity) for layer in config.sae.layers])
    keys = jnp.stack([keys] * len(ks))
    return sae_train.init_states(keys, config.sae.n_atoms, means, config.sae.learning_rate)


def fit(config, store, h, ks, at="dictionary", seed=None):
    """Train the SAEs of all layers on activations h (L, N, d), for every k side by side, in the folder `at`.

    Returns the trained parameters, leaves leading with L, as a tuple over ks.
    """
    sae = config.sae
    names = [f"mse_k_{k}_layer_{layer}" for k in ks for layer in sae.layers]
    with joint.sae_steps(sae, ks, h) as run_chunk:
        state, history = training.train(
            store,
            at,
            f"{store.label(at)} {config.inr.backbone}",
            initial(config, h.mean(axis=1), ks, seed),
            sae.steps,
            sae.log_every,
            run_chunk,
            measure=lambda state, losses: losses.mean(axis=0).ravel(),
            describe=lambda row: "mse " + " ".join(f"{value:.2g}" for value in row[:5]),
            runtime=config.runtime,
        )
    store.write_csv(f"{at}/history.csv", [dict(zip(("step", *names), row)) for row in history])
    return state.params


def trained_layers(config, store):
    """The trained SAEs' parameters of all layers, leaves leading with L."""
    like = initial(config, jnp.zeros((len(config.sae.layers), config.inr.width)), (config.sae.k,))
    return training.restore(store, "dictionary", like)[0].params[0]


@partial(jax.jit, static_argnums=(0, 2))
def mean_psnr(backbone, params, layer, h, targets):
    """Mean over the cohort of the PSNR in dB with h (N, d) in place of the activations of `layer`."""
    outputs = network.outputs(backbone, params, layer + 1, h)
    return psnr_from_mse(jnp.mean(jnp.square(outputs - targets), axis=(1, 2))).mean()


def measure_layer(config, store, layer, sae, h, features, psnr_with):
    """Measure the dictionary over the whole grid; psnr_with(h) is the cohort's PSNR with h substituted."""
    k = config.sae.k
    atoms, reconstruction = stats.measure(sae, h, k)
    shapes = shape.locality(shape.moments(sae, h, k, features.height, features.width), features.height, features.width)
    content = shape.content(shape.correlations(sae, h, k, features.maps), features)
    top = stats.top_atoms(atoms, min(N_MAPS, config.sae.n_atoms))
    store.write_npz(f"{folder(layer)}/maps.npz", atoms=top, z=stats.maps(sae, h, top, k))
    columns = atoms._asdict() | shapes._asdict() | content._asdict()
    store.write_csv(
        f"{folder(layer)}/atoms.csv",
        [
            {"atom": atom, **{name: values[atom] for name, values in columns.items()}}
            for atom in range(config.sae.n_atoms)
        ],
    )
    row = {
        "layer": layer,
        "n_atoms": config.sae.n_atoms,
        "k": k,
        "step": config.sae.steps,
        "mse": reconstruction.mse,
        "r2": reconstruction.r2,
        **stats.summary(atoms),
        **shape.summary(shapes, content),
        "psnr_substituted_db": float(psnr_with(reconstruction.h_hat)),
        "psnr_db": float(psnr_with(h)),
    }
    store.write_csv(f"{folder(layer)}/metrics.csv", [row])
    store.log("dictionary", **{key: row[key] for key in ("layer", "r2", "alive_fraction", "psnr_substituted_db")})
