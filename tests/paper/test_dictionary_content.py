"""What the claims on atoms' content are handed, on shares whose answer is known."""

import pytest

from inr_sae.paper import dictionary_content
from inr_sae.rows.dictionaries import AtomRow
from tests.paper.dictionary_rows import blank

NAN = float("nan")


def of_layers(*layers):
    """{layer: [AtomRow]} of shares of an exact copy; the cohort's is the same."""

    def row(atom, share):
        columns = {"content_share": share, "content_share_cohort": share, "content_compared": 10}
        return blank(AtomRow, atom=atom, mean_magnitude=1.0 / (1 + atom), **columns)

    return {layer: [row(atom, share) for atom, share in enumerate(shares)] for layer, shares in enumerate(layers)}


def test_atoms_whose_share_is_no_number_do_not_count():
    atoms = of_layers([0.1, NAN, None, 0.3, 0.2], [NAN, NAN, 0.4], [None, float("inf")], [NAN] * 3)
    assert dictionary_content.by_layer(atoms, "content_share") == pytest.approx([0.2, 0.4])
    assert dictionary_content.siren_content(atoms)["siren_no_content"].total == 2, "two layers have no number"


@pytest.mark.parametrize("shares, content", [([0.0, 0.0, 0.0, 0.9, 0.9], 0), ([0.9, 0.9, 0.9, 0.0, -4.0], 1)])
def test_a_layer_has_the_content_of_most_of_its_top_atoms(shares, content):
    assert dictionary_content.siren_content(of_layers(shares))["siren_no_content"].value == 1 - content
    found = dictionary_content.ffmlp_content(of_layers([0.0], [0.0], shares))
    assert (found["ffmlp_content"].value, found["memorised"].value) == (content, content)
    assert found["ffmlp_content"].total == 1, "from layer 2 on"
