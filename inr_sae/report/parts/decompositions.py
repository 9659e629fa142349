"""The parts of a report on decompositions held against each other."""

import numpy as np

from inr_sae.paper.decomposition_evidence import at_best_rate
from inr_sae.report import page
from inr_sae.report.figures import decompositions as figures
from inr_sae.report.figures.decompositions import values, where
from inr_sae.report.figures.style import column
from inr_sae.report.page import Section
from inr_sae.report.sentences import layers_told


def sections(exhibits, tables, labels):
    """[Section]: directions, interactions, resolution and place.

    tables: {name: rows}. labels: {method or backbone: what people call it}.
    """
    found = [kept_section(exhibits, tables["kept"], tables["needed"], labels)]
    if tables["edges"]:
        found.append(edges_section(exhibits, tables["edges"], labels))
    if tables["resolution"]:
        found.append(resolution_section(exhibits, tables["resolution"], labels))
    return [*found, spatial_section(exhibits, tables["spatial"], labels)]


def kept_section(exhibits, kept, needed, labels):
    """How many directions each method needs."""
    html = exhibits.figure(
        "directions",
        figures.kept(kept, labels),
        "PSNR of the cohort with the first n directions of a layer, by mean z², the others' part at its mean. How many "
        "of them a coordinate has a code of differs: of a basis all, of sparse codes k at most.",
        "PSNR against directions kept",
    )
    table = [
        {"backbone": backbone, "layer": layer}
        | {labels[row.method]: row.n_needed for row in where(needed, backbone=backbone, layer=layer)}
        for backbone in values(needed, "backbone")
        for layer in values(needed, "layer")
        if where(needed, backbone=backbone, layer=layer)
    ]
    drop = needed[0].drop_db
    text = f"Directions needed for {drop:g} dB below the network's PSNR; a dash: all of them do not do."
    html += page.paragraph(text)
    html += exhibits.table("directions_needed", table)
    return Section("directions", "Directions kept", html, tuple(needed_sentences(needed, labels)))


def needed_sentences(needed, labels):
    """How many directions each method needs, a sentence a backbone."""
    for backbone in values(needed, "backbone"):
        of_backbone = where(needed, backbone=backbone)
        listed = [
            f"{labels[method]} {', '.join(shown(row.n_needed) for row in where(of_backbone, method=method))}"
            for method in values(of_backbone, "method")
        ]
        drop = of_backbone[0].drop_db
        layers = layers_told(row.layer for row in of_backbone)
        yield f"{labels[backbone]}: directions needed for {drop:g} dB below the network, {layers}: {'; '.join(listed)}."


def shown(number):
    """A number, or a dash."""
    return "–" if number is None else str(number)


def edges_section(exhibits, rows, labels):
    """How many interactions each basis needs."""
    drop = rows[0].drop_db
    html = exhibits.figure(
        "interactions",
        figures.edges(rows, labels),
        "Interactions between the features of a layer and of the next (of the last: the outputs): the fewest of the "
        f"strongest that keep the PSNR within {drop:g} dB of that with all, in % of those that are not 0, found by "
        "bisection; strength: the mean of (∂f'/∂f · f)² over coordinates drawn at random. Every feature of the next "
        "layer is computed with the features that it does not interact with at their mean.",
        "Interactions needed",
    )
    html += exhibits.table("interactions", rows)
    found = []
    for backbone in values(rows, "backbone"):
        of_backbone = where(rows, backbone=backbone)
        listed = [
            f"{labels[name]} {', '.join(str(row.n_needed) for row in where(of_backbone, method=name))}"
            for name in values(of_backbone, "method")
        ]
        layers = layers_told(row.layer for row in of_backbone)
        found.append(f"{labels[backbone]}: interactions needed for {drop:g} dB, {layers}: {'; '.join(listed)}.")
    return Section("interactions", "Interactions", html, tuple(found))


def resolution_section(exhibits, rows, labels):
    """Which dictionaries hold at another resolution."""
    html = exhibits.figure(
        "resolution",
        figures.resolution(rows, labels),
        "Dictionaries trained on one grid and evaluated on the network's true activations at about half and twice as "
        "many pixels a side, and at 1.37 times as many, which lie between. PSNR: with the reconstruction in the place "
        "of the activations, against the network's own output. Right: how much codes differ at the coordinates that "
        "grids have in common, over their norm; an axis of an even number of pixels has none at half.",
        "Dictionaries at other resolutions",
    )
    html += exhibits.table("resolution", rows)
    found = []
    for method in values(rows, "method"):
        change = column(where(rows, method=method, grid="double"), "codes_change")
        if np.isfinite(change).any():
            percent = 100 * np.nanmax(change)
            found.append(f"{labels[method]}: on twice the grid codes differ by at most {percent:.3g} % of their norm.")
    return Section("resolution", "Other resolutions", html, tuple(found))


def spatial_section(exhibits, rows, labels):
    """Where on the image a layer's units count."""
    html = exhibits.figure(
        "spatial",
        figures.spatial(rows, labels),
        "PSNR of the cohort where every unit of a layer keeps a share of the coordinates, those where it is largest in "
        "magnitude, and is 0 elsewhere; dotted: as many at random. Inspired by spatial Top-K on images, and no more: "
        "an INR sees no image.",
        "PSNR against the share of coordinates kept",
    )
    html += exhibits.table("spatial", rows)
    return Section("spatial", "Where units count", html)


def recovery_section(exhibits, rows):
    """What recovers a known dictionary, and when."""
    rows = at_best_rate(rows)
    html = exhibits.figure(
        "recovery",
        figures.recovery(rows),
        "Share of the atoms of a known dictionary with a cosine above 0.9 to a learned one, along training, mean over "
        "seeds, each model at the best of its rates. Smooth atoms have few modes, rough ones all; an operator's atom "
        "is a function of its modes. The known dictionary, and that a code is one number and not a field, are our "
        "choice.",
        "Model recovery",
    )
    table = recovery_table(rows)
    html += page.paragraph("Steps until half of the atoms are recovered, median over seeds; a dash: half never.")
    html += exhibits.table("recovery", table)
    return Section("recovery", "Model recovery", html, (recovery_sentence(table),), appendix=True)


def recovery_table(rows):
    """[dict]: for each model, kind of atoms and optimiser the share recovered at the end, and the step of half."""
    keys = ("model", "lifted", "modes", "atoms", "optimizer", "learning_rate")
    last = max(row.step for row in rows)
    table = []
    for found in dict.fromkeys(tuple(getattr(row, key) for key in keys) for row in rows):
        of_model = where(rows, **dict(zip(keys, found)))
        seeds = [where(of_model, seed=seed) for seed in values(of_model, "seed")]
        steps = [[row.step for row in of_seed if row.above_0_9_fraction >= 0.5] for of_seed in seeds]
        half = float(np.median([min(of_seed, default=np.inf) for of_seed in steps]))
        share = float(column(where(of_model, step=last), "above_0_9_fraction").mean())
        cosine = float(column(where(of_model, step=last), "cosine_mean").mean())
        table.append(
            dict(zip(keys, found))
            | {"recovered": share, "cosine": cosine, "step_of_half": half if np.isfinite(half) else None}
        )
    return table


def recovery_sentence(table):
    """Which models recover at least nine of ten atoms of which kind."""
    fail = [
        f"{row['model']}{' lifted' if row['lifted'] else ''} of {row['modes'] or 'no'} modes on {row['atoms']} atoms "
        f"({row['optimizer']}, {100 * row['recovered']:.0f} %)"
        for row in table
        if row["recovered"] < 0.9
    ]
    said = "; ".join(fail) if fail else "none"
    return f"Of {len(table)} models of a known dictionary these recover fewer than 90 % of its atoms: {said}."
