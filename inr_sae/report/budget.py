"""How a report tells what fits were given, and that it was not the same."""

from typing import NamedTuple


class Budget(NamedTuple):
    """What every protocol that ran was given."""

    of_protocol: dict  # {protocol: steps, or epochs}
    unit: str = "steps"

    @property
    def told(self):
        """As a caption has it: "500 steps", or "2000 steps (full: 500)"."""
        given = list(self.of_protocol.values())
        most = max(dict.fromkeys(given), key=lambda n: (given.count(n), n))
        others = ", ".join(f"{name}: {n}" for name, n in self.of_protocol.items() if n != most)
        return f"{most} {self.unit}" + (f" ({others})" if others else "")

    @property
    def caveat(self):
        """The sentences that say of unequal budgets that they are; none of equal ones."""
        if len(set(self.of_protocol.values())) < 2:
            return ()
        return (f"Fits had {self.told}, so differences between protocols are partly of their budgets.",)
