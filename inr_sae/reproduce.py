"""Running a stored study again and comparing every number: the determinism promise of BUILD.md, tested.

In the environment that a study ran in, every array comes again to the bit. In another one (versions, cores, devices,
flags), or on a GPU without --deterministic, what `TOLERANCES` lists comes again that closely, and nothing is promised
of the rest: training amplifies rounding.
"""

import fnmatch
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from inr_sae import DETERMINISTIC, manifest, runtime, study
from inr_sae.check import STAGES
from inr_sae.errors import UserError
from inr_sae.output import ledger, tables
from inr_sae.output.checkpoints import read_arrays
from inr_sae.output.store import Store, finite_or_none

# (files, column or array, largest difference, relative or not): of what averages over pixels, atoms or fits, about
# twice what other versions and numbers of cores and devices made of the demos; BUILD.md has the numbers.
TOLERANCES = (
    ("*/signals*.csv", "*", 0.0, False),
    ("*/stable_rank.csv", "sr_weight_init", 1e-5, True),
    ("*/stable_rank.csv", "sr_weight", 0.1, True),
    ("freeze_sweep/*/summary.csv", "psnr_db_mean", 2.5, False),
    ("dictionary/layer_*/metrics.csv", "r2", 0.005, False),
    ("dictionary/layer_*/metrics.csv", "alive_fraction", 0.05, False),
    ("dictionary/layer_*/metrics.csv", "psnr_substituted_db", 1.5, False),
)
NOT_COMPARED = ("*.html", "*.js", "*.md", "*.tex", "*.json")  # the same numbers once more, or times and versions


class Comparison(NamedTuple):
    """What became of one array; a row of check.csv."""

    stage: str
    file: str
    array: str
    n: int
    verdict: str  # identical, within, different
    difference: float | None  # the largest, None where the two cannot be subtracted
    promise: str
    kept: int  # whether the promise is


def check(config, workdir, fresh=None, stages=None):
    """Run the study of `workdir`, or some of its stages, again; returns (whether the promise held, the report).

    fresh: the folder of the rerun, None for a temporary one that is removed if the promise held. stages: those that are
    run again, None for all; what they build on is taken over as it is. Raises UserError where `workdir` holds another
    study, is damaged, or has not done a stage.
    """
    stored = Store(workdir)
    if not stored.exists("config.json"):
        raise UserError(f"--check {stored.root} is no study's folder (it has no config.json)")
    study.refuse_other_config(finite_or_none(config.to_dict()), stored.read_json("config.json")["config"], stored.root)
    refuse_undone(stored, config, stages or config.stages)
    stages = [stage for stage in STAGES if stage in (stages or config.stages)]
    rerun = Store(Path(fresh) if fresh else Path(tempfile.mkdtemp(prefix="inr_sae_check_")))
    if not rerun.exists("config.json"):
        take_over(stored, rerun, [stage for stage in config.stages if stage not in stages])
    about = stored.read_json("config.json")
    study.run(config, rerun.root, about["config_file"], about["overridden"])
    environment = differences(stored.read_json("environment.json"), finite_or_none(runtime.fingerprint()))
    exact = not environment and repeats()
    found = [compared for stage in stages for compared in compare_stage(stored, rerun, stage, exact)]
    held = all(compared.kept for compared in found)
    if fresh or not held:
        rerun.write_csv("check.csv", [compared._asdict() for compared in found])
    else:
        shutil.rmtree(rerun.root)
    return held, report(found, environment, exact, held, rerun.root if fresh or not held else None)


def refuse_undone(stored, config, stages):
    """Raise UserError if the stored study has not done a stage that is to be run again, or is damaged."""
    for stage in stages:
        if stage not in config.stages or not stored.exists(f"{stage}/done.json"):
            raise UserError(f"--check {stored.root} has not done the stage {stage!r}; finish it first, or leave it out")
    manifest.refuse_damage(stored, "--check")


def take_over(stored, rerun, stages):
    """Copy what the stages of a stored study have written, for others that build on it; config.json last.

    Raises UserError if the folder holds something else.
    """
    if rerun.root.exists() and any(rerun.root.iterdir()) and not rerun.exists(ledger.FILE):
        raise UserError(f"--workdir {rerun.root} is not empty; name another folder for the rerun")
    for stage in stages:
        for path in manifest.outputs(stored.root, stage):
            rerun.take(path.relative_to(stored.root).as_posix(), path)
    rerun.take("config.json", stored.path("config.json"))


def differences(stored, now):
    """{key: (then, now)} of what differs between two environments."""
    keys = sorted(stored.keys() | now.keys())
    return {key: (stored.get(key), now.get(key)) for key in keys if stored.get(key) != now.get(key)}


def repeats():
    """Whether this backend gives the same bits again, set as it is."""
    environment = runtime.fingerprint()
    return environment["backend"] != "gpu" or DETERMINISTIC in environment["xla_flags"]


def compare_stage(stored, rerun, stage, exact):
    """A Comparison for every array that a stage has written."""
    ours, theirs = units(stored.root, stage), units(rerun.root, stage)
    return [
        compare(stage, name, array, x, y, exact)
        for name in sorted(ours.keys() | theirs.keys())
        for array, (x, y) in a_and_b(ours.get(name), theirs.get(name)).items()
    ]


def units(root, stage):
    """{name: path} of what is compared of a stage: its files, and of every training the last checkpoint's folder."""
    found = {}
    for path in manifest.outputs(root, stage):
        name = path.relative_to(root).as_posix()
        unit = manifest.unit_of(name)
        folder, _, step = unit.rpartition("/")
        if unit == name and not any(fnmatch.fnmatch(name, pattern) for pattern in NOT_COMPARED):
            found[name] = path
        elif unit != name and (folder not in found or int(step) > int(found[folder].name)):
            found[folder] = root / unit
    return found


def a_and_b(a, b):
    """{array: (values, values)} of two files of one kind; None where one lacks it."""
    x, y = (arrays(path) if path is not None else {} for path in (a, b))
    return {name: (x.get(name), y.get(name)) for name in {**x, **y}}


def arrays(path):
    """{name: values} of a csv file's columns, an npz file's arrays, a checkpoint's leaves; a picture's bytes."""
    if path.is_dir():
        return read_arrays(path)
    store = Store(path.parent)
    if path.suffix == ".npz":
        return store.read_npz(path.name)
    if path.suffix == ".csv":
        rows = store.read_csv(path.name)
        return {column: np.array([nan_for_none(row[column]) for row in rows]) for column in rows[0]}
    return {"bytes": np.frombuffer(path.read_bytes(), np.uint8)}


def nan_for_none(value):
    return np.nan if value is None else value


def compare(stage, file, array, x, y, exact):
    """The Comparison of two arrays, either None where it is missing."""
    n, verdict, difference = max(np.size(value) for value in (x, y) if value is not None), "different", None
    tolerance = next(
        ((t, r) for f, a, t, r in TOLERANCES if fnmatch.fnmatch(file, f) and fnmatch.fnmatch(array, a)), None
    )
    if x is not None and y is not None and x.shape == y.shape and x.dtype.kind == y.dtype.kind:
        if x.tobytes() == y.tobytes():
            verdict, difference = "identical", 0.0
        elif x.dtype.kind in "fiu" and array != "bytes":
            difference, within = distance(x, y, *(tolerance or (0.0, False)))
            verdict = "within" if within else "different"
    promise = "the same bits" if exact else "none"
    if not exact and tolerance:
        promise = f"within {tolerance[0]:g}" + (" of the value" if tolerance[1] else "") if tolerance[0] else "equal"
    kept = verdict == "identical" or (not exact and (tolerance is None or verdict == "within"))
    return Comparison(stage, file, array, n, verdict, difference, promise, int(kept))


def distance(x, y, tolerance, relative):
    """(largest difference, whether every value is within the tolerance); nan equals nan."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    both = np.isnan(x) & np.isnan(y)
    with np.errstate(invalid="ignore", divide="ignore"):
        away = np.where(both | (x == y), 0.0, np.abs(x - y))
        away = away / np.where(away > 0, np.abs(x), 1.0) if relative else away
    largest = float(np.max(away))
    return largest, bool(largest <= tolerance)


def report(found, environment, exact, held, folder):
    """The report as a person reads it."""
    lines = ["environment: as it was" if not environment else "environment: differs"]
    lines += [f"  {key}: {then!r} then, {now!r} now" for key, (then, now) in environment.items()]
    lines.append("promised: every array to the bit" if exact else "promised: what TOLERANCES of reproduce.py lists")
    for stage in dict.fromkeys(compared.stage for compared in found):
        mine = [compared for compared in found if compared.stage == stage]
        counts = [f"{sum(c.verdict == v for c in mine)} {v}" for v in ("identical", "within", "different")]
        lines.append(f"{stage}: {len(mine)} arrays, {sum(c.n for c in mine)} numbers: {', '.join(counts)}")
    apart = [compared for compared in found if compared.verdict != "identical"]
    if apart:
        apart.sort(key=lambda compared: compared.kept)
        lines.append(tables.markdown([compared._asdict() for compared in apart[:40]]).rstrip())
        if len(apart) > 40:
            lines.append(f"... and {len(apart) - 40} more")
    lines.append(
        "the promise holds" if held else f"the promise does NOT hold for {sum(not c.kept for c in found)} arrays"
    )
    if folder:
        lines.append(f"all of it: {folder / 'check.csv'}")
    return "\n".join(lines)
