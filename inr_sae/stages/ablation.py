"""Stage 5: the network without its top atoms, one at a time (Secs. 3.3, 4.3).

Ablated are (a) signals of the cohort with their own heads and (b) the first test signals, fitted with units 0..l
frozen, so that the dictionary of layer l reads the same activations.
"""

import itertools
from functools import partial

import numpy as np

from inr_sae.atoms import ablation, statistics
from inr_sae.errors import UserError
from inr_sae.inr import network
from inr_sae.machine import processes
from inr_sae.machine.progress import Progress
from inr_sae.measure import image
from inr_sae.report.parts import study as parts
from inr_sae.rows.dictionaries import AblationRow, EffectRow
from inr_sae.run import checks, piecemeal
from inr_sae.run.once import is_done
from inr_sae.signals.load import n_trained
from inr_sae.stages import cohort, dictionary, freeze_sweep

NEEDS, USES = ("cohort", "dictionary"), ("freeze_sweep",)
READS = (*dictionary.READS, "ablation", "fit", "metrics")
WRITES = ("ablation",)
TABLES = {"all_atoms": EffectRow, "ablations": AblationRow}
ACTIVATIONS, RECONSTRUCTION = "activations", "reconstruction"  # what an atom is removed from


def check(config):
    """Refuse numbers of atoms or signals that cannot be."""
    if not 0 < config.ablation.top <= dictionary.N_MAPS:
        raise UserError(f"ablation.top is {config.ablation.top}; it is from 1 to {dictionary.N_MAPS} atoms a layer")
    for key, most in (("random", None), ("test_signals", max(1, config.signals.n_test))):
        value = config.ablation[key]
        if value < 0 or (most is not None and value > most):
            raise UserError(f"ablation.{key} is {value}; it is from 0 to {'all atoms' if most is None else most}")
    checks.some("ablation.through", config.ablation.through)
    for way in config.ablation.through:
        checks.one_of("ablation.through", way, (ACTIVATIONS, RECONSTRUCTION))
    if not 0 < config.ablation.cohort_signals <= n_trained(config.signals):
        raise UserError(
            f"ablation.cohort_signals is {config.ablation.cohort_signals}; it is from 1 to signals.n_cohort = "
            f"{n_trained(config.signals)}"
        )


def run(config, store):
    """Writes ablation/ablations.csv (atoms one by one), all_atoms.csv, and layer_<l>.npz with what the panels show."""
    encoder = cohort.load(config, store)
    layers = dictionary.layers(config)
    made = []
    with Progress(store.label(f"ablation {config.inr.backbone}"), len(layers)) as progress:
        for layer, h in zip(layers, encoder.activations(layers)):
            processes.stop_if_asked()
            make, part = partial(ablate_layer, config, store, encoder, layer, h), f"ablation/parts/layer_{layer}"
            made.append(piecemeal.tables(store.sub(part), TABLES, make, store.exists(panels_file(layer))))
            progress.advance(1, f"layer {layer}")
    piecemeal.write(store, "ablation", made, TABLES)
    store.remove("ablation/parts")


def panels_file(layer):
    """The arrays that a layer's panels show."""
    return f"ablation/layer_{layer}.npz"


def ablate_layer(config, store, encoder, layer, h):
    """{table: rows} of one layer with activations h (N, d); writes what its panels show."""
    of_layer, atoms = dictionary.load(config, store, layer), dictionary.atoms(store, layer)
    chosen = choose(config, atoms, layer)
    numbers = [atom for atom, _ in chosen]
    panels = {"atoms": np.array(numbers), "is_top": np.array([sample == "top" for _, sample in chosen])}
    panels["z"] = statistics.maps(of_layer, h, panels["atoms"])
    rank = {row.atom: place for place, row in enumerate(by_magnitude(atoms))}
    rows, effects, fires = [], [], statistics.fires(of_layer, h)
    starts = starts_of(config, of_layer, h)
    for (role, name, target, params), (through, start) in itertools.product(
        subjects(config, store, encoder, layer), starts.items()
    ):
        behind = network.behind(encoder.backbone, params, layer)
        ablations = ablation.ablate(behind, of_layer, h, numbers, start)
        results = [scores(each, z, target) for each, z in zip(ablations, panels["z"])]
        for (atom, sample), (before, after, inside) in zip(chosen, results):
            of_atom = (atoms[atom].mean_magnitude, atoms[atom].active_fraction)
            which = (layer, atom, sample, rank[atom], name, role, through)
            rows.append(AblationRow(*which, before, after, before - after, inside if fires else None, *of_atom))
        effects += every_atom(behind, of_layer, (h, start), target, (layer, name, role, through))
        if f"{role}_target" not in panels:
            panels |= {
                f"{role}_target": target,
                f"{role}_ablated": np.stack([each.output.reshape(target.shape) for each in ablations]),
                f"{role}_effect": np.stack([each.effect.reshape(target.shape) for each in ablations]),
            }
    store.write_npz(panels_file(layer), **panels)
    return {"all_atoms": effects, "ablations": rows}


def starts_of(config, of_layer, h):
    """{how an atom is removed: what it is taken from}: the network's own activations h (N, d), or their reconstruction,
    in the config's order: the first is what pages picture and claims are about."""
    h_hat = statistics.measure(of_layer, h)[1].h_hat if RECONSTRUCTION in config.ablation.through else None
    return {name: {ACTIVATIONS: h, RECONSTRUCTION: h_hat}[name] for name in config.ablation.through}


def by_magnitude(atoms):
    """AtomRows, those of highest mean magnitude first; ties by number."""
    return sorted(atoms, key=lambda row: -row.mean_magnitude)


def choose(config, atoms, layer):
    """[(atom, "top" or "random")]: those of highest mean magnitude, and alive others drawn from the layer's own
    seed."""
    top = [row.atom for row in by_magnitude(atoms)[: config.ablation.top]]
    others = [row.atom for row in atoms if row.mean_magnitude > 0 and row.atom not in top]
    rng = np.random.default_rng([config.seed, layer])
    drawn = sorted(rng.choice(others, min(config.ablation.random, len(others)), replace=False).tolist())
    return [(atom, "top") for atom in top] + [(atom, "random") for atom in drawn]


def subjects(config, store, encoder, layer):
    """(role, name, image (H, W, C), params with one head) of every signal that is ablated at a layer."""
    signals = encoder.signals
    for j in range(config.ablation.cohort_signals):
        yield "cohort", signals.names.cohort[j], signals.cohort[j], encoder.with_head(j)
    if is_done(store, "freeze_sweep"):
        for j in range(config.ablation.test_signals):
            fitted = freeze_sweep.example(config, store, ("freeze", layer), j)
            if fitted is not None:  # this boundary was fitted
                yield "test", signals.names.test[j], signals.test[j], fitted[0]


def scores(of_atom, z, target):
    """(PSNR before, PSNR after, share of the effect where the atom is active) of an Ablation of a target (H, W, C)."""
    outputs = (of_atom.before, of_atom.output)
    psnr = [float(image.psnr(output.reshape(target.shape), target)) for output in outputs]
    return *psnr, ablation.effect_inside(of_atom.effect, z)


def every_atom(behind, of_layer, activations, target, which):
    """EffectRows: what removing each atom costs the signal `target` (H, W, C); nothing if it is dead.

    activations: (h, what the atom is taken from). which: (layer, name of the signal, its role, how).
    """
    flat, (layer, *keys), (h, start) = target.reshape(-1, target.shape[-1]), which, activations
    before = max(np.square(np.asarray(behind(start)[0], np.float64) - flat).mean(), image.LEAST_MSE)
    effects = ablation.ablate_all(behind, of_layer, h, flat, start)
    fires = statistics.fires(of_layer, h)
    drops = 10 * np.log10(1 + effects.mse_change / before)
    with np.errstate(invalid="ignore"):
        inside = effects.energy_active / effects.energy
    return [
        EffectRow(layer, atom, *keys, float(drop), float(share) if fires else None)
        for atom, (drop, share) in enumerate(zip(drops, inside))
    ]


def effects(store):
    """The EffectRows of a study's folder, of the first way that its config names."""
    rows = store.read_rows("ablation/all_atoms.csv", EffectRow)
    return [row for row in rows if row.through == rows[0].through]


def ablated(store):
    """The AblationRows of a study's folder, of every way; those of the first come first for each signal."""
    return store.read_rows("ablation/ablations.csv", AblationRow)


def panels(store, layer):
    """The arrays that a layer's panels show."""
    return store.read_npz(panels_file(layer))


def sections(config, store, exhibits):
    """What single atoms do."""
    of_layers = {layer: panels(store, layer) for layer in dictionary.layers(config)}
    return [parts.ablation_section(exhibits, ablated(store), effects(store), of_layers)]
