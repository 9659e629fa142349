"""Being asked to stop, by SIGTERM or SIGINT: noted at once, heeded where nothing is lost."""

import signal

_asked = False


class Stopped(Exception):
    """The run was asked to stop and has saved what it had; the same command goes on."""


def listen():
    """Note SIGTERM and SIGINT from now on; a second SIGINT raises KeyboardInterrupt where it finds the program."""
    signal.signal(signal.SIGTERM, _note)
    signal.signal(signal.SIGINT, _note)


def _note(number, frame):
    global _asked
    if _asked and number == signal.SIGINT:
        raise KeyboardInterrupt
    _asked = True


def asked():
    """Whether this process was asked to stop."""
    return _asked


def forget():
    """Begin anew: nobody has asked."""
    global _asked
    _asked = False
