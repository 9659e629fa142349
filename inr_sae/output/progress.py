"""How far a long loop has come: a bar on a terminal, log lines elsewhere."""

import logging
import sys
import time

from tqdm import tqdm

logger = logging.getLogger("inr_sae")
LOG_EVERY_S = 20.0


class Progress:
    """Progress of `total` units under a label, `done` of them before this start; use it as a context manager."""

    def __init__(self, label, total, done=0):
        self.label, self.total, self.done, self.start = label, total, done, done
        self.note = ""
        self._began = self._logged = time.monotonic()
        self._bar = (
            tqdm(desc=label, total=total, initial=done, file=sys.stderr, dynamic_ncols=True)
            if sys.stderr.isatty()
            else None
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._bar is not None:
            self._bar.close()

    def advance(self, n, note=""):
        """`n` more units are done; `note` says how it goes, as in "loss 0.01"."""
        self.done += n
        self.note = note
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(n)
            return
        now = time.monotonic()
        if now - self._logged >= LOG_EVERY_S or self.done >= self.total:
            self._logged = now
            logger.info("%s", self.line(now - self._began))

    def line(self, elapsed_s):
        """The line that a log gets: done of total, time taken, time left, note."""
        made = self.done - self.start
        left = tqdm.format_interval(elapsed_s / made * (self.total - self.done)) if made else "?"
        note = f", {self.note}" if self.note else ""
        return f"{self.label}: {self.done}/{self.total}, {tqdm.format_interval(elapsed_s)} taken, {left} left{note}"
