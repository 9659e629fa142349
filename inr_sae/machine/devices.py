"""The machine: precision, compilation cache, devices, and the fingerprint of what a run ran on."""

import importlib.metadata
import logging
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import jax

from inr_sae.errors import UserError

logger = logging.getLogger("inr_sae")

MAPS, MOST_MAPS = Path("/proc/self/maps"), Path("/proc/sys/vm/max_map_count")
PRECISIONS = ("highest", "high", "default")
# JAX reads these from the environment, and another value changes every number: they are set, whatever it says.
PINNED = {
    "jax_threefry_partitionable": True,
    "jax_default_prng_impl": "threefry2x32",
    "jax_random_seed_offset": 0,
    "jax_enable_x64": False,
    "jax_numpy_dtype_promotion": "standard",
    "jax_disable_jit": False,
    "jax_debug_nans": False,
}


def configure(precision, cache_dir):
    """Pin what decides JAX's numbers, set the precision of float32 matrix products and, if `cache_dir` is not empty,
    the persistent compilation cache.

    precision: "highest" (float32), "high" (TF32 or bfloat16x3), "default" (the device's fastest). On a CPU all three
    are float32. Call it before anything is compiled.
    """
    for setting, value in PINNED.items():
        jax.config.update(setting, value)
    jax.config.update("jax_default_matmul_precision", precision)
    if cache_dir and (folder := cache_folder(cache_dir)):
        jax.config.update("jax_compilation_cache_dir", folder)
        # By default only what takes a second to compile is kept; a study has dozens of programs below that.
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


def check():
    """Raise UserError where JAX has no device to compute on, as with JAX_PLATFORMS=cuda where there is no GPU."""
    try:
        jax.devices()
    except (RuntimeError, AssertionError) as error:  # the latter of a platform that is known and not there
        said = " ".join(str(error).split()) or "there is none of it"
        raise UserError(
            f"JAX has no device to compute on, and JAX_PLATFORMS is {os.environ.get('JAX_PLATFORMS', '')!r} ({said}); "
            "unset it, or install JAX for that device, as BUILD.md says"
        ) from error


def cache_folder(name):
    """The absolute path of the folder of compiled programs; "", with a warning, where ~ is nobody's home."""
    try:
        return str(Path(name).expanduser().absolute())
    except RuntimeError:
        logger.warning("compiled programs are not kept: nobody knows the home directory of %s", name)
        return ""


def accelerator_memory():
    """Bytes of memory that the first local device may use; None on a CPU, or where a device does not tell."""
    stats = jax.local_devices()[0].memory_stats()
    return stats["bytes_limit"] if stats else None


def memory():
    """Bytes of memory that one local device may use: the accelerator's, or this process's share of the host's."""
    host = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):  # of a container
        if Path(limit).exists() and Path(limit).read_text().strip().isdigit():
            host = min(host, int(Path(limit).read_text()))
    return accelerator_memory() or host // jax.local_device_count()


def release_programs():
    """Let go of all compiled programs once they take half of the memory maps that Linux grants a process.

    Each program of the CPU has some, and without another one XLA ends by a segmentation fault. Programs that are still
    needed come back from the cache on disk. Returns whether they were let go.
    """
    try:
        n_maps, most = MAPS.read_bytes().count(b"\n"), int(MOST_MAPS.read_text())
    except OSError:  # another system than Linux
        return False
    if 2 * n_maps < most:
        return False
    jax.clear_caches()
    return True


def git_revision():
    """The git revision of the source tree this runs from, "-dirty" added if it was changed; None outside one."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        return subprocess.run(
            ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def fingerprint():
    """What a reader needs to repeat a run: versions, devices, precision, host, git revision; a plain dict."""
    packages = (
        "inr-sae",
        "jax",
        "jaxlib",
        "flax",
        "optax",
        "orbax-checkpoint",
        "numpy",
        "scipy",
        "pillow",
        "dm-pix",
        "matplotlib",
        "absl-py",
        "ml-collections",
        "tqdm",
    )
    versions = {}
    for name in packages:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    devices = jax.local_devices()
    return {
        "python": sys.version.split()[0],
        "packages": versions,
        "backend": jax.default_backend(),
        "devices": [{"kind": device.device_kind, "id": device.id} for device in devices],
        "n_devices": jax.device_count(),
        "n_processes": jax.process_count(),
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
        "matmul_precision": str(jax.config.jax_default_matmul_precision),
        "jax_settings": {name: getattr(jax.config, name) for name in PINNED},
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpu": cpu(),
        "cpu_count": n_cores(),
        "git_revision": git_revision(),
    }


def cpu():
    """The CPU's model and which vector instructions it has, by which XLA computes; "" where Linux does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    told = {key.strip(): text.strip() for key, _, text in (line.partition(":") for line in lines)}
    vector = re.findall(r"\b(?:avx\w*|fma|amx\w*|sve\w*)\b", told.get("flags", told.get("Features", "")))
    return f"{told.get('model name', '')} {' '.join(sorted(vector))}".strip()


def n_cores():
    """Number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
