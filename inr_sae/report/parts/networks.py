"""The part of a report on several networks: boundaries, rules, and dictionaries against depth and width."""

from inr_sae.paper.network_rules import power
from inr_sae.report import page, sentences
from inr_sae.report.figures import networks as figures
from inr_sae.report.page import Section
from inr_sae.rows.transfer import ALL_NETWORKS

RULE_NAMES = {
    "sr_weight": "sr(W)",
    "sr_share": "sr(W) / min(shape)",
    "sr_gain": "sr(W) - sr(W) at initialisation",
    "sr_activation_centred": "sr(H), centred",
}


def sections(exhibits, networks, layers, rules, labels):
    """Of NetworkRows, NetworkLayerRows, RuleRows and {backbone: its name for people}."""
    html = exhibits.figure(
        "networks",
        figures.backbones(networks, labels),
        "PSNR of each network: its cohort, and test signals fitted by STRAINER's recipe, behind the best boundary, "
        "behind the one of highest sr(W), from scratch, and behind that one of random weights. A mark is an "
        "initialisation.",
        "PSNR of the cohort and of test-time fits for every network",
    )
    html += exhibits.figure(
        "ranks_by_layer",
        figures.layers(layers, labels),
        "Along the units: sr(W) trained (solid) and at initialisation (dotted), sr(H) centred, and PSNR behind a "
        "boundary there; means over initialisations; stars: the argmax.",
        "Stable ranks and PSNR along the units of every network",
    )
    if len({row.n_layers for row in networks}) > 1:
        html += exhibits.figure(
            "depth",
            figures.depth(networks, labels),
            "The best boundary (circles) and the layer of highest sr(W) (crosses) against the number of layers L, a "
            "colour a width; marks are moved apart sideways. Dotted: the last layer.",
            "Best freeze boundary and layer of highest stable rank against depth",
        )
    if len({row.width for row in networks}) > 1:
        html += exhibits.figure(
            "width",
            figures.width(layers, labels),
            "Dead atoms and the median atom's locality against the width d: means over a network's layers, a line a "
            "depth.",
            "Dead atoms and locality against width",
        )
    html += exhibits.table("networks", networks) + exhibits.table("layers_of_networks", layers)
    untested = page.paragraph("No rule names one of several boundaries that were tried: none is put to the test.")
    by_rule = exhibits.table("rules", rules) if rules else untested
    found = boundary_sentences(networks, labels) + spike_sentences(networks, labels)
    return [
        Section("networks", "Networks side by side", html, found),
        Section("rules", "Whether a rule names the best boundary", by_rule, rule_sentences(rules, labels)),
    ]


def name_of(row, labels):
    """As a sentence has it."""
    return f"{labels.get(row.backbone, row.backbone)} ({row.n_layers} layers, width {row.width})"


def boundary_sentences(networks, labels):
    """Where every network is best frozen, of several boundaries, and by how much it beats STRAINER's recipe."""
    found, groups = [], {}
    for row in networks:
        groups.setdefault((row.backbone, row.n_layers, row.width), []).append(row)
    for group in groups.values():
        known = [row for row in group if row.best_tau is not None and row.n_boundaries > 1]
        if known:
            taus = ", ".join(str(row.best_tau) for row in known)
            n = sum(row.decided == 1 for row in known)
            gains = [row.best_psnr_db - row.full_psnr_db for row in known if row.full_psnr_db is not None]
            beside = f", {sum(gains) / len(gains):+.1f} dB against STRAINER's recipe on average" if gains else ""
            said = f"highest mean at boundary {taus} (an initialisation each; a decided lead in {n} of {len(known)})"
            found.append(f"{name_of(group[0], labels)}: {said}{beside}.")
    return tuple(found)


def spike_sentences(networks, labels):
    """Which cohorts ended in a spike."""
    found = []
    for row in networks:
        cohort = f"The cohort of {name_of(row, labels)}, initialisation {row.seed},"
        found.append(sentences.spike_sentence(cohort, row.cohort_psnr_db, row.cohort_psnr_db_last_5))
    return tuple(filter(None, found))


def rule_sentences(rules, labels):
    """What the rule of the stable rank came to, with the chance level beside the count; all networks together by every
    rule, first."""
    together = [row for row in rules if row.backbone == ALL_NETWORKS]
    return tuple(
        f"All networks: {counted(row)}, and always naming one and the same layer is right in {row.constant}: "
        f"{row.verdict}."
        for row in together
    ) + tuple(
        f"{name_of(row, labels)}: {counted(row)}; all would agree by chance with probability {power(row):.2g}: "
        f"{row.verdict}."
        for row in rules
        if row.rule == "sr_weight" and row not in together
    )


def counted(row):
    """How often a rule is right, beside chance."""
    return (
        f"{RULE_NAMES[row.rule]} names the best boundary in {row.agrees} of {row.of} initialisations, where chance "
        f"gives {row.chance_level:.2g}, and as many with probability {row.chance:.2g}"
    )
