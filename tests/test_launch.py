"""The command line as a user meets it: what it refuses, in one sentence; and, in processes of its own, what it does."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from absl.testing import flagsaver
from PIL import Image

from inr_sae import launch
from inr_sae.run import once
from tests.conftest import FAST
from tests.processes import ROOT, SMALL

CONFIG = f"--config={ROOT}/configs/cohort_ffmlp.py"
TINY = [f"--config.{key}={value}" for key, value in SMALL.items()] + ["--config.stages=('cohort','rank','report')"]
# Of ml_collections, which loads a config file so.
pytestmark = pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning")


@pytest.fixture
def typed(monkeypatch, capsys):
    """A function: (exit code, standard output, standard error) of a command that is typed, in this process."""

    def run(*arguments):
        argv = ["launch", *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", argv)  # where ml_collections looks for overrides
        sys.modules.pop("config_config", None)  # as it calls the last config file
        with flagsaver.flagsaver():
            try:
                launch.parse_flags(argv)
                code = launch.outcome(launch.act)
            except SystemExit as ended:
                code = ended.code
        return code, *capsys.readouterr()

    return run


def assert_refused(ended, *words):
    """Exit code 2, one sentence with the words, no traceback."""
    code, out, err = ended
    assert (code, out) == (launch.USER_ERROR, ""), err
    (sentence,) = err.splitlines()
    assert sentence.startswith("inr_sae: ") and "Traceback" not in sentence
    for word in words:
        assert word in sentence


# Flags


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], ["--config is missing"]),
        ([f"--config={ROOT}/configs/gone.py"], ["--config cannot be loaded", "configs/gone.py"]),
        ([CONFIG + ":demoo"], ["--config: the config string is 'demoo'; it is one of demo"]),
        ([CONFIG + ":,"], ["--config: the config string is ','"]),
        ([f"--config={ROOT}/configs/external.py:a,b"], ["--config: the config string is 'a,b'", "siren"]),
        ([f"--config={ROOT}/configs/transfer.py:faces=celebs"], ["'celebs'; it is one of demo"]),
        ([CONFIG, "--config.fit.stps=3"], ["--config.fit.stps=3: the config has no key 'stps'; did you mean 'steps'?"]),
        ([CONFIG, "--config.ft.steps=3"], ["--config.ft.steps=3", "no key 'ft'", "did you mean 'fit'?"]),
        ([CONFIG, "--config.fit.zzz=3"], ["--config.fit.zzz=3: the config has no key 'zzz'"]),
        ([CONFIG, "--config.fit.zzz.steps=3"], ["--config.fit.zzz.steps=3: the config has no key 'zzz'"]),
        ([CONFIG, "--config.fit.steps=many"], ["fit.steps", "many"]),
        ([CONFIG, "--cofnig=3"], ["cofnig", "config"]),
        ([CONFIG + ":kodak"], ["signals.root is empty"]),
        ([f"--config={ROOT}/configs/class_signal.py:folder"], ["classes.root is empty"]),
        ([f"--config={ROOT}/configs/class_signal.py:mnist"], ["'mnist'; it is one of demo, digits, folder, idx"]),
        ([CONFIG, "--config.fit.taus=(0,9)"], ["fit.taus has 9; layers of ffmlp are 0..4"]),
        ([CONFIG, "--config.inr.with=32"], ["--config.inr.with=32: the config has no key 'with'"]),
        ([CONFIG, "--config.inr.9x=3"], ["--config.inr.9x=3: the config has no key '9x'"]),
        ([CONFIG, "--config.=3"], ["--config.=3: the config has no key ''"]),
        ([CONFIG, "--config.inr.width.x=3"], ["--config.inr.width.x=3: the config has no key 'x'"]),
        ([CONFIG, "--config.fit.taus[0]=3"], ["--config.fit.taus[0]=3: the config has no key 'taus[0]'"]),
        ([CONFIG, "--config.inr.siren['a b']=3"], ["the config has no key \"siren['a b']\""]),
        ([CONFIG, "--config.fit.to_dict=3"], ["--config.fit.to_dict=3: the config has no key 'to_dict'"]),
        ([CONFIG, "--config.fit.taus=0 1"], ["--config.fit.taus=0 1: ", "as tuple"]),
        ([CONFIG, "--config.fit.taus=("], ["fit.taus is ('(',)"]),
        ([CONFIG, "--config.inr={}"], ["--config.inr is a group of keys; set its keys one by one"]),
        ([CONFIG, "--config.inr={'width': 8}"], ["--config.inr is a group of keys"]),
        ([CONFIG, "--config.dictionary.topk=3"], ["--config.dictionary.topk is a group of keys"]),
        ([CONFIG, "--config.dictionary.topk=("], ["--config.dictionary.topk"]),
        ([CONFIG, "--flagfile=nowhere.txt"], ["nowhere.txt"]),
    ],
)
def test_a_wrong_command_is_refused_in_one_sentence(arguments, words, typed, tmp_path):
    assert_refused(typed(*arguments, *([f"--workdir={tmp_path / 'run'}"] if arguments else [])), *words)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "arguments, name",
    [
        (["--config.fit.taus=(0,1)", "--config.fit.taus=(2,)"], "config.fit.taus"),
        (["--config.fit.steps=3", "--config.fit.steps=3"], "config.fit.steps"),
        (["--config.fit.steps", "3", "-config.fit.steps=4"], "config.fit.steps"),
        (["--config.signals.grey", "--noconfig.signals.grey"], "config.signals.grey"),
        ([CONFIG], "config"),
        (["--workdir=a", "--workdir=b"], "workdir"),
        (["--deterministic", "--nodeterministic"], "deterministic"),
        (["--flagfile={folder}/flags.txt", "--config.seed=1"], "config.seed"),
    ],
)
def test_what_is_given_twice_is_refused(arguments, name, typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flags.txt").write_text("--config.seed=2\n")
    arguments = [argument.format(folder=tmp_path) for argument in arguments]
    assert_refused(typed(CONFIG, *arguments), f"--{name} is given twice; give it once")


def test_numbers_below_zero_are_no_flags(typed, monkeypatch):
    monkeypatch.setattr(launch.flags.FLAGS["config"], "present", 0)
    argv = ["launch", CONFIG, "--config.signals.n_cohort", "-1", "--config.signals.n_test", "-1"]
    monkeypatch.setattr(sys, "argv", argv)
    with flagsaver.flagsaver():
        launch.parse_flags(argv)
        signals = launch.flags.FLAGS.config.signals
    assert (signals.n_cohort, signals.n_test) == (-1, -1)


# Paths

FLAGS_OF_FOLDERS = [[CONFIG, "--workdir={}"], [CONFIG, "--check={}"], ["--verify={}"], ["--export={}"]]


@pytest.mark.parametrize("flags", [*FLAGS_OF_FOLDERS, ["--export=a", "--workdir={}"]], ids=" ".join)
@pytest.mark.parametrize("address", ["s3://bucket/run", "gs://bucket/run", "file:///run", "hf://owner/run"])
def test_an_address_is_no_folder(address, flags, typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert_refused(typed(*(flag.format(address) for flag in flags)), address, "folders and files")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["signals.root", "external.file", "external.layout", "runtime.cache_dir"])
@pytest.mark.parametrize("address", ["s3://bucket/x.json", "gs://bucket/x.json"])
def test_an_address_is_no_path_of_a_key(address, key, typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.npz").write_bytes(b"")
    np.savez(tmp_path / "a.npz", w=np.ones(2))
    rest = ["--config.external.file=a.npz"] if key == "external.layout" else []
    ended = typed(CONFIG, f"--config.{key}={address}", *rest)
    assert_refused(ended, f"{key} is '{address}'", "folders and files")
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.parametrize("flags", FLAGS_OF_FOLDERS, ids=" ".join)
def test_an_empty_folder_is_no_folder_that_was_left_out(flags, typed):
    name = flags[-1].partition("=")[0]
    assert_refused(typed(*(flag.format("") for flag in flags)), f"{name} is empty")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home directory, which is not where the command is typed."""
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "home"


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--verify=~/run"], "home/run"),
        (["--export=~/run"], "home/run"),
        ([CONFIG, "--check=~/run"], "home/run"),
        ([CONFIG, "--workdir=~/file"], "home/file is not"),
        (["--config=~/mine.py"], "home/mine.py"),
        ([CONFIG + ":folder", "--config.signals.root=~/images"], "home/images is no folder"),
        ([CONFIG, "--config.external.file=~/a.npz"], "home/a.npz: there is no such file"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_a_tilde_is_the_home_directory(flags, words, home, typed):
    (home / "file").mkdir()
    (home / "file/thesis.tex").write_text("")
    assert_refused(typed(*flags), words)
    assert not list(Path.cwd().iterdir())


def test_the_files_of_keys_are_found_at_home(home, typed):
    for name, text in (("layout.json", '{"hidden_w": 3}'), ("numbers.csv", "x\n")):
        (home / name).write_text(text)
    np.savez(home / "a.npz", w=np.ones(2))
    layout = [CONFIG, "--config.external.file=~/a.npz", "--config.external.layout=~/layout.json"]
    assert_refused(typed(*layout), "the layout's hidden_w is 3")
    published = [f"--config={ROOT}/configs/recipes.py", "--config.recipes.published=~/numbers.csv"]
    assert_refused(typed(*published), "home/numbers.csv cannot be read (its columns are not those of a PublishedRow)")


def test_a_home_that_nobody_knows_is_told(typed, monkeypatch):
    assert_refused(typed(CONFIG, "--workdir=~nobody_of_that_name/run"), "--workdir", "nobody knows that home")


@pytest.mark.parametrize("name", ["a[b]", "a[b]/c", "a\\b"])
def test_a_folder_that_would_lose_checkpoints_is_refused_before_anything_is_done(name, typed, tmp_path):
    assert_refused(typed(CONFIG, f"--workdir={tmp_path / name}"), "orbax", "choose another folder")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--verify=a", "--export=b"], ["--verify and --export"]),
        (["--check=a", "--export=b"], ["--export and --check"]),
        (["--check=a", "--verify=b", CONFIG], ["--verify and --check"]),
        ([CONFIG, "--check_stages=rank"], ["--check_stages", "give --check=WORKDIR too"]),
        (["--verify=a", "--check_stages=rank"], ["--check_stages"]),
        ([CONFIG, "--check=a", "--redo"], ["--redo", "--check"]),
        (["--verify=a", "--redo"], ["--redo", "--verify"]),
        (["--export=a", "--redo"], ["--redo", "--export"]),
        ([CONFIG, "--verify=a"], ["--verify", "no --config"]),
        ([CONFIG, "--export=a"], ["--export", "no --config"]),
        (["--verify=a", "--workdir=b"], ["--verify", "leave --workdir out"]),
        (["--verify=a", "--distributed=auto"], ["--verify", "leave --distributed out"]),
        (["--export=a", "--distributed=auto"], ["--export", "leave --distributed out"]),
        (["--check=a"], ["--config is missing"]),
        (["--redo"], ["--config is missing"]),
        (["--verify=nowhere"], ["--verify", "nowhere", "no study.json"]),
        (["--export=nowhere"], ["--export", "nowhere", "no cohort's encoder"]),
        ([CONFIG, "--check=nowhere"], ["--check", "nowhere", "no study's folder"]),
    ],
)
def test_flags_that_cannot_go_together_or_alone_are_refused(arguments, words, typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert_refused(typed(*arguments), *words)
    assert list(tmp_path.iterdir()) == [], "nothing is written, and no folder made"


# Mistakes in a config file

HELPER = """from configs import base


def narrow(config):
    {}


def get_config(string=""):
    config = base.get_config()
    narrow(config)
    return config
"""


@pytest.mark.parametrize("string", ["", ":demo"])
@pytest.mark.parametrize(
    "mistake, words",
    [
        ("config.inr.width = widht", ["name 'widht' is not defined"]),
        ("config.inr.widht = 8", ["the config has no key 'widht'; did you mean 'width'?"]),
        ("config.inr.update(dict(widht=8))", ["the config has no key 'widht'; did you mean 'width'?"]),
        ("config.inr.qqq = 8", ["the config has no key 'qqq'"]),
        ("config.inr.width += config.inr.wdth", ["the config has no key 'wdth'; did you mean 'width'?"]),
        ("config.inr.width = 'narrow'", ["width", "narrow", "int"]),
        ("raise ValueError('not today')", ["not today"]),
        ("{}['a']", ["'a'"]),
        ("import a_package_that_is_not_there", ["a_package_that_is_not_there"]),
        ("open('no such file')", ["no such file"]),
        ("import json; json.loads('{')", ["Expecting property name"]),
        ("1 / 0", ["division by zero"]),
    ],
)
def test_a_mistake_in_a_helper_is_told_with_its_file_and_line(mistake, words, string, typed, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(HELPER.replace("{}", mistake))
    assert_refused(typed(f"--config={file}{string}"), f"--config: {file}, line 5: ", *words)


def test_a_mistake_in_a_file_that_it_imports_is_told_with_that_files_name(typed, tmp_path, monkeypatch):
    (tmp_path / "inr_sae_of_mine").mkdir()  # which is not this program's folder
    helper = tmp_path / "inr_sae_of_mine/sizes_of_mine.py"
    helper.write_text("def narrow(config):\n    config.inr.width = widht\n")
    monkeypatch.syspath_prepend(helper.parent)
    file = tmp_path / "mine.py"
    file.write_text(HELPER.replace("{}", "import sizes_of_mine; sizes_of_mine.narrow(config)"))
    assert_refused(typed(f"--config={file}"), f"--config: {helper}, line 2: name 'widht'")


def test_a_mistake_in_configs_itself_is_told_with_its_line(typed, monkeypatch):
    from configs import base

    monkeypatch.setattr(base, "data_set", lambda word: base.SCALES[word])
    assert_refused(typed(f"--config={ROOT}/configs/transfer.py:kodak"), f"--config: {__file__}, line ")


@pytest.mark.parametrize("imported", [False, True])
def test_what_python_cannot_read_is_told_with_its_file_and_line(imported, typed, tmp_path, monkeypatch):
    broken = tmp_path / "broken_of_mine.py"
    broken.write_text("x = 1\ny = (\n")
    file = tmp_path / "mine.py"
    file.write_text(HELPER.replace("{}", "import broken_of_mine"))
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("broken_of_mine", None)
    assert_refused(typed(f"--config={file if imported else broken}"), f"--config: {broken}, line 2: ", "never closed")


GIVES = "from ml_collections import ConfigDict\nfrom configs import base\n\n\ndef get_config():\n    return "


@pytest.mark.parametrize(
    "text, words",
    [
        ("x = 3\n", ["get_config"]),
        (GIVES + "3", ["mine.py: get_config returns a value of type int", "ml_collections.ConfigDict"]),
        (GIVES + "None", ["mine.py: get_config returns nothing (is a return missing?)"]),
        (GIVES + "{'inr': {}}", ["get_config returns a value of type dict"]),
        (GIVES + "ConfigDict({'a': 1})", ["the config has no 'ablation'", "get_config() of configs/base.py"]),
        (GIVES + "ConfigDict(base.get_config().to_dict() | {'fit': {'steps': 3}})", ["the config has no 'fit.batch'"]),
    ],
)
def test_a_file_that_gives_no_config_or_half_a_one_is_refused(text, words, typed, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "config_config", raising=False)
    (tmp_path / "mine.py").write_text(text)
    assert_refused(typed(f"--config={tmp_path}/mine.py"), *words)


@pytest.mark.parametrize("gives", ["3", "None"])
def test_overrides_of_no_config_are_told_as_its_lack(gives, typed, tmp_path):
    (tmp_path / "mine.py").write_text(GIVES + gives)
    ended = typed(f"--config={tmp_path}/mine.py", "--config.fit.steps=3")
    assert_refused(ended, "--config: get_config returns")


def test_a_string_for_a_config_that_takes_none_is_refused(typed, tmp_path):
    (tmp_path / "mine.py").write_text(GIVES + "base.get_config()")
    assert_refused(typed(f"--config={tmp_path}/mine.py:demo"), "--config: TypeError: get_config() takes 0")


# What a command leaves, and a user's mistakes in the data


def test_a_study_of_the_rank_ends_with_its_folder_and_goes_on_as_it_began(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = [CONFIG, *TINY[:-1], "--config.stages=('cohort','rank')"]
    code, out, _ = typed(*command)
    assert (code, out.strip()) == (0, "runs/cohort_ffmlp"), "as the config is called"
    other = [*(argument for argument in command if "cohort.steps" not in argument), "--config.cohort.steps=25"]
    assert_refused(typed(*other), "cohort.steps is 25 and was 20", "choose another --workdir", "cohort, rank", "--redo")
    assert typed(*other, "--redo")[0] == 0
    code, out, _ = typed("--verify=runs/cohort_ffmlp")
    assert code == 0 and "every file is as its study.json says" in out
    (tmp_path / "runs/cohort_ffmlp/rank/stable_rank.csv").write_text("")
    code, out, _ = typed("--verify=runs/cohort_ffmlp")
    assert (code, out) == (launch.DIFFERS, "changed: rank/stable_rank.csv\n")
    assert_refused(typed("--export=runs/cohort_ffmlp"), "rank/stable_rank.csv is not what was written")


def test_the_folder_of_a_config_with_a_string_is_told_from_others():
    assert launch.default_workdir("configs/transfer.py:kodak,oasis") == Path("runs/transfer-kodak,oasis")
    assert launch.default_workdir("configs/transfer.py") == Path("runs/transfer")
    assert launch.default_workdir("configs/external.py:/mine/lay.json") == Path("runs/external-lay")


def test_a_damaged_image_is_named_and_nothing_is_written(typed, tmp_path, rng):
    (tmp_path / "images").mkdir()
    for i in range(4):
        Image.fromarray(rng.integers(0, 255, (40, 40), dtype=np.uint8)).save(tmp_path / f"images/{i}.png")
    bad = tmp_path / "images/2.png"
    bad.write_bytes(bad.read_bytes()[:200])
    ended = typed(
        CONFIG + ":folder",
        f"--config.signals.root={tmp_path / 'images'}",
        *("--config.signals.n_test=2", "--config.signals.n_cohort=2", f"--workdir={tmp_path / 'run'}"),
    )
    assert_refused(ended, str(bad))
    assert not (tmp_path / "run").exists()


def test_defaults_are_those_of_the_base(typed):
    from configs import base

    with flagsaver.flagsaver():
        launch.parse_flags(["launch", CONFIG])
        file, told, defaults = launch.about()
    assert file == CONFIG.removeprefix("--config=") and told["overridden"] == {}
    assert defaults == once.flatten(base.get_config().to_dict())


# In processes of its own


def process(*arguments, cwd=ROOT, **settings):
    """The finished process of the launcher; settings: of its environment."""
    command = [sys.executable, "-m", "inr_sae.launch", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT) if cwd == ROOT else "", "XLA_FLAGS": FAST, **settings}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=300)


def ended(process):
    return process.returncode, process.stdout, process.stderr


def test_a_study_from_the_command_line_ends_with_its_page_whatever_surrounds_it(tmp_path):
    """A notebook's way of drawing, a terminal without the letters of the folder's name, a home that is not there."""
    around = {"MPLBACKEND": "of_a_notebook", "PYTHONIOENCODING": "ascii", "HOME": "/nowhere"}
    done = process("--config=configs/cohort_ffmlp.py", f"--workdir={tmp_path / 'rün'}", *TINY, **around)
    assert done.returncode == 0, done.stderr
    page = tmp_path / "rün/report/index.html"
    assert done.stdout.strip() == str(page).replace("ü", "\\xfc") and page.exists()
    assert "cohort: done in" in done.stderr and "20/20" in done.stderr
    stored = (tmp_path / "rün/config.json").read_text()
    assert '"config_file": "configs/cohort_ffmlp.py"' in stored and '"cohort.steps": 20' in stored


def test_a_device_that_there_is_not_is_one_sentence(tmp_path):
    done = process("--config=configs/cohort_ffmlp.py", f"--workdir={tmp_path / 'run'}", JAX_PLATFORMS="of_another")
    assert_refused(ended(done), "JAX has no device", "JAX_PLATFORMS is 'of_another'", "BUILD.md")
    assert not (tmp_path / "run").exists()


def test_a_stray_word_is_refused_by_the_program_itself():
    assert_refused(ended(process("--config=configs/cohort_ffmlp.py", "stray")), "'stray'", "flags begin with --")


def test_run_from_elsewhere_says_so(tmp_path):
    done = process(f"--config={ROOT / 'configs/cohort_ffmlp.py'}", cwd=tmp_path)
    if "No module named 'inr_sae'" in done.stderr:
        pytest.skip("inr_sae is not installed")
    assert_refused(ended(done), "run from the root of the repository")
