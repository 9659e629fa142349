"""What a matrix measured, as the quantities that the claims on transfer are about.

Last layers and the rule's layers are those of the run's own encoders, however many units these have; only the numbers
of Tables 3-5 are compared at the paper's depth alone. Phantoms count only where there is nothing else.
"""

import numpy as np

from inr_sae.measure.boundaries import Pair, encoder_of, highest_layer, rule_layers
from inr_sae.paper import reference
from inr_sae.paper.claims import Measured, counted, tail
from inr_sae.paper.transfer_psnr import curve_shapes, deviation, differences, levels, matrix_of, mean_by_tau
from inr_sae.rows.common import MADE

COMPARED = ("sr_weight", "sr_activation_centred", "sr_activation")  # rules of Table 1, and the latter uncentred
LEAST_COHORT_DB = 25.0  # a cohort below it is not fitted, and says nothing on how well a backbone fits one


def of_matrix(fits, ranks, best, cohort_psnr_db, datasets, budgets=None):
    """{name of a claim: Measured} of a matrix; what was not run is left out.

    fits: [FitRow] at the main rate. ranks: [EncoderRankRow], all units of every encoder. best: [BestTauRow].
    cohort_psnr_db: {(source, backbone, frequency): dB}. datasets: {source or target: the data set that it is of}.
    budgets: {protocol: steps}, None where all have as many.
    Claims are about encoders of the paper's backbones, and of the published omega_0 and sigma; others count only where
    these are missing.
    """
    fits, ranks, best = (of_published_networks(rows) for rows in (fits, ranks, best))
    cohorts = of_published_networks([Pair(source, source, *kind) for source, *kind in cohort_psnr_db])
    cohort_psnr_db = {key: cohort_psnr_db[key] for key in map(encoder_of, cohorts)}
    if not of_phantoms(best, datasets):
        fits, ranks, best = (without_phantoms(rows, datasets) for rows in (fits, ranks, best))
        cohort_psnr_db = {key: db for key, db in cohort_psnr_db.items() if datasets[key[0]] not in MADE}
    n_units = units(ranks)
    matrix = matrix_of(fits, best, n_units, datasets, budgets)
    several = [row for row in best if row.runner_up_tau is not None]  # of a single boundary none is the best
    measured = best_boundaries(matrix, several) | rules(matrix, several, ranks)
    measured |= differences(matrix) | curve_shapes(matrix)
    measured |= {
        "levels": levels(matrix),
        "rule_beats_shape": peaks_moved(ranks),
        "stable_ranks": stable_ranks(ranks, n_units, datasets),
        "cohorts_alike": cohorts_alike(cohort_psnr_db),
    }
    return {name: m for name, m in measured.items() if m is not None}


def of_published_networks(rows):
    """The rows of the paper's backbones, or all where none is of these, with the published omega_0 and sigma, or all of
    a backbone that has none of these."""
    published = reference.FREQUENCY
    rows = [row for row in rows if row.backbone in published] or rows
    has = {row.backbone for row in rows if row.backbone in published and row.frequency == published[row.backbone]}
    return [row for row in rows if row.backbone not in has or row.frequency == published[row.backbone]]


def without_phantoms(rows, datasets):
    """The rows whose source and target, if they have these, are no phantoms, and no noise."""
    return [
        row for row in rows if all(datasets.get(getattr(row, key, None)) not in MADE for key in ("source", "target"))
    ]


def of_phantoms(best, datasets):
    """Whether every pair of a matrix has a phantom in it."""
    return not without_phantoms(best, datasets)


def units(ranks):
    """{encoder: the number of its units} from the rank rows of all of them."""
    n_units = {}
    for row in ranks:
        n_units[encoder_of(row)] = max(row.layer + 1, n_units.get(encoder_of(row), 0))
    return n_units


def best_boundaries(matrix, best):
    """In how many pairs the best boundary is the published one, and where the lead is beyond chance.

    Of the pairs that had it to choose; by chance an encoder names any boundary, the same one for all of its targets.
    """
    measured = {}
    for backbone, tau in reference.BEST_TAU.items():
        curves = [(row, mean_by_tau(matrix, row)) for row in best if row.backbone == backbone]
        curves = [(row, curve) for row, curve in curves if tau in curve]
        decided = sum(bool(row.decided) for row, _ in curves if row.best_tau == tau)
        measured[f"best_tau_{backbone}"] = counted(
            [row.best_tau == tau for row, _ in curves],
            [1 / len(curve) for _, curve in curves],
            matrix.n_images([row for row, _ in curves]),
            f"beyond the 95 % interval in {decided} of these",
            [encoder_of(row) for row, _ in curves],
        )
    return measured


def rules(matrix, best, ranks):
    """How often the stable ranks name an encoder's best boundary: the one that most of its targets have.

    Of the encoders that have a highest sr(W), and were tried frozen to what a rule names; by chance it names any of the
    boundaries that were tried.
    """
    n_images, picks = matrix.n_images(best), []
    for tau, rows, tried in by_encoder(matrix, best, ranks):
        layers = rule_layers(rows)
        if layers["sr_weight"] is not None:
            picks.append((tau, layers, tried))
    weighed = [pick for pick in picks if pick[1]["sr_weight"] in pick[2]]
    untried = len(picks) - len(weighed)
    by_weight = counted(
        [layers["sr_weight"] == tau for tau, layers, _ in weighed],
        [1 / len(tried) for *_, tried in weighed],
        n_images,
        f"{untried} more name{'s' * (untried == 1)} a boundary that was not tried" if untried else "",
    )
    compared = [(tau, layers) for tau, layers, tried in picks if {layers[rule] for rule in COMPARED} <= tried]
    if not compared:
        return {"rule_sr_weight": by_weight}
    hits = {rule: [layers[rule] == tau for tau, layers in compared] for rule in COMPARED}
    named = {rule: sum(cases) for rule, cases in hits.items()}
    weight_alone, activation_alone = (
        sum(ours and not theirs for ours, theirs in zip(hits[one], hits[other]))
        for one, other in (("sr_weight", "sr_activation_centred"), ("sr_activation_centred", "sr_weight"))
    )
    note = (
        f"sr(W) {named['sr_weight']}, sr(H) centred {named['sr_activation_centred']}, as it is "
        f"{named['sr_activation']}, of {len(compared)}"
    )
    chance = tail([0.5] * (weight_alone + activation_alone), weight_alone)
    ahead, of_all = weight_alone - activation_alone, 0.5 ** len(compared)
    by_activation = Measured(ahead, chance=chance, chance_of_all=of_all, n_images=n_images, note=note)
    return {"rule_sr_weight": by_weight, "rule_sr_activation": by_activation}


def by_encoder(matrix, best, ranks):
    """[(the boundary that is best for most targets, rank rows, the boundaries that were tried)] of every encoder.

    Of boundaries that are best for as many targets it is the one of the higher mean PSNR over all of them: the lower
    one would be a gift to a rule that names layer 0 by its shape.
    """
    result = []
    for encoder in dict.fromkeys(map(encoder_of, best)):
        rows = [row for row in best if encoder_of(row) == encoder]
        votes, curves = [row.best_tau for row in rows], [mean_by_tau(matrix, row) for row in rows]
        total = {tau: sum(curve.get(tau, 0.0) for curve in curves) for tau in votes}
        most = max(sorted(total), key=lambda tau: (votes.count(tau), total[tau]))
        tried = {tau for curve in curves for tau in curve}
        result.append((most, [row for row in ranks if encoder_of(row) == encoder], tried))
    return result


def peaks_moved(ranks):
    """In how many initialisations the argmax of sr(W) is another after every training that began with it.

    Sources share their initial weights where backbone, frequency and shapes are alike: it is the same initialisation.
    By chance it moves to any of the other layers.
    """
    moved, chances = {}, {}
    for encoder in dict.fromkeys(map(encoder_of, ranks)):
        rows = [row for row in ranks if encoder_of(row) == encoder]
        after, before = rule_layers(rows)["sr_weight"], highest_layer(rows, lambda row: row.sr_weight_init)
        if after is None or before is None:
            continue
        initial = [row.sr_weight_init for row in rows if row.sr_weight_init is not None]
        which = (*encoder[1:], *(f"{value:.4g}" for value in initial))
        moved[which] = moved.get(which, True) and after != before
        chances[which] = 1 - 1 / len(initial)
    return counted(moved.values(), chances.values())


def stable_ranks(ranks, n_units, datasets):
    """How far the published sr(W) lies from the run's, where data sets, backbones and depth are the paper's."""
    ours, published = [], []
    for row in ranks:
        layers = reference.STABLE_RANK.get((datasets[row.source], row.backbone), ())
        if row.sr_weight is not None and n_units[encoder_of(row)] == len(layers):
            ours.append(row.sr_weight)
            published.append(layers[row.layer][0])
    return deviation(ours, published, lambda a, b: abs(a / b - 1))


def cohorts_alike(cohort_psnr_db):
    """SIREN's cohort PSNR minus FFMLP's, mean over the sources that have both, and over their frequencies; not testable
    where a cohort is not fitted."""
    by_source = {}
    for (source, backbone, _), value in cohort_psnr_db.items():
        by_source.setdefault(source, {}).setdefault(backbone, []).append(value)
    both = [values for values in by_source.values() if {"siren", "ffmlp"} <= values.keys()]
    if not both:
        return None
    siren, ffmlp = (np.array([np.mean(values[backbone]) for values in both]) for backbone in ("siren", "ffmlp"))
    note = f"SIREN {siren.mean():.1f}, FFMLP {ffmlp.mean():.1f}"
    fitted = min(siren.min(), ffmlp.min()) >= LEAST_COHORT_DB
    return Measured(float(np.mean(siren - ffmlp)), testable=bool(fitted), note=note)
