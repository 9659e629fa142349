"""Whether the top atoms of dictionaries have the shape of images, and of the cohort's own: as shares of what an exact
copy of the cohort's signals would score."""

import numpy as np

from inr_sae.paper.claims import counted

TOP = 16  # atoms of highest mean magnitude, those that galleries show
IMAGE_SHAPED = 0.25  # of an exact copy; a broad spot at a face's place has up to 0.2, another face 0.4
NO_CONTENT = 0.1
MEMORISED = 0.5  # of an exact copy; means of other faces and photographs have up to 0.35


def siren_content(atoms):
    """The claim on cohort SIREN's content, from {layer: [AtomRow]}."""
    shares = by_layer(atoms, "content_share")
    return {"siren_no_content": counted([x <= NO_CONTENT for x in shares], note=listed(shares))}


def ffmlp_content(atoms):
    """The claims on cohort FFMLP's content, likewise; of layers from 2 on."""
    deep = {layer: rows for layer, rows in atoms.items() if layer >= 2}
    shares, of_cohort = by_layer(deep, "content_share"), by_layer(deep, "content_share_cohort")
    compared = min((row.content_compared for rows in deep.values() for row in rows), default=None)
    note = f"{listed(of_cohort)}, {compared} signals of each"
    return {
        "ffmlp_content": counted([x >= IMAGE_SHAPED for x in shares], note=listed(shares)),
        "memorised": counted([x >= MEMORISED for x in of_cohort], n_images=compared, note=note),
    }


def top(atoms, n):
    """The n atoms of highest mean magnitude, of a layer's AtomRows."""
    return sorted(atoms, key=lambda row: -row.mean_magnitude)[:n]


def by_layer(atoms, column):
    """[median of a column over the top atoms] of every layer that has it."""
    found = []
    for rows in atoms.values():
        values = [getattr(row, column) for row in top(rows, TOP)]
        values = [value for value in values if value is not None and np.isfinite(value)]
        found += [float(np.median(values))] if values else []
    return found


def listed(shares):
    """As a note, as in "share of an exact copy 0.12, 0.34"."""
    return "share of an exact copy " + ", ".join(f"{value:.2f}" for value in shares)
