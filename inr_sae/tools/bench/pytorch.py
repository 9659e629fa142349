"""The same steps in plain PyTorch, each in a process of its own, beside ours."""

import json
import os
import statistics
import subprocess
import sys

from inr_sae import dictionaries
from inr_sae.tools.bench.dictionaries import config_of

PROGRAM = "inr_sae.exchange.torch_steps"  # run, not imported: it needs PyTorch
MALLOC = {
    "plain": "",
    "tuned malloc": "glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=4294967296:"
    "glibc.malloc.top_pad=268435456",
}


def seconds(sizes):
    """{"plain", "tuned malloc"} -> {name of a row: median seconds of PyTorch's step}."""
    found = {}
    for label, tunables in MALLOC.items():
        environment = {**os.environ, "GLIBC_TUNABLES": tunables}
        done = subprocess.run(command(sizes), check=True, stdout=subprocess.PIPE, text=True, env=environment)
        found[label] = {name: statistics.median(steps) for name, steps in json.loads(done.stdout).items()}
    return found


def command(sizes):
    """The program's command line: the sizes of images, and the settings of every dictionary method, as --NAME.KEY."""
    arguments = {"height": sizes.height, "width": sizes.width, "signals": sizes.n_signals}
    for name in dictionaries.method_names():
        config = config_of(dictionaries.method(name), sizes.scale)
        arguments |= {f"{name}.{key}": value for key, value in config.items()}
    return [sys.executable, "-m", PROGRAM, *(f"--{name}={value}" for name, value in arguments.items())]


def compare(rows, found):
    """The rows, those that PyTorch has too with its milliseconds and our ratio to its best; found: as of `seconds`."""
    return [entry | of_pytorch(entry, found) for entry in rows]


def of_pytorch(entry, found):
    """What PyTorch adds to a row; nothing to one that it has not."""
    ms = {f"torch_ms ({label})": 1e3 * steps[entry["name"]] for label, steps in found.items() if entry["name"] in steps}
    return ms | {"ratio_to_torch": entry["ms"] / min(ms.values())} if ms else {}
