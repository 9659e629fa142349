"""Studies in processes of their own, small enough that a stage takes a second: for what only a process can show."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import FAST

ROOT = Path(__file__).resolve().parents[1]
SMALL = {
    "signals.size": "(16,12)",
    "signals.n_cohort": 3,
    "signals.n_test": 2,
    "inr.width": 16,
    "inr.ffmlp.n_fourier": 8,
    "inr.n_layers": 3,
    "cohort.steps": 20,
    "cohort.log_every": 5,
    "fit.steps": 8,
    "fit.log_every": 4,
    "fit.taus": "(0,2)",
    "fit.seeds": 2,
    "fit.batch": 1,
    "dictionary.layers": "(0,2)",
    "dictionary.topk.n_atoms": 32,
    "dictionary.topk.k": 4,
    "dictionary.topk.steps": 12,
    "dictionary.topk.log_every": 4,
    "dictionary.topk.batch": 32,
    "ablation.top": 2,
    "ablation.random": 1,
    "runtime.checkpoint_seconds": 0,
    "runtime.cache_dir": os.environ["JAX_COMPILATION_CACHE_DIR"],  # of this session; nothing is written to the home
}


def start(workdir, *flags, devices=1, settings=SMALL, log=None):
    """A process that runs a small study in `workdir`; its standard error goes to the file `log`, or to a pipe."""
    command = [sys.executable, "-m", "inr_sae.launch", "--config=configs/cohort_ffmlp.py", f"--workdir={workdir}"]
    command += [*(f"--config.{key}={value}" for key, value in settings.items()), *flags]
    environment = os.environ | {"XLA_FLAGS": f"{FAST} --xla_force_host_platform_device_count={devices}"}
    with open(log or os.devnull, "w") as file:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=file if log else subprocess.PIPE,
            text=True,
            errors="replace",
        )


def start_two(workdir, folder, *flags, devices=2, settings=SMALL):
    """Two processes that run one small study together; their logs are folder/0.log and 1.log."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return [
        start(
            workdir,
            f"--distributed=127.0.0.1:{port},2,{i}",
            *flags,
            devices=devices,
            settings=settings,
            log=Path(folder) / f"{i}.log",
        )
        for i in range(2)
    ]


def events(workdir):
    """The (event, stage) lines of a run's log so far."""
    path = Path(workdir) / "log.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    found = []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # being written
        found.append((entry["event"], entry.get("stage")))
    return found


def wait_for(event, workdir, processes, more=0.0):
    """Wait until a run's log has the event, and `more` seconds; all its processes must still be alive then."""
    end = time.monotonic() + 120
    while event not in events(workdir):
        assert time.monotonic() < end, f"{event} did not come"
        time.sleep(0.01)
    time.sleep(more)
    assert [process.poll() for process in processes] == [None] * len(processes)
