"""The published numbers as rows: some of each kind, as the paper and the notebook print them."""

import pytest

from inr_sae.paper import published

# (quantity, source, target, backbone, protocol, tau): value, its standard deviation, where it stands.
PRINTED = {
    ("psnr_db", "celebahq", "celebahq", "siren", "full", None): (43.15, 2.26, "Tables 3-5"),
    ("psnr_db", "celebahq", "celebahq", "siren", "freeze", 1): (42.36, 2.47, "Tables 3-5"),
    ("psnr_db", "celebahq", "kodak", "ffmlp", "freeze", 0): (29.89, 3.78, "Tables 3-5"),
    ("ssim", "celebahq", "celebahq", "siren", "freeze", 1): (0.9858, 0.0052, "Tables 3-5"),
    ("ssim", "celebahq", "celebahq", "ffmlp", "full", None): (0.9016, 0.0237, "Tables 3-5"),
    ("sr_weight", "celebahq", "", "ffmlp", "", 0): (79.61, None, "Tables 3-5"),
    ("sr_weight", "kodak", "", "siren", "", 4): (20.78, None, "Tables 3-5"),
    ("sr_activation_centred", "celebahq", "", "ffmlp", "", 0): (63.08, None, "Tables 3-5"),
    ("sr_activation_centred", "kodak", "", "siren", "", 4): (31.25, None, "Tables 3-5"),
    ("psnr_clipped_db", "celebahq", "celebahq", "siren", "full", None): (32.05, None, "notebook"),
    ("psnr_clipped_db", "celebahq", "celebahq", "siren", "freeze", 1): (42.11, None, "notebook"),
    ("cohort_psnr_clipped_db", "celebahq", "", "siren", "", None): (35.254, None, "notebook"),
}


@pytest.mark.parametrize("cell", PRINTED, ids=lambda cell: "-".join(map(str, cell)))
def test_a_cell_has_the_number_that_is_printed(cell):
    where = PRINTED[cell][2]
    (row,) = [row for row in published.rows() if row[: len(cell)] == cell and row.where == where]
    assert (row.value, row.std, row.where) == PRINTED[cell]


def test_the_notebooks_ranks_stand_beside_the_papers():
    found = {row.where: row.value for row in published.rows() if row[:5] == ("sr_weight", "celebahq", "", "siren", "")
             and row.tau == 1}  # fmt: skip
    assert found == {"Tables 3-5": 32.45, "notebook": 35.42}
