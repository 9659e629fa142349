"""Running a stored study again and comparing every number: the determinism promise of BUILD.md, tested.

In the environment that a study ran in, every array comes again to the bit. In another one (versions, cores, devices,
flags), or on a GPU without --deterministic, what `TOLERANCES` lists comes again that closely, and nothing is promised
of the rest: training amplifies rounding. An array that is missing, of another shape, or newly not a number fails
everywhere.
"""

import fnmatch
import logging
import shutil
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from inr_sae import DETERMINISTIC, stages, study
from inr_sae.errors import UserError
from inr_sae.folder import checkpoints, ledger, manifest
from inr_sae.folder.store import Store, finite_or_none
from inr_sae.machine import devices
from inr_sae.report import tables
from inr_sae.run import once

# (files at any depth, column or array, largest difference, relative or not): of what averages over pixels, atoms or
# fits, two to four times what other versions and numbers of cores and devices made of the demos, as in BUILD.md.
TOLERANCES = (
    ("signals*.csv", "*", 0.0, False),
    ("stable_rank.csv", "sr_weight_init", 1e-5, True),
    ("stable_rank.csv", "sr_weight", 0.1, True),
    ("ranks.csv", "sr_weight_init", 1e-5, True),
    ("ranks.csv", "sr_weight", 0.1, True),
    ("summary.csv", "psnr_db_mean", 2.5, False),
    ("metrics.csv", "r2", 0.005, False),
    ("metrics.csv", "alive_fraction", 0.05, False),
    ("metrics.csv", "psnr_substituted_db", 1.5, False),
)
NOT_COMPARED = ("*.html", "*.js", "*.md", "*.tex", "*.json")  # the same numbers once more, or times and versions
NOT_OF_THE_MACHINE = ("git_revision",)  # what differs in it says nothing of what numbers come out
ASKED = "check.json"  # of a rerun: what is run again, and in which environment
FAILS = ("missing", "misshapen", "not finite", "different")  # verdicts that break the promise
NOT_PROMISED = "not promised"


class Comparison(NamedTuple):
    """What became of one array; a row of check.csv."""

    stage: str
    file: str
    array: str
    n: int
    verdict: str  # identical, within, not promised, or one of FAILS
    difference: float | None  # the largest, None where the two cannot be subtracted
    promise: str


def check(config, workdir, fresh=None, names=None):
    """Run the study of `workdir`, or some of its stages, again; returns (whether the promise held, the report).

    fresh: the folder of the rerun; None for <workdir>-check, removed if the promise held. names: the stages that are
    run again, None for all. Raises UserError where `workdir` holds another study, is damaged, or has not done a stage.
    """
    stored = Store(workdir)
    if not stored.exists("config.json"):
        raise UserError(f"--check {stored.root} is no study's folder (it has no config.json)")
    if found := study.changes(config, stored, {}):
        keys = ", ".join(dict.fromkeys(key for changed in found.values() for key in changed))
        raise UserError(f"--check {stored.root} has another config, in {keys}; give the one that it was made with")
    manifest.refuse_within(stored, fresh)
    refuse_undone(stored, config, names or config.stages)
    names = stages.ordered([name for name in config.stages if name in (names or config.stages)])
    rerun = Store(Path(fresh or f"{stored.root.absolute()}-check"))
    if not fresh:
        logging.getLogger("inr_sae").info("the rerun is in %s; after a stop the same command goes on", rerun.root)
        if rerun.exists(ASKED) and rerun.exists("check.csv"):  # an earlier check, which did not hold
            shutil.rmtree(rerun.root)
    with study.room(rerun.root):
        take_over(stored, rerun, names, config.stages)
    told, rerunning = stored.read_json("config.json"), config.copy_and_resolve_references()
    if "report" not in names:  # which shows what `stages` names
        rerunning.stages = tuple(names)
    study.run(rerunning, rerun.root, {key: told[key] for key in ("config_file", "overridden")})
    environment = differences(stored.read_json("environment.json"), finite_or_none(devices.fingerprint()))
    exact = environment.keys() <= set(NOT_OF_THE_MACHINE) and repeats()
    found = [compared for name in names for compared in compare_stage(stored, rerun, name, exact)]
    held = holds(found)
    if fresh or not held:
        with study.room(rerun.root):
            rerun.write_rows("check.csv", Comparison, found)
    else:
        shutil.rmtree(rerun.root)
    return held, report(found, environment, exact, rerun.root if fresh or not held else None)


def holds(found):
    """Whether every promise held, and there was one."""
    verdicts = {compared.verdict for compared in found}
    return not verdicts & set(FAILS) and bool(verdicts - {NOT_PROMISED})


def refuse_undone(stored, config, names):
    """Raise UserError if the stored study has not done a stage that is to be run again, or is damaged."""
    for name in names:
        if name not in config.stages:
            raise UserError(f"--check_stages has {name!r}; the study has {', '.join(config.stages)}")
        if not once.is_done(stored, name):
            raise UserError(f"--check {stored.root} has not done the stage {name!r}; finish it first, or leave it out")
    manifest.refuse_damage(stored, "--check")


def take_over(stored, rerun, names, every):
    """Copy what the stages of a stored study other than `names`, of `every`, have written, for those to build on, and
    how many fits its sweeps make at once; config.json last. A rerun of the same stages that was cut off goes on. Raises
    UserError if the folder holds something else."""
    asked = {"stages": list(names), "environment": finite_or_none(devices.fingerprint())}
    if rerun.exists("config.json"):
        if not rerun.exists(ASKED) or rerun.read_json(ASKED) != asked:
            raise UserError(
                f"--workdir {rerun.root} holds a study, and no rerun of these stages by this program in this "
                "environment; name another folder for the rerun"
            )
        return
    if rerun.exists(ASKED) and rerun.exists(ledger.FILE):  # cut off while it was copied to, maybe for other stages
        shutil.rmtree(rerun.root)
    if rerun.root.exists() and any(rerun.root.iterdir()):
        raise UserError(f"--workdir {rerun.root} is not empty; name another folder for the rerun")
    rerun.write_json(ASKED, asked)
    others = [name for name in every if name not in names]
    taken = [path for name in others for path in manifest.outputs(stored.root, name, stages.writes())]
    for path in (*taken, *sorted(stored.root.rglob(manifest.GROUND))):
        rerun.take(path.relative_to(stored.root).as_posix(), path)
    rerun.take("config.json", stored.path("config.json"))


def differences(stored, now):
    """{key: (then, now)} of what differs between two environments."""
    keys = sorted(stored.keys() | now.keys())
    return {key: (stored.get(key), now.get(key)) for key in keys if stored.get(key) != now.get(key)}


def repeats():
    """Whether this backend gives the same bits again, set as it is."""
    environment = devices.fingerprint()
    return environment["backend"] != "gpu" or DETERMINISTIC in environment["xla_flags"]


def compare_stage(stored, rerun, stage, exact):
    """A Comparison for every array that a stage has written."""
    ours, theirs = units(stored.root, stage), units(rerun.root, stage)
    ours = {name: path for name, path in ours.items() if name in theirs or not left_over(stored.root, rerun.root, name)}
    return [
        compare((stage, name, array), x, y, exact)
        for name in sorted(ours.keys() | theirs.keys())
        for array, (x, y) in a_and_b(ours.get(name), theirs.get(name)).items()
    ]


def left_over(stored, rerun, name):
    """Whether a file is of a study within, or a sweep, that an earlier config named: the rerun has none of it, but for
    the ground that it was given."""

    def has_some(folder):
        return any(path.is_file() and path.name != manifest.GROUND for path in (rerun / folder).rglob("*"))

    folders = [folder for folder in PurePosixPath(name).parents if not has_some(folder)]
    return any(any((stored / folder).glob(mark)) for folder in folders for mark in ("*/done.json", manifest.GROUND))


def units(root, stage):
    """{name: path} of what is compared of a stage: its files, and of every training the last checkpoint's folder; not
    checkpoints that were set aside as damaged."""
    found = {}
    for path in manifest.outputs(root, stage, stages.writes()):
        name = path.relative_to(root).as_posix()
        unit = manifest.unit_of(name)
        if checkpoints.DAMAGED in PurePosixPath(name).parts:
            continue
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
        return checkpoints.read_arrays(path)
    store = Store(path.parent)
    if path.suffix == ".npz":
        return store.read_npz(path.name)
    if path.suffix == ".csv":
        rows = store.read_csv(path.name)
        return {column: of_column([row[column] for row in rows]) for column in next(iter(rows), ())}
    return {"bytes": np.frombuffer(path.read_bytes(), np.uint8)}


def of_column(values):
    """A csv file's column: numbers as float64, since a 1.0 is written as a 1; None is nan."""
    found = np.array([np.nan if value is None else value for value in values])
    return found.astype(np.float64) if found.dtype.kind in "fiu" else found


def tolerance_of(file, array):
    """(largest difference, relative or not) that is promised of an array of a file elsewhere; None for nothing."""
    for pattern, arrays, tolerance, relative in TOLERANCES:
        if fnmatch.fnmatch(f"/{file}", f"*/{pattern}") and fnmatch.fnmatch(array, arrays):
            return tolerance, relative
    return None


def promise_of(tolerance, exact):
    """A promise as a person reads it."""
    if exact:
        return "the same bits"
    if tolerance is None:
        return "none"
    largest, relative = tolerance
    return f"within {largest:g}" + (" of the value" if relative else "") if largest else "equal"


def compare(which, x, y, exact):
    """The Comparison of two arrays, either None where it is missing; which: (stage, file, array)."""
    tolerance = tolerance_of(*which[1:])
    n = max(np.size(value) for value in (x, y) if value is not None)
    return Comparison(*which, n, *verdict_of(which[2], x, y, exact, tolerance), promise_of(tolerance, exact))


def verdict_of(name, x, y, exact, tolerance):
    """(verdict, largest difference or None) of an array x and the rerun's y."""
    if x is None or y is None:
        return "missing", None
    if name == "bytes":  # a picture: its bytes tell nothing of how far another is away
        same = x.tobytes() == y.tobytes()
        return ("identical", 0.0) if same else ("different" if exact else NOT_PROMISED, None)
    if x.shape != y.shape or x.dtype.kind != y.dtype.kind:
        return "misshapen", None
    if x.tobytes() == y.tobytes():
        return "identical", 0.0
    if x.dtype.kind not in "fiu":  # texts: names, verdicts
        return ("different" if exact or tolerance else NOT_PROMISED), None
    difference, within = distance(x, y, *(tolerance or (0.0, False)))
    if x.dtype.kind == "f" and (np.isfinite(x) != np.isfinite(y)).any():
        return "not finite", difference
    if exact or (tolerance and not within):
        return "different", difference
    return ("within" if tolerance else NOT_PROMISED), difference


def distance(x, y, tolerance, relative):
    """(largest difference, whether every value is within the tolerance); nan equals nan."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    both = np.isnan(x) & np.isnan(y)
    with np.errstate(invalid="ignore", divide="ignore"):
        away = np.where(both | (x == y), 0.0, np.abs(x - y))
        away = away / np.where(away > 0, np.abs(x), 1.0) if relative else away
    largest = float(np.max(away))
    return largest, bool(largest <= tolerance)


def report(found, environment, exact, folder):
    """The report as a person reads it."""
    lines = ["environment: as it was" if not environment else "environment: differs"]
    lines += [f"  {key}: {then!r} then, {now!r} now" for key, (then, now) in environment.items()]
    lines.append("promised: every array to the bit" if exact else "promised: what TOLERANCES of tools/rerun.py lists")
    for stage in dict.fromkeys(compared.stage for compared in found):
        of_stage = [compared for compared in found if compared.stage == stage]
        verdicts = [compared.verdict for compared in of_stage]
        counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in dict.fromkeys(verdicts))
        lines.append(f"{stage}: {len(of_stage)} arrays, {sum(c.n for c in of_stage)} numbers: {counts}")
    apart = [compared for compared in found if compared.verdict != "identical"]
    if apart:
        apart.sort(key=lambda compared: compared.verdict not in FAILS)
        lines.append(tables.markdown([compared._asdict() for compared in apart[:40]]).rstrip())
        if len(apart) > 40:
            lines.append(f"... and {len(apart) - 40} more")
    lines.append(conclusion(found))
    if folder:
        lines.append(f"all of it: {folder / 'check.csv'}")
    return "\n".join(lines)


def conclusion(found):
    """The last word."""
    verdicts = [compared.verdict for compared in found]
    failed, unpromised = sum(verdict in FAILS for verdict in verdicts), verdicts.count(NOT_PROMISED)
    if failed:
        return f"the promise does NOT hold for {failed} arrays"
    if unpromised == len(found):
        return "nothing is promised here of anything that was compared"
    rest = f"; of {unpromised} arrays nothing is promised here" if unpromised else ""
    return f"the promise holds for {len(found) - unpromised} arrays{rest}"
