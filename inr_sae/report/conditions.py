"""How a report tells conditions, and pairs of dictionaries, apart."""

from inr_sae.rows.common import Condition, condition_of


def condition_names(conditions):
    """{Condition: its name}; the seed is in it only where several conditions differ in nothing else."""
    every = [condition.name for condition in dict.fromkeys(conditions)]
    return {
        condition: condition.name if every.count(condition.name) == 1 else f"{condition.name}-seed{condition.seed}"
        for condition in conditions
    }


def matched_conditions(matches):
    """Every Condition in MatchRows, in their order; the other ones of a pair last."""
    others = [other_of(row) for row in matches]
    return list(dict.fromkeys([*map(condition_of, matches), *others]))


def other_of(match):
    """The Condition of the second dictionary of a MatchRow."""
    return Condition(match.other_regime, match.other_backbone, match.other_seed)


def pairs(matches):
    """{(Condition, other Condition, dictionary seed or None): MatchRows by layer} of every pair of dictionaries."""
    groups = {}
    for row in matches:
        groups.setdefault((condition_of(row), other_of(row), row.dictionary_seed), []).append(row)
    return groups
