"""The part of a report on the paper's claims: what was measured beside each, and the verdict."""

from inr_sae.report import page, sentences, tables

COLUMNS = ("sentence", "where", "quantity", "published", "ours", "verdict")


def claims_section(exhibits, rows, tested_on, differences, note="", beside=None):
    """The verdicts on claims; rows: ClaimRows.

    exhibits: as every part has it; a claim is prose, and has neither figure nor table file. tested_on: which data.
    differences: {what a recipe is called: (sentence, ...)}, in what data and run differ from it. note: a sentence about
    how it was measured.
    """
    text = (
        "Each claim in our own words, where the paper makes it, what was measured, and the verdict by the rule beside "
        f"it. Tested on {tested_on}."
    )
    html = page.paragraph(f"{text} {note}" if note else text)
    for label, said in differences.items():
        html += page.paragraph(difference_sentence(label, said))
    further = (beside or {}).items()
    shown = [
        {key: getattr(row, key) for key in COLUMNS}
        | {title: texts.get(row.claim, "") for title, texts in further}
        | {"rule": row.rule}
        for row in rows
    ]
    html += tables.to_html(shown, wide=True)
    title = "The paper's claims" if any(row.by_paper for row in rows) else "Claims of other papers"
    return page.Section("claims", title, html, (sentences.verdict_sentence(rows),))


def difference_sentence(label, said):
    """In what a run differs from a recipe, or that the verdicts are by that recipe."""
    if said:
        return f"What differs from {label}: {'; '.join(said)}."
    return f"Nothing differs from {label}: the verdicts are under this recipe."
