"""The lock that keeps a second run out of a folder; the operating system frees it if the process is killed."""

import errno
import logging
from contextlib import contextmanager

from inr_sae.errors import UserError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

logger = logging.getLogger("inr_sae")
HELD = (errno.EAGAIN, errno.EWOULDBLOCK)  # all else says that the file system has no locks, or none just now


@contextmanager
def held(path):
    """Hold the lock on a file, which is made, while the block runs.

    Raises UserError if its folder cannot be made or written, or another run holds it. Where the file system offers no
    locks there is a warning and none is held.
    """
    if fcntl is None:
        raise UserError("inr_sae does not run on Windows, which lacks the file locks it needs; start it under WSL 2")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "a+")
    except OSError as error:
        raise UserError(
            f"--workdir {path.parent} cannot be written ({error.strerror}); choose another folder"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in HELD:
                raise UserError(
                    f"--workdir {path.parent} is in use by another run; wait for it or choose another folder"
                ) from error
            logger.warning(
                "the file system of %s gives no lock (%s), so nothing keeps a second run out: start none there",
                path.parent,
                error.strerror,
            )
        yield
