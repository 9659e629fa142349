"""The part of a report on what atoms mean."""

from inr_sae.report.conditions import condition_names
from inr_sae.report.figures import meaning
from inr_sae.report.page import Section, paragraph
from inr_sae.rows.common import condition_of


def section(exhibits, rows):
    """rows: MeantRows of every condition."""
    groups = {}
    for row in rows:
        groups.setdefault(condition_of(row), []).append(row)
    names = condition_names(groups)
    html = paragraph(
        "Every alive atom's map, by least squares, from features of the image plane: place (x, y, distance from the "
        "middle, angle), and of each signal its luminance, opponent colours, gradients, bands of frequency and, where "
        "known, tissues. The best R² on coordinates that were left out decides; it counts where it is at least 0.1 and "
        "beyond what 95 % of moved maps reach."
    )
    html += exhibits.figure(
        "meaning",
        meaning.shares(groups, names),
        "Share of alive atoms by the kind of their best explanation. Dashed: of the same maps moved, the share that "
        "would count as explained by whatever kind.",
        "What explains atoms, by layer and condition",
    )
    table = [{"condition": names[condition_of(row)], **row._asdict()} for row in rows]
    html += exhibits.table("meaning", table)
    return Section("meaning", "What atoms mean", html, tuple(sentences(groups, names)))


def sentences(groups, names):
    """What the answer says of each condition: the kind that explains most atoms of its last layer."""
    for condition, rows in groups.items():
        last = max(row.layer for row in rows)
        of_last = [row for row in rows if row.layer == last and row.n_alive]
        known = [row for row in of_last if row.kind != "nothing"]
        if not known:
            continue
        most = max(known, key=lambda row: row.fraction)
        total = sum(row.fraction for row in known)
        by = f", the largest part by {most.kind} ({100 * most.fraction:.0f} %)" if total > 0 else ""
        yield (
            f"{names[condition]}, layer {last}: {100 * total:.0f} % of alive atoms are explained{by}; of moved maps "
            f"{100 * most.null_fraction:.0f} % would be."
        )
