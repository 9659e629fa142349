"""Claims under several budgets: each fit counts as it was at that point of its curve."""

import pytest

from inr_sae.measure import boundaries
from inr_sae.paper import budgets, claims, transfer_claims, transfer_evidence
from inr_sae.paper.budgets import Budgets
from inr_sae.rows.transfer import CurveRow, EncoderRankRow
from tests.matrix_rows import fit_row

IMAGES = "abcdef"


def curve(fit, points):
    return [CurveRow(*fit[: len(budgets.KEYS)], epoch, epoch, db) for epoch, db in points.items()]


def fitted(full, freeze):
    """(fits, curves) of six images from {epoch: dB} of STRAINER's recipe and of freezing up to layer 1."""
    fits, curves = [], []
    for i, image in enumerate(IMAGES):
        for protocol, tau, points in (("full", None, full), ("freeze", 1, freeze)):
            points = {epoch: db + 0.1 * i for epoch, db in points.items()}
            fits.append(fit_row(protocol, tau, image, 0, points[max(points)], ssim=0.9))
            curves += curve(fits[-1], points)
    return fits, curves


def test_equal_budgets_are_tried_and_the_published_mixture():
    assert budgets.candidates((500, 2000)) == [Budgets(500, 500), Budgets(2000, 2000), Budgets(500, 2000)]
    assert budgets.candidates((500,)) == [Budgets(500, 500)]
    assert [each.name for each in budgets.candidates((5, 9))] == ["5", "9", "full 5, frozen 9"]


def test_the_mixture_is_of_the_fewest_and_the_most_steps_in_whatever_order_they_are_given():
    assert budgets.candidates((1000, 2000, 500, 900))[-1] == Budgets(500, 2000)


@pytest.mark.parametrize(
    "of_budgets, full, freeze", [(Budgets(5, 5), 38.0, 32.0), (Budgets(9, 9), 45.0, 42.0), (Budgets(5, 9), 38.0, 42.0)]
)
def test_a_fit_counts_as_it_was_then(of_budgets, full, freeze):
    fits = budgets.fits_at(of_budgets, *fitted({0: 5.0, 5: 38.0, 9: 45.0}, {0: 5.0, 5: 32.0, 9: 42.0}))
    first = {row.protocol: row for row in fits if row.image == "a"}
    assert (first["full"].psnr_db, first["freeze"].psnr_db) == (full, freeze)
    assert first["full"].ssim == (0.9 if of_budgets.full == 9 else None), "of other moments only PSNR is known"


def test_what_has_no_point_there_is_left_out():
    fits, curves = fitted({0: 5.0, 9: 45.0}, {0: 5.0, 5: 32.0, 9: 42.0})
    assert {row.protocol for row in budgets.fits_at(Budgets(5, 5), fits, curves)} == {"freeze"}


def gain(of_budgets, fits, curves):
    """The verdict on the claim that freezing is ahead."""
    encoder = fits[0].source, "siren", 30.0
    ranks = [EncoderRankRow(*encoder, layer, sr, 1.0, 9.0, 9.0) for layer, sr in enumerate((2, 9, 5))]
    at = budgets.fits_at(of_budgets, fits, curves)
    found = transfer_evidence.of_matrix(at, ranks, boundaries.best_taus(at, ranks), {}, {"s": "celebahq", "t": "kodak"})
    claim = next(each for each in transfer_claims.TRANSFER if each.name == "gain_siren")
    return claims.verdict_on(claim, found["gain_siren"], claims.Data("", {}, phantom=False))


def test_a_lead_that_only_the_mixture_gives_is_reproduced_by_it_alone():
    planted = fitted({0: 5.0, 5: 38.0, 9: 45.0}, {0: 5.0, 5: 32.0, 9: 41.0})
    assert gain(Budgets(5, 5), *planted) == gain(Budgets(9, 9), *planted) == claims.NOT_REPRODUCED
    assert gain(Budgets(5, 9), *planted) == claims.REPRODUCED
    null = fitted({0: 5.0, 5: 38.0, 9: 38.0}, {0: 5.0, 5: 38.0, 9: 38.0})
    assert gain(Budgets(5, 9), *null) == claims.NOT_REPRODUCED
