"""A whole tiny study: the files that others read, skipping, resuming to the same bits, refusing."""

import json
import shutil

import jax
import numpy as np
import pytest

from inr_sae import processes, study
from inr_sae.errors import UserError
from inr_sae.inr import fit
from inr_sae.sae import train as sae_train
from tests.helpers import assert_same_bytes_after_a_kill, numbers, rows

COLUMNS = {
    "cohort/history.csv": "step loss psnr_db_mean psnr_db_min psnr_db_max",
    "rank/stable_rank.csv": "layer sr_weight sr_weight_init sr_activation",
    "freeze_sweep/phantom/fits.csv": "source target backbone protocol tau image seed psnr_db psnr_clipped_db ssim",
    "freeze_sweep/phantom/summary.csv": "source target backbone protocol tau psnr_db_mean psnr_db_std n",
    "dictionary/layer_0/metrics.csv": "layer n_atoms k step mse r2 alive_fraction dead_fraction spatial_l0 "
    "active_fraction_median "
    "ipr_median psnr_substituted_db",
    "dictionary/layer_2/atoms.csv": "atom mean_magnitude firing_rate active_fraction ipr",
    "ablation/ablations.csv": "layer atom magnitude_rank signal psnr_before_db psnr_after_db psnr_drop_db "
    "effect_inside_fraction "
    "active_fraction",
}
STAGES = ("cohort", "rank", "freeze_sweep", "dictionary", "ablation", "explorer", "report")


@pytest.fixture(scope="module", params=["siren", "ffmlp"])
def finished(request, tmp_path_factory):
    """(config, workdir) of a finished tiny study of each backbone."""
    from configs import cohort_ffmlp, cohort_siren
    from tests.conftest import shrink

    config = shrink({"siren": cohort_siren, "ffmlp": cohort_ffmlp}[request.param].get_config())
    workdir = tmp_path_factory.mktemp(request.param) / "run"
    study.run(config, workdir, "configs/x.py", {"fit.steps": 8})
    return config, workdir


def test_files_that_others_read(finished):
    config, workdir = finished
    for name, columns in COLUMNS.items():
        assert set(columns.split()) <= set(rows(workdir / name)[0]), name
    for stage in STAGES:
        done = json.loads((workdir / stage / "done.json").read_text())
        assert {"config_sha256", "version", "seconds"} <= set(done)
    stored = json.loads((workdir / "config.json").read_text())
    assert stored["overridden"] == {"fit.steps": 8} and stored["config"]["fit"]["steps"] == 8
    environment = json.loads((workdir / "environment.json").read_text())
    assert environment["packages"]["jax"] and environment["devices"] and environment["matmul_precision"] == "highest"
    assert [json.loads(line)["event"] for line in (workdir / "log.jsonl").read_text().splitlines()].count(
        "stage done"
    ) == 7
    assert (workdir / "cohort/reconstructions.png").exists()


def test_every_measurement_has_one_row(finished):
    config, workdir = finished
    fits = rows(workdir / "freeze_sweep/phantom/fits.csv")
    keys = {(row["protocol"], row["tau"], row["image"], row["seed"]) for row in fits}
    assert len(fits) == len(keys) == 4 * 2 * 2  # full and three taus, two images, two seeds
    assert {row["protocol"] for row in fits if row["tau"] == "full"} == {"full"}
    summary = rows(workdir / "freeze_sweep/phantom/summary.csv")
    for row in summary:
        values = [float(fit["psnr_db"]) for fit in fits if fit["tau"] == row["tau"]]
        assert float(row["psnr_db_mean"]) == pytest.approx(np.mean(values))
        assert float(row["psnr_db_std"]) == pytest.approx(np.std(values, ddof=1))
    assert sum(int(row["is_best"]) for row in summary) == 1 and sum(int(row["is_rule"]) for row in summary) == 1
    assert (
        len(rows(workdir / "ablation/ablations.csv")) == 2 * 3 * 2
    )  # layers, atoms (two top, one random), a cohort and a test signal
    assert len(rows(workdir / "dictionary/layer_0/atoms.csv")) == 32


def test_history_ends_at_the_reconstructions_quality(finished):
    config, workdir = finished
    history = rows(workdir / "cohort/history.csv")
    assert [int(row["step"]) for row in history] == [5, 10, 15, 20]
    assert float(history[-1]["loss"]) < float(history[0]["loss"])
    before = {
        float(row["psnr_before_db"])
        for row in rows(workdir / "ablation/ablations.csv")
        if row["signal_role"] == "cohort"
    }
    assert all(
        float(history[-1]["psnr_db_min"]) - 1e-3 <= value <= float(history[-1]["psnr_db_max"]) + 1e-3
        for value in before
    )
    metrics = rows(workdir / "dictionary/layer_0/metrics.csv")[0]
    assert float(metrics["psnr_db"]) == pytest.approx(float(history[-1]["psnr_db_mean"]), abs=1e-3)


def test_the_effect_stays_where_the_atom_fires(finished):
    _, workdir = finished
    for layer in (0, 2):
        panels = np.load(workdir / f"ablation/layer_{layer}.npz")
        for role in ("cohort", "test"):
            effect = np.abs(panels[f"{role}_effect"]).max(axis=-1).reshape(panels["z"].shape)
            assert (effect[panels["z"] == 0] == 0).all()


def test_all_atoms_agree_with_the_top_ones_removed_one_by_one(finished):
    _, workdir = finished
    drops = {
        (r["layer"], r["atom"], r["signal"]): float(r["psnr_drop_db"]) for r in rows(workdir / "ablation/all_atoms.csv")
    }
    for row in rows(workdir / "ablation/ablations.csv"):
        assert drops[row["layer"], row["atom"], row["signal"]] == pytest.approx(float(row["psnr_drop_db"]), abs=2e-3)


def test_the_report_answers_first_and_stands_alone(finished):
    _, workdir = finished
    page = (workdir / "report/index.html").read_text()
    assert page.index("What this run found") < page.index("<img")
    assert "http://" not in page and "https://" not in page and 'src="data:' in page
    assert {path.suffix for path in (workdir / "report/tables").iterdir()} == {".csv", ".md", ".tex"}
    assert len(list((workdir / "report/figures").glob("*.png"))) >= 6


def test_no_half_written_file_is_left(finished):
    _, workdir = finished
    assert not [path for path in workdir.rglob("*") if ".partial" in path.name or "orbax-checkpoint-tmp" in path.name]


def test_a_second_start_does_nothing_again(finished):
    config, workdir = finished
    before = {
        path: path.stat().st_mtime_ns
        for path in workdir.rglob("*")
        if path.is_file() and path.suffix in (".csv", ".npz", ".png", ".html")
    }
    study.run(config, workdir)
    assert all(path.stat().st_mtime_ns == mtime for path, mtime in before.items())


def test_free_keys_may_change_and_only_the_report_is_made_again(finished):
    config, workdir = finished
    before = {name: data for name, data in numbers(workdir).items() if not name.startswith("report")}
    changed = config.copy_and_resolve_references()
    changed.report.title, changed.runtime.checkpoint_seconds = "another <title>", 5.0
    study.run(changed, workdir)
    assert "another &lt;title&gt;" in (workdir / "report/index.html").read_text()
    assert {name: data for name, data in numbers(workdir).items() if not name.startswith("report")} == before


@pytest.mark.parametrize(
    "key, value", [("fit.steps", 9), ("inr.width", 17), ("seed", 1), ("runtime.precision", "high")]
)
def test_another_config_is_refused_by_the_name_of_its_key(finished, key, value):
    config, workdir = finished
    changed = config.copy_and_resolve_references()
    changed.update_from_flattened_dict({key: value})
    with pytest.raises(UserError, match=f"{key} is {value!r} and was"):
        study.run(changed, workdir)


@pytest.mark.parametrize(
    "module, name, calls",
    [
        (fit, "fit_cohort", 0),
        (fit, "fit_cohort", 3),
        (fit, "fit_batch", 2),
        (fit, "fit_batch", 5),
        (sae_train, "steps_on_all_devices", 1),
        (sae_train, "steps_on_all_devices", 2),
    ],
)
def test_a_study_cut_off_anywhere_ends_at_the_same_bits(finished, tmp_path, monkeypatch, module, name, calls):
    assert_same_bytes_after_a_kill(*finished, tmp_path / "run", monkeypatch, module, name, calls)


def test_a_cohort_stops_at_the_psnr_asked_for(tiny_ffmlp, tmp_path):
    tiny_ffmlp.stages = ("cohort",)
    tiny_ffmlp.cohort.update(dict(steps=400, learning_rate=1e-2, stop_psnr_db=15.0))
    study.run(tiny_ffmlp, tmp_path / "run")
    history = rows(tmp_path / "run/cohort/history.csv")
    assert int(history[-1]["step"]) < 400
    assert float(history[-1]["psnr_db_mean"]) >= 15.0 > float(history[-2]["psnr_db_mean"])


def test_a_loss_that_turns_nan_names_the_step_and_keeps_the_last_good_checkpoint(tiny_ffmlp, tmp_path, monkeypatch):
    good = fit.fit_cohort

    def breaks_at_13(backbone, tau, rate, n, state, data):
        first = int(state.step)
        state, mse = good(backbone, tau, rate, n, state, data)
        return state, np.where(np.arange(first, first + n)[:, None] < 13, mse, np.nan)

    with monkeypatch.context() as patch:
        patch.setattr(fit, "fit_cohort", breaks_at_13)
        with pytest.raises(UserError, match="step 13"):
            study.run(tiny_ffmlp, tmp_path / "run")
    assert [path.name for path in (tmp_path / "run/cohort/checkpoints").iterdir() if path.name == "10"]
    assert not (tmp_path / "run/cohort/checkpoints/15").exists() and not (tmp_path / "run/cohort/done.json").exists()
    study.run(tiny_ffmlp, tmp_path / "run")
    assert (tmp_path / "run/report/index.html").exists()


def test_images_that_changed_since_are_named(tiny_ffmlp, tmp_path, rng):
    from PIL import Image

    (tmp_path / "images").mkdir()
    for i in range(6):
        Image.fromarray(rng.integers(0, 255, (16, 12), dtype=np.uint8)).save(tmp_path / "images" / f"{i}.png")
    tiny_ffmlp.signals.update(dict(dataset="folder", root=str(tmp_path / "images")))
    tiny_ffmlp.stages = ("cohort", "rank")
    study.run(tiny_ffmlp, tmp_path / "run")
    changed = rows(tmp_path / "run/cohort/signals.csv")[1]["name"]
    Image.fromarray(np.zeros((16, 12), np.uint8)).save(tmp_path / "images" / changed)
    shutil.rmtree(tmp_path / "run/rank")
    with pytest.raises(UserError, match=f"{changed} is not what"):
        study.run(tiny_ffmlp, tmp_path / "run")


def test_a_folder_of_something_else_is_refused(tiny_ffmlp, tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(UserError, match="no study's folder"):
        study.run(tiny_ffmlp, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "thesis.tex"]


def test_bad_data_leave_no_folder_behind(tiny_ffmlp, tmp_path):
    tiny_ffmlp.signals.update(dict(dataset="folder", root=str(tmp_path / "gone")))
    with pytest.raises(UserError, match="gone is no folder"):
        study.run(tiny_ffmlp, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_every_process_gets_the_precision_before_anything_is_computed(tiny_ffmlp, tmp_path, monkeypatch):
    tasks, together = [], processes.together
    monkeypatch.setattr(processes, "together", lambda *task: tasks.append(task[:2]) or together(*task))
    tiny_ffmlp.stages, tiny_ffmlp.runtime.precision = ("cohort",), "high"
    study.run(tiny_ffmlp, tmp_path / "run")
    assert tasks[0] == (study.configure, {"precision": "high", "cache_dir": ""})
    assert jax.config.jax_default_matmul_precision == "high"
    tiny_ffmlp.runtime.precision = "double"
    with pytest.raises(UserError, match="'double'; it is one of highest, high, default"):
        study.run(tiny_ffmlp, tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("keep", [1, 3])
def test_as_many_checkpoints_are_kept_as_asked_for_and_that_may_change(keep, finished, tmp_path):
    config, workdir = finished
    changed = config.copy_and_resolve_references()
    changed.runtime.keep, changed.stages = keep, ("cohort",)
    study.run(changed, tmp_path / "run")
    assert len(list((tmp_path / "run/cohort/checkpoints").iterdir())) == keep
    copy = shutil.copytree(workdir, tmp_path / "copy")
    study.run(changed, copy)
    changed.runtime.keep = 0
    with pytest.raises(UserError, match="runtime.keep is 0"):
        study.run(changed, tmp_path / "none")
