"""How a test-time fit starts and what of it moves: the paper's protocol, STRAINER's, and the controls between them.

| protocol | layers 0..tau | layers beyond | layers 0..tau move |
|---|---|---|---|
| freeze (Sec. 3.1) | cohort | new | no |
| full (STRAINER) | cohort | cohort | yes |
| warm | cohort | cohort | no |
| thaw | cohort | new | yes |
| random | new | new | no |
| scratch | new | new | yes |

The head is always new. `full` and `scratch` treat all layers alike, so they have no boundary, and tau is None.
"""

from typing import NamedTuple

from inr_sae.errors import UserError


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


def protocol(name):
    """The Protocol of a name. Raises UserError naming the ones there are."""
    if name not in PROTOCOLS:
        raise UserError(f"fit.protocols has {name!r}; there are {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]


def frozen_to(name, tau):
    """The last layer that does not move under a protocol with its boundary at tau; None if all move."""
    return None if protocol(name).prefix_moves else tau


def cell(name, tau, n_layers, among=tuple(PROTOCOLS)):
    """The (protocol, tau) that stands for this one: itself, unless another one `among` those that run is the same fit.

    Behind the last layer there is nothing but the head, which is always new: there `warm` is `freeze`, and `thaw` is
    `full`. `full` and `scratch` are the same at every tau, None.
    """
    if not protocol(name).has_boundary:
        return name, None
    same = {"warm": ("freeze", tau), "thaw": ("full", None)}.get(name) if tau == n_layers - 1 else None
    return same if same and same[0] in among else (name, tau)


def cells(names, taus, n_layers):
    """Every different (protocol, tau) of the named protocols at the given boundaries, each once, in that order."""
    return list(dict.fromkeys(cell(name, tau, n_layers, names) for name in names for tau in taus))
