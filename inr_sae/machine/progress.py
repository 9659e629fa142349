"""How far a long loop has come: a bar on a terminal, log lines elsewhere."""

import logging
import sys
import time

from tqdm import tqdm

logger = logging.getLogger("inr_sae")
LOG_EVERY_S = 20.0
LOG_WITHIN_S = 60.0


class Progress:
    """Progress of `total` units under a label, `done` of them before this start; use it as a context manager.

    total_cost: what all units cost together, where some cost more than others; the time left follows the cost.
    """

    def __init__(self, label, total, done=0, total_cost=None):
        self.label, self.total, self.done = label, total, done
        self.total_cost, self.cost_done = (total, done) if total_cost is None else (total_cost, 0)
        self.cost_made = 0  # since this start
        self.note = ""
        self._began = self._logged = time.monotonic()
        self._bar = (
            tqdm(
                total=self.total_cost,
                initial=self.cost_done,
                file=sys.stderr,
                dynamic_ncols=True,
                bar_format="{desc}: {percentage:3.0f}%|{bar}| {postfix} [{elapsed}<{remaining}]",
                desc=label,
            )
            if sys.stderr.isatty()
            else None
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._bar is not None:
            self._bar.close()

    def advance(self, n, note="", cost=None, made=True):
        """`n` more units are done, which cost `cost` (n itself, if it is not said); `note` says how it goes.

        made: False for units that were done before this start, which tell nothing about the speed.
        """
        cost = n if cost is None else cost
        self.done += n
        self.cost_done += cost
        if not made:
            if self._bar is not None:
                self._bar.initial += cost
                self._bar.update(cost)
            return
        self.cost_made += cost
        self.note = note
        if self._bar is not None:
            self._bar.set_postfix_str(f"{self.done}/{self.total}, {note}".rstrip(", "), refresh=False)
            self._bar.update(cost)
            return
        now = time.monotonic()
        if now - self._logged >= LOG_EVERY_S or self.done >= self.total:
            self._logged = now
            logger.info("%s", self.line(now - self._began))

    def line(self, elapsed_s):
        """The line that a log gets: done of total, time taken, time left, note."""
        left = "?"
        if self.cost_made:
            left = tqdm.format_interval(elapsed_s / self.cost_made * (self.total_cost - self.cost_done))
        note = f", {self.note}" if self.note else ""
        return f"{self.label}: {self.done}/{self.total}, {tqdm.format_interval(elapsed_s)} taken, {left} left{note}"


class Within:
    """A log line a minute on how far one unit of a Progress has come; nothing of one that takes less."""

    def __init__(self, label, total):
        self.label, self.total = label, total
        self._began = self._logged = time.monotonic()

    def at(self, done):
        """`done` of the total are done."""
        now = time.monotonic()
        if now - self._logged >= LOG_WITHIN_S:
            self._logged = now
            left = tqdm.format_interval((now - self._began) / done * (self.total - done))
            logger.info("%s: %d/%d, %s left", self.label, done, self.total, left)
