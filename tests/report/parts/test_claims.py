from inr_sae.report.parts.claims import claims_section
from inr_sae.rows.claims import ClaimRow
from tests.report.builders import make


def test_claims_stand_with_their_verdicts_and_what_they_were_tested_on():
    rows = [make(ClaimRow, by_paper=1, sentence=text, verdict="partly") for text in ("a < b", "c")]
    section = claims_section(None, rows, "kodak 8x8", {}, "Intervals are 95 %.")
    assert section.anchor == "claims" and section.sentences == ("Of 2 claims of the paper: 2 partly.",)
    assert "Tested on kodak 8x8. Intervals are 95 %.</p>" in section.html and "a &lt; b" in section.html
    plain = claims_section(None, rows, "kodak 8x8", {}).html
    assert "Tested on kodak 8x8.</p>" in plain and "differs" not in plain


def test_what_differs_from_each_recipe_is_said_and_where_nothing_does_the_verdicts_are_under_it():
    rows = [make(ClaimRow, by_paper=1, verdict="partly")]
    differences = {"the text": ("fit.seeds is 1, not 3", "8 of 10 images"), "the notebook": ()}
    html = claims_section(None, rows, "kodak 8x8", differences).html
    assert "What differs from the text: fit.seeds is 1, not 3; 8 of 10 images." in html
    assert "Nothing differs from the notebook: the verdicts are under this recipe." in html


def test_a_further_column_stands_beside_the_claims_that_it_speaks_to():
    rows = [make(ClaimRow, by_paper=1, claim=name, verdict="partly") for name in ("first", "second")]
    html = claims_section(None, rows, "kodak 8x8", {}, beside={"at 5 steps each": {"second": "x < y"}}).html
    assert '<th scope="col">at 5 steps each</th>' in html
    assert [row.count("x &lt; y") for row in html.split("<tr>")[-2:]] == [0, 1]
