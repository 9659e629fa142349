"""The command line.

python -m inr_sae.launch --config=configs/transfer.py [--workdir=DIR] [--config.group.key=value ...]
"""

import logging
import os
import sys
from pathlib import Path

from absl import app, flags
from absl import logging as absl_logging
from ml_collections import config_flags

from inr_sae import DETERMINISTIC, command
from inr_sae.errors import UserError
from inr_sae.machine import interrupts
from inr_sae.run import checks

_CONFIG = config_flags.DEFINE_config_file(
    "config",
    None,
    "The study's config file, as in configs/transfer.py or configs/transfer.py:kodak; "
    "--config.group.key=value overrides a value.",
    lock_config=True,
)
_WORKDIR = flags.DEFINE_string(
    "workdir",
    None,
    "The run's folder; by default runs/<name of the config>. A folder that holds the same study is continued.",
)
_DISTRIBUTED = flags.DEFINE_string(
    "distributed",
    None,
    "Compute with other processes: auto on SLURM, Cloud TPU, Kubernetes or Open MPI, else HOST:PORT,N,I, the address "
    "of process 0, the number of processes and this one's.",
)
_DETERMINISTIC = flags.DEFINE_bool(
    "deterministic", False, "Set what the backend needs to give the same bits again; slower on a GPU."
)
_CHECK = flags.DEFINE_string(
    "check",
    None,
    "Run the study of this folder again and compare every number; the rerun lies in --workdir, or WORKDIR-check.",
)
_CHECK_STAGES = flags.DEFINE_list(
    "check_stages", None, "With --check: the stages to run again, as in rank,dictionary; the others are taken over."
)
_REDO = flags.DEFINE_bool(
    "redo", False, "Where keys differ from those that --workdir was made with: do again the stages that they concern."
)
_VERIFY = flags.DEFINE_string("verify", None, "Hold the files of a finished study's folder against its study.json.")
_EXPORT = flags.DEFINE_string(
    "export", None, "Write the encoder and dictionaries of a study's folder as safetensors to --workdir."
)

USER_ERROR = 2
DIFFERS = 3  # a check or a verification did not hold
STOPPED = 75  # EX_TEMPFAIL: asked to stop, all is saved, the same command goes on
INTERRUPTED = 130  # as a shell reports a program that Ctrl-C ended
ALONE = ("verify", "export", "check")  # flags that each ask for something of their own


def parse_flags(argv):
    """Parse the flags and load the config; whatever is wrong with them ends in one sentence and exit code 2."""
    try:
        argv = command.arguments(argv)
        command.refuse_keys(argv)
        rest = flags.FLAGS(argv)
        command.refuse_twice(argv)
        if flags.FLAGS["config"].present:
            command.refuse_no_config(flags.FLAGS["config"].config_filename, _CONFIG.value)
            command.refuse_groups(config_flags.get_override_values(flags.FLAGS["config"]))
        return rest
    except UserError as error:
        fail(str(error) if str(error).startswith("-") else f"--config: {error}")
    except Exception as error:  # a config file is a program of the user's, and may raise anything
        fail(command.sentence(error, argv))


def fail(sentence):
    """Print a sentence and exit with the code of an error that the user can mend."""
    print(f"inr_sae: {sentence}", file=sys.stderr)
    sys.exit(USER_ERROR)


def folder(name):
    """The folder that the flag of that name gives, None where it is not given."""
    text = flags.FLAGS[name].value
    if text == "":
        raise UserError(f"--{name} is empty; name a folder, or leave it out")
    return text and Path(checks.local(f"--{name}", text))


def default_workdir(config_path):
    """runs/<name>, or runs/<name>-<string> for a config with a string; of a file's path its name alone."""
    path, _, string = config_path.partition(":")
    string = Path(string).stem if Path(string).suffix == ".json" else string
    return Path("runs") / (Path(path).stem + (f"-{string}" if string else ""))


def show_log():
    """Show this program's own log on standard error; of packages that log by absl only what is fatal."""
    # orbax tells of every file it opens, and of errors with a traceback before it raises them.
    absl_logging.set_verbosity(absl_logging.FATAL)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%m-%d %H:%M:%S"))
    logger = logging.getLogger("inr_sae")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def main(argv):
    """Run the study, or what the other flags ask for."""
    if len(argv) > 1:
        fail(f"{argv[1]!r} is not understood; flags begin with --")
    sys.stdout.reconfigure(errors="backslashreplace")  # a folder's name may have letters that a terminal has not
    os.environ.pop("MPLBACKEND", None)  # a notebook's, of which matplotlib may know nothing here
    show_log()
    interrupts.listen()
    if _DETERMINISTIC.value:  # XLA reads its flags when jax is imported
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {DETERMINISTIC}".strip()
    code = outcome(act) if _DISTRIBUTED.value is None else shared()
    if code == INTERRUPTED:
        # XLA may be in the middle of a dispatch, in threads that a normal exit would tear the interpreter from under.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def shared():
    """The exit code of one of several processes; process 0 acts, the others join in its tasks."""
    import jax

    from inr_sae.machine import processes

    try:
        processes.start(_DISTRIBUTED.value)
    except UserError as error:
        fail(str(error))
    code = 1
    try:
        code = outcome(act if jax.process_index() == 0 else processes.serve)
    except jax.errors.JaxRuntimeError as error:
        processes.lost(error)
    finally:
        processes.end(code)
    return code


def act():
    """Do what the flags ask for; returns the exit code."""
    refuse_together()
    if _VERIFY.value:
        return verify()
    if _CONFIG.value is None and not _EXPORT.value:
        raise UserError("--config is missing; name a config file, as in --config=configs/transfer.py")
    from inr_sae.machine import devices  # late: `--help` should not wait for jax

    devices.check()
    if _EXPORT.value:
        return export()
    return check() if _CHECK.value else run_study()


def refuse_together():
    """Raise UserError for flags that cannot go together, or that mean nothing alone."""
    for name in ("workdir", *ALONE):
        folder(name)
    asked = [name for name in ALONE if flags.FLAGS[name].value]
    if len(asked) > 1:
        raise UserError(f"--{asked[0]} and --{asked[1]} ask for two things; give one of them")
    if _CHECK_STAGES.value and not _CHECK.value:
        raise UserError("--check_stages says which stages --check runs again; give --check=WORKDIR too")
    for name in ("verify", "export"):
        if flags.FLAGS[name].value and _CONFIG.value is not None:
            raise UserError(f"--{name} takes a finished study's folder and no --config; leave one out")
        if flags.FLAGS[name].value and _DISTRIBUTED.value is not None:
            raise UserError(f"--{name} is done by one process; leave --distributed out")
    if _VERIFY.value and _WORKDIR.value:
        raise UserError("--verify names the folder that it reads, and --workdir another; leave --workdir out")
    if _REDO.value and asked:
        raise UserError(f"--redo is for a study that goes on, not for --{asked[0]}; leave one out")


def outcome(action):
    """The exit code that `action` returns; what ends it early is said in one sentence."""
    try:
        return action()
    except UserError as error:
        print(f"inr_sae: {error}", file=sys.stderr)
        return USER_ERROR
    except interrupts.Stopped:
        print("inr_sae: stopped as asked, all is saved; the same command goes on", file=sys.stderr)
        return STOPPED
    except KeyboardInterrupt:
        print("inr_sae: stopped at once; the same command goes on from the last checkpoint", file=sys.stderr)
        return INTERRUPTED


def about():
    """(the config file's name, {"config_file", "overridden"}, {key: value} of all defaults) for a study."""
    from inr_sae.run.once import flatten

    config_file = config_flags.get_config_filename(flags.FLAGS["config"])
    overridden = config_flags.get_override_values(flags.FLAGS["config"])
    try:
        from configs import base
    except ImportError:  # a config file of the user's own that needs none of ours
        return config_file, {"config_file": config_file, "overridden": overridden}, {}
    defaults = flatten(base.get_config().to_dict())
    return config_file, {"config_file": config_file, "overridden": overridden}, defaults


def run_study():
    """Run the study of --config in --workdir."""
    from inr_sae import study

    config_file, told, defaults = about()
    checks.there(_CONFIG.value, defaults)
    workdir = folder("workdir") or default_workdir(config_file)
    study.run(_CONFIG.value, workdir, told, _REDO.value, defaults)
    print(workdir / "report" / "index.html" if "report" in _CONFIG.value.stages else workdir)
    return 0


def check():
    """Run the study of --check again and compare."""
    from inr_sae.tools import rerun

    checks.there(_CONFIG.value, about()[2])
    held, text = rerun.check(_CONFIG.value, folder("check"), folder("workdir"), _CHECK_STAGES.value)
    print(text)
    return 0 if held else DIFFERS


def verify():
    """Hold the folder of --verify against its manifest."""
    from inr_sae.tools.verify import verify

    wrong = verify(folder("verify"))
    for name, what in wrong:
        print(f"{what}: {name}")
    if not wrong:
        print(f"{_VERIFY.value}: every file is as its study.json says")
    return DIFFERS if wrong else 0


def export():
    """Write the networks of --export as safetensors."""
    from inr_sae.tools.export import export

    for path in export(folder("export"), folder("workdir")):
        print(path)
    return 0


def run():
    """The entry point."""
    app.run(main, flags_parser=parse_flags)


if __name__ == "__main__":
    run()
