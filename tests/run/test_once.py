"""The rule by which a stage is done, is done again, or is left alone."""

from types import SimpleNamespace

import pytest
from ml_collections import ConfigDict

from inr_sae import dictionaries
from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.inr import network
from inr_sae.run import once

USED, OTHER = network.backbone_names()[:2]
METHOD, OTHER_METHOD = dictionaries.method_names()[0], "another_method"


@pytest.fixture(autouse=True)
def two_methods(monkeypatch):
    monkeypatch.setattr(dictionaries, "method_names", lambda: (METHOD, OTHER_METHOD))


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.fixture
def config():
    groups = {
        "seed": 0,
        "inr": {"width": 8, "deep": {"omega": 3.0}, "backbone": USED, **{name: {"x": 1} for name in (USED, OTHER)}},
        "single": {"steps": 5, **{name: {"rate": 1} for name in (USED, OTHER)}},
        "transfer": {"backbones": (USED, OTHER), "frequencies": {USED: (), OTHER: ()}},
        "conditions": {"backbones": (OTHER,)},
        "dictionary": {"method": METHOD, "layers": (), **{name: {"x": 1} for name in (METHOD, OTHER_METHOD)}},
        "fit": {"steps": 2, "taus": (0, 1)},
        "signals": {"root": "here", "size": None},
        "sets": {"heads": {"root": "here", "seed": 1}},
        "runtime": {"keep": 2, "precision": "highest", "cache_dir": "", "checkpoint_seconds": 60.0},
    }
    return ConfigDict(groups).lock()


class Stage(SimpleNamespace):
    """A stage that counts how often it ran, and writes a file each time."""

    def __init__(self, name, needs=(), uses=(), reads=("seed", "inr", "runtime"), act=lambda config: None):
        super().__init__(__name__=f"stages.{name}", NEEDS=needs, USES=uses, READS=reads, WRITES=(name,))
        self.name, self.act, self.times = name, act, 0

    def run(self, config, store):
        self.act(config)
        self.times += 1
        store.write_text(f"{self.name}/{self.times}.txt", "x")


def changed(config, **keys):
    """The config with other values, as in inr__width=9."""
    own = config.copy_and_resolve_references()
    with own.unlocked():
        own.update_from_flattened_dict({key.replace("__", "."): value for key, value in keys.items()})
    return own


def test_a_stage_gets_what_it_declares_and_nothing_else(config):
    part = once.declared(config, ("seed", "inr", "fit.steps"))
    assert part.to_dict() == {"seed": 0, "inr": config.inr.to_dict(), "fit": {"steps": 2}}
    for read in (lambda: part.signals, lambda: part.fit.taus, lambda: part.inr.depth):
        with pytest.raises(AttributeError):
            read()
    with pytest.raises((AttributeError, KeyError)):
        part["signals"]


@pytest.mark.parametrize("reads", [("fit.steps", "fit"), ("fit", "fit.steps")])
def test_a_group_and_a_key_of_it_are_the_group(reads, config):
    assert once.declared(config, reads).fit.to_dict() == {"steps": 2, "taus": (0, 1)}


def test_what_a_stage_does_to_its_config_stays_with_it(config):
    part = once.declared(config, ("inr", "sets"))
    part.inr.width, part.sets.heads.seed = 9, 2
    assert config.inr.width == 8 and config.sets.heads.seed == 1


def test_a_stage_that_reads_what_it_has_not_declared_is_not_done(config, store):
    stage = Stage("first", act=lambda config: config.fit)
    with pytest.raises(AttributeError, match="fit"):
        once.run_stage(stage, config, store)
    assert not once.is_done(store, "first") and once.state_of(store, "first").mark == "begun"


def test_a_stage_is_done_once(config, store):
    stage = Stage("first")
    for _ in range(3):
        once.run_stage(stage, config, store)
    assert stage.times == 1 and store.names("first") == ["1.txt", "done.json"]
    about = store.read_json("first/done.json")
    assert about["reads"]["inr.deep.omega"] == 3.0 and about["needs"] == {}
    assert {"stage", "identity", "version", "jax", "seconds"} <= about.keys()


@pytest.mark.parametrize(
    "keys", [{"inr__width": 9}, {"seed": 1}, {"inr__deep__omega": 4.0}, {"runtime__precision": "high"}]
)
def test_it_is_done_again_for_another_value_of_what_it_reads(keys, config, store):
    stage = Stage("first")
    once.run_stage(stage, config, store)
    once.run_stage(stage, changed(config, **keys), store)
    assert stage.times == 2 and store.names("first") == ["2.txt", "done.json"], "nothing of the first is left"
    once.run_stage(stage, config, store)
    assert stage.times == 3


def test_it_is_done_again_for_another_content_of_a_file_that_a_key_names(config, store, tmp_path):
    stage, file = Stage("first", reads=("recipes",)), tmp_path / "published.csv"
    file.write_text("1")
    with config.unlocked():
        config.recipes = {"published": str(file)}
    for text, times in (("1", 1), ("2", 2), ("2", 2)):
        file.write_text(text)
        once.run_stage(stage, config, store)
        assert stage.times == times
    file.unlink()
    once.run_stage(stage, config, store)
    assert stage.times == 2


def test_it_is_left_alone_for_another_value_of_what_it_does_not_read(config, store):
    stage = Stage("first")
    once.run_stage(stage, config, store)
    once.run_stage(stage, changed(config, fit__steps=3), store)
    assert stage.times == 1


def test_it_is_left_alone_for_keys_that_are_free(config, store):
    stage = Stage("first", reads=("signals", "sets", "runtime"))
    once.run_stage(stage, config, store)
    free = {"signals__root": "there", "sets__heads__root": "there", "runtime__keep": 5, "runtime__cache_dir": "x"}
    once.run_stage(stage, changed(config, **free, runtime__checkpoint_seconds=1.0), store)
    assert stage.times == 1
    once.run_stage(stage, changed(config, sets__heads__seed=2), store)
    assert stage.times == 2


GROUPS = ("inr", "single", "dictionary")


@pytest.mark.parametrize("key", [f"inr__{OTHER}__x", f"single__{OTHER}__rate", f"dictionary__{OTHER_METHOD}__x"])
def test_it_is_left_alone_for_keys_of_a_backbone_or_a_method_that_is_not_in_use(key, config, store):
    stage = Stage("first", reads=GROUPS)
    once.run_stage(stage, config, store)
    once.run_stage(stage, changed(config, **{key: 2}), store)
    assert stage.times == 1
    once.run_stage(stage, changed(config, **{key.replace(OTHER, USED).replace(OTHER_METHOD, METHOD): 2}), store)
    assert stage.times == 2


@pytest.mark.parametrize("keys", [{"inr__backbone": OTHER}, {"dictionary__method": OTHER_METHOD}])
def test_it_is_done_again_for_another_backbone_or_method(keys, config, store):
    stage = Stage("first", reads=GROUPS)
    once.run_stage(stage, config, store)
    once.run_stage(stage, changed(config, **keys), store)
    assert stage.times == 2


def test_in_a_matrix_and_a_comparison_the_backbones_that_they_name_count(config, store):
    inr = changed(config, **{f"inr__{OTHER}__x": 2})
    frequencies = changed(config, **{f"transfer__frequencies__{OTHER}": (1.0,)})
    for name, reads, found in (("encoders", ("inr", "transfer"), 2), ("conditions", ("inr", "conditions"), 1)):
        stage = Stage(name, reads=reads)
        then, *now = (once.values_read(stage, each, store) for each in (config, inr, frequencies))
        assert sum(values != then for values in now) == found
    page = Stage("page", reads=("inr", "transfer", "conditions"))
    alone = [once.values_read(page, each, store) for each in (config, inr, frequencies)]
    assert alone[0] == alone[1] == alone[2], "neither is there"
    store.write_json("encoders/begun.json", {"reads": {}, "needs": {}})
    assert once.values_read(page, inr, store) != once.values_read(page, config, store)


def test_a_set_may_be_called_as_a_backbone_that_is_not_in_use(config, store):
    with config.unlocked():
        config.sets[OTHER] = {"seed": 1}
    stage = Stage("first", reads=("inr", "sets"))
    assert f"sets.{OTHER}.seed" in once.values_read(stage, config, store)


def test_a_key_that_is_new_in_the_program_is_no_change(config, store):
    stage = Stage("first")
    once.run_stage(stage, config, store)
    about = store.read_json("first/done.json")
    del about["reads"]["inr.deep.omega"]
    store.write_json("first/done.json", about)
    once.run_stage(stage, config, store)
    assert stage.times == 1


@pytest.mark.parametrize("on_first", [{"needs": ("first",)}, {"uses": ("first",)}, {"needs": (("x", "first"),)}])
def test_it_is_done_again_when_what_it_was_built_on_has_changed(on_first, config, store):
    first = Stage("first")
    second, third = Stage("second", **on_first, reads=("fit",)), Stage("third", needs=("second",), reads=("fit",))
    every = (first, second, third)
    for stage in every * 2:
        once.run_stage(stage, config, store)
    assert [stage.times for stage in every] == [1, 1, 1]
    for stage in every * 2:
        once.run_stage(stage, changed(config, inr__width=9), store)
    assert [stage.times for stage in every] == [2, 2, 2], "neither reads inr.width but the first"


def test_it_is_done_again_when_a_stage_that_it_uses_is_done_since(config, store):
    used, stage = Stage("used"), Stage("second", uses=("used",))
    once.run_stage(stage, config, store)
    once.run_stage(used, config, store)
    once.run_stage(stage, config, store)
    assert stage.times == 2


def test_what_it_is_built_on_may_be_done_again_to_the_same_end(config, store):
    first, second = Stage("first"), Stage("second", needs=("first",))
    for stage in (first, second):
        once.run_stage(stage, config, store)
    store.remove("first/done.json")
    for stage in (first, second):
        once.run_stage(stage, config, store)
    assert (first.times, second.times) == (2, 1)


def test_it_is_done_again_when_other_numbers_came_of_what_it_was_built_on(config, store):
    """As of training on a GPU, or on another machine, from the same config."""
    first, second, third = Stage("first"), Stage("second", needs=("first",)), Stage("third", needs=("second",))
    for numbers, times in (("1", 1), ("2", 2), ("2", 2)):
        first.act = lambda config, numbers=numbers: store.write_text("first/numbers.csv", numbers)
        store.remove("first/done.json")
        for stage in (first, second, third):
            once.run_stage(stage, config, store)
        assert (second.times, third.times) == (times, times)


def stop(config):
    raise UserError("no")


def test_a_stage_that_was_cut_off_goes_on_with_what_is_there_and_begins_anew_for_another_config(config, store):
    stopping = Stage("first", act=stop)
    with pytest.raises(UserError, match="no"):
        once.run_stage(stopping, config, store)
    assert '"stage stopped", "stage": "first", "error": "no"' in store.path("log.jsonl").read_text()
    store.write_text("first/parts/1.json", "{}")
    with pytest.raises(UserError):
        once.run_stage(stopping, config, store)
    assert store.exists("first/parts/1.json")
    with pytest.raises(UserError):
        once.run_stage(stopping, changed(config, seed=1), store)
    assert not store.exists("first/parts/1.json") and once.state_of(store, "first").reads["seed"] == 1


def test_a_kill_between_done_and_the_end_changes_nothing(config, store):
    stage = Stage("first")
    once.run_stage(stage, config, store)
    store.write_json("first/begun.json", {"stage": "first", "reads": {}, "needs": {}})
    once.run_stage(stage, config, store)
    assert stage.times == 1 and not store.exists("first/begun.json")


def test_what_differs_is_told_by_its_key(config, store):
    stage = Stage("first", reads=("seed", "fit", "signals"))
    configs = config, changed(config, seed=1, signals__root="there")
    then, now = (once.values_read(stage, each, store) for each in configs)
    assert once.changed(once.State("done", then, {}), now) == {"seed": (0, 1)}
    assert now["fit.taus"] == [0, 1] and "signals.root" not in now


def test_a_folder_of_an_earlier_version_is_refused(store):
    store.write_json("cohort/done.json", {"stage": "cohort", "config_sha256": "0", "version": "0.1.0"})
    with pytest.raises(UserError, match="begun by an earlier version"):
        once.state_of(store, "cohort")
