"""What the PSNR of a matrix's fits says on the claims: protocols against each other, and curves over tau."""

from typing import NamedTuple

import numpy as np

from inr_sae.measure.boundaries import at_source, encoder_of, mean_over_subjects, pair_of, psnr, subjects_of
from inr_sae.measure.paired import stratified_interval
from inr_sae.paper import reference
from inr_sae.paper.claims import NAN, Measured, counted
from inr_sae.protocols import of_same_fit


class Matrix(NamedTuple):
    """What was measured of pairs of source and target."""

    fits: list  # FitRows at the main rate
    best: list  # BestTauRows
    n_units: dict  # {encoder: number of its units}
    datasets: dict  # {set: the data set that it is of}, by which published numbers go, whatever a config calls a set
    psnr: dict  # {(Pair, protocol, tau): {(image, seed): dB, capped}}
    subjects: dict  # {target: {image: whom it shows}}
    budgets: dict | None  # {protocol: steps}, None where all have as many

    def n_images(self, rows, protocols=("freeze",)):
        """How many subjects the images show of which there are fewest, over the pairs of the BestTauRows `rows` and all
        boundaries of some protocols; None without any."""
        n = {}
        for (pair, protocol, _), fits in self.psnr.items():
            if protocol in protocols:
                subjects = {self.subjects[pair.target][image] for image, _ in fits}
                n[pair] = min(len(subjects), n.get(pair, len(subjects)))
        return min((n[pair] for row in rows if (pair := pair_of(row)) in n), default=None)


def matrix_of(fits, best, n_units, datasets, budgets=None):
    """The Matrix of some rows."""
    by_way = psnr(fits, lambda row: (pair_of(row), row.protocol, row.tau))
    subjects = {target: subjects_of(fits, target) for target in {row.target for row in fits}}
    return Matrix(fits, best, n_units, datasets, by_way, subjects, budgets)


def paired(matrix, row, other):
    """[(dB, subject, target)]: PSNR frozen at the rule's layer of a BestTauRow minus another protocol's, of every fit
    of its pair that both have. A protocol with a boundary has it at the same layer."""
    pair, tau = pair_of(row), row.tau_by_sr_weight
    if tau is None or not any(protocol == other for _, protocol, _ in matrix.psnr):
        return []

    def find(protocol, boundary):
        return matrix.psnr.get((at_source(pair, protocol), protocol, boundary))

    frozen = matrix.psnr.get((pair, "freeze", tau), {})
    theirs = of_same_fit(find, other, tau, matrix.n_units[encoder_of(row)], matrix.budgets) or {}
    both = frozen.keys() & theirs.keys()
    return [(frozen[fit] - theirs[fit], matrix.subjects[row.target][fit[0]], row.target) for fit in both]


def mean_difference(matrix, rows, other):
    """Measured: the mean of what is `paired` over the pairs of `rows`; None without any.

    The mean is over targets, then over a target's subjects, each with all its fits; the interval is over subjects.
    Pairs that were not fitted so are left out, and said to be.
    """
    found = [each for row in rows if (each := paired(matrix, row, other))]
    if not found:
        return None
    interval, whole = stratified_interval(*zip(*sum(found, []))), len(found) == len(rows)
    note = "" if whole else f"of {len(found)} of {len(rows)} pairs"
    return Measured(interval.mean, interval.low, interval.high, n_images=interval.n_least, whole=whole, note=note)


def differences(matrix):
    """The claims that compare two protocols."""
    best = matrix.best
    on_kodak = [row for row in best if row.backbone == "siren" and matrix.datasets[row.target] == "kodak"]
    measured = {
        f"gain_{backbone}": gain(matrix, [row for row in best if row.backbone == backbone])
        for backbone in reference.MEAN_GAIN_DB
    }
    return measured | {
        "gain_kodak": mean_difference(matrix, on_kodak, "full"),
        "matches_everywhere": matches(matrix, best),
        "training_matters": mean_difference(matrix, best, "random"),
        "freezing_helps": mean_difference(matrix, best, "thaw"),
        "better_than_scratch": mean_difference(matrix, best, "scratch"),
    }


def gain(matrix, rows):
    """Measured: PSNR frozen at the rule's layer minus STRAINER's, beside the paper's of the same pairs, if all are its
    own, of networks of its depth: not testable where it has no gain there."""
    found, theirs = mean_difference(matrix, rows, "full"), {}
    for row in (row for row in rows if paired(matrix, row, "full")):  # the others are in neither mean
        curve = published_curve(matrix, row)
        there = curve[1 + reference.BEST_TAU[row.backbone]][0] - curve[0][0] if curve else NAN
        theirs.setdefault(row.target, []).append(there)
    published = float(np.mean([np.mean(of_target) for of_target in theirs.values()])) if theirs else NAN
    if found is None or published != published:
        return found
    note = ", ".join(filter(None, (found.note, f"the paper has {published:+.1f} dB there")))
    return found._replace(published=published, testable=published > 0, note=note)


def matches(matrix, rows, margin_db=1.0):
    """Measured: in how many pairs freezing at the rule's layer is at most so far below STRAINER's recipe; between how
    many are so for certain, beyond the interval, and how many may be, as may those that were not fitted so."""
    gains = [each for row in rows if (each := mean_difference(matrix, [row], "full"))]
    if not gains:
        return None
    value, certain, possible = (
        sum(getattr(each, end) >= -margin_db for each in gains) for end in ("value", "low", "high")
    )
    missing = len(rows) - len(gains) if len(gains) > 1 else 0  # else one pair is one case
    note = f"{missing} not measured" if missing else ""
    n_images = min(each.n_images for each in gains)
    return Measured(value, certain, possible + missing, len(gains) + missing, n_images=n_images, note=note)


def published_curve(matrix, row):
    """The rows of Tables 3-5 on a BestTauRow's pair; None of another data set, backbone or depth than the paper's."""
    curve = reference.FREEZE_SWEEP.get((matrix.datasets[row.source], matrix.datasets[row.target], row.backbone))
    return curve if matrix.n_units[encoder_of(row)] == len(reference.TAUS) else None


def mean_by_tau(matrix, row):
    """{tau: mean PSNR in dB} of the freeze protocol for a row's pair, in which every subject counts the same."""
    return {
        tau: mean_over_subjects(values, matrix.subjects[row.target])
        for (pair, protocol, tau), values in matrix.psnr.items()
        if protocol == "freeze" and pair == pair_of(row)
    }


def curve_shapes(matrix):
    """The claims on the shape of PSNR against tau; only of pairs that have the boundaries these speak of, the last one
    of their encoder among them."""
    collapses, plateaus, falls, rows = [], [], [], []
    for row in matrix.best:
        curve, last = mean_by_tau(matrix, row), matrix.n_units[encoder_of(row)] - 1
        if not {0, 1, 2, last} <= curve.keys():
            continue
        rows.append(row)
        collapses.append(max(curve.values()) - curve[last] >= 10.0)
        first = [curve[tau] for tau in (0, 1, 2)]
        if row.backbone == "siren" and last > 2:  # else it is one of the boundaries that are to be flat
            plateaus.append(max(first) - min(first) <= 3.0 < min(first) - curve[last])
        if row.backbone == "ffmlp":
            falls.append((curve[0] - curve[last]) / last)
    n_images = matrix.n_images(rows)
    return {
        "last_layer_collapses": counted(collapses, n_images=n_images),
        "siren_plateau": counted(plateaus, n_images=n_images),
        "ffmlp_falls": Measured(float(np.mean(falls)), null=0.0, n_images=n_images) if falls else None,
    }


def levels(matrix):
    """How far the published PSNR lies from the run's, where data sets, backbones and depth are the paper's."""
    means, ways, rows = {}, [("full", None), *(("freeze", tau) for tau in reference.TAUS)], []
    for row in matrix.best:
        sets = matrix.datasets[row.source], matrix.datasets[row.target], row.backbone
        if published_curve(matrix, row):
            rows.append(row)
            for way in ways:
                if fits := matrix.psnr.get((pair_of(row), *way)):
                    mean = mean_over_subjects(fits, matrix.subjects[row.target])
                    means.setdefault((*sets, *way), []).append(mean)
    ours, published = [], []
    for names, theirs in reference.FREEZE_SWEEP.items():
        for way, (psnr_db, *_) in zip(ways, theirs, strict=True):
            if (*names, *way) in means:
                ours.append(np.mean(means[*names, *way]))
                published.append(psnr_db)
    found = deviation(ours, published, lambda a, b: abs(a - b))
    n_images = matrix.n_images(rows, ("full", "freeze"))
    return found and found._replace(n_images=n_images, note=f"over {len(ours)} means")


def deviation(ours, published, distance):
    """Measured: the mean distance of numbers from those published in the same places; its null is the mean distance
    from those in all other places. None without any."""
    ours, published = np.asarray(ours)[:, None], np.asarray(published)[None]
    if not ours.size:
        return None
    distances = distance(ours, published)
    elsewhere = distances[~np.eye(len(distances), dtype=bool)]
    null = float(np.mean(elsewhere)) if elsewhere.size else NAN
    return Measured(float(np.mean(np.diag(distances))), null=null)
