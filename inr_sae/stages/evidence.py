"""What a matrix measured, as the quantities that the paper's claims are about."""

import numpy as np

from inr_sae.inr.protocols import cell as cell_of_fit
from inr_sae.measure.paired import stratified_interval
from inr_sae.paper import reference
from inr_sae.paper.claims import Data, Measured, counted
from inr_sae.stages import analysis
from inr_sae.stages.sweep import UNTRAINED


def of_matrix(fits, ranks, best, cohort_psnr_db):
    """{name of a claim: Measured} from fits.csv at the main rate, ranks.csv, best_tau.csv, {(source, backbone,
    frequency): cohort PSNR}; what was not run is left out.

    Claims are about encoders of the published omega_0 and sigma; others count only where these are missing.
    """
    fits, ranks, best = (published_frequency(rows) for rows in (fits, ranks, best))
    measured = {}
    if best and "runner_up_tau" in best[0]:  # of a single boundary none is the best
        measured |= boundaries(best) | rules(best, ranks)
    measured |= differences(fits, best) | curve_shapes(fits, best) | levels(fits, ranks)
    measured["cohorts_alike"] = cohorts_alike(cohort_psnr_db)
    return {name: m for name, m in measured.items() if m is not None}


def published_frequency(rows):
    """The rows of the published omega_0 and sigma, or all of a backbone that has none of these."""
    known = {
        backbone: frequency for (regime, backbone), (frequency, _) in reference.TUNED.items() if regime == "cohort"
    }
    has = {row["backbone"] for row in rows if row["frequency"] == known.get(row["backbone"])}
    return [row for row in rows if row["backbone"] not in has or row["frequency"] == known[row["backbone"]]]


def boundaries(best):
    """In how many cells the best boundary is the published one, and where the lead is beyond chance."""
    measured = {}
    for backbone, tau in reference.BEST_TAU.items():
        mine = [row for row in best if row["backbone"] == backbone]
        right = [row for row in mine if row["best_tau"] == tau]
        decided = sum(bool(row.get("decided")) for row in right)
        note = f"beyond the 95 % interval in {decided} of these"
        measured[f"best_tau_{backbone}"] = counted((row["best_tau"] == tau for row in mine), note)
    return measured


def by_encoder(best, ranks):
    """[(the boundary that is best for most targets, the lower of two, rows of the rank table)] of every encoder."""
    encoders = dict.fromkeys((row["source"], row["backbone"], row["frequency"]) for row in best)
    result = []
    for encoder in encoders:
        votes = [row["best_tau"] for row in best if (row["source"], row["backbone"], row["frequency"]) == encoder]
        mine = [row for row in ranks if (row["source"], row["backbone"], row["frequency"]) == encoder]
        result.append((max(sorted(set(votes)), key=votes.count), mine))
    return result


def rules(best, ranks):
    """How often the stable ranks name an encoder's best boundary: the one that most of its targets have."""
    picks = [(tau, analysis.rule_layers(mine), mine) for tau, mine in by_encoder(best, ranks)]
    by_weight = counted(layers["sr_weight"] == tau for tau, layers, _ in picks)
    by_activation = sum(layers["sr_activation_centred"] == tau for tau, layers, _ in picks)
    not_centred = sum(layers["sr_activation"] == tau for tau, layers, _ in picks)
    other_shape = counted(
        max(mine, key=lambda row: row["sr_weight_init"])["layer"] != layers["sr_weight"] for _, layers, mine in picks
    )
    note = f"sr(W) {by_weight.value}, sr(H) centred {by_activation}, as it is {not_centred}, of {len(picks)}"
    return {
        "rule_sr_weight": by_weight,
        "rule_sr_activation": Measured(by_weight.value - by_activation, note=note),
        "rule_beats_shape": other_shape,
    }


def mean_difference(fits, best, other, keep=lambda row: True):
    """Measured: PSNR frozen at the rule's layer minus another protocol's, over the cells that `keep` takes.

    The mean is over targets, then over a target's images, each with all its cells; the interval resamples images. A
    protocol with a boundary has it at the same layer.
    """
    values, images, targets = [], [], []
    for row in filter(keep, best):
        cell, tau = analysis.cell_of(row), row["tau_by_sr_weight"]
        ours = analysis.psnr(fits, cell, "freeze", tau)
        theirs = analysis.psnr(fits, cell, *cell_of_fit(other, tau, reference.N_LAYERS))
        for pair in ours.keys() & theirs.keys():
            values.append(ours[pair] - theirs[pair])
            images.append(pair[0])
            targets.append(row["target"])
    if not values:
        return None
    interval = stratified_interval(values, images, targets)
    return Measured(interval.mean, interval.low, interval.high)


def differences(fits, best):
    """The claims that compare two protocols."""
    measured = {
        f"gain_{backbone}": mean_difference(fits, best, "full", lambda row, b=backbone: row["backbone"] == b)
        for backbone in reference.MEAN_GAIN_DB
    }
    measured["gain_kodak"] = mean_difference(
        fits, best, "full", lambda row: row["backbone"] == "siren" and row["target"] == "kodak"
    )
    gains = [mean_difference(fits, best, "full", lambda row, one=row: row is one) for row in best]
    measured["matches_everywhere"] = counted(gain.value >= -1.0 for gain in gains if gain)
    measured["training_matters"] = mean_difference(fits, best, "random")
    measured["freezing_helps"] = mean_difference(fits, best, "thaw")
    measured["better_than_scratch"] = mean_difference(fits, best, "scratch")
    return measured


def mean_by_tau(fits, cell):
    """{tau: mean PSNR} of the freeze protocol in a cell."""
    groups = {}
    for row in fits:
        if row["protocol"] == "freeze" and analysis.cell_of(row) == cell:
            groups.setdefault(int(row["tau"]), []).append(row["psnr_db"])
    return {tau: float(np.mean(values)) for tau, values in groups.items()}


def curve_shapes(fits, best):
    """The claims on the shape of PSNR against tau; only of sweeps that have the boundaries these speak of."""
    last = reference.N_LAYERS - 1
    curves = {analysis.cell_of(row): mean_by_tau(fits, analysis.cell_of(row)) for row in best}
    full = {cell: curve for cell, curve in curves.items() if {0, 1, 2, last} <= curve.keys()}
    falls = [(curve[0] - curve[last]) / last for cell, curve in full.items() if cell[2] == "ffmlp"]
    plateaus = [[curve[tau] for tau in (0, 1, 2)] for cell, curve in full.items() if cell[2] == "siren"]
    return {
        "last_layer_collapses": counted(max(curve.values()) - curve[last] >= 10.0 for curve in full.values()),
        "siren_plateau": counted(max(values) - min(values) <= 3.0 for values in plateaus),
        "ffmlp_falls": Measured(float(np.mean(falls))) if falls else None,
    }


def levels(fits, ranks):
    """How far the published numbers lie from ours, where sets and backbones have the paper's names."""
    errors = []
    for (source, target, backbone), published in reference.FREEZE_SWEEP.items():
        for tau, row in zip((None, *range(reference.N_LAYERS)), published):
            name = "full" if tau is None else str(tau)
            ours = [
                r["psnr_db"]
                for r in fits
                if (r["source"], r["target"], r["backbone"]) == (source, target, backbone)
                and r["protocol"] in ("full", "freeze")
                and str(r["tau"]) == name
            ]
            if ours:
                errors.append(abs(np.mean(ours) - row[0]))
    ratios = [
        abs(row["sr_weight"] / reference.STABLE_RANK[row["source"], row["backbone"]][row["layer"]][0] - 1)
        for row in ranks
        if (row["source"], row["backbone"]) in reference.STABLE_RANK and row["layer"] < reference.N_LAYERS
    ]
    return {
        "levels": Measured(float(np.mean(errors)), note=f"over {len(errors)} means") if errors else None,
        "stable_ranks": Measured(float(np.mean(ratios))) if ratios else None,
    }


def cohorts_alike(cohort_psnr_db):
    """SIREN's cohort PSNR minus FFMLP's, mean over the sources that have both, and over their frequencies."""
    by_source = {}
    for (source, backbone, _), value in cohort_psnr_db.items():
        by_source.setdefault(source, {}).setdefault(backbone, []).append(value)
    pairs = [(of["siren"], of["ffmlp"]) for of in by_source.values() if {"siren", "ffmlp"} <= of.keys()]
    if not pairs:
        return None
    means = [(np.mean(a), np.mean(b)) for a, b in pairs]
    note = f"SIREN {np.mean([a for a, _ in means]):.1f}, FFMLP {np.mean([b for _, b in means]):.1f}"
    return Measured(float(np.mean([a - b for a, b in means])), note=note)


def data(config, fits, sizes):
    """The Data that claims were tested on. sizes: {set: (height, width)}."""
    images = {name: {row["image"] for row in fits if row["target"] == name} for name in sizes}
    described = [f"{name} {h}x{w} ({len(images[name])} images)" for name, (h, w) in sizes.items()]
    short, budget = [], reference.BUDGET
    for name, size in sizes.items():
        published = budget["size"].get(name)
        if published is None:
            short.append(f"{name} is no set of the paper's")
        elif tuple(size) != published:
            short.append(f"{name} at {size[0]}x{size[1]}, not {published[0]}x{published[1]}")
        if published and len(images[name]) < budget["n_test"][name]:
            short.append(f"{len(images[name])} of {budget['n_test'][name]} {name} images")
    for label, ours, theirs in (
        ("seeds", config.fit.seeds, budget["seeds"]),
        ("test-time steps", config.fit.steps, budget["fit_steps"]),
        ("cohort steps", config.cohort.steps, budget["cohort_steps"]),
    ):
        if ours < theirs:
            short.append(f"{ours} of {theirs} {label}")
    n_cohort = min(config.sets[name].n_cohort for name in config.transfer.sources)
    if n_cohort < budget["n_cohort"]:
        short.append(f"cohorts of {n_cohort}, not {budget['n_cohort']}")
    if set(config.fit.taus) < set(range(reference.N_LAYERS)):
        short.append(f"boundaries {', '.join(map(str, config.fit.taus))} alone")
    if any(row["source"] != UNTRAINED and row["learning_rate"] != 1e-4 for row in fits):
        short.append("test-time rate other than 1e-4")
    if config.transfer.split != "test":
        short.append(f"{config.transfer.split} images")
    phantom = all(config.sets[name].dataset == "phantom" for name in sizes)
    return Data(", ".join(described), tuple(short), phantom)
