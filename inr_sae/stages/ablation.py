"""Stage 5: the network without its top atoms, one at a time (Secs. 3.3, 4.3).

Ablated are (a) signals of the cohort with their own heads and (b) the first test signals, fitted with layers 0..l
frozen, so that the dictionary of layer l reads the same activations.
"""

from functools import lru_cache

import jax
import numpy as np

from inr_sae.inr import network
from inr_sae.measure import image
from inr_sae.output.progress import Progress
from inr_sae.sae import ablate, stats
from inr_sae.stages import cohort, dictionary, sweep

PARTS = (*dictionary.PARTS, "fit", "ablation")


def run(config, store):
    """Writes ablation/ablations.csv (atoms one by one), all_atoms.csv, and layer_<l>.npz with what the panels show."""
    signals = cohort.draw(config.signals, store)
    params = cohort.trained(config, store, signals.cohort.shape[-1])
    saes = dictionary.trained_layers(config, store)
    rows, all_rows = [], []
    with Progress(store.label(f"ablation {config.inr.backbone}"), len(config.sae.layers)) as progress:
        for i, layer in enumerate(config.sae.layers):
            sae = jax.tree.map(lambda leaf, i=i: leaf[i], saes)
            of_some, of_all = ablate_layer(config, store, signals, params, layer, sae)
            rows += of_some
            all_rows += of_all
            progress.advance(1, f"layer {layer}")
    store.write_csv("ablation/all_atoms.csv", all_rows)
    store.write_csv("ablation/ablations.csv", rows)


def ablate_layer(config, store, signals, params, layer, sae):
    """(rows of ablations.csv, rows of all_atoms.csv) of one layer; writes its layer_<l>.npz."""
    backbone = network.backbone(config.inr.backbone)
    h = network.prefix(backbone, params["encoder"], layer, cohort.grid(signals.cohort))
    atoms = store.read_csv(f"{dictionary.folder(layer)}/atoms.csv")
    chosen = choose(config, atoms, layer)
    panels = {
        "atoms": np.array([atom for atom, _ in chosen]),
        "is_top": np.array([sample == "top" for _, sample in chosen]),
    }
    panels["z"] = stats.maps(sae, h, panels["atoms"], config.sae.k)
    rank = {row["atom"]: i for i, row in enumerate(sorted(atoms, key=lambda row: -row["mean_magnitude"]))}
    rows, all_rows = [], []
    for role, name, target, fitted in subjects(config, store, signals, params, layer):
        results = ablate_signal(backbone, fitted, layer, h, sae, panels, target)
        keys = {"signal": name, "signal_role": role}
        for (atom, sample), (result, _) in zip(chosen, results):
            of_atom = {key: atoms[atom][key] for key in ("mean_magnitude", "active_fraction")}
            row = {"layer": layer, "atom": atom, "sample": sample, "magnitude_rank": rank[atom]}
            rows.append(row | keys | result | of_atom)
        all_rows += ablate_every_atom(config, fitted, backbone, layer, h, sae, target, keys)
        if f"{role}_target" not in panels:
            panels |= {
                f"{role}_target": target,
                f"{role}_ablated": np.stack([ablation.output.reshape(target.shape) for _, ablation in results]),
                f"{role}_effect": np.stack([ablation.effect.reshape(target.shape) for _, ablation in results]),
            }
    store.write_npz(f"ablation/layer_{layer}.npz", **panels)
    return rows, all_rows


def choose(config, atoms, layer):
    """[(atom, "top" or "random")]: those of highest mean magnitude, and alive others drawn from the layer's own
    seed."""
    order = sorted(atoms, key=lambda row: -row["mean_magnitude"])
    top = [row["atom"] for row in order[: config.ablation.top]]
    others = [row["atom"] for row in atoms if row["firing_rate"] > 0 and row["atom"] not in top]
    rng = np.random.default_rng([config.seed, layer])
    drawn = sorted(rng.choice(others, min(config.ablation.random, len(others)), replace=False).tolist())
    return [(atom, "top") for atom in top] + [(atom, "random") for atom in drawn]


def subjects(config, store, signals, params, layer):
    """(role, name, image (H, W, C), params with one head) of every signal that is ablated at a layer."""
    for j in range(config.ablation.cohort_signals):
        head = jax.tree.map(lambda leaf, j=j: leaf[j : j + 1], params["heads"])
        yield "cohort", signals.names.cohort[j], signals.cohort[j], params | {"heads": head}
    if "freeze_sweep" in config.stages and "freeze" in config.fit.protocols and layer in config.fit.taus:
        for j in range(config.ablation.test_signals):
            fitted = sweep.load_example(store, config.signals.dataset, "freeze", layer, j)[0]
            yield "test", signals.names.test[j], signals.test[j], fitted


@lru_cache
def _rest(backbone, layer):
    """The network of one signal behind a layer, (params, h (N, d)) -> (N, C); one function, so compiled once."""
    return jax.jit(lambda params, h: network.outputs(backbone, params, layer + 1, h)[0])


def ablate_signal(backbone, params, layer, h, sae, panels, target):
    """[(numbers of a row, Ablation)] for the atoms of `panels`, on the signal `target` (H, W, C)."""
    rest = jax.tree_util.Partial(_rest(backbone, layer), params)
    before = float(image.psnr(np.asarray(rest(h)).reshape(target.shape), target))
    results = []
    for atom, z in zip(panels["atoms"], panels["z"]):
        ablation = ablate.ablate(rest, h, z, sae["w_dec"][atom])
        after = float(image.psnr(ablation.output.reshape(target.shape), target))
        results.append(
            (
                {
                    "psnr_before_db": before,
                    "psnr_after_db": after,
                    "psnr_drop_db": before - after,
                    "effect_inside_fraction": ablate.effect_inside(ablation.effect, z),
                },
                ablation,
            )
        )
    return results


def ablate_every_atom(config, params, backbone, layer, h, sae, target, keys):
    """Rows of all_atoms.csv: what removing each atom costs the signal `target` (H, W, C); nothing if it is dead."""
    rest, flat = jax.tree_util.Partial(_rest(backbone, layer), params), target.reshape(-1, target.shape[-1])
    before = np.square(np.asarray(rest(h), np.float64) - flat).mean()
    effects = ablate.ablate_all(rest, sae, h, config.sae.k, flat)
    drops = 10 * np.log10(1 + effects.mse_change / before)
    with np.errstate(invalid="ignore"):
        inside = effects.energy_active / effects.energy
    return [
        {"layer": layer, "atom": atom, **keys, "psnr_drop_db": drops[atom], "effect_inside_fraction": inside[atom]}
        for atom in range(len(drops))
    ]
