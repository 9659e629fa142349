"""Networks side by side: every one is a study of its own, and the rules are counted over initialisations."""

import shutil

import numpy as np
import pytest

from configs import backbones
from inr_sae import study
from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.stages import networks
from tests.helpers import begun, changed, made_once, n_lines, rows
from tests.stages import studies


def tiny():
    """Layers at two depths, two initialisations each."""
    config = studies.small(backbones.get_config(), 3)
    config.networks.update(dict(backbones=("ffmlp",), n_layers=(2, 3), widths=(8, 10), seeds=(0,)))
    config.fit.update(dict(taus=(), protocols=("full", "freeze", "random"), seeds=1))
    config.dictionary.layers = ()
    return config


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """(config, workdir) of a finished comparison."""
    config = tiny()
    return config, made_once(tmp_path_factory, "networks", lambda folder: study.run(config, folder))


def test_every_network_has_its_row_and_its_layers_theirs(finished):
    config, workdir = finished
    found = rows(workdir / "networks/networks.csv")
    kinds = [(row["backbone"], row["n_layers"], row["width"], row["seed"]) for row in found]
    assert kinds == [("ffmlp", n, d, "0") for n in "23" for d in ("8", "10")]
    for row in found:
        assert row["n_units"] == row["n_layers"] and 0 <= int(row["best_tau"]) < int(row["n_layers"])
        layers = [
            each
            for each in rows(workdir / "networks/layers.csv")
            if (each["n_layers"], each["width"]) == (row["n_layers"], row["width"])
        ]
        assert [int(each["layer"]) for each in layers] == list(range(int(row["n_layers"])))
        best = max(layers, key=lambda each: float(each["freeze_psnr_db"]))
        assert best["layer"] == row["best_tau"]
        for each in layers:
            sr, start = float(each["sr_weight"]), float(each["sr_weight_init"])
            assert float(each["sr_gain"]) == pytest.approx(sr - start, abs=1e-5)
            side = min(8, int(row["width"])) if each["layer"] == "0" else int(row["width"])  # of 2F = 8 inputs
            assert float(each["sr_share"]) == pytest.approx(sr / side, rel=1e-5)


def test_where_a_cohort_stood_is_told_beside_where_it_ended(finished):
    _, workdir = finished
    for row in rows(workdir / "networks/networks.csv"):
        name = f"ffmlp_layers_{row['n_layers']}_width_{row['width']}_seed_{row['seed']}"
        along = [float(each["psnr_db_mean"]) for each in rows(workdir / f"networks/{name}/cohort/history.csv")]
        assert float(row["cohort_psnr_db_last_5"]) == pytest.approx(np.median(along[-5:]), rel=1e-6)


def test_controls_are_fitted_at_the_boundary_of_the_rule_alone(finished):
    _, workdir = finished
    for row in rows(workdir / "networks/networks.csv"):
        layers, width, seed = row["n_layers"], row["width"], row["seed"]
        folder = workdir / f"networks/ffmlp_layers_{layers}_width_{width}_seed_{seed}/freeze_sweep/phantom"
        summary = rows(folder / "summary.csv")
        (random,) = (each for each in summary if each["protocol"] == "random")
        assert random["tau"] == row["tau_by_sr_weight"] and random["psnr_db_mean"] == row["random_psnr_db"]
        assert [each["tau"] for each in summary if each["protocol"] == "freeze"] == list(map(str, range(int(layers))))


def test_another_seed_shares_what_is_there(finished, tmp_path):
    config, workdir = finished
    copy = shutil.copytree(workdir, tmp_path / "copy")
    more = changed(config, networks__widths=(8,), networks__seeds=(0, 1), networks__n_layers=(2,))
    more.stages = ("networks",)
    before, lines = (copy / "networks/ffmlp_layers_2_width_8_seed_0/cohort/done.json").stat().st_mtime_ns, n_lines(copy)
    study.run(more, copy, redo=True)
    assert begun(copy, lines)[:1] == ["networks"]
    assert (copy / "networks/ffmlp_layers_2_width_8_seed_0/cohort/done.json").stat().st_mtime_ns == before
    assert [row["seed"] for row in rows(copy / "networks/networks.csv")] == ["0", "1"]


def test_another_backbone_shares_what_is_there(finished, tmp_path):
    """Its keys are of no use to the others, whatever their defaults."""
    config, workdir = finished
    copy = shutil.copytree(workdir, tmp_path / "copy")
    more = changed(config, networks__widths=(8,), networks__backbones=("ffmlp", "hashgrid"), networks__n_layers=(2,))
    more.rates.hashgrid = (1e-2, 2e-2)
    more.stages = ("networks",)
    done = copy / "networks/ffmlp_layers_2_width_8_seed_0/freeze_sweep/done.json"
    before = done.stat().st_mtime_ns
    defaults = {"inr.hashgrid.coarsest": 1, "rates.hashgrid": ()}  # other than the study has them
    with pytest.raises(UserError, match="networks.backbones is"):
        study.run(more, copy, defaults=defaults)
    study.run(more, copy, redo=True, defaults=defaults)
    assert done.stat().st_mtime_ns == before
    assert {row["backbone"] for row in rows(copy / "networks/networks.csv")} == {"ffmlp", "hashgrid"}


def test_the_page_shows_depth_width_and_the_chance_level(finished):
    _, workdir = finished
    page = (workdir / "report/index.html").read_text()
    assert "where chance gives" in page and "not testable" in page
    for name in ("networks", "ranks_by_layer", "depth", "width"):
        assert (workdir / f"report/figures/{name}.png").stat().st_size > 5000


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"networks.backbones": ("no such",)}, "networks.backbones is 'no such'"),
        ({"networks.widths": (0,)}, "networks.widths is 0"),
        ({"networks.n_layers": (-1,)}, "networks.n_layers is -1"),
        ({"networks.backbones": ("hashgrid",)}, "networks.n_layers has several, and hashgrid's units are the same"),
        ({"networks.seeds": ()}, r"networks\.seeds is \(\)"),
        ({"fit.splits": ("cohort", "test")}, r"fit\.splits is \('cohort', 'test'\), and networks are held"),
        ({"rates.ffmlp": (1e-3,)}, r"rates\.ffmlp is \(0\.001,\)"),
        ({"fit.taus": (0,)}, r"fit\.taus names boundaries, and networks\.n_layers has several"),
        ({"fit.boundaries.warm": (0,)}, r"fit\.boundaries\.warm names boundaries, and networks"),
    ],
)
def test_what_cannot_be_is_named(changes, said, tmp_path):
    config = tiny()
    config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=said):
        study.check(config, Store(tmp_path))


def test_codes_are_fewer_where_a_layer_is_too_narrow_for_them():
    config = backbones.get_config("celebahq")
    ks = {which.backbone: own.dictionary.topk.k for which, own in networks.studies(config).items()}
    assert ks["siren"] == ks["wire"] == 32 and ks["hashgrid"] == 8 and ks["neurbf"] == 9
    rates = {which.backbone: own.cohort.learning_rate for which, own in networks.studies(config).items()}
    assert rates["siren"] == 1e-4 and rates["hashgrid"] == 1e-2
