"""The statistics of a matrix, on numbers whose answer is known."""

import itertools

import pytest

from inr_sae.stages import analysis

FREQUENCY = {"siren": 30.0, "ffmlp": 10.0}
LEVEL = {"full": 30.0, "freeze": 31.0, "warm": 32.0, "thaw": 29.0, "random": 20.0, "scratch": 25.0}


def fit_row(protocol, tau, image, seed, psnr, source="s", target="t", backbone="siren", rate=1e-4):
    source = "untrained" if protocol in ("random", "scratch") else source
    keys = dict(source=source, target=target, backbone=backbone, frequency=FREQUENCY[backbone], protocol=protocol)
    return keys | dict(tau=tau, learning_rate=rate, image=image, seed=seed, psnr_db=psnr)


def rank_rows(sr_weight, sr_init, sr_h, centred, source="s", backbone="siren"):
    values = zip(sr_weight, sr_init, sr_h, centred)
    return [
        dict(source=source, backbone=backbone, frequency=FREQUENCY[backbone], layer=i, sr_weight=w, sr_weight_init=w0)
        | dict(sr_activation=h, sr_activation_centred=c)
        for i, (w, w0, h, c) in enumerate(values)
    ]


RANKS = rank_rows((2.0, 9.0, 8.0), (2.0, 9.5, 3.0), (5.0, 4.0, 3.0), (1.0, 7.0, 6.0))


def freeze_rows(by_tau, images=tuple("abcdef"), seeds=(0, 1), **keys):
    """Every image is 10 dB above the one before; tau shifts all of them alike, the second seed by 0.1 dB."""
    return [
        fit_row("freeze", tau, image, seed, 10.0 * i + psnr + 0.1 * seed, **keys)
        for (tau, psnr), (i, image), seed in itertools.product(by_tau.items(), enumerate(images), seeds)
    ]


def test_rules_pick_the_argmax_of_their_own_column():
    assert analysis.rule_layers(RANKS) == {
        "sr_weight": 1,
        "sr_activation": 0,
        "sr_activation_centred": 1,
        "sr_weight_gain": 2,
    }


def test_the_lead_of_the_best_boundary_is_paired():
    (row,) = analysis.best_taus(freeze_rows({0: 40.0, 1: 41.0, 2: 38.0}), RANKS)
    assert (row["best_tau"], row["runner_up_tau"], row["n_images"]) == (1, 0, 6)
    assert row["lead_db"] == pytest.approx(1.0) and row["decided"] == 1
    assert row["lead_db_low"] == pytest.approx(1.0) and row["lead_db_high"] == pytest.approx(1.0)
    assert row["tau_by_sr_weight"] == 1 and row["tau_by_sr_activation"] == 0


def test_a_lead_that_hangs_on_one_image_is_not_decided():
    rows = freeze_rows({0: 40.0, 1: 40.0})
    for row in rows:
        if row["tau"] == 1:
            row["psnr_db"] += 3.0 if row["image"] == "a" else -0.5
    (row,) = analysis.best_taus(rows, RANKS)
    assert row["best_tau"] == 1 and row["lead_db"] == pytest.approx(0.5 / 6) and row["decided"] == 0


def test_agreement_counts_cells_and_decided_ones():
    best = analysis.best_taus(
        freeze_rows({0: 40.0, 1: 41.0}, target="t")
        + freeze_rows({0: 41.0, 1: 40.0}, target="u")
        + freeze_rows({0: 41.0, 1: 40.0}, target="v", images=("a",)),
        RANKS,
    )
    rows = {row["rule"]: row for row in analysis.agreement(best)}
    assert (rows["sr_weight"]["agrees"], rows["sr_weight"]["of"]) == (1, 3)
    assert (rows["sr_weight"]["agrees_where_decided"], rows["sr_weight"]["of_decided"]) == (1, 2)
    assert rows["sr_activation"]["agrees"] == 2
    assert set(rows) == set(analysis.RULES.values())


def all_protocols():
    rows = []
    for protocol, level in LEVEL.items():
        taus = (protocol,) if protocol in ("full", "scratch") else (0, 1, 2)
        for tau, image, seed in itertools.product(taus, ("a", "b", "c"), (0, 1)):
            if (protocol, tau) not in (("warm", 2), ("thaw", 2)):  # freeze and full stand for them
                rows.append(fit_row(protocol, tau, image, seed, level + {"a": 0, "b": 5, "c": 9}[image]))
    return rows


def test_every_pair_of_protocols_is_compared_at_every_boundary():
    rows = analysis.paired(all_protocols(), 3)
    found = {(row["protocol"], row["minus"], row["tau"]): row["difference_db"] for row in rows}
    assert found["freeze", "full", 0] == pytest.approx(1.0)
    assert found["freeze", "random", 1] == pytest.approx(11.0)
    assert found["warm", "thaw", 1] == pytest.approx(3.0)
    assert found["full", "scratch", ""] == pytest.approx(5.0)
    assert ("full", "scratch", 1) not in found, "neither has a boundary, so it is one comparison"
    assert found["warm", "thaw", 2] == pytest.approx(1.0), "behind the last layer warm is freeze and thaw is full"
    assert ("freeze", "warm", 2) not in found and ("full", "thaw", 2) not in found, "a fit is not compared with itself"
    assert all(row["n_images"] == 3 for row in rows)


def test_what_belongs_to_no_source_stands_beside_every_source():
    rows = all_protocols() + freeze_rows({0: 50.0}, source="other", images=("a", "b"), seeds=(0,))
    found = {(row["source"], row["protocol"], row["minus"]) for row in analysis.paired(rows, 3)}
    assert ("s", "freeze", "scratch") in found and ("other", "freeze", "scratch") in found
    assert not any(source == "untrained" for source, _, _ in found)


def test_mean_curves_average_over_fits_at_each_step():
    rows = [
        fit_row("full", "full", image, 0, psnr) | {"step": step}
        for image, values in (("a", (10.0, 20.0)), ("b", (12.0, 26.0)))
        for step, psnr in zip((0, 50), values)
    ]
    curves = analysis.mean_curves(rows)
    assert [(row["step"], row["psnr_db_mean"], row["n"]) for row in curves] == [(0, 11.0, 2), (50, 23.0, 2)]


def test_warm_alone_has_no_best_boundary():
    """Behind the last layer warm is freeze; that must not make the last layer the only, hence the best, boundary."""
    rows = [fit_row("warm", tau, image, 0, 30.0) for tau in (0, 1, 2) for image in "ab"]
    assert analysis.best_taus(rows, RANKS) == []
    assert {row["protocol"] for row in analysis.paired(rows, 3)} == set()
