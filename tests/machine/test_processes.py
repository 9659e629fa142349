"""What several processes share, as far as one process can show it; the rest is in tests/faults/test_processes.py."""

import os
import random
import socket
import subprocess
import sys

import numpy as np
import pytest

from inr_sae.errors import UserError
from inr_sae.machine import processes
from tests.conftest import FAST
from tests.processes import ROOT, SMALL


def echo(details, arrays):
    return details, arrays


def test_alone_a_task_is_a_call_with_what_others_would_get():
    array = np.arange(3)
    details, arrays = processes.together(echo, {"taus": (0, None), "name": "é"}, [array])
    assert details == {"taus": [0, None], "name": "é"} and arrays[0] is array
    np.testing.assert_array_equal(processes.gather({"x": array})["x"], array)


SPECS = ["", "host", "host:1", "host:1,2", "host:1,2,x", "host,2,0", "host:1,2,-1", ":1,1,0", "host:,1,0", "host:x,1,0"]


@pytest.mark.parametrize("spec", [*SPECS, "host:0,1,0", "host:65536,1,0", "host:²,1,0", " :1,1,0,", "a,b:1,1,0"])
def test_a_start_that_cannot_be_read_is_refused(spec):
    with pytest.raises(UserError, match="it is auto, or HOST:PORT,N,I"):
        processes.read(spec)


def test_a_number_beyond_the_processes_is_refused():
    with pytest.raises(UserError, match="the last has the number 1"):
        processes.read("127.0.0.1:1,2,2")
    assert processes.read("127.0.0.1:1,2,1") == ("127.0.0.1:1", 2, 1)
    assert processes.read("[::1]:65535,1,0") == ("[::1]:65535", 1, 0)


def launch(environment, *flags):
    command = [sys.executable, "-m", "inr_sae.launch", "--config=configs/cohort_ffmlp.py", *flags]
    command += [f"--config.{key}={value}" for key, value in SMALL.items()]
    command += ["--config.stages=('cohort','freeze_sweep','rank')", "--config.fit.protocols=('full',)"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SLURM")} | environment
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


LONELY = """
from inr_sae.machine import processes
processes.START_S = 1
processes.start("127.0.0.1:{},2,1")
"""


def test_processes_that_do_not_find_each_other_say_so_at_last():
    """JAX aborts some seconds after the time that they have."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        code = LONELY.format(free.getsockname()[1])
        ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    assert ended.stderr.splitlines()[-1].startswith("inr_sae: --distributed=127.0.0.1:"), ended.stderr
    assert "have not found each other" in ended.stderr


def test_auto_without_a_cluster_is_refused():
    process = launch({}, "--distributed=auto")
    _, log = process.communicate(timeout=120)
    assert process.returncode == 2 and "--distributed=auto did not start" in log and "Traceback" not in log


def test_the_environment_of_a_slurm_step_is_enough(tmp_path):
    step = {
        "SLURM_JOB_ID": str(random.randrange(10**6)),  # JAX takes the port from it
        "SLURM_STEP_NODELIST": "localhost",
        "SLURM_STEP_NUM_NODES": "1",
        "SLURM_NTASKS": "2",
        "XLA_FLAGS": FAST,
    }
    both = [
        launch(
            step | {"SLURM_PROCID": str(i), "SLURM_LOCALID": str(i)}, "--distributed=auto", f"--workdir={tmp_path}/run"
        )
        for i in range(2)
    ]
    logs = [process.communicate(timeout=300)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], logs
    assert "freeze_sweep: done in" in logs[0] and "freeze_sweep" not in logs[1]
    assert '"n_processes": 2' in (tmp_path / "run/environment.json").read_text()


READING = """
import sys
from pathlib import Path
import jax
from inr_sae.machine import processes
processes.start("127.0.0.1:{},2," + sys.argv[1])
from inr_sae.folder import checkpoints
from inr_sae.state import TrainState
if sys.argv[1] == "1":
    sys.exit(processes.serve())
path = Path({!r})
with checkpoints.Checkpoints(path) as saved:
    saved.save(TrainState({{"w": jax.numpy.ones(3)}}, (), jax.numpy.int32(1), jax.random.key(0)), [[1, 2.0]])
assert checkpoints.read_params(path)["w"].tolist() == [1, 1, 1]
processes.end(0)
"""


def test_a_checkpoint_is_read_by_the_first_process_while_the_others_wait_for_tasks(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        code = READING.format(free.getsockname()[1], str(tmp_path / "checkpoints"))
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(i)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for i in range(2)
    ]
    logs = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], logs
