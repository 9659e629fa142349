"""The part of a report on which recipe gives published numbers back."""

from inr_sae.report import page
from inr_sae.report.figures import recipes as figures
from inr_sae.report.page import Section

TITLE = "Recipes against published numbers"
TABLE = ("recipe", "quantity", "target", "protocol", "tau", "value", "std", "ours", "low", "high", "n_images")
TABLE += ("deviation", "in_std")


def recipes_section(exhibits, rows, scores):
    """DeviationRows, and {recipe: (root mean square deviation in the paper's SD, of how many numbers)}, best first."""
    if not rows:
        text = "No published number is about these signals and this backbone."
        return Section("recipes", TITLE, page.paragraph(text), (text,))
    order = [*scores, *dict.fromkeys(row.recipe for row in rows if row.recipe not in scores)]
    html, drawn = "", figures.beside(rows, order)
    if drawn:
        html = exhibits.figure(
            "published_and_ours",
            drawn,
            "PSNR by freeze boundary: published (line and band: mean and standard deviation over images and seeds) and "
            "ours by recipe (mean over images and its 95 % interval, where there are three images at least).",
            "Published PSNR and ours under each recipe",
        )
    drawn = figures.by_cohort(rows)
    if drawn:
        html += exhibits.figure(
            "by_cohort",
            drawn,
            "PSNR by how long the cohort was trained (below: its own PSNR), a line for each freeze boundary with the "
            "95 % interval over images, where there are three at least; dotted: published.",
            "PSNR of held-out images by the length of the cohort's training",
        )
    html += exhibits.figure(
        "recipes",
        figures.deviations(rows, order),
        "Recipes (rows, the nearest first) against published numbers (columns): ours minus published, in the published "
        "standard deviation over images and seeds, or, where there is none (ranks, cohort, the notebook's one image, "
        "nb), in tenths of the value. Empty: not measured at that step.",
        "Deviation of every recipe from every published number",
    )
    ranking = [{"recipe": name, "rms_in_std": rms, "of_numbers": n} for name, (rms, n) in scores.items()]
    html += exhibits.table("recipe_scores", ranking)
    html += exhibits.table("deviations", [{key: getattr(row, key) for key in TABLE} for row in rows])
    return Section("recipes", TITLE, html, sentences_of(scores))


def claims_section(exhibits, rows):
    """The verdict on every claim under every recipe; rows: RecipeClaimRows."""
    recipes, by_claim = list(dict.fromkeys(row.recipe for row in rows)), {}
    for row in rows:
        by_claim.setdefault((row.sentence, row.published), {})[row.recipe] = f"{row.verdict}: {row.ours}"
    table = [
        {"claim": sentence, "published": published} | {name: verdicts.get(name, "") for name in recipes}
        for (sentence, published), verdicts in by_claim.items()
    ]
    text = (
        "Each claim that these fits speak to, by how long they had run: equal budgets, and STRAINER's recipe with the "
        "fewest steps beside the others with the most. A verdict rests on six images of a target at least; chance and "
        "intervals stand in recipes/claims.csv."
    )
    html = page.paragraph(text) + exhibits.table("claims_by_recipe", table)
    return Section("recipe_claims", "The paper's claims by recipe", html, ())


def sentences_of(scores):
    """Which recipe is nearest, and how near the next is."""
    if not scores:
        return ("No published number with a standard deviation was measured under every recipe.",)
    (best, (rms, n)), *others = scores.items()
    text = (
        f"Nearest to the published numbers is {best}: {rms:.1f} standard deviations off (root mean square over the {n} "
        "that every recipe speaks to)"
    )
    return (f"{text}, then {others[0][0]}: {others[0][1][0]:.1f}." if others else f"{text}.",)
