"""The part of a report on whether two networks learn the same."""

import numpy as np

from inr_sae.report.figures import convergence
from inr_sae.report.page import Section, paragraph
from inr_sae.report.sentences import layers_told

NULLS = "Thin lines: nulls, maps displaced by half the image, and, dotted, the same networks before training."


def section(exhibits, tables, similarities):
    """tables: {name: rows} of the stage; similarities: {(kind, name, other): {layer: arrays}}."""
    html = paragraph(
        "Units, and atoms of dictionaries, of pairs of networks on the same coordinates: what has a partner, what "
        "takes several, and how alike layers are as a whole. A unit that is constant or dead is left out, and counted."
    )
    if tables["one_to_one"]:
        html += exhibits.figure(
            "convergence_partners",
            convergence.partners(tables["one_to_one"]),
            "One to one: partners assigned on one half of the coordinates, their mean correlation on the other half; "
            f"absolute where units have both signs. {NULLS}",
            "Correlation of assigned partners by layer",
        )
    for what in dict.fromkeys(row.of for row in tables["one_to_one"]):
        html += exhibits.figure(
            f"convergence_curves_{what}",
            convergence.curves(similarities, what),
            f"Every one of the {what}, sorted: correlation with its best partner, and, dashed, with the one assigned.",
            f"Sorted correlations of {what}",
        )
    for what in dict.fromkeys(row.of for row in tables["one_to_many"]):
        html += exhibits.figure(
            f"convergence_many_{what}",
            convergence.from_many([row for row in tables["one_to_many"] if row.of == what]),
            f"One to many: {what} of the second network, each from all of the first's by an L1 penalty that falls "
            "along the line; R² on coordinates that it was not fitted on. Star: from the one best partner.",
            f"{what} predicted from many",
        )
    if tables["likeness"]:
        html += exhibits.figure(
            "convergence_layers",
            convergence.heat_maps(tables["likeness"]),
            "Every layer against every other: linear CKA, debiased.",
            "Linear CKA of layers",
        )
    for name, rows in tables.items():
        if rows:
            html += exhibits.table(f"convergence_{name}", shown(name, rows))
    return Section("convergence", "Do two networks learn the same?", html, tuple(sentences(tables["one_to_one"])))


def shown(name, rows):
    """Those rows of a table that a page has room for: the smallest penalty, and each layer against its like."""
    if name == "one_to_many":
        least = min(row.penalty for row in rows)
        return [row for row in rows if row.penalty == least]
    return [row for row in rows if row.layer == row.other_layer]


def sentences(rows):
    """What the answer says, of units of one cohort from several seeds, the mean over these."""
    for (backbone,), found in convergence.grouped(rows, "backbone").items():
        units = [row for row in found if (row.kind, row.of) == ("encoder seeds", "units")]
        if not units:
            continue
        by_case = {case: values_of(rows) for (case,), rows in convergence.grouped(units, "case").items()}
        trained = by_case.pop("trained")
        said = [f"{mean:.2f} ({max(null[layer] for null in by_case.values()):.2f})" for layer, mean in trained.items()]
        others = len({row.other_seed for row in units})
        whose = "another seed" if others == 1 else f"{others} other seeds, in the mean"
        yield (
            f"Units of {backbone}'s {layers_told(trained)} have in a network from {whose} partners of correlation "
            f"{', '.join(said)}, on coordinates that did not choose them; in brackets the larger of two nulls, "
            "displaced maps and untrained networks."
        )


def values_of(rows):
    """{layer: mean held-out correlation of assigned partners} over PartnersRows of several seeds."""
    by_layer = convergence.grouped(rows, "layer").items()
    return {layer: float(np.mean([row.matched_held_out_mean for row in of_layer])) for (layer,), of_layer in by_layer}
