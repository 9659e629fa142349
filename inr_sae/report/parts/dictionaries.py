"""The parts of a report on dictionaries of several encoders: Figures 3 to 15, and what the paper lacks."""

from typing import NamedTuple

from inr_sae.report import page, sentences
from inr_sae.report.conditions import condition_names
from inr_sae.report.figures import dictionaries, pictures, sizes
from inr_sae.report.figures.style import has_numbers, magnitude_label
from inr_sae.report.page import Section
from inr_sae.report.parts.study import SIGNED, pictured_rows
from inr_sae.rows.common import condition_of

GALLERY = 8  # atoms a layer in Figures 13 and 14
FEW = 5  # in Figure 3


class Compared(NamedTuple):
    """The dictionaries of several encoders; a Condition may lack what was not measured on it."""

    metrics: dict  # {Condition: MetricsRows by layer}
    atoms: dict  # {Condition: {layer: AtomRows}}
    effects: dict  # {role, "cohort" or "test": {Condition: EffectRows}}
    ablations: dict  # {Condition: AblationRows}
    panels: dict  # {Condition: {layer: arrays of its pictures}}
    maps: dict  # {Condition: {layer: z (A, N)}}, the atoms of highest mean magnitude first
    signals: dict  # {Condition: the first signal of its cohort (H, W, C)}


def gallery_section(exhibits, compared):
    """Figures 3 and 13."""
    html = ""
    cohorts = [condition for condition in compared.maps if condition.regime == "cohort"]
    if cohorts:
        html += exhibits.figure(
            "figure_3",
            pictures.gallery({condition: block(compared, condition, FEW, some_layers) for condition in cohorts}),
            "As Figure 3: a signal of the cohort, the five atoms of highest mean magnitude at some layers, each "
            "scaled to its own maximum, and framed their mean.",
            "Top atoms of cohort encoders at the first, a middle and the last layer",
        )
    html += exhibits.figure(
        "figure_13",
        pictures.gallery({condition: block(compared, condition, GALLERY, list) for condition in compared.maps}),
        f"As Figures 13 and 14: the {GALLERY} top atoms of every layer and condition.",
        "Top atoms of every layer and condition",
    )
    return Section("gallery", "What the layers encode", html)


def block(compared, condition, n, choose):
    """(signal, {layer: z (n, N)}) of a condition for a gallery; choose(layers) -> those that are shown."""
    maps = compared.maps[condition]
    return compared.signals[condition], {layer: maps[layer][:n] for layer in choose(maps)}


def some_layers(layers):
    """The first, a middle and the last layer."""
    layers = list(layers)
    return sorted({layers[0], layers[len(layers) // 2], layers[-1]})


def diagnostics_section(exhibits, compared):
    """Figures 4 and 8 to 12, locality and content, and the table of diagnostics."""
    metrics, names = compared.metrics, condition_names(compared.metrics)
    html = ""
    html += "" if fires(metrics) else page.paragraph(SIGNED)
    for name, fig, caption in (*summary_figures(metrics), *profile_figures(compared.atoms, metrics)):
        html += exhibits.figure(name, fig, caption, caption.split(":")[0])
    rows = [{"condition": names[key], **row._asdict()} for key, by_layer in metrics.items() for row in by_layer]
    html += exhibits.table("diagnostics", rows)
    found = tuple(sentences.condition_sentences(metrics))
    return Section("diagnostics", "Dictionaries in numbers", html, found)


def fires(metrics):
    """Whether codes are at least 0, so that atoms fire, in any condition."""
    return has_numbers(metrics.values(), "active_fraction_median")


def summary_figures(metrics):
    """(name, figure, caption) of what is drawn from the metrics of every condition."""
    if dictionaries.with_meaning(dictionaries.CONCENTRATION, metrics):
        dead = ", and the share of atoms that never fire" if fires(metrics) else ""
        yield (
            "figure_4_8",
            dictionaries.concentration(metrics),
            f"As Figures 4 and 8: medians and quartiles over alive atoms{dead}.",
        )
    yield (
        "shape",
        dictionaries.shape(metrics),
        "Locality: the spread of z² about its centroid, between that of a disc of as many pixels (1) and of pixels at "
        "random (0). Content: the largest |correlation| of an atom's map with a signal the encoder was trained on; "
        "thin lines: with the same signals displaced at random, which keeps their texture and loses their place. "
        "Right: how much more an atom looks like a signal of the cohort than like as many held-out signals, 0 if it is "
        "the kind of image and not the cohort that it traces.",
    )
    yield (
        "quality",
        dictionaries.quality(metrics),
        "How well dictionaries reconstruct"
        + (", how local atoms are on average" if fires(metrics) else "")
        + ", and how far the top atom stands out.",
    )


def profile_figures(atoms, metrics):
    """(name, figure, caption) of what is drawn from the atoms of every condition."""
    label = magnitude_label(fires(metrics))
    yield (
        "figure_9",
        dictionaries.profile_bars(atoms, metrics, "mean_magnitude", label),
        "As Figure 9: mean magnitude of the 16 top atoms.",
    )
    if fires(metrics):
        yield (
            "figure_10",
            dictionaries.profile_bars(atoms, metrics, "firing_rate", "share of pixels"),
            "As Figure 10: firing rate P(z > 0) of the same atoms.",
        )
    yield "figure_11", dictionaries.profiles(atoms, "mean_magnitude", label), "As Figure 11."
    if fires(metrics):
        yield "figure_12", dictionaries.profiles(atoms, "firing_rate", "P(z > 0)"), "As Figure 12."


def ablations_section(exhibits, compared):
    """Figures 5 and 15, and magnitude against drop."""
    html, names = "", condition_names(compared.ablations)
    for role in ("cohort", "test"):
        measured = {condition: rows for condition, rows in compared.effects.get(role, {}).items() if rows}
        if measured:
            effects = {condition: of_first_signal(rows) for condition, rows in measured.items()}
            html += exhibits.figure(
                f"drop_against_magnitude_{role}",
                dictionaries.drop_against_magnitude(effects, compared.atoms),
                f"What the removal of each atom alone costs the first {role} signal: every alive atom of every layer "
                "that costs anything. On a logarithmic scale those that change nothing, or help when they go, have no "
                "place.",
                "Drop of PSNR against mean magnitude",
            )
    for condition, rows in compared.ablations.items():
        for layer, panels in compared.panels[condition].items():
            html += ablation_figure(exhibits, names[condition], layer, panels, rows)
    return Section("ablations", "What single atoms do", html)


def of_first_signal(effects):
    """The EffectRows of the first signal that there is."""
    return [row for row in effects if row.signal == effects[0].signal]


def ablation_figure(exhibits, name, layer, panels, rows):
    """Figure 15 of one layer of a condition, on its test signal where there is one; rows: AblationRows."""
    role = "test" if "test_target" in panels else "cohort"
    pictured = pictured_rows(rows, layer, role, len(panels["atoms"]))
    return exhibits.figure(
        f"figure_15_{name}_layer_{layer}",
        pictures.ablations(layer, panels, role, pictured),
        f"As Figures 5 and 15: {name}, layer {layer}, {role} signal {pictured[0].signal}; the top atoms, then some "
        "drawn at random.",
        f"Ablations of {name} at layer {layer}",
    )


def size_section(exhibits, rows, chosen, steps):
    """Figures 6 and 7; rows: SizeRows. chosen: the study's own (n, k). steps: of each dictionary."""
    groups, html = {}, ""
    for row in rows:
        groups.setdefault(condition_of(row), []).append(row)
    for condition, name in condition_names(groups).items():
        swept = {(row.n_atoms, row.k) for row in groups[condition]}
        star = "; the star is the study's own (n, k)" if tuple(chosen) in swept else ""
        html += exhibits.figure(
            f"figure_6_7_{name}",
            sizes.size_sweep(groups[condition], chosen),
            f"As Figures 6 and 7: {name}, {steps} steps each{star}.",
            f"Dictionary size and sparsity, {name}",
        )
    return Section("size_sweep", "Size and sparsity", html + exhibits.table("size_sweep", rows))


def stability_section(exhibits, rows):
    """How much of a dictionary comes again; rows: MatchRows."""
    if not rows:
        text = "No two dictionaries have an atom alive at the same layer."
        return Section("stability", "What comes again", page.paragraph(text), (text,))
    html = exhibits.figure(
        "stability",
        dictionaries.stability(rows),
        "Atoms matched one to one (linear assignment), mean similarity of the pairs. Thin: the null, maps displaced by "
        "half the image, or random directions. Left, over the same pixels; right, of one encoder's dictionaries.",
        "Similarity of matched atoms by layer",
    )
    found = tuple(sentences.stability_sentences(rows))
    return Section("stability", "What comes again", html + exhibits.table("stability", rows), found)
