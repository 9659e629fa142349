"""The paper's claims under several budgets: what fits had reached on their way, read off their curves."""

from typing import NamedTuple

from inr_sae.rows.transfer import CurveRow

KEYS = CurveRow._fields[: CurveRow._fields.index("epoch")]  # what tells a fit from all others


class Budgets(NamedTuple):
    """Steps of STRAINER's recipe and of every other protocol; epochs, where a step takes a part of the pixels."""

    full: int
    others: int

    @property
    def name(self):
        """As a table calls their numbers."""
        return str(self.others) if self.full == self.others else f"full {self.full}, frozen {self.others}"


def candidates(steps):
    """Equal budgets of every number of steps; and, as the published tables seem to have it, STRAINER's recipe with the
    fewest beside the others with the most."""
    equal = [Budgets(n, n) for n in steps]
    return equal if len(steps) < 2 else [*equal, Budgets(min(steps), max(steps))]


def fits_at(budgets, fits, curves):
    """The FitRows as they were after their budgets; fits without a point of their curve there are left out.

    Of that moment PSNR alone is known; the other scores are None but in fits that ended there.
    """
    reached = {(*row[: len(KEYS)], row.epoch): row.psnr_db for row in curves}
    ends = {}
    for row in curves:
        ends[row[: len(KEYS)]] = max(row.epoch, ends.get(row[: len(KEYS)], 0))
    found = []
    for fit in fits:
        key = fit[: len(KEYS)]
        epoch = budgets.full if fit.protocol == "full" else budgets.others
        if epoch == ends[key]:
            found.append(fit)
        elif (*key, epoch) in reached:
            unknown = dict.fromkeys(("psnr_clipped_db", "ssim", "lpips", "psnr_db_last_50"))
            found.append(fit._replace(**unknown | {"psnr_db": reached[*key, epoch]}))
    return found
