"""The matrix' stage: every fit once, what needs no cohort once a target, and the tables made of them."""

import numpy as np
import pytest

from inr_sae import study
from inr_sae.errors import UserError
from inr_sae.inr import fit
from inr_sae.protocols import PROTOCOLS, different_fits
from inr_sae.rows.transfer import BestTauRow, FitRow, SummaryRow
from tests.helpers import assert_same_bytes_after_kills
from tests.stages import studies

KEYS = ("source", "target", "backbone", "protocol", "tau", "image", "seed")


def number(text):
    """A cell's integer, None for an empty one."""
    return int(text) if text else None


def test_every_fit_once_and_what_needs_no_cohort_once_a_target(matrix):
    config, fits = matrix.config, matrix.rows("transfer/fits.csv")
    assert tuple(fits[0]) == FitRow._fields
    budgets = {name: config.fit.budget[name] or config.fit.steps for name in config.fit.protocols}
    ways = different_fits(config.fit.protocols, config.fit.taus, config.inr.n_layers, budgets=budgets)
    assert (("thaw", matrix.last) in ways) == (config.inr.n_layers == 7), "there full has fewer steps"
    found = {tuple(row[key] for key in KEYS) for row in fits}
    sources = {True: config.transfer.sources, False: ("untrained",)}
    wanted = {
        (source, target, backbone, protocol, "" if tau is None else str(tau))
        for protocol, tau in ways
        for source in sources[PROTOCOLS[protocol].prefix_of_cohort]
        for target in config.transfer.targets
        for backbone in ("siren", "ffmlp")
    }
    assert {key[:5] for key in found} == wanted
    assert len(fits) == len(found) == len(wanted) * 2  # images


def test_untrained_networks_are_there_where_a_protocol_asks_for_them(matrix):
    found = {path.name for path in (matrix.workdir / "encoders").iterdir() if path.name.startswith("untrained")}
    asked = {"random", "scratch"} & set(matrix.config.fit.protocols)
    assert found == ({"untrained-siren-30", "untrained-ffmlp-10"} if asked else set())


def test_the_shallow_matrix_has_every_protocol_and_both_directions(matrix):
    """Elsewhere the last boundary's `thaw` is `full`, and `warm` is `freeze`."""
    fits = matrix.rows("transfer/fits.csv")
    if matrix.config.inr.n_layers != min(studies.DEPTHS):
        pytest.skip("the deep one has fewer")
    assert {row["protocol"] for row in fits} == set(PROTOCOLS)
    both = {(a, b) for a in ("heads", "fine_heads") for b in ("heads", "fine_heads")}
    assert {(row["source"], row["target"]) for row in matrix.rows("transfer/paired.csv")} == both
    assert len(matrix.rows("transfer/best_tau.csv")) == 2 * len(both)
    assert {row["tau"] for row in fits if row["protocol"] == "thaw"} == {"0", "1"}


def test_the_best_boundary_is_the_one_of_highest_mean_and_the_rule_any_layer_of_the_run(matrix):
    best, fits, ranks = (matrix.rows(f"transfer/{name}.csv") for name in ("best_tau", "fits", "ranks"))
    assert tuple(best[0]) == BestTauRow._fields
    pair = ("source", "target", "backbone")
    for row in best:
        means = {}
        for each in fits:
            if each["protocol"] == "freeze" and all(each[key] == row[key] for key in pair):
                means.setdefault(each["tau"], []).append(float(each["psnr_db"]))
        assert set(means) == set(map(str, matrix.config.fit.taus))
        assert row["best_tau"] == max(means, key=lambda tau: np.mean(means[tau]))
        known = {
            each["layer"]: float(each["sr_weight"])
            for each in ranks
            if (each["source"], each["backbone"]) == (row["source"], row["backbone"])
        }
        assert row["tau_by_sr_weight"] == max(known, key=known.get)


def test_the_summary_is_of_the_fits(matrix):
    summary, fits = matrix.rows("transfer/summary.csv"), matrix.rows("transfer/fits.csv")
    assert tuple(summary[0]) == SummaryRow._fields
    for row in summary:
        values = [
            float(each["psnr_db"]) for each in fits if all(each[key] == row[key] for key in SummaryRow._fields[:7])
        ]
        assert int(row["n"]) == len(values) == 2
        assert float(row["psnr_db_mean"]) == pytest.approx(np.mean(values))


def test_a_matrix_cut_off_anywhere_gives_the_same_bytes(tmp_path, tmp_path_factory, monkeypatch):
    finished = studies.finished(tmp_path_factory, f"matrix_{max(studies.DEPTHS)}")
    kills = ((fit, "fit_cohort", 1), (fit, "fit_cohort", 2), (fit, "fit_batch", 3), (fit, "fit_batch", 11))
    assert_same_bytes_after_kills(finished, tmp_path / "run", monkeypatch, kills)


def test_a_missing_data_set_stops_before_any_fit_with_its_own_key(tmp_path):
    config = studies.matrix(3)
    config.sets.fine_heads.update(dict(dataset="folder", root=str(tmp_path / "gone")))
    with pytest.raises(UserError, match=r"sets\.fine_heads: sets\.fine_heads\.root .*gone is no folder"):
        study.run(config, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"transfer.targets": ()}, "transfer.targets is"),
        ({"transfer.targets": ("tails",)}, "transfer.targets has 'tails'; config.sets has fine_heads, heads"),
        ({"transfer.split": "train"}, "transfer.split is 'train'"),
        (
            {"transfer.split": "validation", "sets.heads.n_validation": 3, "sets.heads.train_on": "validation"},
            r"by sets\.heads\.train_on an encoder is trained on these",
        ),
        ({"fit.protocols": ("melt",)}, "fit.protocols has 'melt'; there are freeze, full"),
        ({"fit.protocols": ()}, "fit.protocols is empty"),
        ({"fit.other_rates": (0.0,)}, "fit.other_rates is 0.0"),
        ({"fit.taus": (3,)}, "fit.taus has 3; layers of siren are 0..2"),
        ({"sets.heads.n_test": 0}, r"sets\.heads\.n_test is 0"),
        ({"sets.heads.size": (8, 8)}, r"larger sets\.heads\.size"),
        ({"metrics.lpips": True, "metrics.lpips_weights": "/nowhere/alex.pth"}, "metrics.lpips is on"),
    ],
)
def test_what_cannot_be_is_named_and_nothing_is_written(tmp_path, changes, words):
    config = studies.matrix(3)
    config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=words):
        study.run(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
