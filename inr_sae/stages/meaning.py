"""What atoms mean: for every alive atom the best explanation among features of the image plane; see `atoms/meaning.py`.

Of a cohort these are features of the signals that the encoder was trained on, and, where the data set knows them, what
their pixels show.
"""

import numpy as np

from inr_sae.atoms import explanations, meaning, statistics
from inr_sae.machine import processes
from inr_sae.machine.progress import Progress
from inr_sae.report.parts import meaning as parts
from inr_sae.rows.comparisons import MeaningRow, MeantRow
from inr_sae.run import checks
from inr_sae.run.once import is_done
from inr_sae.stages import cohort, conditions, dictionary

NEEDS, USES = (("dictionary", "conditions"),), ()
READS = (*conditions.READS, "meaning")
WRITES = ("meaning",)
NOTHING = "nothing"  # the kind of an atom that no explanation fits


def check(config):
    """Refuse a number of atoms that cannot be."""
    checks.positive(config, "meaning.max_atoms")


def run(config, store):
    """Writes meaning/<condition>_layer_<l>.csv and, last, summary.csv."""
    every, summary = conditions.with_dictionaries(config, store), []
    with Progress("meaning", sum(len(dictionary.layers(own)) for own, _ in every.values())) as progress:
        for which, (own, sub) in every.items():
            encoder, layers = cohort.load(own, sub), dictionary.layers(own)
            signals = encoder.signals
            labels = None if signals.labels is None else signals.labels.cohort
            known = explanations.candidates(signals.cohort, labels, signals.label_names)
            design = meaning.design(known)
            for layer, h in zip(layers, encoder.activations(layers)):
                processes.stop_if_asked()
                found, atoms = of_layer(config, dictionary.load(own, sub, layer), h, design, encoder.shape)
                rows = rows_of(layer, atoms, found, known, signals.names.cohort)
                store.write_rows(file_of(which, layer), MeaningRow, rows)
                summary += summarised((*which, layer), rows, design.kinds, found)
                progress.advance(1, f"{which.name} layer {layer}")
    store.write_rows("meaning/summary.csv", MeantRow, summary)


def file_of(which, layer):
    """The file of one dictionary."""
    return f"meaning/{which.name}_layer_{layer}.csv"


def of_layer(config, fitted, h, design, shape):
    """(Meanings, numbers of the atoms), None for the first where no atom is alive."""
    measured, _ = statistics.measure(fitted, h)
    atoms = statistics.top_atoms(measured, config.meaning.max_atoms)
    atoms = atoms[measured.alive[atoms]]
    if not len(atoms):
        return None, atoms
    return meaning.meanings(meaning.scores(fitted, h, atoms, design, shape, config.seed), design.kinds), atoms


def rows_of(layer, atoms, found, known, names):
    """MeaningRows of some atoms, by number; known: the Candidates; names: of the signals."""
    rows = []
    for i, atom in enumerate(atoms):
        best = explanation(known, names, found.best[i], found.r2[i])
        second = explanation(known, names, found.second[i], found.second_r2[i])
        rows.append(MeaningRow(layer, int(atom), int(found.explained[i]), *best, float(found.null_r2[i]), *second))
    return sorted(rows, key=lambda row: row.atom)


def explanation(known, names, number, r2):
    """(kind, name, name of the signal, R²) of a Candidate by its number; of -1 there is none."""
    if number < 0:
        return "", "", "", None
    each = known[number]
    return each.kind, each.name, names[each.signal] if each.signal >= 0 else "", float(r2)


def summarised(which, rows, kinds, found):
    """MeantRows of one layer."""
    by_kind = {kind: [row.r2 for row in rows if row.explained and row.kind == kind] for kind in dict.fromkeys(kinds)}
    by_kind[NOTHING] = [row.r2 for row in rows if not row.explained]
    null = found.null_explained if rows else float("nan")
    return [
        MeantRow(*which, kind, len(rows), len(r2) / max(1, len(rows)), null, float(np.median(r2)) if r2 else None)
        for kind, r2 in by_kind.items()
    ]


def of_atoms(store, which, layer):
    """The MeaningRows of one dictionary; none where this stage is not done."""
    if not is_done(store, "meaning"):
        return []
    return store.read_rows(file_of(which, layer), MeaningRow)


def sections(config, store, exhibits):
    """What atoms mean."""
    return [parts.section(exhibits, store.read_rows("meaning/summary.csv", MeantRow))]
