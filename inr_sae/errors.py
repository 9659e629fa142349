"""What is wrong with what a user gave: `InputError` from below, which `UserError` turns into a sentence."""

import re

_MARK = "\x00"  # around the name of an argument within a message; no text of a user's holds it


class UserError(Exception):
    """Something that only the user can put right: bad input, a workdir of another run, a fit that diverged.

    The message is one clear sentence naming the file or key and what to do; the launcher prints it without a
    traceback and exits with code 2.
    """


def argument(name):
    """The name of a function's argument as an `InputError` has it: a stage puts the config's key in its place."""
    return f"{_MARK}{name}{_MARK}"


def named(text, group):
    """A text whose arguments, marked by `argument`, are named as keys of a config group, as in "signals."."""
    return re.sub(f"{_MARK}(.*?){_MARK}", lambda match: group + match[1], text)


class InputError(ValueError):
    """An argument that cannot be, or data that cannot be read; what it says makes sense without a config."""

    def __str__(self):
        return self.sentence("")

    def sentence(self, group):
        """What it says, its arguments named as keys of a config group, as in "signals."."""
        return named(self.args[0], group)
