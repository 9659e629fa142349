"""Whether the layer that a rule names is the best freeze boundary, over initialisations of one network, against chance.

Initialisations count, not pairs of image and seed: fits of one encoder say the same thing many times.
"""

from collections import Counter

from inr_sae.paper.claims import counted, share, verdict_by
from inr_sae.rows.transfer import ALL_NETWORKS, NETWORK_RULES, RuleRow


def rules(networks, n_subjects, taus=(), testable=True):
    """[RuleRow] of each network and rule from NetworkRows, one an initialisation; of several networks also of all.

    Chance names any of the boundaries that were tried: of three, one in three. n_subjects: how many the fitted images
    show. taus: the boundaries that were tried, () for all; an initialisation whose rule names another is no case.
    testable: whether the signals can speak for a claim.
    """
    groups = {}
    for row in networks:
        groups.setdefault((row.backbone, row.n_layers, row.width), []).append(row)
    if len(groups) > 1:
        groups[ALL_NETWORKS, None, None] = networks
    return [
        row
        for key, group in groups.items()
        for rule in NETWORK_RULES
        for row in rule_row(key, rule, group, n_subjects, taus, testable)
    ]


def rule_row(key, rule, group, n_subjects, taus, testable):
    """[RuleRow] of one network's initialisations that have a best boundary, of several, and a layer by the rule that
    was among these; [] of none."""
    known = [row for row in group if row.n_boundaries > 1 and getattr(row, f"tau_by_{rule}") is not None]
    known = [row for row in known if not taus or getattr(row, f"tau_by_{rule}") in taus]
    chances = [1 / row.n_boundaries for row in known]
    measured = counted([getattr(row, f"tau_by_{rule}") == row.best_tau for row in known], chances, n_subjects)
    if measured is None:
        return []
    verdict = verdict_by(share, measured, phantom=not testable)
    n_units = None if key[0] == ALL_NETWORKS else known[0].n_units
    ((_, constant),) = Counter(row.best_tau for row in known).most_common(1)
    counts = (int(measured.value), measured.total, constant, sum(chances), measured.chance)
    return [RuleRow(*key, rule, n_units, *counts, verdict)]


def power(row):
    """The probability that chance alone has all initialisations of one network's RuleRow agree: how little so few can
    say."""
    return (row.chance_level / row.of) ** row.of
