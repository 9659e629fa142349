"""The parts of a report on what weights carry: readers of weights, and test-time fits by data set."""

from typing import NamedTuple

import numpy as np

from inr_sae.measure.paired import clustered_interval
from inr_sae.report import page
from inr_sae.report.figures import weights as figures
from inr_sae.report.page import Section
from inr_sae.rows.weights import BIASES, CONTROL, OFFSETS


class Study(NamedTuple):
    """What readers of weights measured."""

    readings: list  # ReadingRows
    flow: list  # FlowRows
    interventions: list  # InterventionRows
    baselines: list  # BaselineRows
    base: str  # the condition that the others differ from
    maps: dict  # {condition: {"labels", "offsets", "last"}}
    classes: tuple  # their names


def study_sections(exhibits, study):
    """The Sections of a Study, the answer's sentences with the first."""
    return [
        accuracy_section(exhibits, study),
        flow_section(exhibits, study),
        intervention_section(exhibits, study),
        map_section(exhibits, study),
    ]


def mean(rows, column):
    """The mean of a column over rows; nan of none."""
    values = [getattr(row, column) for row in rows]
    return float(np.mean(values)) if values else float("nan")


def of_base(study, rows, **wanted):
    """The base condition's rows with these values."""
    rows = [row for row in rows if row.condition == study.base]
    return [row for row in rows if all(getattr(row, key) == value for key, value in wanted.items())]


def accuracy_section(exhibits, study):
    """Accuracy of every condition, beside what reads pixels."""
    html = exhibits.figure(
        "reader_accuracy",
        figures.accuracy(study.readings, study.baselines),
        "Test accuracy of a reader of weights under every condition, a dot a seed, and of what reads the pixels "
        "(grey). CE: share of the cross-entropy's gradient that reaches the networks; then what of the offsets the "
        "reader is shown; contrast: weight of a loss that presses classes together in the offsets.",
        "Accuracy of readers of weights and of pixels",
    )
    html += exhibits.table("readings", study.readings) + exhibits.table("baselines", study.baselines)
    pixels = "; ".join(f"{row.method} {100 * row.accuracy_test:.1f} %" for row in study.baselines)
    rows = of_base(study, study.readings)
    said = (
        f"A reader of weights names the class of {100 * mean(rows, 'accuracy_test'):.1f} % of test images, from "
        f"networks that reconstruct them at {mean(rows, 'psnr_db'):.1f} dB; beside it: {pixels}."
    )
    return Section("accuracy", "How well weights are read", html, (said,))


def flow_section(exhibits, study):
    """Where on the way classes lie together, and whether that tells accuracy."""
    html = exhibits.figure(
        "token_flow",
        figures.token_flow(study.flow),
        "Left: the share of 10 nearest neighbours of a test image that are of its class, on raw offsets, on mean "
        "tokens as embedded, and after every block; bars: least and largest seed; dotted: labels in another order. "
        "Right: accuracy on test of a linear model fitted to the training images there.",
        "Purity of neighbours and accuracy of a linear probe along the reader",
    )
    html += exhibits.figure(
        "purity_accuracy",
        figures.purity_against_accuracy(study.readings, study.flow),
        "A point a training of a reader that is shown all offsets: purity of neighbours against accuracy.",
        "Purity against accuracy",
    )
    html += page.heading("Accuracy and purity by condition: means and 95 % intervals over seeds")
    html += exhibits.table("conditions", condition_table(study))
    html += page.heading("Geometry at every place: means over seeds")
    html += exhibits.table("flow", flow_table(study))
    last = max(row.block for row in study.flow if row.block is not None)
    raw, late = (of_base(study, study.flow, **which) for which in ({"place": OFFSETS}, {"block": last}))
    said = (
        f"Of a test image's nearest neighbours {100 * mean(raw, 'purity'):.0f} % are of its class by raw offsets "
        f"({100 * mean(raw, 'purity_shuffled'):.0f} % where labels are shuffled) and "
        f"{100 * mean(late, 'purity'):.0f} % after the reader's last block; a linear model reads "
        f"{100 * mean(raw, 'probe'):.1f} % off the raw offsets."
    )
    return Section("flow", "Where classes lie together", html, (said,))


def condition_table(study):
    """A row for every condition: accuracy, purity of raw offsets and after the last block, intervals over seeds."""
    last = max(row.block for row in study.flow if row.block is not None)
    rows = []
    for condition in dict.fromkeys(row.condition for row in study.readings):
        readings = [row for row in study.readings if row.condition == condition]
        flow = [row for row in study.flow if row.condition == condition]
        measured = {"accuracy": (readings, "accuracy_test")}
        measured["purity_offsets"] = ([row for row in flow if row.place == OFFSETS], "purity")
        measured["purity_last"] = ([row for row in flow if row.block == last], "purity")
        row = {"condition": condition, "n_seeds": len(readings)}
        for name, (of_place, column) in measured.items():
            interval = clustered_interval([getattr(each, column) for each in of_place], [r.seed for r in of_place])
            row |= {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}
        rows.append(row)
    return rows


def flow_table(study):
    """Means over seeds of every condition's geometry at every place."""
    columns = ("purity", "purity_shuffled", "silhouette", "fisher", "fisher_shuffled", "probe")
    places = dict.fromkeys((row.condition, row.place) for row in study.flow)
    return [
        {"condition": condition, "place": place}
        | {
            column: mean([r for r in study.flow if (r.condition, r.place) == (condition, place)], column)
            for column in columns
        }
        for condition, place in places
    ]


def intervention_section(exhibits, study):
    """What becomes of the reader's answer when biases are changed."""
    html = exhibits.figure(
        "interventions",
        figures.interventions(study.interventions, study.base),
        "Accuracy after the biases' offsets of test images were changed before the reader sees them, a dot a seed; "
        "and the same of the weight columns whose norm is as theirs. swapped: taken from another image of the same "
        "class, or of another one; noise: of every entry's mean and deviation.",
        "Accuracy after interventions on biases and on weights",
    )
    html += exhibits.table("interventions", of_base(study, study.interventions))
    across = {
        place: of_base(study, study.interventions, kind="swapped across", place=place) for place in (BIASES, CONTROL)
    }
    readings = of_base(study, study.readings)
    lost = {place: 100 * mean(rows, "accuracy_drop") for place, rows in across.items()}
    said = (
        f"With the biases of an image of another class the reader loses {lost[BIASES]:.1f} points and names that "
        f"class in {100 * mean(across[BIASES], 'as_donor'):.1f} %; with weight columns matched in norm "
        f"({mean(readings, 'control_columns'):.0f} of them) it loses {lost[CONTROL]:.1f}.",
        f"The biases' offsets have an effective rank of {mean(readings, 'bias_rank'):.1f} of "
        f"{readings[0].bias_dimensions}, weight columns matched in norm one of {mean(readings, 'control_rank'):.1f}, "
        f"the pixels one of {mean(readings, 'pixel_rank'):.1f}.",
    )
    return Section("interventions", "What the biases do", html, said)


def map_section(exhibits, study):
    """Maps of the test images."""
    html = exhibits.figure(
        "maps",
        figures.maps(study.maps, study.classes),
        "Test images by t-SNE (of the first 50 principal components): left by raw offsets, right by the mean token "
        "after the last block; first seed. Distances between clusters mean nothing in such a map.",
        "Maps of test images by offsets and by mean tokens",
    )
    return Section("maps", "Maps", html)


def fits_section(exhibits, rows):
    """Whether test-time fits lie together by data set; rows: FitGeometryRows."""
    html = page.paragraph(
        "Test signals of several data sets, fitted with one encoder: how far the fits of a set lie together in a part "
        "of their weights. Purity: the share of a fit's nearest neighbours that are of its set; _shuffled: with labels "
        "in another order; chance: what is to be expected where they say nothing; probe: accuracy of a linear model on "
        "fits that it has not seen. pixels: the same of five statistics of the images themselves."
    )
    html += exhibits.figure(
        "fit_geometry",
        figures.fits(rows),
        "Purity of neighbours by data set, in each part of the weights of test-time fits; marks: labels shuffled.",
        "Purity by data set of parts of the weights",
    )
    html += exhibits.table("fit_geometry", rows)
    return Section("fit_geometry", "Fits by data set", html, tuple(fit_sentence(row) for row in rows))


def fit_sentence(row):
    """What one FitGeometryRow says."""
    how = f" ({row.protocol})" if row.protocol else ""
    return (
        f"By {row.part} of {row.n} fits{how}, {100 * row.purity:.0f} % of neighbours are of the same data set, "
        f"{100 * row.purity_shuffled:.0f} % with labels shuffled; a linear model names the set of "
        f"{100 * row.probe:.0f} %."
    )
