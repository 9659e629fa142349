"""Every config builds by each of its strings, can run, and holds the paper's values where it says so."""

import importlib
import itertools
import pkgutil
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import configs
from configs import base
from inr_sae import dictionaries, stages, study
from inr_sae.errors import UserError
from inr_sae.exchange.layouts import LAYOUTS
from inr_sae.folder.store import Store
from inr_sae.inr import network
from inr_sae.run import drawn, trained
from inr_sae.run.once import flatten
from inr_sae.signals.load import TRAIN_ON, Signals, data_sets
from inr_sae.signals.split import Split

FOLDER = Path(configs.__file__).parent
SINGLE_SCALE = ("", *base.SCALES, "paper", "notebook", "kodak,notebook", "published,celebahq")
SETS = (
    "",
    "celebahq,kodak,oasis",
    "noise,celebahq",
    "mine=folder,faces=celebahq",
    "notebook",
    "kodak,notebook",
    "phantom",
)
FURTHER = tuple(name for name in network.backbone_names() if name not in ("siren", "ffmlp"))
STRINGS = {
    **dict.fromkeys(("cohort_siren", "cohort_ffmlp", "single_siren", "single_ffmlp"), SINGLE_SCALE),
    **dict.fromkeys(("dictionaries", "decompositions", "convergence"), SINGLE_SCALE),
    **{f"cohort_{name}": ("", "celebahq", "noise") for name in FURTHER},
    **dict.fromkeys(("shapes", "backbones"), ("", "celebahq")),
    **dict.fromkeys(("transfer", "sensitivity"), SETS),
    "tune": (*SETS, "wire", "hashgrid,kodak"),
    "recipes": ("", "celebahq", "celebahq,kodak"),
    "class_signal": ("", "digits", "folder", "idx"),
    "fit_geometry": ("", "celebahq,kodak,oasis", "celebahq,mine=folder,notebook"),
    "external": ("", *LAYOUTS, "mine.json", "folder/mine.json", "siren,notebook"),
}
EACH = pytest.mark.parametrize(
    "name, string", [(name, string) for name, strings in STRINGS.items() for string in strings]
)


def build(name, string=""):
    return importlib.import_module(f"configs.{name}").get_config(*([string] if string else []))


def blank(size, n_cohort, n_validation, n_test, train_on, **_):
    """Signals as `load` gives them of images that nobody has here, all black."""
    size, counts = tuple(size or (96, 128)), (n_cohort, n_validation, n_test)
    names = [tuple(f"{split}_{i}" for i in range(n)) for split, n in zip(Split._fields, counts)]
    names[0] = names[1] if train_on == "validation" else names[0][: TRAIN_ON[train_on]]
    images = [np.broadcast_to(np.float32(0), (len(part), *size, 3)) if part else None for part in names]
    others = {field: Split(*names) for field in ("names", "subjects", "digests")}
    return Signals(*images, **others)


def blank_classes(key, config):
    """Images with classes as `drawn.read_classes` gives them; only their number is looked at."""
    return SimpleNamespace(train=SimpleNamespace(labels=np.zeros(config["n_train"], int)))


@pytest.fixture
def without_images(monkeypatch):
    """Whatever images a config names are there."""
    monkeypatch.setattr(drawn, "load", blank)
    monkeypatch.setattr(drawn, "read_classes", blank_classes)


def test_every_config_is_here():
    found = {module.name for module in pkgutil.iter_modules(configs.__path__)}
    assert found - {"base"} == set(STRINGS)


@EACH
def test_it_builds_can_run_and_names_its_stages_in_their_order(name, string, without_images, tmp_path):
    config = build(name, string)
    with config.unlocked():
        config.external.file = config.external.file or ""  # of an external study it is the user's to give
    assert study.check(config, Store(tmp_path / "run")) == list(config.stages)
    assert stages.ordered(config.stages) == list(config.stages) and config.stages[-1] == "report"
    assert config.is_locked
    assert not (tmp_path / "run").exists()


@EACH
def test_it_has_the_keys_of_the_base_and_no_others(name, string):
    keys = {key for key in flatten(build(name, string).to_dict()) if not key.startswith("sets.")}
    assert keys == set(flatten(base.get_config().to_dict())) - {"sets"}


SHOWING = [*FOLDER.glob("*.py"), *FOLDER.parent.glob("*.md"), *(FOLDER.parent / "docs").rglob("*.md")]
SHOWING += [*(FOLDER.parent / "launch").iterdir()]
SHOWN = r"--config=configs/(?P<name>\w+)\.py(?::(?P<string>[\w=,./]+))?(?P<rest>[^`\n]*)"


@pytest.mark.parametrize("path", SHOWING, ids=lambda path: path.name)
def test_the_commands_that_are_shown_can_be_typed(path):
    """Their strings and keys are there."""
    commands = list(re.finditer(SHOWN, path.read_text().replace("\\\n", "")))
    assert commands or path.name not in ("README.md", "findings.md", "transfer.py")
    for command in commands:
        config = build(command["name"], command["string"])
        for key in re.findall(r"--config\.([\w.]+)=", command["rest"]):
            assert key in flatten(config.to_dict()), command[0]


@pytest.mark.parametrize("name", STRINGS)
def test_every_config_shows_how_it_is_started(name):
    said = importlib.import_module(f"configs.{name}").__doc__
    assert f"--config=configs/{name}.py" in said, "the docstring of a config shows the command that starts it"


@pytest.mark.parametrize("name", STRINGS)
def test_a_further_method_has_whatever_keys_it_has(name, monkeypatch):
    further = SimpleNamespace(DEFAULTS={"steps": 10_000, "rank": 8})
    names, method = dictionaries.method_names(), dictionaries.method
    monkeypatch.setattr(dictionaries, "method_names", lambda: (*names, "further"))
    monkeypatch.setattr(dictionaries, "method", lambda name: further if name == "further" else method(name))
    assert build(name).dictionary.further.rank == 8


def test_a_data_set_is_a_word():
    assert {*data_sets(), "demo"} == set(base.SCALES)
    assert all(base.data_set(name).dataset == name for name in data_sets())


# The grammar of a config's string


@pytest.mark.parametrize(
    "string, words",
    [
        ("", []),
        ("kodak", [("kodak", "kodak")]),
        ("mine=folder,kodak", [("mine", "folder"), ("kodak", "kodak")]),
        ("a=b=c", [("a", "b=c")]),
    ],
)
def test_a_string_is_words_that_may_have_names(string, words):
    assert base.words(string) == words


@pytest.mark.parametrize("string", [",", "kodak,", ",kodak", "kodak,,oasis", "mine=", "=kodak", "="])
@pytest.mark.parametrize("name", STRINGS)
def test_an_empty_word_is_refused_in_every_config(name, string):
    with pytest.raises(UserError, match=re.escape(f"the config string is {string!r}")):
        build(name, string)


@pytest.mark.parametrize("name", STRINGS)
@pytest.mark.parametrize("string", ["demoo", "Kodak", "kodak=demoo", "mine=notebook", "celebahq kodak", "a=b=c"])
def test_a_word_that_there_is_not_is_named_with_those_that_there_are(name, string):
    known = {"external": "inr_sae, inr_sae_1", "class_signal": "demo, digits, folder"}
    known = known.get(name, ", ".join(base.SCALES))
    word = string.partition("=")[2] or string
    with pytest.raises(UserError, match=f"the config string .*{word}'; it is one of {known}"):
        build(name, string)


@pytest.mark.parametrize("name", [name for name in STRINGS if name.startswith(("cohort", "single", "dictionaries"))])
@pytest.mark.parametrize("string", ["kodak,oasis", "mine=kodak", "notebook,mine=kodak"])
def test_a_config_of_one_set_takes_one_word_and_no_name(name, string):
    with pytest.raises(UserError, match=re.escape(f"the config string is {string!r}; it is one of demo")):
        build(name, string)


@pytest.mark.parametrize("name", [name for name in STRINGS if name not in ("recipes", "class_signal")])
def test_two_recipes_are_refused(name):
    with pytest.raises(UserError, match="names two recipes"):
        build(name, "paper,notebook")


def test_one_word_is_the_default_where_there_is_none():
    assert base.one_word("", ("a", "b"), "a") == "a" and base.one_word("b", ("a", "b"), "a") == "b"


@pytest.mark.parametrize("string", ["siren,ffmlp", "mine=siren", "mine=mine.json", "a.json,b.json"])
def test_an_external_encoder_has_one_layout(string):
    with pytest.raises(UserError, match=re.escape(f"the config string is {string!r}; it is one of inr_sae")):
        build("external", string)


@pytest.mark.parametrize("layout", [*LAYOUTS, "mine.json"])
def test_the_string_of_an_external_encoder_is_its_layout(layout):
    assert build("external", layout).external.layout == layout
    assert build("external").external.layout == "inr_sae"


@pytest.mark.parametrize("name", ("transfer", "tune", "sensitivity"))
def test_the_sets_of_a_matrix_have_the_names_that_the_string_gives_them(name):
    config = build(name, "mine=folder,faces=celebahq")
    assert config.transfer.sources == config.transfer.targets == ("mine", "faces")
    assert config.sets.mine.dataset == "folder" and config.sets.faces.dataset == "celebahq"


def test_a_set_named_twice_is_refused(without_images, tmp_path):
    with pytest.raises(UserError, match="transfer.sources is .*none twice"):
        study.check(build("transfer", "kodak,kodak"), Store(tmp_path))


@pytest.mark.parametrize("name", [name for name, strings in STRINGS.items() if "notebook" in strings])
def test_the_demo_does_not_take_budgets_of_thousands_of_steps(name):
    with pytest.raises(UserError, match="'published' names budgets, and the demo has its own; .* 'phantom,published'"):
        build(name, "published")
    with pytest.raises(UserError, match="'demo,published' names budgets, and the demo has its own"):
        build(name, "demo,published")


@pytest.mark.parametrize("string", [*base.RECIPES, "celebahq,notebook"])
def test_where_recipes_are_sought_none_is_taken(string):
    with pytest.raises(UserError, match="it is one of demo"):
        build("recipes", string)


@pytest.mark.parametrize("name", ["recipes", "fit_geometry"])
def test_the_set_that_has_the_cohort_takes_no_name(name):
    with pytest.raises(UserError, match="'faces=celebahq,kodak'; its first set has the cohort, and takes no name"):
        build(name, "faces=celebahq,kodak")


def test_the_sets_of_a_search_for_recipes_have_their_names():
    config = build("recipes", "celebahq,mine=folder")
    assert config.recipes.targets == ("celebahq", "mine") and config.sets.mine.dataset == "folder"


@pytest.mark.parametrize("recipe, key", [(r, key) for r, values in base.RECIPES.items() for key in values])
def test_a_recipe_is_what_it_says(recipe, key):
    assert flatten(build("cohort_siren", f"celebahq,{recipe}").to_dict())[key] == base.RECIPES[recipe][key]


# The paper's values


def test_the_matrix_has_the_papers_budget():
    config = build("transfer", "celebahq,kodak,oasis")
    assert config.transfer.sources == config.transfer.targets == ("celebahq", "kodak", "oasis")
    assert [config.sets[name].n_test for name in config.transfer.targets] == [100, 14, 100]
    assert (config.fit.steps, config.fit.seeds, config.cohort.steps) == (500, 3, 5000)
    assert set(config.fit.protocols) == {"freeze", "full", "warm", "thaw", "random", "scratch"}
    tuned = build("tune", "celebahq")
    assert tuned.sets.celebahq.n_validation == 50 and tuned.transfer.split == "validation"


def test_dictionaries_have_the_papers_grid():
    config = build("dictionaries", "celebahq")
    topk = config.dictionary.topk
    assert set(config.conditions.regimes) == {"single", "cohort", "second"}
    assert config.size_sweep.n_atoms == (1024, 2048, 4096, 8192) and config.size_sweep.k == (4, 16, 32, 64, 128)
    assert (topk.n_atoms, topk.k, topk.steps, config.single.steps) == (4096, 32, 10000, 500)
    assert (config.single.siren.frequency, config.single.siren.learning_rate) == (50.0, 2e-4)
    assert (config.single.ffmlp.frequency, config.single.ffmlp.learning_rate) == (20.0, 5e-4)


def test_the_papers_values_stand_at_the_papers_scales():
    config = build("cohort_siren", "celebahq")
    topk = config.dictionary.topk
    assert (config.inr.n_layers, config.inr.width, config.inr.siren.omega_0) == (5, 256, 30.0)
    assert (config.cohort.steps, config.cohort.learning_rate, config.signals.n_cohort) == (5000, 1e-4, 10)
    assert (config.fit.steps, config.fit.learning_rate, config.fit.seeds, config.signals.n_test) == (500, 1e-4, 3, 100)
    assert (topk.n_atoms, topk.k, topk.steps, topk.learning_rate) == (4096, 32, 10000, 1e-4)
    kodak = build("cohort_ffmlp", "kodak")
    assert kodak.inr.ffmlp.sigma == 10.0 and kodak.signals.n_test == 14


@pytest.mark.parametrize(
    "name, backbone, key, value, rate",
    [("single_siren", "siren", "omega_0", 50.0, 2e-4), ("single_ffmlp", "ffmlp", "sigma", 20.0, 5e-4)],
)
@pytest.mark.parametrize("string", ["", "celebahq", "celebahq,notebook"])
def test_the_single_signal_regime_of_table_2(string, name, backbone, key, value, rate):
    config = build(name, string)
    assert config.inr[backbone][key] == value and config.cohort.learning_rate == rate
    assert config.cohort.steps == 500 and config.signals.n_cohort == 1 and "freeze_sweep" not in config.stages


@pytest.mark.parametrize("name", FURTHER)
def test_a_further_backbone_has_its_own_rate_and_as_few_codes_as_its_narrowest_unit_bears(name):
    config, rate = build(f"cohort_{name}"), network.rate(network.backbone(name))
    assert config.inr.backbone == name and config.cohort.learning_rate == config.fit.learning_rate == rate
    assert config.single[name].learning_rate == rate
    assert config.dictionary.topk.k <= min(trained.unit_widths(config.inr)) / 4


def test_a_tuning_of_further_backbones_tries_frequencies_and_rates_around_their_own():
    config = build("tune", "wire,celebahq")
    assert config.transfer.backbones == ("wire",) and config.transfer.targets == ("celebahq",)
    rate = network.backbone("wire").RATE
    assert config.rates.wire == (rate, rate) and min(config.fit.other_rates) < rate < max(config.fit.other_rates)
    assert max(config.transfer.frequencies.wire) < 2 * config.inr.wire.sigma


# What cannot be


@pytest.mark.parametrize("backbone", network.backbone_names())
def test_every_backbones_keys_are_in_the_config_and_are_checked(backbone, tmp_path):
    config = build("cohort_siren")
    config.inr.backbone = backbone
    assert set(config.inr[backbone]) == set(network.backbone(backbone).DEFAULTS)
    numbers = (key for key, value in config.inr[backbone].items() if isinstance(value, float))
    for key in itertools.islice(numbers, 1):
        config.inr[backbone][key] = 0.0
        with pytest.raises(UserError, match=rf"inr\.{backbone}\.{key} is 0\.0"):
            study.check(config, Store(tmp_path))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"dictionary.topk.k": 5000}, r"dictionary\.topk\.k = 5000 is more than dictionary\.topk\.n_atoms = 1024"),
        ({"dictionary.topk.k": 256}, r"dictionary\.topk\.k is 256, and layer 0 of ffmlp is 256 wide.*as 64"),
        ({"inr.backbone": "hashgrid", "dictionary.topk.k": 32}, r"topk\.k is 32, and layer 0 of hashgrid is 32 wide"),
        ({"inr.backbone": "wire", "inr.width": 1}, r"inr\.width is 1, and WIRE"),
        ({"inr.backbone": "wire", "inr.wire.omega": 20.0}, r"inr\.wire\.omega = 20 is 2 times inr\.wire\.sigma = 10"),
        ({"inr.backbone": "neurbf", "inr.neurbf.pixels_per_kernel": 0.5}, r"inr\.neurbf\.pixels_per_kernel = 0\.5"),
        ({"inr.backbone": "hashgrid", "inr.hashgrid.cells_per_pixel": 1e8}, r"inr\.hashgrid\.cells_per_pixel.*2\^32"),
        ({"dictionary.topk.batch": 1025}, r"dictionary\.topk\.batch = 1025 .* 2 devices"),
        ({"dictionary.method": "guess"}, r"dictionary\.method is 'guess'.*topk"),
        ({"dictionary.layers": (5,)}, r"dictionary\.layers has 5; layers of ffmlp are 0\.\.4"),
        ({"fit.taus": (0, 5)}, r"fit\.taus has 5; layers of ffmlp are 0\.\.4"),
        ({"fit.taus": (-1,)}, r"fit\.taus has -1"),
        ({"fit.boundaries.random": (5,)}, r"fit\.boundaries\.random has 5; layers of ffmlp are 0\.\.4"),
        ({"fit.taus": (1, 1)}, "none twice"),
        ({"fit.taus": (6,), "inr.n_layers": 7, "dictionary.layers": (7,)}, r"dictionary\.layers has 7; .* 0\.\.6"),
        ({"stages": ("cohort", "dream")}, "'dream'"),
        ({"stages": ("cohort", "ablation")}, "ablation without dictionary"),
        ({"stages": ()}, "stages is empty"),
        ({"inr.backbone": "perceptron"}, "inr.backbone is 'perceptron'.*siren"),
        ({"cohort.steps": 0}, "cohort.steps is 0"),
        ({"fit.learning_rate": -1.0}, "fit.learning_rate"),
        ({"fit.learning_rate": 10**-3.5}, "fit.learning_rate has 0.00031622776601683794, .* give it as 0.000316227766"),
        ({"fit.other_rates": (1e-3, 1 / 3)}, "fit.other_rates has 0.333.*, .* give it as 0.333333333"),
        ({"ablation.top": 17}, "ablation.top"),
        ({"ablation.cohort_signals": 11}, "ablation.cohort_signals"),
        ({"signals.n_test": 0}, "signals.n_test is 0"),
        ({"runtime.precision": "double"}, "runtime.precision is 'double'"),
    ],
)
def test_what_cannot_be_is_named(changes, words, tmp_path):
    config = build("cohort_ffmlp")
    config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=words):
        study.check(config, Store(tmp_path))


@pytest.mark.parametrize("name", network.backbone_names())
def test_every_backbone_has_a_config_of_its_own(name):
    assert (FOLDER / f"cohort_{name}.py").exists(), f"write configs/cohort_{name}.py, as configs/cohort_wire.py is"


@pytest.mark.parametrize("name", (*network.backbone_names(), *dictionaries.method_names()))
def test_the_readme_names_every_backbone_and_method(name):
    adding = (FOLDER.parent / "README.md").read_text().partition("## Adding to it")[2]
    assert f"`{name}`" in adding, f"README, Adding to it: name {name}"
