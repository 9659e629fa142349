"""The stage of sizes: a dictionary for every size and sparsity."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from inr_sae import study
from inr_sae.dictionaries.codes import Job
from inr_sae.errors import UserError
from inr_sae.rows.dictionaries import SizeRow
from inr_sae.run import once
from inr_sae.stages import conditions, dictionary, size_sweep
from tests.helpers import changed, numbers
from tests.stages import studies

SIGNALS = SimpleNamespace(cohort=np.zeros((1, 4, 4, 1)))


def test_every_size_has_its_row(compared):
    sizes = compared.rows("size_sweep/metrics.csv")
    assert tuple(sizes[0]) == SizeRow._fields
    keys = {(row["regime"], row["backbone"], row["layer"], row["n_atoms"], row["k"]) for row in sizes}
    assert keys == {
        ("cohort", backbone, str(layer), n, k)
        for backbone in ("siren", "ffmlp")
        for layer in (0, compared.last)
        for n in ("8", "16")
        for k in ("4", "6")
    }
    assert len(sizes) == len(keys)


def test_its_psnr_is_with_what_the_dictionaries_give(compared):
    """Of activations as they are it would be the encoder's own, whatever n and k."""
    for backbone in ("siren", "ffmlp"):
        rows = [row for row in compared.rows("size_sweep/metrics.csv") if row["backbone"] == backbone]
        whole = compared.rows(f"conditions/cohort-{backbone}/cohort/history.csv")[-1]["psnr_db_mean"]
        found = [float(row["psnr_substituted_db"]) for row in rows]
        assert len(set(found)) == len(rows) and float(whole) not in found


def test_its_dictionaries_took_the_sweeps_own_steps(compared):
    history = compared.rows("size_sweep/cohort-ffmlp/n_8/history.csv")
    assert max(int(row["step"]) for row in history) == 400
    assert {row["dictionary"] for row in history} == {
        f"k_{k}_layer_{layer}" for k in (4, 6) for layer in (0, compared.last)
    }


def test_a_history_that_is_lost_is_made_again(compared, tmp_path):
    shutil.copytree(compared.workdir, tmp_path / "run")
    (tmp_path / "run/size_sweep/cohort-ffmlp/n_8/history.csv").unlink()
    shutil.rmtree(tmp_path / "run/size_sweep/cohort-siren/n_8/checkpoints/400")
    study.run(changed(compared.config, stages=("conditions", "size_sweep")), tmp_path / "run")
    assert numbers(tmp_path / "run/size_sweep") == numbers(compared.workdir / "size_sweep")
    for backbone in ("siren", "ffmlp"):
        assert (tmp_path / f"run/size_sweep/cohort-{backbone}/n_8/checkpoints/400").is_dir()


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"size_sweep.steps": 0}, "size_sweep.steps is 0"),
        ({"size_sweep.n_atoms": ()}, "size_sweep.n_atoms is"),
        ({"size_sweep.k": (2, 2)}, "none twice"),
        ({"size_sweep.n_atoms": (1,)}, "size_sweep.n_atoms has 1, fewer than every k"),
        ({"size_sweep.regimes": ("third",)}, "size_sweep.regimes is 'third'"),
    ],
)
def test_what_cannot_be_is_named(changes, words):
    config = studies.compared(3)
    config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=words):
        size_sweep.check(once.declared(config, size_sweep.READS))


def test_every_condition_is_swept_at_the_layers_that_it_has(monkeypatch):
    config = studies.compared(3)
    config.update_from_flattened_dict({"conditions.backbones": ("siren", "hashgrid"), "inr.n_layers": 5})
    config.dictionary.layers, swept = (), {}
    monkeypatch.setattr(size_sweep.cohort, "load", lambda own, store: SimpleNamespace(signals=SIGNALS))
    monkeypatch.setattr(size_sweep.dictionary, "jobs_of", lambda own, *_: swept.update({own.inr.backbone: own}) or [])
    monkeypatch.setattr(size_sweep.dictionary, "fit_jobs", lambda *_: [])
    for condition, own in conditions.studies(config).items():
        size_sweep.of_size(config, None, (own, None), condition, 16)
    layers = {name: len(dictionary.layers(own)) for name, own in swept.items()}
    assert layers == {"siren": 5, "hashgrid": 3}


def test_a_sparsity_that_a_size_cannot_have_is_left_out():
    config = studies.compared(3)
    config.size_sweep.update(dict(n_atoms=(2, 16), k=(2, 4)))
    assert [size_sweep.ks_of(config, n) for n in config.size_sweep.n_atoms] == [[2], [2, 4]]


def test_every_sparsity_reads_the_same_activations(monkeypatch):
    """So they are held, and sent to a device, once."""
    config, jobs = studies.compared(3), []
    config.size_sweep.update(dict(n_atoms=(16,), k=(2, 4)))
    condition, own = next(iter(conditions.studies(config).items()))
    made = [Job(f"layer_{layer}", None, np.zeros((6, 4)), (2, 3), None, {}, ()) for layer in dictionary.layers(own)]
    monkeypatch.setattr(size_sweep.cohort, "load", lambda own, store: SimpleNamespace(signals=SIGNALS))
    monkeypatch.setattr(size_sweep.dictionary, "jobs_of", lambda *_: [job._replace(h=job.h.copy()) for job in made])
    monkeypatch.setattr(size_sweep.dictionary, "fit_jobs", lambda own, store, of, at: jobs.extend(of) or [])
    size_sweep.of_size(config, None, (own, None), condition, 16)
    assert [job.config["k"] for job in jobs] == [2] * len(made) + [4] * len(made)
    assert len({id(job.h) for job in jobs}) == len(made) and len({job.name for job in jobs}) == len(jobs)
