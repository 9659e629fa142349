"""The last stage: figures, tables and the page, from what the other stages stored."""

import json

from inr_sae.output import findings, page
from inr_sae.stages import ablation, conditions, dictionary_report, matrix_report, study_report, transfer

PARTS = (*dict.fromkeys((*ablation.PARTS, *transfer.PARTS, *conditions.PARTS)), "size_sweep", "stability")
PARTS += ("stages", "report", "explorer")
BACKBONES = {"siren": "SIREN", "ffmlp": "Fourier-feature MLP"}
SECTIONS = (  # (anchor, title, stage that must have run, part)
    ("claims", "The paper's claims", "transfer", matrix_report.claims_part),
    ("matrix", "Which layers transfer", "transfer", matrix_report.boundary_part),
    ("protocols", "Why: the controls", "transfer", matrix_report.protocols_part),
    ("tune", "Tuned frequencies and rates", "tune", matrix_report.tune_part),
    ("encoders", "The encoders", "encoders", matrix_report.encoders_part),
    ("dictionary_claims", "The paper's claims", "conditions", dictionary_report.claims_part),
    ("gallery", "What the layers encode", "conditions", dictionary_report.gallery_part),
    ("diagnostics", "Dictionaries in numbers", "conditions", dictionary_report.diagnostics_part),
    ("ablations", "What single atoms do", "conditions", dictionary_report.ablations_part),
    ("size_sweep", "Size and sparsity", "size_sweep", dictionary_report.size_part),
    ("stability", "What comes again", "stability", dictionary_report.stability_part),
    ("rank", "Stable rank", "rank", study_report.rank_part),
    ("freeze_sweep", "Which layers transfer", "freeze_sweep", study_report.sweep_part),
    ("dictionary", "What the layers encode", "dictionary", study_report.dictionary_part),
    ("ablation", "What single atoms do", "ablation", study_report.ablation_part),
    ("cohort", "The cohort", "cohort", study_report.cohort_part),
)


def run(config, store):
    """Writes report/figures/*.png, report/tables/*.csv, *.md and *.tex, report/claims.csv where claims are tested,
    and, last, report/index.html."""
    sentences, sections = [], {}
    for name, title, stage, build in SECTIONS:
        if stage in config.stages:
            found, html = build(config, store)
            if "explorer" in config.stages and name in ("dictionary", "gallery"):
                html = page.link("explorer/index.html", "Explore the dictionaries, atom by atom") + html
            sentences += found
            sections[(name, title)] = html
    sections[("config", "Config and environment")] = page.folded(
        "config.json", json.dumps(store.read_json("config.json"), indent=2)
    ) + page.folded("environment.json", json.dumps(store.read_json("environment.json"), indent=2))
    title, subtitle = heading(config)
    answer = page.answer(sentences + findings.caveats(config))
    store.write_text("report/index.html", page.page(config.report.title or title, subtitle, answer, sections))


def heading(config):
    """(title, subtitle) of the page."""
    layers = f"{config.inr.n_layers} layers of width {config.inr.width}"
    if "encoders" in config.stages:
        sources, targets = ", ".join(config.transfer.sources), ", ".join(config.transfer.targets)
        subtitle = f"{layers}; cohorts trained {config.cohort.steps} steps, seed {config.seed}."
        return f"Transfer from {sources} to {targets}", subtitle
    signals, backbone = config.signals, config.inr.backbone
    if "conditions" in config.stages:
        subtitle = (
            f"{layers}; cohort of {signals.n_cohort}, {config.cohort.steps} steps; SAEs n = {config.sae.n_atoms}, "
        )
        subtitle += f"k = {config.sae.k}, {config.sae.steps} steps; seed {config.seed}."
        return f"What INRs encode: {', '.join(conditions.studies(config))} on {signals.dataset}", subtitle
    trained = f"{config.cohort.steps} steps, seed {config.seed}"
    if config.external.file:
        trained = f"encoder from {config.external.file}"
    return (
        f"{backbone} on {signals.dataset}: where to freeze, and what the layers encode",
        f"{BACKBONES.get(backbone, backbone)}, {layers}; cohort of {signals.n_cohort} from {signals.dataset}, "
        f"{trained}.",
    )
