"""No room left on the disk, in every stage: one sentence, nothing half-written, and on it goes once there is room."""

import os
import subprocess
import sys
import textwrap

import pytest

from tests.helpers import results
from tests.processes import start

# In a process of its own: the limit holds for every file that the process writes.
LIMITED = """
import resource, sys
from pathlib import Path
from tests.conftest import tiny_study
from inr_sae import stages, study
from inr_sae.errors import UserError
from inr_sae.folder import manifest

finished, workdir = map(Path, sys.argv[1:])
config = tiny_study("ffmlp")
every, (_, most) = config.stages, resource.getrlimit(resource.RLIMIT_FSIZE)
for i, stage in enumerate(every):
    config.stages = every if stage == "report" else every[: i + 1]
    written = manifest.outputs(finished, stage, stages.writes())
    sizes = [path.stat().st_size for path in written if path.name != "done.json"]
    # Too small for what the stage writes, from the first file on, and for its largest one alone.
    for limit in (1, max(sizes) // 2):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
        try:
            study.run(config, workdir)
            print("ran", stage, limit, flush=True)
        except UserError as error:
            print("refused", stage, limit, error, flush=True)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    study.run(config, workdir)
"""


def test_files_that_may_not_grow_in_each_stage(finished, tmp_path):
    pytest.importorskip("resource")
    command = [sys.executable, "-c", textwrap.dedent(LIMITED), str(finished[1]), str(tmp_path / "run")]
    process = subprocess.run(command, capture_output=True, text=True, timeout=300, env=os.environ)
    assert process.returncode == 0, process.stderr
    said = process.stdout.splitlines()
    assert len(said) == 2 * 7 and all(line.startswith("refused") for line in said), process.stdout
    assert all("cannot be written (File too large); make room, and the same command goes on" in line for line in said)
    assert results(tmp_path / "run") == results(finished[1])


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of its own, and a function that gives the disk another size in KiB; skips without rights."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60k", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("no right to mount a tmpfs")
    yield folder, lambda kib: subprocess.run(["mount", "-o", f"remount,size={kib}k", folder], check=True)
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_full(small_disk, alone):
    folder, resize = small_disk
    ends = []
    for kib in (60, 300, 700, 20000):
        resize(kib)
        process = start(folder / "run")
        _, log = process.communicate()
        ends.append(process.returncode)
        if process.returncode:
            assert "No space left on device" in log and "make room, and the same command goes on" in log
            assert not list(folder.rglob("*.partial"))
    assert ends == [2, 2, 2, 0]
    assert results(folder / "run") == results(alone)
