"""The (n, k) sweep of App. A.1: how the dictionary's size and sparsity change what it does (Figs. 6, 7)."""

import jax

from inr_sae.inr import network
from inr_sae.sae import stats
from inr_sae.stages import cohort, conditions, dictionary

PARTS = (*conditions.PARTS, "size_sweep")


def run(config, store):
    """Writes size_sweep/metrics.csv; each condition and n keeps its own checkpoints and metrics.csv, done once."""
    rows = []
    for name, (own, sub) in conditions.of(config, store).items():
        if name.split("-")[0] not in config.size_sweep.regimes:
            continue
        for n_atoms in config.size_sweep.n_atoms:
            at = f"size_sweep/{name}/n_{n_atoms}"
            if not store.exists(f"{at}/metrics.csv"):
                store.write_csv(f"{at}/metrics.csv", fit_size(config, store, own, sub, name, n_atoms, at))
            rows += store.read_csv(f"{at}/metrics.csv")
    store.write_csv("size_sweep/metrics.csv", rows)


def fit_size(config, store, own, sub, name, n_atoms, at):
    """Rows of metrics.csv of one condition and n: a row for every layer and k, all trained side by side."""
    own = own.copy_and_resolve_references()
    own.sae.update(dict(n_atoms=n_atoms, steps=config.size_sweep.steps))
    signals = cohort.draw(own.signals, sub)
    params = cohort.trained(own, sub, signals.cohort.shape[-1])
    backbone, targets = network.backbone(own.inr.backbone), cohort.flat(signals.cohort)
    h = dictionary.activations(own, backbone, params, signals)
    ks = [k for k in config.size_sweep.k if k <= n_atoms]
    rows = []
    for k, saes in zip(ks, dictionary.fit(own, store, h, ks=ks, at=at)):
        for i, layer in enumerate(own.sae.layers):
            atoms, reconstruction = stats.measure(jax.tree.map(lambda leaf, i=i: leaf[i], saes), h[i], k)
            row = {"condition": name, "layer": layer, "n_atoms": n_atoms, "k": k, "steps": own.sae.steps}
            row |= {"r2": reconstruction.r2} | stats.summary(atoms)
            psnr = dictionary.mean_psnr(backbone, params, layer, reconstruction.h_hat, targets)
            rows.append(row | {"psnr_substituted_db": float(psnr)})
    return rows
