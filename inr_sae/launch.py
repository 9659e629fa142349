"""The command line.

python -m inr_sae.launch --config=configs/cohort_ffmlp.py [--workdir=DIR] [--config.group.key=value ...]
"""

import logging
import re
import sys
from pathlib import Path

from absl import app, flags
from absl import logging as absl_logging
from ml_collections import config_flags

from inr_sae.errors import UserError

_CONFIG = config_flags.DEFINE_config_file(
    "config",
    None,
    "The study's config file, as in configs/cohort_ffmlp.py or configs/cohort_ffmlp.py:kodak; "
    "--config.group.key=value overrides a value.",
    lock_config=True,
)
_WORKDIR = flags.DEFINE_string(
    "workdir",
    None,
    "The run's folder; by default runs/<name of the config>. A folder that holds the same study is continued.",
)

USER_ERROR = 2
INTERRUPTED = 130  # as a shell reports a program that Ctrl-C ended
QUOTES = "'\""


def parse_flags(argv):
    """Parse the flags and load the config; whatever is wrong with them ends in one sentence and exit code 2."""
    try:
        rest = flags.FLAGS(argv)
        if _CONFIG.value is not None:
            _CONFIG.value.to_dict()  # what stands for a file that could not be loaded raises once it is used
        return rest
    except Exception as error:  # a config file is a program of the user's, and may raise anything
        fail(flag_sentence(error, argv))


def flag_sentence(error, argv):
    """What a user should read of an error that came out of the flags, a config file or an override."""
    text = str(error)
    if "No module named 'configs'" in text:
        return "the config file imports `configs`, which is not to be found; run from the root of the repository"
    suggestion = re.search(r'Did you mean "(.+?)" instead of "(.+?)"', text)
    if suggestion or isinstance(error, (KeyError, AttributeError)):
        meant, key = suggestion.groups() if suggestion else ("", text.strip(QUOTES))
        # ml_collections names the key alone; say which flag it was in.
        flag = next((arg for arg in argv if re.match(rf"--config\.([^=]*\.)?{re.escape(key)}[.=]", arg)), "--config")
        return f"{flag}: the config has no key {key!r}" + (f"; did you mean {meant!r}?" if meant else "")
    if isinstance(error, OSError):
        return f"--config cannot be loaded: {text.strip().splitlines()[-1].strip()}"
    if "Traceback" in text:
        last = text.strip().splitlines()[-1]
        return f"--config: {last.partition(': ')[2] or last}"
    return " ".join(text.split())


def fail(sentence):
    """Print a sentence and exit with the code of an error that the user can mend."""
    print(f"inr_sae: {sentence}", file=sys.stderr)
    sys.exit(USER_ERROR)


def default_workdir(config_path):
    """runs/<name>, or runs/<name>-<string> for a config with a string."""
    path, _, string = config_path.partition(":")
    return Path("runs") / (Path(path).stem + (f"-{string}" if string else ""))


def show_log():
    """Show this program's own log on standard error; other packages' only from warnings on."""
    absl_logging.set_verbosity(absl_logging.WARNING)  # orbax tells of every file it opens
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("inr_sae")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def main(argv):
    """Run the study."""
    if len(argv) > 1:
        fail(f"{argv[1]!r} is not understood; flags begin with --")
    if _CONFIG.value is None:
        fail("--config is missing; name a config file, as in --config=configs/cohort_ffmlp.py")
    show_log()
    from inr_sae import study  # late: `--help` should not wait for jax

    config_file = config_flags.get_config_filename(flags.FLAGS["config"])
    workdir = Path(_WORKDIR.value) if _WORKDIR.value else default_workdir(config_file)
    try:
        study.run(_CONFIG.value, workdir, config_file, config_flags.get_override_values(flags.FLAGS["config"]))
    except UserError as error:
        fail(str(error))
    except KeyboardInterrupt:
        print(f"inr_sae: stopped; the same command goes on from {workdir}", file=sys.stderr)
        sys.exit(INTERRUPTED)
    print(workdir / "report" / "index.html" if "report" in _CONFIG.value.stages else workdir)


def run():
    """The entry point."""
    app.run(main, flags_parser=parse_flags)


if __name__ == "__main__":
    run()
