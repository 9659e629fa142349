"""A whole tiny matrix: what is shared, what is refused, and that a kill anywhere changes nothing."""

import pytest

from configs import transfer, tune
from inr_sae import study
from inr_sae.errors import UserError
from inr_sae.inr import fit
from tests.conftest import shrink
from tests.helpers import assert_same_bytes_after_a_kill, rows


def tiny_matrix(module=transfer):
    config = shrink(module.get_config())
    config.signals.update(dict(n_test=2))
    for name, size in (("heads", (12, 11)), ("fine_heads", (14, 12))):
        config.sets[name].update(dict(size=size, n_cohort=2, n_test=2, n_validation=2))
    config.cohort.update(dict(steps=4, log_every=2))
    config.fit.update(dict(steps=2, log_every=1, taus=(0, 2), seeds=1))
    config.transfer.update(dict(backbones=("ffmlp",)))
    return config


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    config, workdir = tiny_matrix(), tmp_path_factory.mktemp("matrix") / "run"
    study.run(config, workdir)
    return config, workdir


def test_every_cell_once_and_what_needs_no_cohort_once_a_target(finished):
    _, workdir = finished
    fits = rows(workdir / "transfer/fits.csv")
    keys = {tuple(row[key] for key in ("source", "target", "backbone", "protocol", "tau", "image")) for row in fits}
    # 2 targets x 2 images x (2 sources x (full, freeze 0 2, warm 0, thaw 0), random 0 2, scratch)
    assert len(fits) == len(keys) == 2 * 2 * (2 * 5 + 3)
    assert {row["protocol"] for row in fits if row["source"] == "untrained"} == {"random", "scratch"}
    assert sorted(path.name for path in (workdir / "encoders").iterdir() if path.is_dir()) == [
        "fine_heads-ffmlp-10",
        "heads-ffmlp-10",
        "untrained-ffmlp-10",
    ]


def test_an_encoder_moves_between_grids(finished):
    _, workdir = finished
    assert len(rows(workdir / "transfer/best_tau.csv")) == 2 * 2
    assert {(row["source"], row["target"]) for row in rows(workdir / "transfer/paired.csv")} == {
        (a, b) for a in ("heads", "fine_heads") for b in ("heads", "fine_heads")
    }


def test_the_report_has_the_papers_tables_and_every_claim(finished):
    _, workdir = finished
    tables = {path.name for path in (workdir / "report/tables").iterdir()}
    for name in ("table_1", "freeze_depth_heads", "freeze_depth_fine_heads", "best_tau", "agreement"):
        assert {f"{name}.csv", f"{name}.md", f"{name}.tex"} <= tables
    assert {"figure_2.png", "protocols.png", "budget.png"} <= {p.name for p in (workdir / "report/figures").iterdir()}
    claims = rows(workdir / "report/claims.csv")
    assert {row["verdict"] for row in claims} == {"not testable on these data"}, "these are phantoms"
    assert next(row for row in claims if row["claim"] == "best_tau_ffmlp")["ours"].endswith("of these")
    page = (workdir / "report/index.html").read_text()
    assert "phantoms" in page and "figure_2" not in page and page.index("What this run found") < page.index("<img")


@pytest.mark.parametrize("name, calls", [("fit_cohort", 3), ("fit_batch", 41)])
def test_a_matrix_cut_off_anywhere_gives_the_same_bytes(finished, tmp_path, monkeypatch, name, calls):
    assert_same_bytes_after_a_kill(*finished, tmp_path / "run", monkeypatch, fit, name, calls)


def test_a_missing_data_set_stops_before_any_fit_with_its_own_key(tmp_path):
    config = tiny_matrix()
    config.sets.fine_heads.update(dict(dataset="folder", root=str(tmp_path / "gone")))
    with pytest.raises(UserError, match=r"sets\.fine_heads: sets\.fine_heads\.root .*gone is no folder"):
        study.run(config, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"transfer.sources": ("heads", "tails")}, "transfer.sources has 'tails'; config.sets has fine_heads, heads"),
        ({"transfer.targets": ()}, "transfer.targets is"),
        ({"transfer.split": "train"}, "transfer.split is 'train'"),
        ({"transfer.sigma": ()}, "transfer.sigma is"),
        ({"fit.protocols": ("melt",)}, "fit.protocols has 'melt'; there are freeze, full"),
        ({"fit.protocols": ()}, "fit.protocols is empty"),
        ({"fit.other_rates": (0.0,)}, "fit.other_rates has 0.0"),
        ({"sets.heads.n_test": 0}, r"sets\.heads\.n_test is 0"),
        ({"sets.heads.size": (8, 8)}, r"larger sets\.heads\.size"),
        ({"metrics.lpips": True, "metrics.lpips_weights": "/nowhere/alex.pth"}, "metrics.lpips is on"),
    ],
)
def test_what_cannot_be_is_named(tmp_path, changes, words):
    config = tiny_matrix()
    config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=words):
        study.run(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_tuning_fits_validation_signals_and_stores_the_winners(tmp_path):
    config = tiny_matrix(tune)
    config.transfer.update(dict(backbones=("siren", "ffmlp"), omega_0=(5.0, 30.0), sigma=(2.0,)))
    study.run(config, tmp_path / "run")
    winners = rows(tmp_path / "run/tune/winners.csv")
    assert [(row["regime"], row["backbone"]) for row in winners] == [
        ("cohort", "siren"),
        ("cohort", "ffmlp"),
        ("single-signal", "siren"),
        ("single-signal", "ffmlp"),
    ]
    validation = {
        row["name"] for row in rows(tmp_path / "run/transfer/signals_heads.csv") if row["split"] == "validation"
    }
    assert {row["image"] for row in rows(tmp_path / "run/transfer/fits.csv")} == validation
    assert "Tuned on 2 validation images" in (tmp_path / "run/report/index.html").read_text()
