"""Steering: the network with codes of its top atoms multiplied, with some atoms alone, and fitted behind them.

What is fitted anew is the first test signal, by freezing up to the layer, from the same weights whatever the codes.
"""

import itertools

import numpy as np

from inr_sae.atoms import ablation as atoms_ablation
from inr_sae.atoms import statistics, steering
from inr_sae.errors import UserError
from inr_sae.inr import network
from inr_sae.machine import processes
from inr_sae.machine.progress import Progress
from inr_sae.measure import image
from inr_sae.measure.cap import capped
from inr_sae.report.parts import steering as parts
from inr_sae.rows.comparisons import KeptAtomsRow, SteeredFitRow, SteeringRow
from inr_sae.run import checks, fits
from inr_sae.stages import ablation, cohort, conditions, dictionary

NEEDS, USES = (("ablation", "conditions"),), ()
READS = (*conditions.READS, "steering")
WRITES = ("steering",)
OF_LAYER = ("doses.csv", "kept.csv", "effects.npz", "fits.csv")  # the files of a layer
TABLES = {"doses": SteeringRow, "kept": KeptAtomsRow, "fits": SteeredFitRow}


def check(config):
    """Refuse numbers that cannot be."""
    own = config.steering
    checks.positive(config, "steering.atoms")
    for key in ("alphas", "through", "kept", "fit_alphas"):
        checks.some(f"steering.{key}", own[key])
    for way in own.through:
        checks.one_of("steering.through", way, (ablation.ACTIVATIONS, ablation.RECONSTRUCTION))
    for n in own.kept:
        checks.positive_value("steering.kept", n)
    if not 0 <= own.fit_atoms <= own.atoms:
        raise UserError(f"steering.fit_atoms is {own.fit_atoms}; it is from 0 to steering.atoms = {own.atoms}")


def run(config, store):
    """Writes steering/<condition>_layer_<l>/: doses.csv, kept.csv, effects.npz and fits.csv."""
    every = conditions.with_dictionaries(config, store)
    with Progress("steering", sum(len(dictionary.layers(own)) for own, _ in every.values())) as progress:
        for which, (own, sub) in every.items():
            encoder, layers = cohort.load(own, sub), dictionary.layers(own)
            for layer, h in zip(layers, encoder.activations(layers)):
                at = folder(which, layer)
                if not all(store.exists(f"{at}/{file}") for file in OF_LAYER):
                    processes.stop_if_asked()
                    subjects = list(ablation.subjects(own, sub, encoder, layer))
                    fitted, order = dictionary.load(own, sub, layer), ranked(sub, layer)
                    atoms = order[: config.steering.atoms]
                    behind = {each[1]: network.behind(encoder.backbone, each[3], layer) for each in subjects}
                    of_layer = (layer, h, fitted)
                    doses = dose_rows(config, of_layer, atoms, subjects, behind)
                    kept = kept_rows(config, of_layer, order, subjects, behind)
                    store.write_rows(f"{at}/doses.csv", SteeringRow, doses)
                    store.write_rows(f"{at}/kept.csv", KeptAtomsRow, kept)
                    store.write_npz(f"{at}/effects.npz", **pictured(config, of_layer, atoms, subjects, behind))
                    refitted = fit_rows(config, own, encoder, of_layer, atoms)
                    store.write_rows(f"{at}/fits.csv", SteeredFitRow, refitted)
                progress.advance(1, f"{which.name} layer {layer}")


def folder(which, layer):
    """The folder of one dictionary."""
    return f"steering/{which.name}_layer_{layer}"


def ranked(store, layer):
    """The alive atoms of a layer, those of highest mean magnitude first."""
    return [row.atom for row in ablation.by_magnitude(dictionary.atoms(store, layer)) if row.mean_magnitude > 0]


def psnr(output, target):
    """PSNR in dB of an output (N, C) against a target (H, W, C), capped."""
    return float(capped(image.psnr(output.reshape(target.shape), target)))


def dose_rows(config, of_layer, atoms, subjects, behind):
    """SteeringRows of each atom alone and of all at once; of_layer: (layer, h (N, d), its Dictionary)."""
    layer, h, fitted = of_layer
    rows = []
    fires = statistics.fires(fitted, h)
    z = np.abs(statistics.maps(fitted, h, atoms)) if atoms else np.zeros((0, len(h)))
    groups = [((atom,), of_atom) for atom, of_atom in zip(atoms, z)]
    groups += [(tuple(atoms), z.max(axis=0))] if len(atoms) > 1 else []
    for (role, name, target, _), through in itertools.product(subjects, config.steering.through):
        rebuilt = through == ablation.RECONSTRUCTION
        before, alone = steered_output(behind[name], of_layer, {}, rebuilt), {}
        for (some, active), alpha in itertools.product(groups, config.steering.alphas):
            after = steered_output(behind[name], of_layer, dict.fromkeys(some, alpha), rebuilt)
            effect = (after - before).astype(np.float64)
            alone.setdefault(alpha, []).append(effect)
            together = steering.interaction(effect, alone[alpha][:-1]) if len(some) > 1 else None
            which = (layer, "+".join(map(str, some)), len(some), alpha, name, role, through)
            scores = (float(np.sqrt(np.square(effect).mean())), psnr(before, target), psnr(after, target))
            inside = atoms_ablation.effect_inside(effect, active) if fires else None
            rows.append(SteeringRow(*which, *scores, inside, together))
    return rows


def n_atoms(fitted):
    """How many atoms a Dictionary has."""
    return len(np.asarray(fitted.directions()))


def steered_output(behind, of_layer, scales, rebuilt=False):
    """The network's output (N, C) of one signal with codes times scales {atom: alpha}."""
    _, h, fitted = of_layer
    return output(behind, steering.steer(fitted, h, steering.multipliers(n_atoms(fitted), scales), rebuilt))


def pictured(config, of_layer, atoms, subjects, behind):
    """What is drawn of the top atom on the first signal: its map, and the signal at every alpha."""
    if not atoms:
        return {}
    _, name, target, _ = subjects[0]
    scales = [{}, *({atoms[0]: alpha} for alpha in config.steering.alphas)]
    outputs = [steered_output(behind[name], of_layer, each).reshape(target.shape) for each in scales]
    z = statistics.maps(of_layer[2], of_layer[1], atoms[:1])[0].reshape(target.shape[:2])
    return {"atom": atoms[0], "z": z, "alphas": config.steering.alphas, "before": outputs[0], "after": outputs[1:]}


def output(behind, h):
    """The network's output (N, C) of one signal from the activations h (N, d) of a layer."""
    return np.asarray(behind(h)[0])


def kept_rows(config, of_layer, order, subjects, behind):
    """KeptRows: the strongest atoms alone, of so many as there are."""
    layer, h, fitted = of_layer
    n, rows = n_atoms(fitted), []
    counts = sorted({min(count, len(order)) for count in config.steering.kept if order})
    for (role, name, target, _), through in itertools.product(subjects, config.steering.through):
        rebuilt = through == ablation.RECONSTRUCTION
        whole = psnr(steered_output(behind[name], of_layer, {}, rebuilt), target)
        for count in counts:
            left = steering.steer(fitted, h, steering.only(n, order[:count]), rebuilt)
            left_db = psnr(output(behind[name], left), target)
            rows.append(KeptAtomsRow(layer, count, name, role, through, left_db, whole))
    return rows


def fit_rows(config, own, encoder, of_layer, atoms):
    """SteeredFitRows of the first test signal; none where the encoder shares nothing, or there is no such signal."""
    layer, h, fitted = of_layer
    if encoder.signals.test is None or own.signals.train_on == "first":
        return []
    target, name, rows = encoder.signals.test[0], encoder.signals.names.test[0], []
    n, chosen = n_atoms(fitted), atoms[: config.steering.fit_atoms]
    plain = fits.fit_behind(own, encoder, layer, h, (name, target)) if chosen else None
    for atom, alpha in itertools.product(chosen, config.steering.fit_alphas):
        moved = steering.steer(fitted, h, steering.multipliers(n, {atom: alpha}))
        made = fits.fit_behind(own, encoder, layer, moved, (name, target))
        active = np.abs(statistics.maps(fitted, h, [atom])[0]) > statistics.ACTIVE
        scores = [of_part(each, target, part) for part in (active, ~active) for each in (made, plain)]
        whole = [psnr(each, target) for each in (made, plain)]
        rows.append(SteeredFitRow(layer, int(atom), alpha, name, *whole, *scores))
    return rows


def of_part(output, target, part):
    """PSNR in dB of an output (N, C) over some coordinates alone, capped; None where there are none."""
    if not part.any():
        return None
    mse = np.square(output.astype(np.float64) - target.reshape(output.shape))[part].mean()
    return float(capped(image.psnr_from_mse(mse)))


def sections(config, store, exhibits):
    """What codes that are turned up or down do."""
    every = conditions.with_dictionaries(config, store)
    at = {(which, layer): folder(which, layer) for which, (own, _) in every.items() for layer in dictionary.layers(own)}
    tables = {
        name: {key: store.read_rows(f"{path}/{name}.csv", kind) for key, path in at.items()}
        for name, kind in TABLES.items()
    }
    pictures = {key: store.read_npz(f"{path}/effects.npz") for key, path in at.items()}
    return [parts.section(exhibits, tables, pictures)]
