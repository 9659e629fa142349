"""Stage 6: figures, tables and the page, from what the other stages stored."""

import json

from inr_sae.output import figures, findings, page, pictures, tables
from inr_sae.output.style import save
from inr_sae.stages import ablation, cohort, dictionary, freeze_sweep, rank

PARTS = (*ablation.PARTS, "stages", "report")
BACKBONES = {"siren": "SIREN", "ffmlp": "Fourier-feature MLP"}


def run(config, store):
    """Writes report/figures/*.png, report/tables/*.csv and *.md, and, last, report/index.html."""
    sentences, sections = [], {}
    for name, title, build in (
        ("rank", "Stable rank", rank_part),
        ("freeze_sweep", "Which layers transfer", sweep_part),
        ("dictionary", "What the layers encode", dictionary_part),
        ("ablation", "What single atoms do", ablation_part),
        ("cohort", "The cohort", cohort_part),
    ):
        if name in config.stages:
            found, html = build(config, store)
            sentences += found
            sections[(name, title)] = html
    sections[("config", "Config and environment")] = page.folded(
        "config.json", json.dumps(store.read_json("config.json"), indent=2)
    ) + page.folded("environment.json", json.dumps(store.read_json("environment.json"), indent=2))
    signals = config.signals
    subtitle = (
        f"{BACKBONES.get(config.inr.backbone, config.inr.backbone)}, {config.inr.n_layers} layers of width "
        f"{config.inr.width}; "
        f"cohort of {signals.n_cohort} from {signals.dataset}, {config.cohort.steps} steps, seed "
        f"{config.seed}."
    )
    title = (
        config.report.title
        or f"{config.inr.backbone} on {signals.dataset}: where to freeze, and what the layers encode"
    )
    store.write_text(
        "report/index.html", page.page(title, subtitle, page.answer(sentences + findings.caveats(config)), sections)
    )


def add_figure(store, name, fig, caption, alternative):
    """Save a figure under report/figures/ and return it as HTML."""
    path = f"report/figures/{name}.png"
    save(store, path, fig)
    return page.picture(store.path(path).read_bytes(), caption, alternative)


def add_table(store, name, rows, highlight=lambda row: False):
    """Save a table under report/tables/ as csv and md and return it as HTML."""
    store.write_csv(f"report/tables/{name}.csv", rows)
    store.write_text(f"report/tables/{name}.md", tables.markdown(rows))
    return tables.to_html(rows, highlight)


def rank_part(config, store):
    """Sentences and HTML of the rank stage."""
    rows = store.read_csv("rank/stable_rank.csv")
    rule = rank.rule_layer(rows)
    html = add_figure(
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
    return [findings.rank_sentence(rows)], html + add_table(
        store, "stable_rank", rows, lambda row: row["layer"] == rule
    )


def sweep_part(config, store):
    """Sentences and HTML of the freeze sweep."""
    folder = f"freeze_sweep/{config.signals.dataset}"
    summary, fits = store.read_csv(f"{folder}/summary.csv"), store.read_csv(f"{folder}/fits.csv")
    rule = rank.rule_layer(store.read_csv("rank/stable_rank.csv"))
    html = add_figure(
        store,
        "psnr_against_tau",
        figures.psnr_against_tau(summary, fits, rule),
        f"PSNR (unclipped) after {config.fit.steps} steps at rate {config.fit.learning_rate:g} on held-out signals. "
        f"Layers 0..τ keep the cohort's weights and do not "
        "move; the layers beyond and the head start anew. Bars and band: one sample standard deviation over signals "
        "and seeds. Note that the protocol freezes "
        "a prefix and restarts the rest, and STRAINER's recipe does neither.",
        "PSNR against the freeze boundary",
    )
    examples = {
        tau: freeze_sweep.load_example(store, folder, None if tau == "full" else tau)[1]
        for tau in ["full", *config.fit.taus]
    }
    html += add_figure(
        store,
        "held_out_fits",
        pictures.held_out_fits(cohort.draw(config, store).test[0], examples),
        "The first held-out signal, first seed: the fit at every boundary, and the absolute error, averaged over "
        "channels, on one logarithmic scale.",
        "A held-out signal and its fits",
    )
    shown = (
        "tau",
        "psnr_db_mean",
        "psnr_db_std",
        "psnr_clipped_db_mean",
        "ssim_mean",
        "ssim_std",
        "n",
        "is_rule",
        "is_best",
    )
    html += add_table(
        store, "freeze_sweep", [{key: row[key] for key in shown} for row in summary], lambda row: row["is_best"] == 1
    )
    html += page.paragraph(
        "SSIM: Gaussian window of 11, sigma 1.5, on output clipped to [0, 1]. PSNR: range 1; the clipped one clips "
        "the output first."
    )
    return findings.sweep_sentences(summary, fits, rule), html


def dictionary_part(config, store):
    """Sentences and HTML of the dictionaries."""
    folders = {layer: dictionary.folder(layer) for layer in config.sae.layers}
    metrics = [store.read_csv(f"{folder}/metrics.csv")[0] for folder in folders.values()]
    shape = cohort.draw(config, store).cohort.shape[1:3]
    layers = {}
    for layer, folder in folders.items():
        maps, atoms = store.read_npz(f"{folder}/maps.npz"), store.read_csv(f"{folder}/atoms.csv")
        ids = maps["atoms"][: config.report.top]
        layers[layer] = (ids, maps["z"][: len(ids)], [atoms[i]["mean_magnitude"] for i in ids])
    html = add_figure(
        store,
        "top_atoms",
        pictures.atoms(layers, shape),
        f"Activation maps z_a(x) of the {config.report.top} atoms of highest mean magnitude at each layer, each "
        f"scaled to its own maximum; framed: their mean.",
        "Maps of the top atoms of each layer",
    )
    html += add_figure(
        store,
        "dictionary_statistics",
        figures.dictionary_statistics(metrics),
        f"TopK SAE, n = {config.sae.n_atoms}, k = {config.sae.k}, {config.sae.steps} steps. Active: z > 0.01. Dead: "
        f"never fires (z > 0) on the whole grid.",
        "Statistics of the dictionaries by layer",
    )
    return [findings.dictionary_sentence(metrics)], html + add_table(store, "dictionary", metrics)


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
            html += add_figure(
                store,
                f"ablation_layer_{layer}_{role}",
                pictures.ablations(layer, panels, role, mine),
                f"Layer {layer}, {role} signal {mine[0]['signal']}: the top atoms by mean magnitude, one removed at "
                f"a time.",
                f"Ablations at layer {layer}, {role} signal",
            )
    return [findings.ablation_sentence(store.read_csv("ablation/all_atoms.csv"))], html + add_table(
        store, "ablations", rows
    )


def cohort_part(config, store):
    """Sentences and HTML of the cohort's training."""
    history = store.read_csv("cohort/history.csv")
    last = history[-1]
    html = page.paragraph(
        f"After {last['step']} steps the cohort's PSNR is {last['psnr_db_mean']:.2f} dB on average, "
        f"{last['psnr_db_min']:.2f} to {last['psnr_db_max']:.2f} dB."
    )
    html += page.picture(
        store.path("cohort/reconstructions.png").read_bytes(),
        "Signals of the cohort above the network's reconstructions.",
        "Cohort reconstructions",
    )
    html += add_figure(
        store, "training", figures.training(history), "PSNR of the cohort along its training.", "Training curve"
    )
    html += page.folded(
        "drawn signals", "\n".join(f"{row['split']:<12}{row['name']}" for row in store.read_csv("cohort/signals.csv"))
    )
    return [], html
