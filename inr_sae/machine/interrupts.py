"""Being asked to stop, by SIGTERM or SIGINT: noted at once, heeded where nothing is lost."""

import contextlib
import os
import signal

NOTED = b"inr_sae: asked to stop; it will, once what it is at is saved (Ctrl-C again: at once)\n"
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
    before, _asked = _asked, True
    if not before:
        with contextlib.suppress(OSError):  # whoever read it may have ended by the same signal
            os.write(2, NOTED)  # not print, which may be what the signal has cut in on


def asked():
    """Whether this process was asked to stop."""
    return _asked


def forget():
    """Begin anew: nobody has asked."""
    global _asked
    _asked = False
