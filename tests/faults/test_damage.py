"""A bit that flips, an end that is missing, a file that is gone: named, and made again to the same bytes."""

import json
import random
import shutil

import pytest

from inr_sae import study
from inr_sae.errors import UserError
from inr_sae.folder import ledger, manifest
from inr_sae.inr import fit
from inr_sae.tools.verify import verify
from tests.helpers import COMPUTED, Killed, dying_after, results


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished study."""
    return shutil.copytree(finished[1], tmp_path / "run")


@pytest.fixture
def warnings(monkeypatch):
    """What the program warns of; its own logger hands nothing on, so that caplog may not see it."""
    said = []
    for logger in (manifest.logger, study.logger):
        monkeypatch.setattr(logger, "warning", lambda text, *values: said.append(text % values))
    return said


def checkpoint(copy, folder):
    """The largest file of the newest checkpoint in a stage's folder."""
    newest = max((copy / folder / "checkpoints").glob("[0-9]*"), key=lambda path: int(path.name))
    return max((path for path in newest.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)


def remove(path):
    path.unlink()


def of_stages(found, stages):
    """What `results` has found of some stages."""
    return {name: data for name, data in found.items() if name.partition("/")[0] in stages}


@pytest.mark.parametrize(
    "name, harm",
    [
        ("cohort/done.json", cut),
        ("cohort/history.csv", flip),
        ("cohort/checkpoints/ground.json", flip),
        ("rank/stable_rank.csv", flip),
        ("rank/stable_rank.csv", remove),
        ("freeze_sweep/phantom/fits.csv", cut),
        ("freeze_sweep/phantom/curves.csv", remove),
        ("freeze_sweep/phantom/example/freeze_1_0.npz", flip),
        ("dictionary/layer_2/atoms.csv", flip),
        ("dictionary/layer_0/maps.npz", remove),
        ("dictionary/done.json", flip),
        ("ablation/layer_2.npz", cut),
        ("report/figures/top_atoms.png", flip),
        ("report/explorer/index.html", remove),
        ("environment.json", flip),
        ("study.json", remove),
    ],
)
def test_a_damaged_file_is_named_and_made_again(name, harm, finished, copy, warnings):
    config, workdir = finished[0].copy_and_resolve_references(), finished[1]
    harm(copy / name)
    if name.partition("/")[0] in COMPUTED[1:]:  # the report is drawn again after any damage: some of them show it
        config.stages = COMPUTED
        study.run(config, copy)
        assert of_stages(results(copy), COMPUTED) == of_stages(results(workdir), COMPUTED)
        assert not (copy / "report/done.json").exists()
    else:
        study.run(config, copy)
        assert results(copy) == results(workdir)
    assert any(name in sentence for sentence in warnings) and verify(copy) == []


@pytest.mark.parametrize("folder", ["cohort", "dictionary"])
def test_of_a_damaged_checkpoint_the_one_before_is_used(folder, finished, copy, warnings):
    config, workdir = finished[0].copy_and_resolve_references(), finished[1]
    path = checkpoint(copy, folder)
    flip(path)
    config.stages = COMPUTED
    study.run(config, copy)
    assert any(path.name in sentence for sentence in warnings)
    resumed = [json.loads(line) for line in (copy / "log.jsonl").read_text().splitlines() if '"resumed"' in line]
    assert (resumed[0]["stage"], resumed[0]["step"]) == (folder, {"cohort": 15, "dictionary": 8}[folder])
    assert of_stages(results(copy), COMPUTED) == of_stages(results(workdir), COMPUTED)


@pytest.mark.parametrize("n_damaged, goes_on_from", [(1, 10), (2, None)])
def test_damage_while_a_training_is_cut_off(n_damaged, goes_on_from, finished, tmp_path, monkeypatch):
    config, workdir = finished[0].copy_and_resolve_references(), finished[1]
    config.stages = ("cohort",)
    with monkeypatch.context() as patch:
        patch.setattr(fit, "fit_cohort", dying_after(fit.fit_cohort, 3))
        with pytest.raises(Killed):
            study.run(config, tmp_path / "run")
    folder = tmp_path / "run/cohort/checkpoints"
    assert sorted(int(path.name) for path in folder.glob("[0-9]*")) == [10, 15]
    for step in (15, 10)[:n_damaged]:
        for path in (folder / str(step)).rglob("*"):
            if path.is_file() and path.stat().st_size:
                flip(path)
    study.run(config, tmp_path / "run")
    resumed = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines() if "resumed" in line]
    assert [line["step"] for line in resumed] == ([goes_on_from] if goes_on_from else [])
    kept = tmp_path / "run/cohort/damaged_checkpoints"
    assert sorted(path.name for path in kept.iterdir()) == sorted(["15", "10"][:n_damaged])
    shutil.rmtree(kept)  # nothing is thrown away that may still tell something
    assert of_stages(results(tmp_path / "run"), ("cohort",)) == of_stages(results(workdir), ("cohort",))


def test_damage_anywhere_ends_at_the_same_bytes(finished, tmp_path):
    config, workdir = finished
    rng, expected = random.Random(0), results(workdir)
    for i in range(3):
        copy = shutil.copytree(workdir, tmp_path / f"run_{i}")
        names = [name for name in ledger.entries(copy) if name != "config.json" and (copy / name).stat().st_size]
        for name in rng.sample(names, 6):
            data = bytearray((copy / name).read_bytes())
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            (copy / name).write_bytes(data)
        study.run(config, copy)
        assert results(copy) == expected and verify(copy) == []


@pytest.mark.parametrize("harm", [flip, cut])
def test_a_damaged_config_is_refused_by_its_name(harm, finished, copy):
    harm(copy / "config.json")
    before = results(copy)
    with pytest.raises(UserError, match="config.json is not what was written"):
        study.run(finished[0], copy)
    assert results(copy) == before


def test_a_torn_ledger_is_no_damage(finished, copy, warnings):
    with open(copy / ledger.FILE, "a") as file:
        file.write('{"file": "rank/stable_r')
    study.run(finished[0], copy)
    assert not warnings and results(copy) == results(finished[1])
