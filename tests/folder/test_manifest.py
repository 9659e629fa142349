"""Whose a file is, what is cleared away with it, and what a finished study's list holds."""

from pathlib import Path, PurePosixPath

import pytest

from inr_sae import stages
from inr_sae.errors import UserError
from inr_sae.folder import ledger, manifest
from inr_sae.folder.store import Store

WRITES = {
    "encoders": ("encoders",),
    "transfer": ("transfer", "encoders/*/freeze_sweep"),
    "cohort": ("cohort",),
    "rank": ("rank",),
    "report": ("report/index.html", "report/figures", "report/done.json"),
    "explorer": ("explorer", "report/explorer"),
}
AFTER = {
    "encoders": ["transfer", "report"],
    "transfer": ["report"],
    "cohort": ["rank", "report"],
    "rank": ["report"],
    "report": [],
    "explorer": ["report"],
}


@pytest.mark.parametrize(
    "name, stage",
    [
        ("cohort/history.csv", "cohort"),
        ("cohort/checkpoints/20/state/d/0", "cohort"),
        ("cohort", "cohort"),
        ("cohorts/history.csv", None),
        ("encoders/heads-siren-30/cohort/history.csv", "encoders"),
        ("encoders/heads-siren-30/freeze_sweep/heads/fits.csv", "transfer"),
        ("encoders/freeze_sweep/fits.csv", "encoders"),
        ("encoders/a/b/freeze_sweep/fits.csv", "encoders"),
        ("report/figures/a.png", "report"),
        ("report/explorer/data/a.js", "explorer"),
        ("report/claims.csv", None),
        ("config.json", None),
    ],
)
def test_a_file_is_of_the_stage_with_the_longest_pattern(name, stage):
    assert manifest.stage_of(name, WRITES) == stage


def test_every_stage_has_its_own_marks_and_no_two_write_the_same():
    for name in stages.stage_names():
        assert manifest.stage_of(f"{name}/done.json", stages.writes()) == name
        assert manifest.stage_of(f"{name}/begun.json", stages.writes()) == name
    written = [pattern for patterns in stages.writes().values() for pattern in patterns]
    assert len(written) == len(set(written))


def test_the_outputs_of_a_stage_are_its_files_alone(tmp_path):
    for name in ("report/index.html", "report/explorer/data/a.js", "report/figures/a.png", "config.json"):
        Store(tmp_path).write_text(name, name)
    outputs = [path.relative_to(tmp_path).as_posix() for path in manifest.outputs(tmp_path, "report", WRITES)]
    assert outputs == ["report/figures/a.png", "report/index.html"]


@pytest.mark.parametrize(
    "name, marks",
    [
        ("cohort/history.csv", ["cohort", "rank", "report"]),
        ("rank/stable_rank.csv", ["rank", "report"]),
        ("report/figures/a.png", ["report"]),
        ("transfer/fits.csv", ["transfer", "report"]),
        ("config.json", []),
        # A study within has marks of its own.
        (
            "encoders/heads-siren-30/cohort/history.csv",
            ["encoders", "transfer", "report"]
            + [f"encoders/heads-siren-30/{stage}" for stage in ("cohort", "rank", "report")],
        ),
        ("encoders/heads-siren-30/freeze_sweep/heads/fits.csv", ["transfer", "report"]),
    ],
)
def test_damage_undoes_its_stage_and_those_built_on_it(name, marks):
    assert manifest.marks_of(name, WRITES, AFTER) == [f"{mark}/done.json" for mark in marks]


def test_a_damaged_file_undoes_no_stage_that_is_not_built_on_its_own():
    """By what the stages declare."""
    after = {name: stages.built_on(name) for name in stages.stage_names()}
    marks = {mark.removesuffix("/done.json") for mark in manifest.marks_of("dictionary/a.csv", stages.writes(), after)}
    assert {"dictionary", "ablation", "explorer", "report"} <= marks
    assert not marks & {"cohort", "rank", "freeze_sweep", "encoders", "transfer"}


def tree(store):
    """The names of all files of a folder but the ledger."""
    files = (path.relative_to(store.root).as_posix() for path in store.root.rglob("*") if path.is_file())
    return sorted(name for name in files if PurePosixPath(name).name not in (ledger.FILE, "log.jsonl"))


MATRIX = (
    "encoders/done.json",
    "encoders/a/cohort/done.json",
    "encoders/a/cohort/checkpoints/20/state/data",
    "encoders/a/cohort/history.csv",
    "encoders/b/cohort/begun.json",  # cut off
    "encoders/b/cohort/checkpoints/5/state/data",
    "encoders/a/freeze_sweep/heads/fits.csv",
    "transfer/done.json",
    "transfer/fits.csv",
    "rank/done.json",
)


@pytest.fixture
def matrix(tmp_path):
    store = Store(tmp_path)
    for name in MATRIX:
        store.write_text(name, "{}")
    return store


def test_clearing_a_stage_keeps_the_studies_within(matrix):
    """They look after themselves: what of them still holds is not done again."""
    manifest.clear(matrix, "transfer", WRITES["transfer"])
    gone = {"encoders/a/freeze_sweep/heads/fits.csv", "transfer/done.json", "transfer/fits.csv"}
    assert tree(matrix) == sorted(set(MATRIX) - gone)
    matrix.sub("encoders/a").log("stage done")
    manifest.clear(matrix, "encoders", WRITES["encoders"])
    assert tree(matrix) == sorted(set(MATRIX) - gone - {"encoders/done.json"})
    assert matrix.exists("encoders/a/log.jsonl"), "what happened there stays told"
    assert ledger.damaged(matrix.root) == {}


def test_clearing_a_stage_with_the_studies_within_leaves_nothing_of_it(matrix):
    manifest.clear(matrix, "encoders", WRITES["encoders"], within=True)
    assert tree(matrix) == ["rank/done.json", "transfer/done.json", "transfer/fits.csv"]


def test_clearing_leaves_no_folder_that_could_be_taken_for_a_checkpoint(tmp_path):
    store = Store(tmp_path)
    for name in ("cohort/done.json", "cohort/checkpoints/20/state/data", "cohort/checkpoints/20/metadata"):
        store.write_text(name, "{}")
    manifest.clear(store, "cohort", ("cohort",))
    assert not store.exists("cohort/checkpoints/20") and ledger.damaged(tmp_path) == {}


@pytest.fixture
def small(tmp_path):
    """The folder of a study of cohort, rank and report."""
    store = Store(tmp_path)
    for name in ("config.json", "cohort/a.csv", "cohort/checkpoints/5/a", "cohort/checkpoints/5/b"):
        store.write_text(name, name)
    for name in ("rank/a.csv", "report/index.html"):
        store.write_text(name, name)
    for stage in ("cohort", "rank", "report"):
        store.write_json(f"{stage}/done.json", {"stage": stage, "reads": {"seed": 7}})
    return store


class Killed(BaseException):
    """Stands for a kill."""


@pytest.fixture
def dying(monkeypatch):
    """A function: from then on the store's removal number n dies before it does anything."""

    def after(n):
        count, remove = iter(range(n)), Store.remove
        monkeypatch.setattr(Store, "remove", lambda *a: remove(*a) if next(count, None) is not None else kill())

    def kill():
        raise Killed

    return after


def test_damage_is_cleared_away_with_what_says_that_it_was_done(small):
    before = tree(small)
    manifest.clear_damage(small, WRITES, AFTER)
    assert tree(small) == before
    small.path("rank/a.csv").write_text("other")
    manifest.clear_damage(small, WRITES, AFTER)
    assert set(before) - set(tree(small)) == {"rank/a.csv", "rank/done.json", "report/done.json"}
    assert ledger.damaged(small.root) == {}


def test_what_a_stage_read_is_not_forgotten_with_that_it_was_done(small):
    small.path("rank/a.csv").unlink()
    manifest.clear_damage(small, WRITES, AFTER)
    for stage in ("rank", "report"):
        assert not small.exists(f"{stage}/done.json")
        assert small.read_json(f"{stage}/begun.json") == {"stage": stage, "reads": {"seed": 7}}


def test_where_nothing_says_what_a_stage_read_all_of_it_goes(small):
    small.path("cohort/done.json").write_text("{")
    small.path("rank/done.json").unlink()
    manifest.clear_damage(small, WRITES, AFTER)
    assert tree(small) == ["config.json", "report/begun.json", "report/index.html"]


def test_several_damaged_marks_are_cleared_away_in_one_start(small):
    for stage in ("cohort", "rank"):
        small.path(f"{stage}/done.json").write_text("\0\0")
    small.write_text("dream/done.json", "{}")  # of a stage that there is no more
    small.path("dream/done.json").write_text("")
    manifest.clear_damage(small, WRITES, AFTER)
    assert tree(small) == ["config.json", "report/begun.json", "report/index.html"] and ledger.damaged(small.root) == {}


def test_what_was_cut_off_without_a_sound_mark_goes_too(small):
    small.remove("rank/done.json")
    small.write_json("rank/begun.json", {"stage": "rank", "reads": {"seed": 7}})
    small.path("rank/begun.json").write_text("{}")
    manifest.clear_damage(small, WRITES, AFTER)
    assert not [name for name in tree(small) if name.startswith("rank/")]


def test_a_stage_gets_back_nothing_that_another_has_written_in_its_folder(small):
    writes = {"conditions": ("conditions",), "stability": ("stability", "conditions/*/stability")}
    assert manifest.lent_by("conditions", writes) == ("conditions/*/stability",)
    assert manifest.lent_by("stability", writes) == ()
    small.write_text("conditions/a/x.csv", "1")
    before = manifest.results(small, writes["conditions"], manifest.lent_by("conditions", writes))
    small.write_text("conditions/a/stability/y.csv", "1")
    assert manifest.results(small, writes["conditions"], manifest.lent_by("conditions", writes)) == before
    manifest.clear_files(small, "conditions", writes["conditions"], lent=manifest.lent_by("conditions", writes))
    assert small.exists("conditions/a/stability/y.csv") and not small.exists("conditions/a/x.csv")


def test_a_stage_that_was_killed_as_it_ended_keeps_what_it_has(small):
    small.write_text("rank/begun.json", "{}")
    small.path("rank/done.json").unlink()
    manifest.clear_damage(small, WRITES, AFTER)
    assert small.exists("rank/a.csv") and small.exists("rank/begun.json")


@pytest.mark.parametrize("n", range(4))
def test_after_a_kill_while_damage_is_cleared_away_it_is_found_again(n, small, dying, monkeypatch):
    small.path("rank/a.csv").write_text("other")
    dying(n)
    try:
        manifest.clear_damage(small, WRITES, AFTER)
    except Killed:
        assert "rank/a.csv" in ledger.damaged(small.root)
    monkeypatch.undo()
    manifest.clear_damage(small, WRITES, AFTER)
    assert not small.exists("rank/a.csv") and not small.exists("rank/done.json")


@pytest.mark.parametrize("n", range(7))
def test_a_kill_while_a_stage_is_cleared_leaves_one_that_was_cut_off(n, small, dying, monkeypatch):
    small.write_text("cohort/z.csv", "z")
    dying(n)
    try:
        manifest.clear(small, "cohort", WRITES["cohort"])
        assert not small.exists("cohort/begun.json")
    except Killed:
        left = {name for name in tree(small) if name.startswith("cohort/")}
        assert "cohort/begun.json" in left and ("cohort/done.json" not in left or len(left) == 6)
    monkeypatch.undo()


def test_the_results_of_a_stage_are_its_numbers(small):
    before = manifest.results(small, WRITES["rank"])
    small.write_text("rank/b.json", "1")
    small.write_text("cohort/b.csv", "1")
    assert manifest.results(small, WRITES["rank"]) == before
    small.write_text("rank/a.csv", "other")
    assert manifest.results(small, WRITES["rank"]) != before
    within = small.sub("encoders/a")
    within.write_text("rank/a.csv", "rank/a.csv")
    assert manifest.results(within, WRITES["rank"]) == before


def test_of_a_checkpoint_the_whole_is_cleared_away(small):
    small.path("cohort/checkpoints/5/b").unlink()
    manifest.clear_damage(small, WRITES, AFTER)
    assert not small.exists("cohort/checkpoints/5") and small.exists("cohort/checkpoints")
    assert not small.exists("cohort/done.json") and small.exists("cohort/a.csv")


@pytest.mark.parametrize("calls", range(8))
def test_a_damaged_file_is_never_taken_for_what_was_written_whenever_clearing_it_is_cut_off(calls, small, monkeypatch):
    small.path("cohort/a.csv").write_text("damaged")
    unlink, count = Path.unlink, iter(range(calls))

    def dying(path, missing_ok=False):
        if next(count, None) is None:
            raise Killed
        unlink(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", dying)
        try:
            manifest.clear_damage(small, WRITES, AFTER)
        except Killed:
            pass
    assert not small.exists("cohort/a.csv") or "cohort/a.csv" in ledger.damaged(small.root)


def test_a_damaged_config_is_refused_and_nothing_is_cleared(small):
    small.path("config.json").write_text("{}")
    before = tree(small)
    with pytest.raises(UserError, match=r"config\.json is not what was written"):
        manifest.clear_damage(small, WRITES, AFTER)
    assert tree(small) == before


def test_damage_to_a_folder_that_is_only_read_is_refused(small):
    manifest.refuse_damage(small, "--check")
    small.path("rank/a.csv").unlink()
    with pytest.raises(UserError, match=r"--check .*rank/a\.csv is gone"):
        manifest.refuse_damage(small, "--check")


def test_the_list_of_a_finished_study_has_every_file_but_those_that_grow(small):
    small.write_json("environment.json", {"python": "3"})
    small.log("start")
    manifest.write(small)
    listed = small.read_json("study.json")["files"]
    assert sorted(listed) == sorted(set(tree(small)) - {"study.json"})
    assert listed["rank/a.csv"] == ledger.digest_of(small.path("rank/a.csv"))
    before = small.path("study.json").stat().st_mtime_ns
    manifest.write(small)
    assert small.path("study.json").stat().st_mtime_ns == before
    small.write_text("rank/a.csv", "new")
    manifest.write(small)
    assert small.read_json("study.json")["files"]["rank/a.csv"] == ledger.digest_of(small.path("rank/a.csv"))
