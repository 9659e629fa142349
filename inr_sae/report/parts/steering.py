"""The part of a report on steering."""

import numpy as np

from inr_sae.report.conditions import condition_names
from inr_sae.report.figures import steering
from inr_sae.report.page import Section, paragraph


def section(exhibits, tables, panels):
    """tables: {"doses", "kept", "fits": {(Condition, layer): rows}}; panels: {(Condition, layer): arrays}."""
    names = condition_names([condition for condition, _ in tables["doses"]])
    html = paragraph(
        "Codes of the top atoms are multiplied by α, one atom at a time and all at once, in the network's activations "
        "or in the dictionary's reconstruction of them; and the strongest atoms alone keep their codes."
    )
    doses = {key: first_way(rows) for key, rows in tables["doses"].items() if rows}
    if doses:
        html += exhibits.figure(
            "steering_doses",
            steering.doses(doses, names),
            "Dose and effect: root mean squared change of the first cohort signal against α; 1 changes nothing.",
            "Change of the output against the multiplier",
        )
        for condition, name in names.items():
            own = {key: each for key, each in panels.items() if key[0] == condition and each}
            if own:
                html += exhibits.figure(
                    f"steering_landing_{name}",
                    steering.landing(own),
                    f"Where it lands, {name}: the top atom's map, the signal, and the absolute change, on one scale a "
                    "line; below each its root mean square.",
                    f"Where the effect of the top atom of {name} lands",
                )
    kept = {key: rows for key, rows in tables["kept"].items() if rows}
    if kept:
        html += exhibits.figure(
            "steering_kept",
            steering.kept(kept, names),
            "Only the n strongest atoms keep their codes, the others' are 0. Dotted: all of them.",
            "PSNR with some atoms alone",
        )
    for name, rows in tables.items():
        shown = [{"condition": names[which], **row._asdict()} for (which, _), of in rows.items() for row in of]
        html += exhibits.table(f"steering_{name}", shown)
    return Section("steering", "Steering", html, tuple(sentences(tables["fits"], names)))


def first_way(rows):
    """SteeringRows of the first signal and the first way."""
    return [row for row in rows if (row.signal, row.through) == (rows[0].signal, rows[0].through)]


def sentences(fits, names):
    """What the answer says of fits behind a steered layer."""
    by_condition = {}
    for (condition, _), rows in fits.items():
        by_condition.setdefault(condition, []).extend(row for row in rows if row.psnr_outside_db is not None)
    for condition, rows in by_condition.items():
        if rows:
            changes = [row.psnr_outside_db - row.psnr_outside_plain_db for row in rows]
            times = " or ".join(f"{scale:g}" for scale in sorted({row.alpha for row in rows}))
            yield (
                f"{names[condition]}: fitted behind a layer of whose strongest atoms one has its code times {times}, a "
                f"held-out image changes where that atom is not active by {np.mean(changes):+.2f} dB on average "
                f"({min(changes):+.2f} to {max(changes):+.2f})."
            )
