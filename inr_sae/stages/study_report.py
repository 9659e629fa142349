"""The parts of a report on one study: its cohort, ranks, freeze sweep, dictionaries and ablations.

Each takes (config, store) and returns (sentences of the answer, HTML).
"""

from inr_sae.output import figures, findings, page, pictures
from inr_sae.stages import cohort, dictionary, exhibits, rank, sweep


def rank_part(config, store):
    """Sentences and HTML of the rank stage."""
    rows = store.read_csv("rank/stable_rank.csv")
    rule = rank.rule_layer(rows)
    html = exhibits.figure(
        store,
        "rank_profiles",
        figures.rank_profiles(rows),
        "Stable rank ‖A‖²_F / ‖A‖²₂ of each layer. Stars: the largest. Left, the dashed line is the same matrix "
        "before training: a square random "
        "layer starts near a quarter of its width, FFMLP's first layer (512 inputs) higher, SIREN's (2 inputs) "
        "cannot exceed 2. Right: post-activations over the whole grid, as they are (Eq. 3) and with each unit's "
        "mean taken off: ReLU's outputs have a large mean, which holds the first down.",
        "Stable rank of weights and activations by layer",
    )
    return [findings.rank_sentence(rows)], html + exhibits.table(
        store, "stable_rank", rows, lambda row: row["layer"] == rule
    )


def sweep_part(config, store):
    """Sentences and HTML of the freeze sweep."""
    folder = sweep.folder(config.signals.dataset)
    every, fits = store.read_csv(f"{folder}/summary.csv"), store.read_csv(f"{folder}/fits.csv")
    fits = [row for row in sweep.of_main_rate(fits, config) if row["protocol"] in ("full", "freeze")]
    summary = [row for row in sweep.of_main_rate(every, config) if row["protocol"] in ("full", "freeze")]
    rule = rank.rule_layer(store.read_csv("rank/stable_rank.csv"))
    html = ""
    if any(row["protocol"] == "freeze" for row in summary):
        html += exhibits.figure(
            store,
            "psnr_against_tau",
            figures.psnr_against_tau(summary, fits, rule),
            f"PSNR (unclipped) after {config.fit.steps} steps at rate {config.fit.learning_rate:g} on held-out "
            "signals. "
            "Layers 0..τ keep the cohort's weights and do not move; the layers beyond and the head start anew. "
            "Bars and "
            "band: one sample standard deviation over signals and seeds. Note that the protocol freezes a prefix and "
            "restarts the rest, and STRAINER's recipe does neither.",
            "PSNR against the freeze boundary",
        )
    examples = {
        cell.tau_name: sweep.load_example(store, config.signals.dataset, cell.protocol, cell.tau)[1]
        for cell in sweep.cells(config)
        if cell.protocol in ("full", "freeze") and cell.rate == config.fit.learning_rate
    }
    if examples:
        html += exhibits.figure(
            store,
            "held_out_fits",
            pictures.held_out_fits(cohort.draw(config.signals, store).test[0], examples),
            "The first held-out signal, first seed: the fit at every boundary, and the absolute error, averaged over "
            "channels, on one logarithmic scale.",
            "A held-out signal and its fits",
        )
    shown = ("protocol", "tau", "learning_rate", "psnr_db_mean", "psnr_db_std", "psnr_clipped_db_mean", "ssim_mean")
    shown += ("ssim_std", "lpips_mean", "n", "is_rule", "is_best")
    html += exhibits.table(
        store, "freeze_sweep", [{key: row[key] for key in shown} for row in every], lambda row: row["is_best"] == 1
    )
    html += page.paragraph(metrics_note(config))
    return findings.sweep_sentences(summary, fits, rule), html


def metrics_note(config):
    """How the metrics of a table are defined."""
    grey = "grey signals are repeated to three channels"
    lpips = f"LPIPS: AlexNet, clipped output; {grey}." if config.metrics.lpips else "LPIPS was not measured."
    return (
        "SSIM: Gaussian window of 11, sigma 1.5, on output clipped to [0, 1]. PSNR: range 1; the clipped one clips "
        f"the output first. {lpips}"
    )


def dictionary_part(config, store):
    """Sentences and HTML of the dictionaries."""
    folders = {layer: dictionary.folder(layer) for layer in config.sae.layers}
    metrics = [store.read_csv(f"{folder}/metrics.csv")[0] for folder in folders.values()]
    shape = cohort.draw(config.signals, store).cohort.shape[1:3]
    layers = {}
    for layer, folder in folders.items():
        maps, atoms = store.read_npz(f"{folder}/maps.npz"), store.read_csv(f"{folder}/atoms.csv")
        ids = maps["atoms"][: config.report.top]
        layers[layer] = (ids, maps["z"][: len(ids)], [atoms[i]["mean_magnitude"] for i in ids])
    html = exhibits.figure(
        store,
        "top_atoms",
        pictures.atoms(layers, shape),
        f"Activation maps z_a(x) of the {config.report.top} atoms of highest mean magnitude at each layer, each "
        f"scaled to its own maximum; framed: their mean.",
        "Maps of the top atoms of each layer",
    )
    html += exhibits.figure(
        store,
        "dictionary_statistics",
        figures.dictionary_statistics(metrics),
        f"TopK SAE, n = {config.sae.n_atoms}, k = {config.sae.k}, {config.sae.steps} steps. Active: z > 0.01. Dead: "
        f"never fires (z > 0) on the whole grid.",
        "Statistics of the dictionaries by layer",
    )
    return [findings.dictionary_sentence(metrics)], html + exhibits.table(store, "dictionary", metrics)


def ablation_part(config, store):
    """Sentences and HTML of the ablations."""
    rows = store.read_csv("ablation/ablations.csv")
    html = page.paragraph(
        "H is replaced by H − z w at one layer, on the network's own activations, and the rest runs as it is. An INR "
        "is evaluated point by point, so where z is 0 the effect is "
        "exactly 0, for every backbone: what spreads over the image is the atom's own support. The table says how "
        "much of the effect's energy lies where z > 0.01."
    )
    for layer in config.sae.layers:
        panels = store.read_npz(f"ablation/layer_{layer}.npz")
        for role in ("cohort", "test"):
            if f"{role}_target" not in panels:
                continue
            mine = [row for row in rows if row["layer"] == layer and row["signal_role"] == role][: len(panels["atoms"])]
            html += exhibits.figure(
                store,
                f"ablation_layer_{layer}_{role}",
                pictures.ablations(layer, panels, role, mine),
                f"Layer {layer}, {role} signal {mine[0]['signal']}: the top atoms by mean magnitude, one removed at "
                f"a time.",
                f"Ablations at layer {layer}, {role} signal",
            )
    return [findings.ablation_sentence(store.read_csv("ablation/all_atoms.csv"))], html + exhibits.table(
        store, "ablations", rows
    )


def cohort_part(config, store):
    """Sentences and HTML of the cohort's training."""
    history = store.read_csv("cohort/history.csv")
    last = history[-1]
    when = "As it came" if config.external.file else f"After {last['step']} steps"
    html = page.paragraph(
        f"{when} the cohort's PSNR is {last['psnr_db_mean']:.2f} dB on average, "
        f"{last['psnr_db_min']:.2f} to {last['psnr_db_max']:.2f} dB."
    )
    html += page.picture(
        store.path("cohort/reconstructions.png").read_bytes(),
        "Signals of the cohort above the network's reconstructions.",
        "Cohort reconstructions",
    )
    if not config.external.file:
        html += exhibits.figure(
            store, "training", figures.training(history), "PSNR of the cohort along its training.", "Training curve"
        )
    html += page.folded(
        "drawn signals", "\n".join(f"{row['split']:<12}{row['name']}" for row in store.read_csv("cohort/signals.csv"))
    )
    return [], html
