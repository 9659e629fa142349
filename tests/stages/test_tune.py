from inr_sae.stages import tune


def row(protocol, source, frequency, rate, psnr, tau=None):
    keys = dict(source=source, target="t", backbone="siren", frequency=frequency, protocol=protocol)
    return keys | dict(tau=tau or protocol, learning_rate=rate, psnr_db_mean=psnr, psnr_db_std=1.0, n=4, n_images=2)


GRID = [
    *(row("full", "t", f, r, 40 - abs(f - 30) - 1e4 * abs(r - 2e-4)) for f in (10, 30, 50) for r in (1e-4, 2e-4, 5e-4)),
    *(row("scratch", "untrained", f, r, f + 1e4 * r) for f in (10, 30, 50) for r in (1e-4, 2e-4, 5e-4)),
    row("full", "other", 10, 1e-4, 99.0),  # another cohort's encoder does not tune this set's
    row("freeze", "t", 10, 1e-4, 99.0, tau=0),  # nor does a fit behind a boundary
]


def test_each_regime_has_its_own_winner_and_says_whether_it_lies_at_the_edge():
    cohort, single = tune.winners(tune.points(GRID))
    assert (cohort["regime"], cohort["frequency"], cohort["learning_rate"], cohort["at_edge"]) == (
        "cohort",
        30,
        2e-4,
        0,
    )
    assert (single["regime"], single["frequency"], single["learning_rate"]) == ("single-signal", 50, 5e-4)
    assert single["at_edge"] == 1
    assert len(tune.points(GRID)) == 18
