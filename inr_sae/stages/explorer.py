"""The explorer's stage: atlases, codes and numbers of every dictionary, from what the other stages stored."""

import jax
import numpy as np

from inr_sae.atoms import ablation as atoms_ablation
from inr_sae.atoms import statistics
from inr_sae.errors import UserError
from inr_sae.inr import network, program
from inr_sae.machine import processes
from inr_sae.machine.progress import Progress
from inr_sae.report import page
from inr_sae.report.explorer import live, pack
from inr_sae.run import checks, drawn, trained
from inr_sae.run.once import is_done
from inr_sae.stages import ablation, cohort, conditions, convergence, dictionary, meaning

NEEDS, USES = (("ablation", "conditions"),), ("meaning", "convergence")
READS = (*conditions.READS, "explorer")  # nothing of the report's, which is made again where the images are gone
WRITES = ("explorer", "report/explorer")
CHEAP = True
FOLDER = "report/explorer"
MOST_ATOMS = 2**16  # a pixel's codes name their atoms in two bytes
COLUMNS = {  # of an atom: what the page calls it, and what it says about it
    "mean_magnitude": ("mean magnitude", "the mean of its code |z| over all pixels; 0 if it is dead"),
    "firing_rate": ("fires on (share of pixels)", "where its code is above 0"),
    "active_fraction": ("active on, z > 0.01", "the share of the pixels where its code is above 0.01"),
    "ipr": ("inverse participation ratio", "1 if it fires at one pixel, 1 / pixels if alike at all: Σz⁴ / (Σz²)²"),
    "locality": ("locality", "1 if it fires in a disc, 0 if at pixels scattered as at random"),
    "content": ("likeness to a signal", "the largest |correlation| of its map with a signal of the training"),
    "content_gradient": ("likeness to an outline", "the same with those signals' gradient magnitude"),
    "content_shuffled": ("likeness by chance", "the likeness to those signals moved aside at random, as a null"),
    "content_held_out": ("likeness to held-out signals", "the likeness to signals the encoder never saw"),
}
DROP = ("largest drop (dB)", "the PSNR that its removal costs the signal that loses most")
EXPLAINED = (  # where meanings are known
    "explained, held-out R²",
    "how much of its map the best feature of the image plane explains, on pixels that did not choose it",
)


def check(config):
    """Refuse what no page could hold."""
    checks.positive(config, *(f"explorer.{key}" for key in config.explorer))
    if config.explorer.quality > 100:
        raise UserError(f"explorer.quality is {config.explorer.quality}; it is from 1 to 100")
    n = dictionary.settings(config).get("n_atoms", config.inr.width)
    if n > MOST_ATOMS:
        raise UserError(
            f"dictionary.{config.dictionary.method} has {n} atoms; the explorer's codes are two bytes, of at most "
            f"{MOST_ATOMS} atoms"
        )
    shape, own = drawn.read("signals", config.signals).cohort.shape[1:3], config.explorer
    n_effects = 2 * own.effects * (config.ablation.cohort_signals + config.ablation.test_signals)
    for key, side, n_tiles in (("tile", own.tile, min(n, own.atoms)), ("side", own.side, n_effects)):
        size = pack.shrunk(shape, side)
        if not pack.columns_of(max(1, n_tiles), size):
            raise UserError(
                f"explorer.{key} is {side}, and no picture of {pack.WEBP_SIDE} pixels a side holds {n_tiles} tiles of "
                f"{size[0]}x{size[1]}; lower it, or explorer.{'atoms' if key == 'tile' else 'effects'}"
            )


def run(config, store):
    """Writes report/explorer/index.html and data/<condition>_layer_<l>.js."""
    every, listed = conditions.with_dictionaries(config, store), []
    layers = {which: dictionary.layers(own) for which, (own, _) in every.items()}
    with Progress("explorer", sum(map(len, layers.values()))) as progress:
        for which, (own, sub) in every.items():
            encoder, drops = cohort.load(own, sub), drops_of(sub)
            start, of_network = network_of(encoder, config.explorer)
            pack.write_data(store, FOLDER, f"{which.name}_network", of_network)
            for layer, h in zip(layers[which], encoder.activations(layers[which])):
                processes.stop_if_asked()
                data = of_layer(own, sub, encoder, layer, h, drops[layer])
                data["meaning"] = known = meanings(store, which, layer, data["n"])
                if is_done(store, "meaning"):
                    data["columns"]["explained"] = known["r2"] if known else [None] * data["n"]
                data["partners"] = partners(store, which, layer, data["n"])
                data["live"] = steerable(own, sub, encoder.shape, (layer, h)) if layer >= start - 1 else None
                pack.write_data(store, FOLDER, f"{which.name}_layer_{layer}", data)
                progress.advance(1, f"{which.name} layer {layer}")
            listed.append({"name": which.name, "label": conditions.called(which), "layers": list(layers[which])})
    n_bytes = sum(path.stat().st_size for path in store.path(f"{FOLDER}/data").iterdir())
    pack.write_page(store, FOLDER, manifest(config, store, listed, n_bytes))
    store.log("explorer", mib=round(n_bytes / 2**20, 2))


def manifest(config, store, listed, n_bytes):
    """What the page must know before it loads any data."""
    explorer = config.explorer
    own, sub = next(iter(conditions.with_dictionaries(config, store).values()))
    row = dictionary.metrics(own, sub)[0]
    shown = min(explorer.atoms, row.n_atoms)
    thinned = [
        f"{'Each of the' if shown == row.n_atoms else f'The {shown} strongest of'} {row.n_atoms} atoms of a layer "
        f"{'has' if shown == row.n_atoms else 'have'} a map, at most {explorer.tile} pixels wide or high; all "
        "have numbers.",
        f"The {min(explorer.steered, row.n_atoms)} strongest atoms of a layer can be steered: the page runs the "
        f"network itself, at most {explorer.live} pixels wide or high.",
        f"A pixel tells its {min(explorer.per_pixel, row.k)} strongest atoms of {row.k}.",
        f"Effects are pictured for {explorer.effects} atoms a layer: those of highest magnitude, and those "
        "whose removal costs most.",
        "More or less: the keys of config.explorer.",
    ]
    told = columns_of(dictionary.atoms(sub, row.layer)) | {"drop": DROP}
    told |= {"explained": EXPLAINED} if is_done(store, "meaning") else {}
    return {
        "title": f"{dictionary.method_of(config).LABEL}: {', '.join(entry['label'] for entry in listed)}",
        "conditions": listed,
        "columns": {key: name for key, (name, _) in told.items()},
        "said": dict(told.values()),
        "thinned": thinned,
        "not_live": "This layer cannot be steered here: the page cannot run the network behind it, or an atom's part "
        "is not its code times its direction.",
        "mib": n_bytes / 2**20,
    }


def columns_of(atoms):
    """Those of COLUMNS that any atom has: signed codes neither fire nor are active."""
    known = {key: np.isfinite([as_float(getattr(row, key)) for row in atoms]).any() for key in COLUMNS}
    return {key: told for key, told in COLUMNS.items() if known[key]}


def of_layer(config, store, encoder, layer, h, drops):
    """The data of one dictionary; drops: {(role, name): (n,) dB} of its layer."""
    explorer, shape = config.explorer, encoder.shape
    fitted, atoms = dictionary.load(config, store, layer), dictionary.atoms(store, layer)
    largest = np.max(list(drops.values()), axis=0) if drops else np.full(len(atoms), np.nan)
    order = [row.atom for row in ablation.by_magnitude(atoms)]
    mapped, tile = order[: explorer.atoms], pack.shrunk(shape, explorer.tile)
    columns = {name: pack.rounded([as_float(getattr(row, name)) for row in atoms]) for name in COLUMNS}
    return {
        "n": len(atoms),
        "columns": columns | {"drop": pack.rounded(largest)},
        "drops": [{"role": role, "name": name, "db": pack.rounded(db)} for (role, name), db in drops.items()],
        "mapped": mapped,
        "tile": tile,
        "maps": pack.atlas(tiles(fitted, h, mapped, shape, tile), explorer.quality),
        "pixels": pixels(fitted, h, shape, explorer),
        **pictured(config, store, encoder, (layer, h, fitted), chosen(order, largest, explorer.effects)),
    }


def meanings(store, which, layer, n):
    """What each of n atoms means: {"texts", "kinds": their kinds, "of": the number of its text, None where nobody
    knows, "r2", "null"}; None where the stage is not done."""
    rows, texts = meaning.of_atoms(store, which, layer), {}
    if not rows:
        return None
    of, r2, null = [None] * n, np.full(n, np.nan), np.full(n, np.nan)
    for row in rows:
        kind = row.kind if row.explained else meaning.NOTHING
        text = " ".join(filter(None, (f"{row.kind}: {row.name}", f"of {row.signal}" if row.signal else "")))
        of[row.atom] = texts.setdefault((kind, text if row.explained else f"none; nearest is {text}"), len(texts))
        r2[row.atom], null[row.atom] = row.r2, row.null_r2
    kinds, told = zip(*texts)
    return {"texts": told, "kinds": kinds, "of": of, "r2": pack.rounded(r2), "null": pack.rounded(null)}


def partners(store, which, layer, n):
    """{name of another network: {"atom", "likeness"}} of each of n atoms, None where it has none."""
    found = {}
    for name, arrays in convergence.partners_in(store, which.name, layer).items():
        atom, likeness = [None] * n, np.full(n, np.nan)
        for number, partner, best in zip(*(arrays[key] for key in ("numbers", "partner", "best"))):
            atom[int(number)], likeness[number] = int(partner), best
        found[name] = {"atom": atom, "likeness": pack.rounded(likeness)}
    return found


def network_of(encoder, explorer):
    """(start, data): the network from unit `start` on, as the page runs it, over a grid of at most `live` a side."""
    size, at = pack.sampled(encoder.shape, explorer.live)
    start, programs, inputs = program.of_network(encoder.backbone, encoder.encoder, encoder.x[at])
    targets = trained.flat(encoder.signals.cohort)[:, at]
    of_network = live.network(start, programs, inputs, encoder.params["heads"], targets)
    return start, {"size": size, "names": encoder.signals.names.cohort, "network": of_network}


def steerable(config, store, shape, of_layer):
    """What the page needs to multiply the codes of a layer's strongest atoms; None where an atom's part is more than
    its code times its direction. of_layer: (layer, its activations h (N, d))."""
    layer, h = of_layer
    fitted = dictionary.load(config, store, layer)
    if not fitted.method.POINTWISE:
        return None
    _, at = pack.sampled(shape, config.explorer.live)
    codes = fitted.encode(h[at])
    atoms = [row.atom for row in ablation.by_magnitude(dictionary.atoms(store, layer))][: config.explorer.steered]
    return live.dictionary(codes.values, codes.indices, atoms, np.asarray(fitted.directions())[np.array(atoms)])


def as_float(value):
    """nan for None."""
    return np.nan if value is None else value


def drops_of(store):
    """{layer: {(role, name): (n,) drops in dB}} of every signal that atoms were removed from."""
    drops = {}
    for row in ablation.effects(store):
        drops.setdefault(row.layer, {}).setdefault((row.signal_role, row.signal), []).append(row.psnr_drop_db)
    return drops


def tiles(fitted, h, atoms, shape, size):
    """Maps of atoms in false colour, averaged to `size`, each scaled to its own maximum: a list of (h, w, 3) uint8."""
    rows, columns = (np.arange(n) * small // n for n, small in zip(shape, size))
    bins = (rows[:, None] * size[1] + columns).ravel()
    small = statistics.binned_maps(fitted, h, bins)[:, atoms].T.reshape(len(atoms), *size)
    return [np.round(255 * pack.coloured(z)).astype(np.uint8) for z in small]


def pixels(fitted, h, shape, explorer):
    """The codes of a grid of pixels of at most `side`, which are the image's own, every so many."""
    (height, width), at = pack.sampled(shape, explorer.side)
    values, atoms = map(np.asarray, strongest(fitted, np.asarray(h), at, explorer.per_pixel))
    return {"height": height, "width": width, "per_pixel": values.shape[1]} | pack.pixel_codes(
        values, atoms, float(values.max())
    )


def strongest(fitted, h, at, most):
    """(|z|, atoms) of the strongest codes at some of the rows of h, at most so many, strongest first: (P, k) each."""
    codes = statistics.codes_at(fitted, h, at)
    magnitude, places = jax.lax.top_k(np.abs(codes.values), min(most, codes.values.shape[1]))
    return magnitude, places if codes.indices is None else np.take_along_axis(codes.indices, places, axis=1)


def chosen(order, largest, n):
    """The atoms whose effects are pictured: those of highest magnitude, and those whose removal costs most."""
    costly = sorted(order, key=lambda atom: -np.nan_to_num(largest[atom], nan=-np.inf))
    half = n // 2
    return list(dict.fromkeys([*order[: n - half], *costly[:half]]))


def pictured(config, store, encoder, of_layer, atoms):
    """{"signals", "effects"}: each signal as the network gives it, and without each of some atoms.

    of_layer: (layer, its activations h (N, d), its Dictionary).
    """
    explorer, (layer, h, fitted) = config.explorer, of_layer
    z, size = statistics.maps(fitted, h, atoms), pack.shrunk(encoder.shape, explorer.side)
    shown, befores, made, psnr = [], [], [], []
    start, *_ = ablation.starts_of(config, fitted, h).values()
    for role, name, target, params in ablation.subjects(config, store, encoder, layer):
        behind = network.behind(encoder.backbone, params, layer)
        results = atoms_ablation.ablate(behind, fitted, h, atoms, start)
        shown.append({"role": role, "name": name})
        befores.append(pack.resized(results[0].before.reshape(target.shape), size))
        psnr.append([[round(db, 2) for db in ablation.scores(each, of, target)[:2]] for each, of in zip(results, z)])
        for result in results:
            change = np.abs(result.effect).mean(axis=1).reshape(target.shape[:2])
            made.append(pack.resized(result.output.reshape(target.shape), size))
            made.append(pack.resized(pack.coloured(change), size))
    return {
        "signals": {"size": size, "list": shown, **pack.atlas(befores, 85)},
        "effects": {"atoms": atoms, "psnr": psnr, **pack.atlas(made, min(100, explorer.quality + 15))},
    }


def sections(config, store, exhibits):
    """Where the explorer is."""
    html = page.link("explorer/index.html", "Explore the dictionaries, atom by atom")
    return [page.Section("explorer", "Explorer", html)]
