"""What dictionaries measured, as the quantities that the paper's claims are about."""

import numpy as np

from inr_sae.paper import reference
from inr_sae.paper.claims import Data, Measured, counted

TOP = 16  # atoms of highest mean magnitude, those that galleries show
SIREN, FFMLP = "cohort-siren", "cohort-ffmlp"
PAPER = {"n_atoms": 4096, "k": 32, "steps": 10000, "batch": 4096}


def of_conditions(metrics, atoms, effects, matches, sizes):
    """{name of a claim: Measured}; what was not run is left out.

    metrics: {condition: rows by layer}. atoms: {condition: {layer: rows of atoms.csv}}. effects: {role: {condition:
    rows of all_atoms.csv}}. matches, sizes: rows of stability/matches.csv and size_sweep/metrics.csv.
    """
    measured = {}
    if SIREN in metrics:
        measured |= of_siren(metrics[SIREN], atoms[SIREN])
    if FFMLP in metrics:
        measured |= of_ffmlp(metrics[FFMLP], atoms[FFMLP])
    if SIREN in metrics and FFMLP in metrics:
        ahead = [a["locality_median"] - b["locality_median"] for a, b in zip(metrics[SIREN], metrics[FFMLP])]
        note = "SIREN " + listed(metrics[SIREN], "locality_median") + "; FFMLP "
        measured["siren_local"] = counted((d >= 0.2 for d in ahead), note + listed(metrics[FFMLP], "locality_median"))
    measured |= of_effects(effects, atoms)
    measured["siren_tiling_repeats"] = tiling_repeats(matches)
    measured["l0_falls"] = l0_falls(sizes)
    return {name: m for name, m in measured.items() if m is not None}


def listed(rows, key):
    """A column by layer, as in "0.9, 0.8"."""
    return ", ".join(f"{row[key]:.2f}" for row in rows)


def of_siren(rows, atoms):
    """The claims on cohort SIREN alone."""
    later = [row["dead_fraction"] for row in rows if row["layer"] >= 1]
    contents = [content_over_null(of_layer) for of_layer in atoms.values()]
    return {
        "siren_alive": Measured(max(later)) if later else None,
        "siren_sparse": Measured(float(np.mean([row["active_fraction_median"] for row in rows]))),
        "siren_flat": Measured(float(np.mean([row["concentration"] for row in rows]))),
        "siren_no_content": counted((x < 2.0 for x in contents), ratios(contents)),
    }


def of_ffmlp(rows, atoms):
    """The claims on cohort FFMLP alone."""
    deep = [row for row in rows if row["layer"] >= 2]
    contents = [content_over_null(of_layer) for layer, of_layer in atoms.items() if layer >= 2]
    memory = [
        content_over_null(of_layer, "content_of_as_many", "content_held_out")
        for layer, of_layer in atoms.items()
        if layer >= 2
    ]
    by_layer = {row["layer"]: row for row in rows}
    first, last = by_layer.get(0), by_layer.get(reference.N_LAYERS - 1)
    fall = None
    if first and last and last["active_fraction_median"] > 0:
        fall = Measured(first["active_fraction_median"] / last["active_fraction_median"])
    return {
        "ffmlp_dies": Measured(last["dead_fraction"]) if last else None,
        "ffmlp_dense": Measured(last["active_fraction_median"]) if last else None,
        "ffmlp_concentrates": fall,
        "ffmlp_top_atom": Measured(float(np.mean([row["concentration"] for row in deep]))) if deep else None,
        "ffmlp_content": counted((x >= 2.0 for x in contents), ratios(contents)),
        "memorised": counted((x >= 1.5 for x in memory if np.isfinite(x)), ratios(memory)),
    }


def ratios(values):
    """As a note, as in "ratio 1.2, 3.4"."""
    return "ratio " + ", ".join(f"{value:.1f}" for value in values)


def content_over_null(atoms, of="content", null="content_shuffled"):
    """Median content of the top atoms of a layer over the median of its null; by default, displaced signals."""
    top = sorted(atoms, key=lambda row: -row["mean_magnitude"])[:TOP]
    ours, chance = (np.nanmedian([np.nan if row[key] is None else row[key] for row in top]) for key in (of, null))
    return float(ours / chance)


def of_effects(effects, atoms):
    """The claims on what atoms cost, over the cohort and the test signal."""
    of_top, of_all = {}, {}
    for condition in (SIREN, FFMLP):
        rows = [row for of_role in effects.values() for row in of_role.get(condition, [])]
        if not rows:
            continue
        of_all[condition] = max(row["psnr_drop_db"] for row in rows)
        top = {
            layer: {row["atom"] for row in sorted(of_layer, key=lambda row: -row["mean_magnitude"])[:4]}
            for layer, of_layer in atoms[condition].items()
        }
        drops = [r["psnr_drop_db"] for r in rows if r["layer"] >= 2 and r["atom"] in top[r["layer"]]]
        of_top[condition] = max(drops, default=float("nan"))
    measured = {}
    if FFMLP in of_top:
        note = f"{of_all[FFMLP]:.1f} dB over all atoms"
        measured["ffmlp_largest_drop"] = Measured(of_top[FFMLP], note=note)
    if len(of_all) == 2:
        note = f"FFMLP {of_all[FFMLP]:.1f}, SIREN {of_all[SIREN]:.1f}"
        measured["ffmlp_costs_more"] = Measured(of_all[FFMLP] - of_all[SIREN], note=note)
    return measured


def tiling_repeats(matches):
    """Layers where SIREN's maps of two cohorts match as those of two seeds do."""
    by_map = [row for row in matches if row["condition"] == SIREN and row["by"] == "map"]
    of_seeds, of_cohorts = mean_by_layer(by_map, SIREN), mean_by_layer(by_map, "second-siren")
    layers = [layer for layer in of_seeds if layer in of_cohorts]
    note = "cohorts " + ", ".join(f"{of_cohorts[i]:.2f}" for i in layers)
    note += "; seeds " + ", ".join(f"{of_seeds[i]:.2f}" for i in layers)
    return counted((of_cohorts[i] >= 0.8 * of_seeds[i] for i in layers), note)


def mean_by_layer(rows, other):
    """{layer: mean similarity} of a dictionary's matches with another one, over seeds."""
    groups = {}
    for row in rows:
        if row["other"] == other:
            groups.setdefault(row["layer"], []).append(row["similarity_mean"])
    return {layer: float(np.mean(values)) for layer, values in groups.items()}


def l0_falls(sizes):
    """(condition, layer, k) where spatial L0 falls with every larger n."""
    groups = {}
    for row in sizes:
        groups.setdefault((row["condition"], row["layer"], row["k"]), []).append((row["n_atoms"], row["spatial_l0"]))
    chains = [[l0 for _, l0 in sorted(group)] for group in groups.values() if len(group) > 1]
    return counted(all(a > b for a, b in zip(chain, chain[1:])) for chain in chains)


def data(config, size):
    """The Data that claims were tested on; size (height, width) of the signals."""
    signals = config.signals
    short = [f"SAE {key} {config.sae[key]}, not {value}" for key, value in PAPER.items() if config.sae[key] != value]
    if signals.dataset == "celebahq" and tuple(size) != (218, 178):
        short.append(f"images of {size[0]}x{size[1]}, not 218x178")
    if config.cohort.steps < 5000:
        short.append(f"{config.cohort.steps} of 5000 cohort steps")
    short.append("one cohort and one SAE seed a condition, so no interval")
    described = f"{signals.dataset} {size[0]}x{size[1]}, cohort of {signals.n_cohort}"
    return Data(described, tuple(short), signals.dataset == "phantom")
