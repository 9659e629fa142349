"""What was typed: flags, overrides and config files that cannot be, each told in one sentence."""

import keyword
import os
import re
import sysconfig
import traceback
from pathlib import Path

from absl import flags
from ml_collections import ConfigDict

from inr_sae.errors import UserError

OVERRIDE = r"--?(?:no)?config\.([^=]*)"
# Whose files are not the user's: this program's, Python's, and libraries'.
NOT_THEIRS = ("<", f"{Path(__file__).parent}{os.sep}", sysconfig.get_path("stdlib") + os.sep)
JARGON = {  # what Python and absl say of a value, and what it means
    r"invalid literal for int\(\) with base 10: (.*)": r"\1 is no whole number",
    r"could not convert string to float: (.*)": r"\1 is no number",
    r"\('Non-boolean argument to boolean flag', (.*?)\)": r"\1 is neither true nor false",
}
LIBRARIES = r"[/\\](site-packages|dist-packages|ml_collections)[/\\]"


def arguments(argv):
    """The arguments, those of flag files among them, with the home directory for ~ in the config file's name."""
    every = flags.FLAGS.read_flags_from_files(list(argv), force_gnu=False)
    return [re.sub("^(--?config=)(~.*)", lambda at: at[1] + os.path.expanduser(at[2]), arg) for arg in every]


def refuse_keys(argv):
    """Raise UserError for an override whose key is not names between dots."""
    for arg in argv:
        override = re.match(OVERRIDE, arg)
        for name in override[1].split(".") if override else ():
            if not name.isidentifier() or keyword.iskeyword(name):
                raise UserError(f"{arg}: the config has no key {name!r}")


def refuse_twice(argv):
    """Raise UserError for a flag that is given twice, an override too: one would count, or both would be joined."""
    given = set()
    for arg in argv[1:]:
        typed = re.sub("=.*", "", arg.lstrip("-"), flags=re.DOTALL)
        name = typed if typed in flags.FLAGS else typed.removeprefix("no")
        if arg.startswith("-") and name in flags.FLAGS:
            if name in given:
                raise UserError(f"--{name} is given twice; give it once")
            given.add(name)


def refuse_groups(overridden):
    """Raise UserError for an override that puts something in the place of a whole group; overridden: {key: value}."""
    for key, value in overridden.items():
        if isinstance(value, ConfigDict):
            raise UserError(group_sentence(f"config.{key}"))


def group_sentence(name):
    """What is wrong with an override of a whole group, whose flag is --name."""
    return f"--{name} is a group of keys; set its keys one by one, as in --{name}.KEY=VALUE"


def refuse_no_config(file, config):
    """Raise UserError unless a config file has given a ConfigDict."""
    if isinstance(config, ConfigDict):
        return
    getattr(config, "to_dict", None)  # what stands for a file that could not be loaded raises once it is used
    raise UserError(f"{file}: get_config returns {no_config(type(config).__name__)}")


def no_config(kind):
    """As in "an int, and no ConfigDict"."""
    what = "nothing (is a return missing?)" if kind == "NoneType" else f"a value of type {kind}"
    return f"{what}; it returns an ml_collections.ConfigDict, as in configs/base.py"


def sentence(error, argv):
    """What a user should read of an error that came out of the flags, a config file or an override."""
    place, error = mistake(error)
    said = " ".join((error.msg if isinstance(error, SyntaxError) else str(error)).split())
    for jargon, meant in JARGON.items():
        said = re.sub(jargon, meant, said)
    if "No module named 'configs'" in said:
        return "the config file imports `configs`, which is not to be found; run from the root of the repository"
    if not place and (known := of_a_library(said, str(error))):
        return known
    key, meant = unknown_key(said)
    if key:
        # ml_collections names the key alone; say which flag it was in.
        overrides = (arg for arg in argv if re.match(rf"--?config\.([^=]*\.)?{re.escape(key)}([.=]|$)", arg))
        hint = f"; did you mean {meant!r}?" if meant else ""
        return f"{place or next(overrides, '--config')}: the config has no key {key!r}{hint}"
    if place:
        return f"{place}: {said}"
    if isinstance(error, OSError):
        return f"--config cannot be loaded: {str(error).strip().splitlines()[-1].strip()}"
    return said


def of_a_library(said, text):
    """The sentence for what absl and ml_collections say of a group, a config that is none, or get_config; else ""."""
    if group := re.match(r"flag --(config\.[\w.]+)=.* as a ConfigDict: ", said):
        return group_sentence(group[1])
    # The first part of the key is asked of what get_config has returned.
    if kind := re.search(r"Attribute <class '(\w+)'>\.(\w+) does not exist.*lookup: \2\b", said):
        return f"--config: get_config returns {no_config(kind[1])}"
    if "Error whilst parsing config file" in said:  # with a traceback in which no line is the user's
        return f"--config: {text.strip().splitlines()[-1]}"
    if said.startswith("FrozenConfigDict"):
        return f"--config: get_config returns {no_config('FrozenConfigDict')}"
    if "has no attribute 'get_config'" in said:
        return "--config: the file has no function get_config, which returns the config"
    return ""


def mistake(error):
    """("--config: FILE, line N", the error) of what a file of the user's has raised, its innermost line; ("", error)
    where none has."""
    wrapped = error
    while wrapped is not None:  # absl and ml_collections put what a config file raises into errors of their own
        frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(wrapped.__traceback__)]
        if isinstance(wrapped, SyntaxError):
            frames.append((wrapped.filename or "<unknown>", wrapped.lineno))
        theirs = [(file, line) for file, line in frames if not re.search(LIBRARIES, file)]
        theirs = [(file, line) for file, line in theirs if not file.startswith(NOT_THEIRS)]
        if theirs:
            return "--config: {}, line {}".format(*theirs[-1]), wrapped
        wrapped = wrapped.__cause__ or wrapped.__context__
    return "", error


def unknown_key(said):
    """(key, what may have been meant or "") of what ml_collections says of a key that there is not, else ("", "")."""
    if suggestion := re.search(r'Did you mean "(.+?)" instead of "(.+?)"', said):
        return suggestion[2], suggestion[1]
    missing = re.search(r"""(?:Key "|Attribute <class '\w+'>\.)(\w+)"? does not exist""", said)
    missing = missing or re.fullmatch(r"""['"]+(\w+)['"]+""", said)
    return (missing[1], "") if missing else ("", "")
