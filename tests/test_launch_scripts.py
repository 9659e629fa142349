"""The scripts that start studies, run for real, with stubs for python, srun, scontrol, gcloud, pkill and nvidia-smi."""

import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHELL = sorted([*ROOT.glob("launch/*.sh"), *ROOT.glob("launch/*.sbatch")])
SIREN, FFMLP = "configs/cohort_siren.py", "configs/cohort_ffmlp.py"
AWKWARD = ["--config.signals.size=(128,192)", '--config.report.title=it\'s `a` $(touch hole) "b"; c & *', "--x="]

# Every stub is this program under another name: it writes what it was called with, and each signal, into a file of its
# own. HOLD: it runs until a signal comes, and ends with 75 after SAVE seconds, or with 130 if a second one comes first.
STUB = """
import json, os, signal, sys, time
name = os.path.basename(sys.argv[0])
if name == "python" and sys.argv[1] == "-c":
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
path = os.path.join(os.environ["RECORDS"], f"{name}.{time.time_ns()}.{os.getpid()}")
signals = []
def note(number, frame):
    signals.append(number)
    write()
def write():
    with open(path + ".part", "w") as file:
        json.dump({"args": sys.argv[1:], "gpus": os.environ.get("CUDA_VISIBLE_DEVICES"), "signals": signals}, file)
    os.rename(path + ".part", path)
signal.signal(signal.SIGTERM, note)
signal.signal(signal.SIGINT, note)
write()
if os.environ.get("HOLD") == name:
    end = time.time() + 20
    while not signals and time.time() < end:
        time.sleep(0.01)
    end = time.time() + float(os.environ.get("SAVE", "0.2"))
    while len(signals) < 2 and time.time() < end:
        time.sleep(0.01)
    sys.exit(130 if len(signals) > 1 else 75)
codes = json.loads(os.environ.get("CODES", "{}"))
number = next((arg.rpartition(",")[2] for arg in sys.argv if arg.startswith("--distributed=")), "0")
sys.exit(codes.get(name, codes.get(number, 0)))
"""


class Stubs:
    """A folder of stubs in front of PATH, and what they were called with."""

    def __init__(self, folder):
        self.bin, self.records = folder / "bin", folder / "records"
        self.bin.mkdir()
        self.records.mkdir()
        for name in ("python", "srun", "scontrol", "submit"):
            self.script(name, STUB)
        self.script("nvidia-smi", "raise SystemExit(9)")  # a machine without GPUs, whatever this one has

    def script(self, name, text, folder=None):
        path = (folder or self.bin) / name
        path.write_text(f"#!{sys.executable} -IS\n{text}")
        path.chmod(0o755)

    def environment(self, **settings):
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("SLURM_", "CUDA_", "JAX_"))}
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        return {**kept, "PATH": path, "RECORDS": str(self.records), **settings}

    def run(self, *command, cwd=ROOT, **settings):
        return subprocess.run(
            list(map(str, command)),
            cwd=cwd,
            env=self.environment(**settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def start(self, *command, **settings):
        return subprocess.Popen(command, cwd=ROOT, env=self.environment(**settings), stdin=subprocess.PIPE)

    def calls(self, name="python"):
        """What the stub was called with, in the order of the calls."""
        return [json.loads(path.read_text()) for path in sorted(self.records.glob(f"{name}.*[0-9]"))]

    def wait_for(self, condition):
        end = time.time() + 20
        while not condition(self.calls()):
            assert time.time() < end, self.calls()
            time.sleep(0.01)


@pytest.fixture
def stubs(tmp_path):
    return Stubs(tmp_path)


def distributed(call):
    """(port, number of processes, number) of a call with --distributed=127.0.0.1:PORT,N,I."""
    (flag,) = [arg for arg in call["args"] if arg.startswith("--distributed=")]
    return re.fullmatch(r"--distributed=127\.0\.0\.1:(\d+),(\d+),(\d+)", flag).groups()


def assert_refused(process, *words):
    """Exit code 2 and one sentence with the words; nothing on standard output."""
    assert process.returncode == 2 and not process.stdout, process
    assert len(process.stderr.splitlines()) == 1 and process.stderr.startswith("launch/"), process.stderr
    for word in words:
        assert word in process.stderr


def test_the_keys_that_are_named_are_keys_of_a_config():
    """In commands of the scripts and of what is written about them, here too."""
    from configs import base
    from inr_sae.run.once import flatten

    keys = flatten(base.get_config().to_dict())
    named = set()
    for path in [*ROOT.glob("launch/*"), Path(__file__)]:
        text = path.read_text()
        named |= set(re.findall(r"--config\.([\w.]+)=", text))
        named |= set(re.findall(r"""--(?:grid|set)(?: "?|", ")([a-z_]+(?:\.\w+)*)=""", text))
    assert {"seed", "signals.size", "signals.root", "cohort.steps"} <= named
    named = {re.sub(r"^sets\.\w+\.", "signals.", key) for key in named}  # each set has the keys of `signals`
    assert named - set(keys) <= {"x"}, "stands for any"


# all shell scripts


@pytest.mark.parametrize("script", SHELL, ids=lambda path: path.name)
def test_bash_can_read_it(script):
    assert subprocess.run(["bash", "-n", script], capture_output=True, text=True).stderr == ""


def test_shellcheck_finds_nothing():
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    assert len(SHELL) >= 4
    assert subprocess.run(["shellcheck", *SHELL], capture_output=True, text=True).stdout == ""


@pytest.mark.parametrize("name", ["local.sh", "slurm.sbatch", "tpu_vm.sh"])
def test_h_shows_the_usage_from_anywhere(name, stubs, tmp_path):
    process = stubs.run("bash", ROOT / "launch" / name, "-h", cwd=tmp_path)
    assert process.returncode == 0 and process.stderr == ""
    assert f"launch/{name} [--dry-run]" in process.stdout and "set -uo" not in process.stdout


# local.sh


def test_local_shows_commands_that_a_shell_reads_back(stubs):
    process = stubs.run("launch/local.sh", "--dry-run", SIREN, FFMLP, "--", *AWKWARD)
    assert [shlex.split(line) for line in process.stdout.splitlines()] == [
        ["python", "-m", "inr_sae.launch", f"--config={config}", *AWKWARD] for config in (SIREN, FFMLP)
    ]
    assert stubs.calls() == []


def test_local_runs_one_process_a_study_in_turn(stubs):
    assert stubs.run("launch/local.sh", SIREN, FFMLP, "--", *AWKWARD).returncode == 0
    assert [call["args"] for call in stubs.calls()] == [
        ["-m", "inr_sae.launch", f"--config={config}", *AWKWARD] for config in (SIREN, FFMLP)
    ]


def test_local_n_gives_all_processes_one_port_and_each_its_number(stubs):
    assert stubs.run("launch/local.sh", "-n", "3", SIREN, "--", *AWKWARD).returncode == 0
    calls = stubs.calls()
    ports, counts, numbers = zip(*map(distributed, calls))
    assert len(set(ports)) == 1 and set(counts) == {"3"} and sorted(numbers) == ["0", "1", "2"]
    assert all(set(AWKWARD) < set(call["args"]) and call["gpus"] is None for call in calls)


@pytest.mark.parametrize(
    "settings, gpus",
    [
        ({}, ["0", "1"]),
        ({"CUDA_VISIBLE_DEVICES": "5,GPU-7"}, ["5", "GPU-7"]),
        ({"CUDA_VISIBLE_DEVICES": ""}, ["", ""]),
        ({"JAX_PLATFORMS": "cpu"}, [None, None]),
    ],
)
def test_local_gives_each_process_a_gpu_of_its_own(settings, gpus, stubs):
    stubs.script("nvidia-smi", "print('GPU 0: A (UUID: GPU-1)\\n  MIG 1g\\nGPU 1: A (UUID: GPU-2)')")
    assert stubs.run("launch/local.sh", "-n", "2", SIREN, **settings).returncode == 0
    assert [call["gpus"] for call in sorted(stubs.calls(), key=distributed)] == gpus
    three = stubs.run("launch/local.sh", "-n", "3", SIREN, "--dry-run", **settings)
    if gpus[0]:
        assert_refused(three, "-n 3", "GPUs here, 2")
    else:
        assert three.returncode == 0


@pytest.mark.parametrize("n", [[], ["-n", "2"]])
def test_local_passes_sigterm_on_and_waits(n, stubs):
    process = stubs.start("launch/local.sh", *n, SIREN, FFMLP, HOLD="python")
    stubs.wait_for(lambda calls: len(calls) == (2 if n else 1))
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 75
    # The second study has not begun.
    assert [call["signals"] for call in stubs.calls()] == [[signal.SIGTERM]] * (2 if n else 1)


def test_a_sweep_passes_sigterm_on_and_waits(stubs):
    command = [sys.executable, "launch/sweep.py", SIREN, FFMLP, "--submit", "python -m inr_sae.launch"]
    process = stubs.start(*command, HOLD="python", SAVE="0.6")
    stubs.wait_for(lambda calls: len(calls) == 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 75
    assert [call["signals"] for call in stubs.calls()] == [[signal.SIGTERM]], "the second study has not begun"


# A shell cannot trap what is ignored when it begins, as Ctrl-C is where the tests run in the background.
TERMINAL = """
import os, pty, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
"""


@pytest.mark.parametrize("presses, code, save", [(1, 75, "0.3"), (2, 130, "20")])
def test_ctrl_c_on_a_terminal_reaches_each_process_once(presses, code, save, stubs):
    command = [sys.executable, "-c", TERMINAL, "launch/local.sh", "-n", "2", SIREN, FFMLP]
    process = stubs.start(*command, HOLD="python", SAVE=save)
    stubs.wait_for(lambda calls: len(calls) == 2)
    for press in range(1, presses + 1):
        process.stdin.write(b"\x03")
        process.stdin.flush()
        stubs.wait_for(lambda calls: all(len(call["signals"]) >= press for call in calls))
    assert process.wait(20) == code
    assert [call["signals"] for call in stubs.calls()] == [[signal.SIGINT] * presses] * 2


@pytest.mark.parametrize("presses, code, save", [(1, 75, "0.6"), (2, 130, "20")])
def test_ctrl_c_on_a_sweep_lets_its_study_save(presses, code, save, stubs):
    sweep = [sys.executable, "launch/sweep.py", SIREN, FFMLP, "--submit", "python -m inr_sae.launch"]
    process = stubs.start(sys.executable, "-c", TERMINAL, *sweep, HOLD="python", SAVE=save)
    stubs.wait_for(lambda calls: len(calls) == 1)
    for press in range(1, presses + 1):
        process.stdin.write(b"\x03")
        process.stdin.flush()
        stubs.wait_for(lambda calls: len(calls[0]["signals"]) >= press)
    assert process.wait(20) == code
    assert [call["signals"] for call in stubs.calls()] == [[signal.SIGINT] * presses]


@pytest.mark.parametrize(
    "codes, code, studies",
    [
        ({"0": 75, "1": 75}, 75, 1),
        ({"0": 75, "1": 134}, 75, 1),
        ({"0": 134, "1": 75}, 75, 1),
        ({"0": 134, "1": 2}, 1, 2),
        ({"1": 1}, 1, 2),
    ],
)
def test_local_stops_at_75_and_goes_on_after_a_failure(codes, code, studies, stubs):
    assert stubs.run("launch/local.sh", "-n", "2", SIREN, FFMLP, CODES=json.dumps(codes)).returncode == code
    assert len(stubs.calls()) == 2 * studies


@pytest.mark.parametrize("arguments", [[], ["-n"], ["-n", "0", SIREN], ["-n", "two", SIREN], [SIREN, "--config.x=1"]])
def test_local_refuses_what_it_cannot_read(arguments, stubs):
    assert_refused(stubs.run("launch/local.sh", *arguments))


# slurm.sbatch


def test_sbatch_reads_all_options():
    lines = (ROOT / "launch/slurm.sbatch").read_text().splitlines()
    head = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]  # sbatch reads no further
    assert [line for line in lines if line.startswith("#SBATCH")] == [line for line in head if "#SBATCH" in line]
    assert {"#SBATCH --requeue", "#SBATCH --open-mode=append", "#SBATCH --signal=TERM@120"} < set(head)


@pytest.mark.parametrize(
    "settings, tasks",
    [
        ({}, 1),
        ({"SLURM_NTASKS": "1"}, 1),
        ({"SLURM_NTASKS": "8", "SLURM_JOB_NUM_NODES": "2"}, 8),
        ({"SLURM_JOB_NUM_NODES": "2", "SLURM_NTASKS_PER_NODE": "4"}, 8),
    ],
)
def test_slurm_starts_a_task_for_each_gpu(settings, tasks, stubs):
    command = ["bash", "launch/slurm.sbatch", f"--config={SIREN}", *AWKWARD]
    shown = stubs.run(*command[:2], "--dry-run", *command[2:], SLURM_CPUS_PER_TASK="6", **settings)
    assert stubs.calls("srun") == []
    assert stubs.run(*command, SLURM_CPUS_PER_TASK="6", SLURM_JOB_ID="17", **settings).returncode == 0
    (call,) = stubs.calls("srun")
    assert shlex.split(shown.stdout) == ["srun", *call["args"]] and shown.stdout.count("\n") == 1
    at = call["args"].index("python")
    assert {f"--ntasks={tasks}", "--cpus-per-task=6", "--kill-on-bad-exit=0"} <= set(call["args"][:at])
    together = ["--distributed=auto"] if tasks > 1 else []
    assert call["args"][at:] == ["python", "-m", "inr_sae.launch", *together, f"--config={SIREN}", *AWKWARD]


@pytest.mark.parametrize(
    "settings, job",
    [({}, "17"), ({"SLURM_ARRAY_JOB_ID": "17", "SLURM_ARRAY_TASK_ID": "6"}, "17_6")],
)
@pytest.mark.parametrize("code", [0, 1, 2, 75, 134])
def test_slurm_queues_a_job_again_only_if_it_stopped_in_good_order(code, settings, job, stubs):
    command = ["bash", "launch/slurm.sbatch", f"--config={SIREN}"]
    codes = json.dumps({"srun": code})
    assert stubs.run(*command, SLURM_JOB_ID="17", CODES=codes, **settings).returncode == code
    assert [call["args"] for call in stubs.calls("scontrol")] == ([["requeue", job]] if code == 75 else [])


def test_slurm_says_so_if_the_job_cannot_be_queued_again(stubs):
    codes = json.dumps({"srun": 75, "scontrol": 1})
    process = stubs.run("bash", "launch/slurm.sbatch", "--config=x", SLURM_JOB_ID="17", CODES=codes)
    assert process.returncode == 75 and "not queued again" in process.stderr


def test_slurms_shell_outlives_sigterm_and_a_cancelled_job_stays_cancelled(stubs):
    process = stubs.start("bash", "launch/slurm.sbatch", f"--config={SIREN}", SLURM_JOB_ID="17", HOLD="srun")
    until = time.monotonic() + 30
    while not stubs.calls("srun"):
        assert time.monotonic() < until, "nothing was started"
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    assert process.poll() is None
    (path,) = stubs.records.glob("srun.*[0-9]")
    os.kill(int(path.suffix[1:]), signal.SIGTERM)  # as scancel does: to all of the job
    assert process.wait(20) == 75
    assert stubs.calls("scontrol") == []


def test_slurm_runs_from_where_it_was_submitted(stubs, tmp_path):
    script = shutil.copy(ROOT / "launch/slurm.sbatch", tmp_path / "slurm_script")  # as slurmd keeps it
    command = ["bash", script, "--dry-run", f"--config={SIREN}"]
    assert stubs.run(*command, cwd=tmp_path, SLURM_SUBMIT_DIR=str(ROOT)).stdout.startswith("srun ")
    assert_refused(stubs.run(*command, SLURM_SUBMIT_DIR=str(tmp_path)), "root of the repository", str(tmp_path))


def test_slurm_refuses_gpus_that_are_bound_to_tasks(stubs):
    settings = {"SLURM_NTASKS": "2", "SLURM_GPUS_PER_TASK": "1"}
    assert_refused(stubs.run("bash", "launch/slurm.sbatch", "--config=x", **settings), "--gpus-per-node")


def test_each_task_of_an_array_runs_its_point_of_the_sweep(stubs, tmp_path):
    swept = stubs.run(
        sys.executable, "launch/sweep.py", SIREN, "--grid", "signals.size=(64,64),(128,192)", "--set", AWKWARD[1][9:]
    )
    points = tmp_path / "my points.txt"
    points.write_text(swept.stdout)
    ran = []
    for number in "12":
        settings = {"SLURM_ARRAY_JOB_ID": "17", "SLURM_ARRAY_TASK_ID": number, "SLURM_JOB_ID": "18"}
        process = stubs.run("bash", "launch/slurm.sbatch", points, "--config.seed=1", **settings)
        assert process.returncode == 0, process.stderr
        ran.append(stubs.calls("srun")[-1]["args"])
    for words, size, line in zip(ran, ["(64,64)", "(128,192)"], swept.stdout.splitlines()):
        assert f"--config.signals.size={size}" in words and AWKWARD[1] in words
        assert words[words.index("python") :] == [*shlex.split(line), "--config.seed=1"]
    assert not (ROOT / "hole").exists()


@pytest.mark.parametrize(
    "line, refused",
    [
        ("python -m inr_sae.launch --config=x; touch hole", False),
        ("python -m inr_sae.launch $(touch hole) `touch hole` > hole", False),
        ("python -m inr_sae.launch; touch hole", True),
        ("touch hole", True),
        ("python -m inr_sae.launch 'left open", True),
        ("", True),
    ],
)
def test_a_line_is_words_for_the_launcher_and_nothing_else(line, refused, stubs, tmp_path):
    points = tmp_path / "points.txt"
    points.write_text(f"python -m inr_sae.launch --config=first\n{line}\n")
    process = stubs.run("bash", "launch/slurm.sbatch", points, SLURM_ARRAY_TASK_ID="2", SLURM_JOB_ID="17")
    assert not (ROOT / "hole").exists()
    if refused:
        assert_refused(process, "line 2")
        assert stubs.calls("srun") == []
    else:
        (call,) = stubs.calls("srun")
        assert call["args"][call["args"].index("python") :] == line.split()


def test_slurm_refuses_points_that_it_cannot_run(stubs, tmp_path):
    points = tmp_path / "points.txt"
    points.write_text("python -m inr_sae.launch --config=x\n")
    command = ["bash", "launch/slurm.sbatch"]
    assert_refused(stubs.run(*command, points), "needs an array")
    assert_refused(stubs.run(*command, points, SLURM_ARRAY_TASK_ID="2"), "line 2")
    assert_refused(stubs.run(*command, tmp_path / "gone.txt", SLURM_ARRAY_TASK_ID="1"), "gone.txt")
    assert_refused(stubs.run(*command), "name a study")


# tpu_vm.sh

# Does on this machine, in the folder HOME, what gcloud would do on a worker.
GCLOUD = """
import json, os, shutil, subprocess, sys
with open(os.path.join(os.environ["RECORDS"], "gcloud"), "a") as file:
    print(json.dumps(sys.argv[1:]), file=file)
if sys.argv[4] == "scp":
    shutil.copy(sys.argv[5], os.path.join(os.environ["HOME"], sys.argv[6].partition(":")[2]))
else:
    (text,) = [arg.partition("=")[2] for arg in sys.argv if arg.startswith("--command=")]
    sys.exit(subprocess.run(["bash", "-c", text], cwd=os.environ["HOME"]).returncode)
"""
TPU = ["launch/tpu_vm.sh", "--name=pod", "--zone=here", "--project=p"]


@pytest.fixture
def worker(stubs, tmp_path):
    """A worker's home folder."""
    stubs.script("gcloud", GCLOUD)
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_tpu_runs_the_study_on_all_workers_with_its_quoting_intact(stubs, worker):
    environment = worker / "it's a repo/.venv/bin"
    environment.mkdir(parents=True)
    stubs.script("python", STUB, environment)
    command = [*TPU, "--repo=it's a repo", "--", f"--config={SIREN}", *AWKWARD]
    codes = json.dumps({"python": 75})
    assert stubs.run(*command, HOME=str(worker), CODES=codes).returncode == 75
    (call,) = stubs.calls()
    assert call["args"] == ["-m", "inr_sae.launch", "--distributed=auto", f"--config={SIREN}", *AWKWARD]
    assert not list(worker.rglob("hole"))
    ran = json.loads((stubs.records / "gcloud").read_text())
    assert ran[:5] == ["compute", "tpus", "tpu-vm", "ssh", "pod"]
    assert {"--worker=all", "--zone=here", "--project=p"} < set(ran)
    shown = stubs.run(command[0], "--dry-run", *command[1:])
    assert shlex.split(shown.stdout) == ["gcloud", *ran] and len(stubs.calls()) == 1


def test_tpu_setup_copies_the_repository_and_installs_it(stubs, worker):
    if subprocess.run(["git", "-C", ROOT, "rev-parse", "HEAD"], capture_output=True).returncode:
        pytest.skip("not a git repository")
    # Stands for the question whether python3 is new enough, and for `python3 -m venv .venv`.
    venv = "os.makedirs('.venv/bin'); shutil.copy(os.environ['PIP'], '.venv/bin/pip')"
    stubs.script("python3", f"import os, shutil, sys\nif sys.argv[1] == '-m': {venv}")
    stubs.script("pip", STUB)
    process = stubs.run(*TPU, "--repo=my repo", "--setup", HOME=str(worker), PIP=str(stubs.bin / "pip"))
    assert process.returncode == 0, process.stderr
    assert (worker / "my repo/inr_sae/launch.py").is_file() and (worker / "my repo/pyproject.toml").is_file()
    (call,) = stubs.calls("pip")
    assert call["args"][0] == "install" and call["args"][-2:] == ["-e", ".[tpu]"]


def test_tpu_stop_finds_the_launcher_and_not_itself(stubs, worker):
    stubs.script("pkill", STUB)
    assert stubs.run(*TPU, "--stop", HOME=str(worker)).returncode == 0
    (call,) = stubs.calls("pkill")
    assert call["args"][:2] == ["-TERM", "-f"]
    assert re.search(call["args"][2], ".venv/bin/python -m inr_sae.launch --distributed=auto")
    assert not re.search(call["args"][2], (stubs.records / "gcloud").read_text())


@pytest.mark.parametrize(
    "arguments",
    [
        TPU,
        TPU[:2] + ["--", "--config=x"],
        TPU[:1] + TPU[2:],
        [*TPU, "--config=x"],
        [*TPU, "--setup", "--", "--config=x"],
    ],
)
def test_tpu_refuses_what_it_cannot_read(arguments, stubs, worker):
    assert_refused(stubs.run(*arguments, HOME=str(worker)))
    assert not (stubs.records / "gcloud").exists()


# sweep.py

PREFIXED = "config.seed=1,2"


@pytest.fixture(scope="module")
def sweep():
    spec = importlib.util.spec_from_file_location("sweep", ROOT / "launch/sweep.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def swept(sweep, capsys, *arguments):
    """The words of each printed command."""
    sweep.main(list(arguments))
    return [shlex.split(line) for line in capsys.readouterr().out.splitlines()]


def workdirs(commands):
    return [word.removeprefix("--workdir=") for words in commands for word in words if word.startswith("--workdir=")]


def test_the_papers_six_encoders_are_six_points(sweep, capsys):
    configs = [f"{config}:{string}" for config in (SIREN, FFMLP) for string in ("celebahq", "oasis", "kodak")]
    commands = swept(sweep, capsys, *configs, "--root", "kodak=/data/my kodak", "--root", "oasis=o", "--runs", "r s")
    assert [words[:4] for words in commands] == [
        ["python", "-m", "inr_sae.launch", f"--config={config}"] for config in configs
    ]
    assert workdirs(commands)[:2] == ["r s/cohort_siren-celebahq", "r s/cohort_siren-oasis"]
    assert len(set(workdirs(commands))) == 6
    roots = [[word for word in words if "root" in word] for words in commands]
    assert roots == 2 * [[], ["--config.signals.root=o"], ["--config.signals.root=/data/my kodak"]]


def test_a_folder_of_images_is_given_for_a_string_that_has_names_in_it(sweep, capsys):
    strings = ("celebahq", "celebahq,mine=folder")
    roots = ["--root", "celebahq=/a", "--root", "celebahq,mine=folder=/b=c"]
    commands = swept(sweep, capsys, *(f"configs/fit_geometry.py:{string}" for string in strings), *roots)
    found = [[word for word in words if "root" in word] for words in commands]
    assert found == [["--config.signals.root=/a"], ["--config.signals.root=/b=c"]]


def test_a_grid_is_the_product_of_its_values_in_folders_of_their_own(sweep, capsys):
    grid = ["--grid", "seed=0,1,2", "--grid", "signals.size=(64,64);(128,192)", "--grid", "runtime.cache_dir=/a b/*,''"]
    commands = swept(sweep, capsys, SIREN, FFMLP, *grid, "--set", "cohort.steps=2000")
    settings = [tuple(word for word in words if word.startswith(("--config=", "--config."))) for words in commands]
    assert len(set(settings)) == len(set(workdirs(commands))) == 2 * 3 * 2 * 2
    assert all("--config.cohort.steps=2000" in setting for setting in settings)
    assert sum("--config.signals.size=(128,192)" in setting for setting in settings) == 12
    assert all(re.fullmatch(r"runs/[A-Za-z0-9._,=+-]+", folder) for folder in workdirs(commands))
    assert "runs/cohort_siren-seed=2-signals.size=128,192-runtime.cache_dir=_ab__" in workdirs(commands)


@pytest.mark.parametrize(
    "text, values",
    [
        ("0,1,2", ["0", "1", "2"]),
        ("(64,64)", ["(64,64)"]),
        ("(64,64),(128,192)", ["(64,64)", "(128,192)"]),
        ("(64,64);(128,192)", ["(64,64)", "(128,192)"]),
        ("('full','a;b'), ((1,2),[3,4])", ["('full','a;b')", "((1,2),[3,4])"]),
        ("'a,b',c", ["'a,b'", "c"]),
    ],
)
def test_commas_separate_values_outside_brackets_and_quotes(text, values, sweep):
    assert sweep.split_values(text) == values


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], ["CONFIG"]),
        (["configs/gone.py:kodak"], ["configs/gone.py"]),
        ([SIREN, "--grid", "seed"], ["'seed'"]),
        ([SIREN, "--grid", "=1"], ["'=1'"]),
        ([SIREN, "--grid", "seed="], ["'seed='"]),
        ([SIREN, "--grid", "seed=0,,1"], ["seed", "empty"]),
        ([SIREN, "--grid", "signals.size=(64,64"], ["(64,64"]),
        ([SIREN, "--grid", "signals.size=64)"], ["64)"]),
        ([SIREN, "--grid", "seed=0", "--grid", "seed=1"], ["seed twice"]),
        ([SIREN, "--grid", "seed=0", "--set", "seed=1"], ["--grid and in --set"]),
        ([SIREN, "--grid", "seed=0,0"], ["cohort_siren-seed=0"]),
        ([SIREN, "--grid", "cohort.learning_rate=1e-3,0.001"], ["learning_rate=0.001 would be the study of another"]),
        ([SIREN, "--grid", PREFIXED], ["leave out config."]),
        ([SIREN, "--set", PREFIXED], ["leave out config."]),
        ([SIREN, "--grid", "signals.size=(64,64),[64,64]"], ["signals.size=64,64"]),
        ([SIREN, SIREN], ["cohort_siren"]),
        ([SIREN, "--grid", "report.title=" + "x" * 250], ["too long"]),
        ([SIREN, "--root", "kodak=DIR"], ["kodak"]),
        ([SIREN + ":kodak", "--root", "kodak"], ["'kodak'"]),
        ([SIREN + ":kodak", "--root", "kodak=a", "--root", "kodak=b"], ["twice"]),
        ([SIREN + ":kodak", "--root", "kodak=a", "--set", "signals.root=b"], ["signals.root"]),
        ([SIREN, "--set", "report.title=a\nb"], ["two lines"]),
        ([SIREN, "--submit", ""], ["--submit"]),
        ([SIREN, "--submit", "'"], ["--submit"]),
        ([SIREN, "--submit", "no-such-program"], ["no-such-program"]),
        ([SIREN, "--sbmit", "x"], ["--sbmit"]),
        ([SIREN, "--runs", "s3://bucket/runs"], ["--runs s3://bucket/runs", "address"]),
    ],
)
def test_a_sweep_that_cannot_be_is_refused_in_one_sentence(arguments, words, sweep, capsys):
    with pytest.raises(sweep.Refused) as refusal:
        sweep.main(arguments)
    assert all(word in str(refusal.value) for word in words) and "\n" not in str(refusal.value)
    assert capsys.readouterr().out == ""


def test_the_sweeps_program_exits_with_2_and_a_sentence(stubs):
    assert_refused(stubs.run(sys.executable, "launch/sweep.py", "configs/gone.py"), "configs/gone.py")


def test_submit_runs_what_dry_run_shows_up_to_the_first_failure(stubs):
    command = [sys.executable, "launch/sweep.py", SIREN, "--grid", "seed=0,1,2", "--set", AWKWARD[1][9:]]
    command += ["--submit", "submit --nodes=2 'a script'"]
    shown = [shlex.split(line) for line in stubs.run(*command, "--dry-run").stdout.splitlines()]
    assert len(shown) == 3 and stubs.calls("submit") == []
    assert stubs.run(*command).returncode == 0
    assert [["submit", *call["args"]] for call in stubs.calls("submit")] == shown
    assert all(words[1:4] == ["--nodes=2", "a script", f"--config={SIREN}"] for words in shown)
    assert_refused(stubs.run(*command, CODES=json.dumps({"submit": 1})), "point 1 of 3", "exit code 1")
    assert len(stubs.calls("submit")) == 4
