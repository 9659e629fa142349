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
        ([CONFIG, "--config.fit.taus=(0,9)"], ["fit.taus has 9; layers are 0..4"]),
    ],
)
def test_a_wrong_command_is_refused_in_one_sentence(arguments, words, typed, tmp_path):
    assert_refused(typed(*arguments, *([f"--workdir={tmp_path / 'run'}"] if arguments else [])), *words)
    assert not (tmp_path / "run").exists()


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


@pytest.mark.parametrize("text, words", [("x = 3\n", ["get_config"]), ("def get_config():\n    return 3\n", ["int"])])
def test_a_file_that_gives_no_config_is_refused(text, words, typed, tmp_path):
    (tmp_path / "mine.py").write_text(text)
    assert_refused(typed(f"--config={tmp_path}/mine.py"), *words)


# What a command leaves, and a user's mistakes in the data


def test_a_study_of_the_rank_ends_with_its_folder_and_goes_on_as_it_began(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = [CONFIG, *TINY[:-1], "--config.stages=('cohort','rank')"]
    code, out, _ = typed(*command)
    assert (code, out.strip()) == (0, "runs/cohort_ffmlp"), "as the config is called"
    other = [*command, "--config.cohort.steps=25"]
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


def process(*arguments, cwd=ROOT):
    """The finished process of the launcher."""
    command = [sys.executable, "-m", "inr_sae.launch", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT) if cwd == ROOT else "", "XLA_FLAGS": ""}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=300)


def ended(process):
    return process.returncode, process.stdout, process.stderr


def test_a_study_from_the_command_line_ends_with_its_page(tmp_path):
    done = process("--config=configs/cohort_ffmlp.py", f"--workdir={tmp_path / 'run'}", *TINY)
    assert done.returncode == 0, done.stderr
    page = tmp_path / "run/report/index.html"
    assert done.stdout.strip() == str(page) and page.exists()
    assert "cohort: done in" in done.stderr and "20/20" in done.stderr
    stored = (tmp_path / "run/config.json").read_text()
    assert '"config_file": "configs/cohort_ffmlp.py"' in stored and '"cohort.steps": 20' in stored


def test_a_stray_word_is_refused_by_the_program_itself():
    assert_refused(ended(process("--config=configs/cohort_ffmlp.py", "stray")), "'stray'", "flags begin with --")


def test_run_from_elsewhere_says_so(tmp_path):
    done = process(f"--config={ROOT / 'configs/cohort_ffmlp.py'}", cwd=tmp_path)
    if "No module named 'inr_sae'" in done.stderr:
        pytest.skip("inr_sae is not installed")
    assert_refused(ended(done), "run from the root of the repository")
