"""Print, or submit, one command for each point of a grid of studies.

The paper's six encoders, as an array of SLURM jobs, as jobs one by one, and here in a row:

    python launch/sweep.py configs/cohort_{siren,ffmlp}.py:{celebahq,oasis,kodak} \\
        --root celebahq=DIR --root oasis=DIR --root kodak=DIR > points.txt
    sbatch --array=1-6 launch/slurm.sbatch points.txt

    python launch/sweep.py ... --submit "sbatch launch/slurm.sbatch"
    python launch/sweep.py ... --submit "python -m inr_sae.launch"

A grid of two keys, that is three seeds of two sizes for each config:

    python launch/sweep.py configs/cohort_siren.py --grid seed=0,1,2 --grid "signals.size=(64,64),(128,192)"

A comma or a semicolon separates two values unless it stands within brackets or quotes. Every point runs in a folder of
its own under --runs, named after its config and its values. A printed line is a shell's command, to be run from the
root of the repository.
"""

import argparse
import ast
import itertools
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAUNCH = ["python", "-m", "inr_sae.launch"]
BRACKETS = {"(": ")", "[": "]", "{": "}"}
STOPPED = (75, 130)  # exit codes of a study that was asked to stop
LONGEST_NAME = 200  # bytes; file systems take 255, and some of it is left for what others append


class Refused(Exception):
    """What the user must mend, in one sentence."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    def error(self, message):
        raise Refused(message)


def parse(argv):
    """The arguments of the command line."""
    parser = Parser(
        prog="launch/sweep.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("configs", nargs="+", metavar="CONFIG[:STRING]", help="as in configs/cohort_siren.py:kodak")
    parser.add_argument("--grid", action="append", default=[], metavar="KEY=VALUE,...", help="a key's values")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a value of every point")
    parser.add_argument(
        "--root", action="append", default=[], metavar="STRING=DIR", help="signals.root of configs with this string"
    )
    parser.add_argument("--runs", default="runs", metavar="DIR", help="where the points' folders go; default: runs")
    parser.add_argument("--submit", metavar="COMMAND", help="run COMMAND with each point's flags, one after the other")
    parser.add_argument("--dry-run", action="store_true", help="show what --submit would run")
    return parser.parse_intermixed_args(argv)


def split_values(text):
    """The values in a text, between the commas and semicolons outside brackets and quotes."""
    values, closing, quote = [""], [], ""
    for character in text:
        if not closing and not quote and character in ",;":
            values.append("")
            continue
        values[-1] += character
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in BRACKETS:
            closing.append(BRACKETS[character])
        elif character in BRACKETS.values() and (not closing or closing.pop() != character):
            raise Refused(f"{text!r} closes a bracket that it has not opened")
    if closing or quote:
        raise Refused(f"{text!r} leaves a bracket or a quote open")
    return [value.strip() for value in values]


def key_and_text(argument, flag):
    """The two sides of KEY=TEXT."""
    key, equals, text = argument.partition("=")
    if not equals or not text.strip() or not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", key):
        raise Refused(f"{flag} is {argument!r}; it is a key and what it is set to, as in {flag} cohort.steps=2000")
    if key.startswith("config."):
        raise Refused(f"{flag} is {argument!r}; leave out config., which is put before it")
    return key, text


def pairs(arguments, flag):
    """The KEY=TEXT arguments as a dict; each key may come once."""
    found = {}
    for key, text in (key_and_text(argument, flag) for argument in arguments):
        if key in found:
            raise Refused(f"{flag} names {key} twice")
        found[key] = text
    return found


def folders(arguments, strings):
    """The folder of images for each config string that --root names. strings: those of all configs."""
    found = {}
    for argument in arguments:
        named = [each for each in strings if each and argument.startswith(f"{each}=")]  # some have "=" in them
        string = max(named, key=len, default=argument.partition("=")[0])
        folder = argument[len(string) + 1 :]
        if not string or not folder:
            raise Refused(f"--root is {argument!r}; it is a config's string and a folder, as in --root kodak=DIR")
        if string in found or string not in strings:
            raise Refused(f"--root names {string} " + ("twice" if string in found else "and no config has this string"))
        found[string] = folder
    return found


def safe(text):
    """The text as a part of a file's name: without brackets, quotes and spaces; what else is unusual as "_"."""
    return re.sub(r"[^\w.,+-]", "_", re.sub(r"[()\[\]{}'\"\s]", "", text), flags=re.ASCII)


def run_name(config, chosen):
    """The name of a point's folder: config, string, and each chosen value with its key."""
    file, _, string = config.partition(":")
    parts = [safe(Path(file).stem), safe(string), *(f"{key}={safe(value)}" for key, value in chosen.items())]
    name = "-".join(filter(None, parts))
    if len(name) > LONGEST_NAME:
        raise Refused(f"the name of the folder {name} is too long; give fewer keys to --grid, the rest to --set")
    return name


def meant(text):
    """What a value says, however it is written: 0.001 as 1e-3."""
    try:
        return repr(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text


def points(arguments):
    """The flags of every point: config by config, and of the grid's keys the last one fastest."""
    if "://" in arguments.runs:
        raise Refused(f"--runs {arguments.runs} is an address, and studies are written to folders; mount it")
    grid = {key: split_values(text) for key, text in pairs(arguments.grid, "--grid").items()}
    fixed = pairs(arguments.set, "--set")
    roots = folders(arguments.root, {config.partition(":")[2] for config in arguments.configs})
    if empty := [key for key, values in grid.items() if "" in values]:
        raise Refused(f"--grid {empty[0]} has an empty value")
    if both := sorted(grid.keys() & fixed.keys()):
        raise Refused(f"{both[0]} stands in --grid and in --set")
    if roots and "signals.root" in grid | fixed:
        raise Refused("signals.root is set beside --root; use one of them")
    found, names, studies = [], set(), set()
    for config in arguments.configs:
        file, _, string = config.partition(":")
        if not (ROOT / file).is_file():
            raise Refused(f"there is no config file {file}")
        for values in itertools.product(*grid.values()):
            chosen = dict(zip(grid, values))
            name = run_name(config, chosen)
            if name.casefold() in names:
                raise Refused(f"two points would run in the folder {name}; name each config and each value once")
            names.add(name.casefold())
            same = (config, *map(meant, values))
            if same in studies:
                raise Refused(f"{name} would be the study of another point; give each value in one way of writing")
            studies.add(same)
            root = {"signals.root": roots[string]} if string in roots else {}
            settings = [f"--config.{key}={value}" for key, value in (root | fixed | chosen).items()]
            found.append([f"--config={config}", f"--workdir={Path(arguments.runs) / name}", *settings])
    return found


def submit(commands):
    """Run the commands one after the other, up to the first that fails; 75 of one that was stopped and has saved."""
    for number, command in enumerate(commands, 1):
        code = run(command)
        if code in STOPPED:
            sys.exit(code)
        if code:
            raise Refused(f"point {number} of {len(commands)} ended with exit code {code}: {shlex.join(command)}")


def run(command):
    """The exit code of a command, which is left to end by itself: Ctrl-C reaches it from the terminal, SIGTERM from
    here, and a study then saves first."""
    try:
        process = subprocess.Popen(command, cwd=ROOT)
    except OSError as error:
        raise Refused(f"{command[0]} cannot be run: {error.strerror}") from error
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGTERM))
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def main(argv):
    """Print the points' commands, or submit them."""
    if any("\n" in argument for argument in argv):
        raise Refused("an argument has two lines, and a command must have one")
    arguments = parse(argv)
    prefix = LAUNCH
    if arguments.submit is not None:
        try:
            prefix = shlex.split(arguments.submit)
        except ValueError as error:
            raise Refused(f"--submit cannot be read: {error}") from error
        if not prefix:
            raise Refused("--submit is empty")
    commands = [prefix + flags for flags in points(arguments)]
    if arguments.submit is not None and not arguments.dry_run:
        submit(commands)
    else:
        print(*map(shlex.join, commands), sep="\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Refused as refusal:
        print(f"launch/sweep.py: {refusal}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
