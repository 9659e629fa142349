"""What fits of a matrix say: which freeze boundary is best, whether beyond chance, and which rule names it.

A pair is (source, target, backbone, frequency); `random` and `scratch` take nothing from a source and stand beside
every one. Fits and ranks are rows of `inr_sae.rows`; the number of units is read from the ranks, or given. PSNR is
capped as `cap` says.
"""

import itertools
import math
from typing import NamedTuple

from inr_sae.measure.cap import capped
from inr_sae.measure.paired import cluster_means, paired_interval
from inr_sae.protocols import PROTOCOLS, of_same_fit
from inr_sae.rows.common import UNTRAINED
from inr_sae.rows.transfer import AgreementRow, BestTauRow, MeanCurveRow, PairedRow

LEAD = ("runner_up_tau", "lead_db", "lead_db_low", "lead_db_high", "n_images", "n_subjects", "decided")


class Pair(NamedTuple):
    """An encoder, by what it was trained on, its backbone and frequency, and the set that was fitted with it."""

    source: str
    target: str
    backbone: str
    frequency: float | None


def pair_of(row):
    """The Pair of a row that has these columns."""
    return Pair(row.source, row.target, row.backbone, row.frequency)


def encoder_of(row):
    """(source, backbone, frequency) of a row or a Pair."""
    return row.source, row.backbone, row.frequency


def pairs_of(rows):
    """Every Pair of a trained source, in the rows' order."""
    return list(dict.fromkeys(pair_of(row) for row in rows if row.source != UNTRAINED))


def at_source(pair, protocol):
    """The pair that a protocol's rows stand under: without a source for what takes nothing from a cohort."""
    return pair if PROTOCOLS[protocol].prefix_of_cohort else pair._replace(source=UNTRAINED)


def psnr(rows, key):
    """{key(row): {(image, seed): PSNR in dB, capped}} of FitRows."""
    values = {}
    for row in rows:
        values.setdefault(key(row), {})[row.image, row.seed] = float(capped(row.psnr_db))
    return values


def subjects_of(rows, target):
    """{image: whom it shows} of the rows of a target's fits; intervals are over subjects, not over images."""
    return {row.image: row.subject for row in rows if row.target == target}


def gain(row):
    """By how much training raised the stable rank of a layer's matrix; None where one of the two is not known."""
    known = row.sr_weight is not None and row.sr_weight_init is not None
    return row.sr_weight - row.sr_weight_init if known else None


RULES = {  # what each rule takes the argmax of, and how a table calls it
    "sr_weight": (lambda row: row.sr_weight, "sr_weight"),
    "sr_activation": (lambda row: row.sr_activation, "sr_activation"),
    "sr_activation_centred": (lambda row: row.sr_activation_centred, "sr_activation_centred"),
    "sr_weight_gain": (gain, "sr_weight - sr_weight_init"),
}


def highest_layer(ranks, value):
    """The layer where value(row) is highest, the first of equals, among the rank rows that have it; None if none."""
    known = [row for row in ranks if value(row) is not None and not math.isnan(value(row))]
    return max(known, key=value).layer if known else None


def rule_layers(ranks):
    """{rule: the layer that it names, None if it can name none} from the rank rows of one encoder."""
    return {rule: highest_layer(ranks, value) for rule, (value, _) in RULES.items()}


def rule_layer(ranks):
    """The layer whose matrix has the highest stable rank (Eq. 4), None if no layer has one; rank rows of an encoder."""
    return rule_layers(ranks)["sr_weight"]


def best_taus(fits, ranks):
    """[BestTauRow], one for each pair that was frozen anywhere: the best boundary, its lead over the runner-up with a
    95 % interval clustered by subject, and which boundary each rule names.

    fits: rows at one rate. `decided` is 1 where the interval excludes 0.
    """
    rows, frozen = [], [row for row in fits if row.protocol == "freeze"]
    for pair in pairs_of(frozen):
        by_tau = psnr([row for row in frozen if pair_of(row) == pair], lambda row: row.tau)
        by_tau = dict(sorted(by_tau.items()))  # of equal means the first boundary is the best
        of_encoder = [row for row in ranks if encoder_of(row) == encoder_of(pair)]
        rows.append(best_tau(pair, by_tau, of_encoder, subjects_of(fits, pair.target)))
    return rows


def best_tau(pair, by_tau, ranks, subjects):
    """The BestTauRow of a pair from {tau: {(image, seed): PSNR in dB}}, the rank rows of its encoder, and {image: whom
    it shows}."""
    means = {tau: mean_over_subjects(values, subjects) for tau, values in by_tau.items()}
    order = sorted(by_tau, key=lambda tau: -means[tau])
    lead = dict.fromkeys(LEAD)
    if len(order) > 1:
        columns = difference_columns("lead_db", by_tau[order[0]], by_tau[order[1]], subjects)
        ahead = columns["lead_db"] > 0  # unless fits are missing
        lead = {"runner_up_tau": order[1]} | columns | {"decided": int(columns["decided"] and ahead)}
    named = {f"tau_by_{rule}": layer for rule, layer in rule_layers(ranks).items()}
    return BestTauRow(*pair, best_tau=order[0], psnr_db=means[order[0]], **lead, **named)


def mean_over_subjects(values, subjects):
    """The mean PSNR in dB of {(image, seed): PSNR}, in which every subject counts the same; subjects: {image: whom it
    shows}."""
    return float(cluster_means(list(values.values()), [subjects.get(image, image) for image, _ in values]).mean())


def difference_columns(name, ours, theirs, subjects):
    """The columns of the mean of ours - theirs, {(image, seed): PSNR in dB} both, with its Interval over subjects."""
    interval = paired_interval(ours, theirs, subjects)
    return {
        name: interval.mean,
        f"{name}_low": interval.low,
        f"{name}_high": interval.high,
        "n_images": len({image for image, _ in ours.keys() & theirs.keys()}),
        "n_subjects": interval.n_clusters,
        "decided": int(interval.excludes_zero),
    }


def agreement(best, fits):
    """[AgreementRow], one for each backbone and rule: in how many pairs the rule names the best boundary, and in how
    many where that boundary leads beyond its interval.

    Pairs whose encoder leaves a rule without a layer to name do not count in its `of`, nor those in which one boundary
    alone was tried, or all but the one that it names. fits: FitRows at one rate.
    """
    rows, best = [], [row for row in best if row.runner_up_tau is not None]
    tried = {(pair_of(row), row.tau) for row in fits if row.protocol == "freeze"}
    for backbone, rule in itertools.product(dict.fromkeys(row.backbone for row in best), RULES):
        named = [(getattr(row, f"tau_by_{rule}"), row) for row in best if row.backbone == backbone]
        named = [(tau, row) for tau, row in named if (pair_of(row), tau) in tried]
        agrees = [row for tau, row in named if tau == row.best_tau]
        rows.append(
            AgreementRow(
                backbone=backbone,
                rule=RULES[rule][1],
                agrees=len(agrees),
                of=len(named),
                agrees_where_decided=sum(bool(row.decided) for row in agrees),
                of_decided=sum(bool(row.decided) for _, row in named),
            )
        )
    return rows


def paired(fits, n_units, budgets=None):
    """[PairedRow], one for each pair, rate, two protocols and boundary: the mean PSNR difference with its interval.

    At every boundary all protocols that were run are compared; those without a boundary stand beside each. n_units:
    {backbone: number of units}. budgets: {protocol: steps}, None where all have as many.
    """
    names = [name for name in PROTOCOLS if any(row.protocol == name for row in fits)]
    taus = sorted({row.tau for row in fits if row.tau is not None}) or [0]
    subjects = {target: subjects_of(fits, target) for target in {row.target for row in fits}}
    values = psnr(fits, lambda row: (pair_of(row), row.learning_rate, row.protocol, row.tau))

    def fitted(pair, rate, protocol, tau):
        def find(name, boundary):
            return values.get((at_source(pair, name), rate, name, boundary))

        return of_same_fit(find, protocol, tau, n_units[pair.backbone], budgets)

    rows, rates = [], dict.fromkeys(row.learning_rate for row in fits)
    protocols = list(itertools.combinations(names, 2))
    for pair, rate, tau, (first, second) in itertools.product(pairs_of(fits), rates, taus, protocols):
        ours, theirs = fitted(pair, rate, first, tau), fitted(pair, rate, second, tau)
        bounded = PROTOCOLS[first].has_boundary or PROTOCOLS[second].has_boundary
        if ours and theirs and ours is not theirs and (bounded or tau == taus[0]):
            columns = difference_columns("difference_db", ours, theirs, subjects[pair.target])
            rows.append(PairedRow(*pair, rate, tau if bounded else None, first, second, **columns))
    return rows


def mean_curves(curves, subjects):
    """[MeanCurveRow]: the mean PSNR over images and seeds at every step of each way to fit, from CurveRows, in which
    every subject counts the same; subjects: {image: whom it shows}."""
    groups, keys = {}, [name for name in MeanCurveRow._fields if name not in ("psnr_db_mean", "n")]
    for row in curves:
        of_group = groups.setdefault(tuple(getattr(row, key) for key in keys), {})
        of_group[row.image, row.seed] = float(capped(row.psnr_db))
    return [MeanCurveRow(*key, mean_over_subjects(values, subjects), len(values)) for key, values in groups.items()]
