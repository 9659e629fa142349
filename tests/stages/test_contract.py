"""What every stage there is declares: `inr_sae/stages/__init__.py` says what each name means."""

import inspect
import random
from pathlib import PurePosixPath

import pytest

from configs import base
from inr_sae import stages
from inr_sae.folder import manifest
from inr_sae.run import once

EVERY = pytest.mark.parametrize("name", stages.stage_names())
ARGUMENTS = {"check": ["config"], "run": ["config", "store"]}
OPTIONAL = {"sections": ["config", "store", "exhibits"], "heading": ["config"]}
# Of no stage: what the study itself writes.
OF_THE_STUDY = {".lock", "config.json", "digests.jsonl", "environment.json", "log.jsonl", "study.json"}


def arguments(function):
    return list(inspect.signature(function).parameters)


@EVERY
def test_it_declares_what_it_builds_on_reads_and_writes(name):
    stage = stages.stage(name)
    assert set(stages.needed(name)) <= set(stages.stage_names()) - {name}
    for need in stage.NEEDS:
        assert need and isinstance(need, str | tuple)
    assert all(isinstance(use, str) for use in stage.USES)
    assert stage.WRITES and all(not PurePosixPath(pattern).is_absolute() for pattern in stage.WRITES)
    assert getattr(stage, "CHEAP", True) is True


@EVERY
def test_its_functions_take_what_the_study_hands_them(name):
    stage = stages.stage(name)
    for function, wanted in ARGUMENTS.items():
        assert arguments(getattr(stage, function)) == wanted
    for function, wanted in OPTIONAL.items():
        assert not hasattr(stage, function) or arguments(getattr(stage, function)) == wanted
    assert stage.__doc__.strip() and all(getattr(stage, function).__doc__ for function in ARGUMENTS)


@EVERY
def test_it_reads_keys_that_there_are(name):
    config, reads = base.get_config(), stages.stage(name).READS
    part = once.declared(config, reads)
    assert reads and len(set(reads)) == len(reads)
    assert set(once.flatten(part.to_dict())) <= set(once.flatten(config.to_dict()))
    unread = set(config) - {key.partition(".")[0] for key in reads}
    for group in unread:
        with pytest.raises(AttributeError):
            getattr(part, group)


def test_the_contract_names_everything_that_is_asked_of_a_stage():
    for name in ("NEEDS", "USES", "READS", "WRITES", "CHEAP", "check(config)", "run(config, store)", *OPTIONAL):
        assert name in stages.__doc__


@pytest.mark.parametrize("seed", range(20))
def test_stages_run_after_what_they_build_on_whatever_order_is_given(seed):
    given = list(stages.stage_names())
    drawn = random.Random(seed)
    drawn.shuffle(given)
    given = given[: drawn.randint(1, len(given))]
    order = stages.ordered(given)
    assert sorted(order) == sorted(given)
    for place, name in enumerate(order):
        assert not set(stages.needed(name)) & set(order[place + 1 :])
    assert stages.ordered(order) == order, "an order that will do is kept"


def test_what_is_built_on_a_stage_comes_after_it():
    for name in stages.stage_names():
        after = stages.built_on(name)
        assert name not in after and stages.ordered(after) == after
        for each in after:
            assert set(stages.needed(each)) & {name, *after}


def files(finished):
    """The parts of every file's path in a study's folder."""
    return [path.relative_to(finished.workdir).parts for path in finished.workdir.rglob("*") if path.is_file()]


def writers(parts):
    """The stages with the longest pattern that a path matches."""
    depths = {name: manifest.depth_of(parts, patterns) for name, patterns in stages.writes().items()}
    longest = max(depths.values())
    return {name for name, depth in depths.items() if depth == longest and longest}


def test_every_file_of_a_finished_study_is_of_one_stage_that_it_has(any_study):
    for parts in files(any_study):
        found = writers(parts)
        if len(parts) == 1:
            assert parts[0] in OF_THE_STUDY and not found
        else:
            assert len(found) == 1 and found <= set(any_study.config.stages), "/".join(parts)


def test_a_stage_says_that_it_writes_what_lies_in_its_folder(any_study):
    for parts in files(any_study):
        if parts[0] in stages.stage_names():
            writes = stages.stage(parts[0]).WRITES
            of_another = writers(parts) - {parts[0]}
            assert manifest.depth_of(parts, writes) or of_another, "/".join(parts)


def test_files_of_a_study_within_are_of_one_of_its_own_stages(any_study):
    within = ("encoders", "conditions", "recipes", "convergence")
    for parts in files(any_study):
        if parts[0] in within and len(parts) > 3 and parts[2] in stages.stage_names():
            assert len(writers(parts[2:])) == 1, "/".join(parts)


def test_every_stage_of_a_finished_study_has_left_something_and_is_done(any_study):
    by_stage = {}
    for parts in files(any_study):
        for name in writers(parts):
            by_stage.setdefault(name, set()).add("/".join(parts))
    assert set(by_stage) == set(any_study.config.stages)
    for name, found in by_stage.items():
        assert f"{name}/done.json" in found and f"{name}/begun.json" not in found
        assert len(found) > 1


def test_no_half_written_file_is_left(any_study):
    for parts in files(any_study):
        assert not any(".partial" in part or "orbax-checkpoint-tmp" in part for part in parts)


def test_a_stage_says_what_others_write_in_its_folder():
    for name in stages.stage_names():
        lent = manifest.lent_by(name, stages.writes())
        assert getattr(stages.stage(name), "LENT", ()) == lent, name
