"""A stage that is asked to stop does so between two parts of its work, and what it had finished is not done again."""

import shutil

import pytest

from inr_sae import stages
from inr_sae.folder.store import Store
from inr_sae.machine import interrupts
from inr_sae.run import recovery
from inr_sae.stages import convergence, decompositions
from tests.stages import studies

STAGES = {
    "ablation": "single_ffmlp_3",
    "convergence": "converged_3",
    "decompositions": "decomposed_3",
    "explorer": "single_ffmlp_3",
    "freeze_sweep": "single_ffmlp_3",
    "meaning": "converged_3",
    "recovery": "decomposed_3",
    "stability": "compared_3",
    "steering": "converged_3",
}
LAST = {"explorer": "report/explorer/index.html", "decompositions": "decompositions/kept.csv"}


def without(finished, name, to):
    """(config, Store) of a copy of a finished study that lacks what a stage has written."""
    store = Store(shutil.copytree(finished.workdir, to))
    shutil.rmtree(store.path(name))
    if name == "explorer":
        shutil.rmtree(store.path("report/explorer"))
    if name == "decompositions":  # its cohorts, and the dictionaries that are trained heed it as every training does
        for folder in finished.workdir.glob("decompositions/*/"):
            shutil.copytree(folder, store.path(f"decompositions/{folder.name}"))
            for file in store.path(f"decompositions/{folder.name}").glob("*.csv"):
                file.unlink()
    return finished.config, store


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_stops_between_two_parts(name, tmp_path_factory, tmp_path, monkeypatch):
    config, store = without(studies.finished(tmp_path_factory, STAGES[name]), name, tmp_path / "run")
    monkeypatch.setattr(interrupts, "_asked", True)
    with pytest.raises(interrupts.Stopped):
        stages.stage(name).run(config, store)
    written = [path for path in store.path("").rglob("*.csv") if path.parent.name == name]
    assert not written and not store.exists(LAST.get(name, f"{name}/{name}.csv"))


@pytest.mark.parametrize(
    "name, module, part, n",
    [
        ("recovery", recovery, "of_model", 24),
        ("decompositions", decompositions, "of_dictionaries", 2 * 7 + 1),  # backbones, methods; one is cut off
        ("convergence", convergence, "compare", 9),
    ],
)
def test_it_goes_on_where_it_was_stopped_and_ends_at_the_same_bytes(
    name, module, part, n, tmp_path_factory, tmp_path, monkeypatch
):
    finished = studies.finished(tmp_path_factory, STAGES[name])
    config, store = without(finished, name, tmp_path / "run")
    made, make = [], getattr(module, part)

    def counted(*args):
        made.append(len(made))
        interrupts._asked = len(made) == 3
        return make(*args)

    monkeypatch.setattr(interrupts, "_asked", False)
    monkeypatch.setattr(module, part, counted)
    with pytest.raises(interrupts.Stopped):
        stages.stage(name).run(config, store)
    interrupts.forget()
    stages.stage(name).run(config, store)
    assert len(made) == n and not list(store.path("").rglob("parts"))
    for path in finished.workdir.glob(f"{name}/*.csv"):
        assert store.path(f"{name}/{path.name}").read_bytes() == path.read_bytes(), path.name
