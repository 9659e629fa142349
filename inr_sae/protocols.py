"""How a test-time fit starts and what of it moves: the paper's protocol, STRAINER's, and the controls between them.

| protocol | units 0..tau | units beyond | units 0..tau move |
|---|---|---|---|
| freeze (Sec. 3.1) | cohort | new | no |
| full (STRAINER) | cohort | cohort | yes |
| warm | cohort | cohort | no |
| thaw | cohort | new | yes |
| random | new | new | no |
| scratch | new | new | yes |

The head is always new. `full` and `scratch` treat all units alike, so they have no boundary, and tau is None.
"""

from typing import NamedTuple


class Protocol(NamedTuple):
    """Where the weights of a test-time fit come from, and whether those up to the boundary move."""

    prefix_of_cohort: bool
    suffix_of_cohort: bool
    prefix_moves: bool

    @property
    def has_boundary(self):
        """Whether it matters where the boundary lies."""
        return self.prefix_of_cohort != self.suffix_of_cohort or not self.prefix_moves


PROTOCOLS = {
    "freeze": Protocol(True, False, False),
    "full": Protocol(True, True, True),
    "warm": Protocol(True, True, False),
    "thaw": Protocol(True, False, True),
    "random": Protocol(False, False, False),
    "scratch": Protocol(False, False, True),
}
BOUNDED = tuple(name for name, protocol in PROTOCOLS.items() if protocol.has_boundary)


def frozen_to(protocol, tau):
    """The last unit that does not move under a protocol with its boundary at tau; None if all move."""
    return None if PROTOCOLS[protocol].prefix_moves else tau


def same_fit(protocol, tau, n_units, among=tuple(PROTOCOLS)):
    """The (protocol, tau) that stands for this one: itself, unless another one `among` those that run is the same fit.

    Behind the last unit there is nothing but the head, which is always new: there `warm` is `freeze`, and `thaw` is
    `full`. `full` and `scratch` are the same at every tau, None.
    """
    if not PROTOCOLS[protocol].has_boundary:
        return protocol, None
    same = {"warm": ("freeze", tau), "thaw": ("full", None)}.get(protocol) if tau == n_units - 1 else None
    return same if same and same[0] in among else (protocol, tau)


def as_long(protocol, budgets):
    """The protocols that run as long as this one; budgets: {protocol: steps}, None where all have as many."""
    steps = budgets or dict.fromkeys(PROTOCOLS)
    return [other for other in steps if steps[other] == steps.get(protocol)]


def of_same_fit(find, protocol, tau, n_units, budgets=None):
    """What find(protocol, tau) has of this way, or of one as long that is the same fit, where it was not fitted itself;
    budgets: as of `as_long`."""
    return find(protocol, tau) or find(*same_fit(protocol, tau, n_units, as_long(protocol, budgets)))


def different_fits(protocols, taus, n_units, own=None, budgets=None):
    """Every different (protocol, tau) of the protocols at the given boundaries, each once, in that order.

    own: {protocol: boundaries of its own}; a protocol that has none there is fitted at `taus`. budgets: as of
    `as_long`; of two protocols that have not as many steps none stands for the other.
    """
    pairs = [(name, tau) for name in protocols for tau in (own or {}).get(name) or taus]
    among = {name: [other for other in as_long(name, budgets) if other in protocols] for name in protocols}
    return list(dict.fromkeys(same_fit(name, tau, n_units, among[name]) for name, tau in pairs))
