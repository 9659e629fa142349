"""The explorer's stage: atlases, codes and numbers of every dictionary, from what the other stages stored."""

import jax
import numpy as np

from inr_sae.inr import network
from inr_sae.output import explorer as pages
from inr_sae.output.progress import Progress
from inr_sae.sae import stats, topk
from inr_sae.stages import ablation, cohort, conditions, dictionary

PARTS = (*conditions.PARTS, "explorer")
FOLDER = "report/explorer"
COLUMNS = {  # of an atom, as the page names them
    "mean_magnitude": "mean magnitude",
    "firing_rate": "fires on (share of pixels)",
    "active_fraction": "active on, z > 0.01",
    "ipr": "inverse participation ratio",
    "locality": "locality",
    "content": "likeness to a signal",
    "content_gradient": "likeness to an outline",
    "content_shuffled": "likeness by chance",
    "content_held_out": "likeness to held-out signals",
}


def run(config, store):
    """Writes report/explorer/index.html and data/<condition>_layer_<l>.js."""
    of = conditions.of_first_cohorts(config, store)
    listed = []
    with Progress("explorer", len(of) * len(config.sae.layers)) as progress:
        for name, (own, sub) in of.items():
            signals = cohort.draw(own.signals, sub)
            params = cohort.trained(own, sub, signals.cohort.shape[-1])
            saes = dictionary.trained_layers(own, sub)
            drops = drops_of(sub)
            h = dictionary.activations(own, network.backbone(own.inr.backbone), params, signals)
            for i, layer in enumerate(own.sae.layers):
                sae = jax.tree.map(lambda leaf, i=i: leaf[i], saes)
                data = of_layer(config, own, sub, signals, params, layer, sae, h[i], drops[layer])
                pages.write_data(store, FOLDER, f"{name}_layer_{layer}", data)
                progress.advance(1, f"{name} layer {layer}")
            listed.append({"name": name, "layers": list(own.sae.layers)})
    n_bytes = sum(path.stat().st_size for path in store.path(f"{FOLDER}/data").iterdir())
    pages.write_page(store, FOLDER, manifest(config, listed, n_bytes))
    store.log("explorer", mib=round(n_bytes / 2**20, 2))


def manifest(config, listed, n_bytes):
    """What the page must know before it loads any data."""
    explorer, sae = config.explorer, config.sae
    shown = min(explorer.atoms, sae.n_atoms)
    thinned = [
        f"{'Each of the' if shown == sae.n_atoms else f'The {shown} strongest of'} {sae.n_atoms} atoms of a layer "
        f"{'has' if shown == sae.n_atoms else 'have'} a map, at most {explorer.tile} pixels wide or high; all "
        "have numbers.",
        f"A pixel tells its {min(explorer.per_pixel, sae.k)} strongest atoms of {sae.k}.",
        f"Effects are pictured for {explorer.effects} atoms a layer: those of highest magnitude, and those "
        "whose removal "
        "costs most.",
        "More or less: the keys of config.explorer.",
    ]
    return {
        "title": config.report.title or f"Dictionaries of {', '.join(entry['name'] for entry in listed)}",
        "conditions": listed,
        "columns": COLUMNS | {"drop": "largest drop (dB)"},
        "thinned": thinned,
        "mib": n_bytes / 2**20,
    }


def of_layer(config, own, sub, signals, params, layer, sae, h, drops):
    """The data of one dictionary."""
    explorer, k, shape = config.explorer, own.sae.k, signals.cohort.shape[1:3]
    atoms = sub.read_csv(f"{dictionary.folder(layer)}/atoms.csv")
    largest = np.max(list(drops.values()), axis=0) if drops else np.full(len(atoms), np.nan)
    order = sorted(range(len(atoms)), key=lambda atom: -atoms[atom]["mean_magnitude"])
    mapped = order[: explorer.atoms]
    tile = pages.shrunk(shape, explorer.tile)
    columns = {name: pages.rounded([np.nan if row[name] is None else row[name] for row in atoms]) for name in COLUMNS}
    pictured = effects(config, own, sub, signals, params, layer, sae, h, order, largest)
    return {
        "n": len(atoms),
        "columns": columns | {"drop": pages.rounded(largest)},
        "drops": [{"role": role, "name": str(name), "db": pages.rounded(db)} for (role, name), db in drops.items()],
        "mapped": mapped,
        "tile": tile,
        "maps": pages.atlas(tiles(sae, h, mapped, k, shape, tile), explorer.quality),
        "pixels": pixels(sae, h, k, shape, explorer),
        **pictured,
    }


def drops_of(sub):
    """{layer: {(role, name): (n,) drops in dB}} of every signal that atoms were removed from."""
    drops = {}
    for row in sub.read_csv("ablation/all_atoms.csv"):
        of_layer = drops.setdefault(row["layer"], {})
        of_layer.setdefault((row["signal_role"], str(row["signal"])), []).append(row["psnr_drop_db"])
    return drops


def tiles(sae, h, atoms, k, shape, size):
    """Maps of atoms in false colour, averaged to `size`, each scaled to its own maximum: a list of (h, w, 3) uint8."""
    rows, columns = (np.arange(n) * small // n for n, small in zip(shape, size))
    bins = (rows[:, None] * size[1] + columns).ravel()
    small = stats.binned_maps(sae, h, k, bins)[:, atoms].T.reshape(len(atoms), *size)
    return [np.round(255 * pages.coloured(z)).astype(np.uint8) for z in small]


def pixels(sae, h, k, shape, explorer):
    """The codes of a grid of pixels of at most `side`, which are the image's own, every so many."""
    height, width = pages.shrunk(shape, explorer.side)
    rows = np.round(np.linspace(0, shape[0] - 1, height)).astype(int)
    columns = np.round(np.linspace(0, shape[1] - 1, width)).astype(int)
    at = (rows[:, None] * shape[1] + columns).ravel()
    values, indices = map(np.asarray, jax.jit(topk.encode, static_argnums=2)(sae, np.asarray(h)[at], k))
    n = min(explorer.per_pixel, k)
    return {"height": height, "width": width, "per_pixel": n} | pages.pixel_codes(
        values[:, :n], indices[:, :n], float(values.max())
    )


def effects(config, own, sub, signals, params, layer, sae, h, order, largest):
    """{"signals", "effects"}: each signal as the network gives it, and, for some atoms, without them."""
    explorer, backbone = config.explorer, network.backbone(own.inr.backbone)
    costly = sorted(order, key=lambda atom: -np.nan_to_num(largest[atom], nan=-np.inf))
    half = explorer.effects // 2
    chosen = list(dict.fromkeys([*order[: explorer.effects - half], *costly[:half]]))
    panels = {"atoms": np.array(chosen), "z": stats.maps(sae, h, chosen, own.sae.k)}
    size, shown, befores, tiles_made = pages.shrunk(signals.cohort.shape[1:3], explorer.side), [], [], []
    psnr = []
    for role, name, target, fitted in ablation.subjects(own, sub, signals, params, layer):
        results = ablation.ablate_signal(backbone, fitted, layer, h, sae, panels, target)
        shape = target.shape
        shown.append({"role": role, "name": str(name)})
        before = (results[0][1].output + results[0][1].effect).reshape(shape)
        befores.append(pages.resized(before, size))
        psnr.append([[round(r["psnr_before_db"], 2), round(r["psnr_after_db"], 2)] for r, _ in results])
        for _, result in results:
            change = np.abs(result.effect).mean(axis=1).reshape(shape[:2])
            tiles_made.append(pages.resized(result.output.reshape(shape), size))
            tiles_made.append(pages.resized(pages.coloured(change), size))
    return {
        "signals": {"size": size, "list": shown, **pages.atlas(befores, 85)},
        "effects": {"atoms": chosen, "psnr": psnr, **pages.atlas(tiles_made, min(100, explorer.quality + 15))},
    }
