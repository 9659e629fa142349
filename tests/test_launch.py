"""The command line as a user meets it: in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
TINY = [
    "signals.size=(16,12)",
    "signals.n_cohort=2",
    "inr.width=8",
    "inr.n_layers=2",
    "cohort.steps=4",
    "cohort.log_every=2",
    "fit.steps=2",
    "fit.taus=(0,1)",
    "sae.layers=(0,)",
    "sae.steps=2",
    "sae.n_atoms=16",
    "sae.k=2",
    "sae.batch=16",
    "ablation.top=1",
    "runtime.cache_dir=",
]


def launch(*arguments, cwd=ROOT, tiny=True):
    """The finished process of the launcher with a tiny config."""
    command = [
        sys.executable,
        "-m",
        "inr_sae.launch",
        *map(str, arguments),
        *(f"--config.{setting}" for setting in TINY if tiny),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT) if cwd == ROOT else "", "XLA_FLAGS": ""}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=300)


def assert_refused(process, *words):
    """Exit code 2 and one sentence with the words, no traceback."""
    assert process.returncode == 2, process.stderr
    assert "Traceback" not in process.stderr
    sentences = [line for line in process.stderr.splitlines() if line.startswith("inr_sae: ")]
    assert len(sentences) == 1
    for word in words:
        assert word in sentences[0]


CONFIG = "--config=configs/cohort_ffmlp.py"


def test_a_study_from_the_command_line_ends_with_its_page(tmp_path):
    process = launch(CONFIG, f"--workdir={tmp_path / 'run'}")
    assert process.returncode == 0, process.stderr
    assert (
        process.stdout.strip() == str(tmp_path / "run/report/index.html")
        and (tmp_path / "run/report/index.html").exists()
    )
    assert "cohort: done in" in process.stderr and "4/4" in process.stderr
    stored = (tmp_path / "run/config.json").read_text()
    assert '"config_file": "configs/cohort_ffmlp.py"' in stored and '"cohort.steps": 4' in stored
    refused = launch(CONFIG, f"--workdir={tmp_path / 'run'}", "--config.fit.seeds=1")
    assert_refused(refused, "fit.seeds is 1 and was 2", "choose another --workdir")


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], ["--config is missing"]),
        (["--config=configs/gone.py"], ["configs/gone.py"]),
        ([CONFIG + ":demoo"], ["'demoo'"]),
        ([CONFIG, "--config.fit.stps=3"], ["--config.fit.stps=3", "'stps'", "'steps'"]),
        ([CONFIG, "--config.fit.zzz=3"], ["--config.fit.zzz=3", "no key 'zzz'"]),
        ([CONFIG, "--config.fit.steps=many"], ["fit.steps", "many"]),
        ([CONFIG, "--cofnig=3"], ["cofnig"]),
        ([CONFIG, "stray"], ["'stray'"]),
        ([CONFIG + ":kodak"], ["signals.root is empty"]),
    ],
)
def test_a_wrong_command_is_refused_in_one_sentence(arguments, words, tmp_path):
    tiny = bool(arguments) and CONFIG in arguments
    assert_refused(launch(*arguments, *([f"--workdir={tmp_path / 'run'}"] if arguments else []), tiny=tiny), *words)
    assert not (tmp_path / "run").exists()


def test_a_damaged_image_is_named_and_nothing_is_written(tmp_path, rng):
    (tmp_path / "images").mkdir()
    for i in range(4):
        Image.fromarray(rng.integers(0, 255, (40, 40), dtype=np.uint8)).save(tmp_path / f"images/{i}.png")
    bad = tmp_path / "images/2.png"
    bad.write_bytes(bad.read_bytes()[:200])
    process = launch(
        CONFIG + ":folder",
        f"--config.signals.root={tmp_path / 'images'}",
        "--config.signals.n_test=2",
        f"--workdir={tmp_path / 'run'}",
    )
    assert_refused(process, str(bad))
    assert not (tmp_path / "run").exists()


def test_run_from_elsewhere_says_so(tmp_path):
    process = launch(f"--config={ROOT / 'configs/cohort_ffmlp.py'}", cwd=tmp_path, tiny=False)
    if "No module named 'inr_sae'" in process.stderr:
        pytest.skip("inr_sae is not installed")
    assert_refused(process, "run from the root of the repository")
