"""The parts of a report on one study: its ranks, freeze sweep, dictionaries, ablations and cohort."""

from typing import NamedTuple

import numpy as np

from inr_sae.measure import spikes
from inr_sae.measure.boundaries import rule_layer
from inr_sae.report import glossary, page, sentences, sweeps
from inr_sae.report.budget import Budget
from inr_sae.report.figures import pictures, study
from inr_sae.report.figures.style import has_numbers
from inr_sae.report.page import Section

SWEEP_COLUMNS = ("protocol", "tau", "learning_rate", "psnr_db_mean", "psnr_db_std", "psnr_clipped_db_mean")
SWEEP_COLUMNS += ("ssim_mean", "ssim_std", "lpips_mean", "n", "is_rule", "is_best")
SHOWN_PROTOCOLS = ("full", "freeze")  # in figures and sentences; the table has all
FIRING = "Active: z > 0.01. Dead: never fires (z > 0) on the whole grid."
SIGNED = "Its codes are signed, so no atom fires or is active: what rests on that is a dash, and a magnitude is |z|."
TAKEN_FROM = {
    "activations": "H − z w, of the network's own activations",
    "reconstruction": "Ĥ − z w, of their reconstruction",
}
ENERGY = "The table says how much of the effect's energy lies where z > 0.01."


class Sweep(NamedTuple):
    """A freeze sweep over one target."""

    summary: list  # SweepSummaryRows at every rate
    fits: list  # FitRows at every rate
    rule_layer: int | None  # that the stable rank picks
    learning_rate: float  # the main one
    budget: Budget
    lpips: bool  # whether it was measured
    label: str  # of the backbone
    target: np.ndarray | None  # the first held-out image (H, W, C)
    outputs: dict  # {(protocol, tau): its fit (H, W, C) at the main rate}, as they are drawn
    split: str = "test"  # what was fitted

    @property
    def own(self):
        """Whether these are no held-out signals but the cohort's own."""
        return self.split == "cohort"

    def called(self, name):
        """A figure's, a table's or a section's name, of which every split has its own."""
        return name if self.split == "test" else f"{name}_{self.split}"


class Dictionaries(NamedTuple):
    """The dictionaries of one encoder."""

    metrics: list  # MetricsRows by layer
    atoms: dict  # {layer: AtomRows}
    maps: dict  # {layer: (atom ids (A,), z (A, N))}, of highest mean magnitude first
    shape: tuple  # (H, W)
    top: int  # atoms a layer that are shown
    description: str  # the method, its size and budget, as a caption begins
    noun: str = "dictionary"  # what it is called in a legend

    @property
    def fires(self):
        """Whether its codes are at least 0, so that atoms fire; signed ones are everywhere."""
        return has_numbers([self.metrics], "active_fraction_median")


def rank_section(exhibits, ranks):
    """The stable ranks of every layer; ranks: RankRows."""
    before = ""
    if any(row.sr_weight_init is not None for row in ranks):
        before = (
            "Left, the dashed line is the same matrix before training: a square random layer starts near a quarter of "
            "its width, one with more inputs than outputs higher, and one with 2 inputs cannot exceed 2. "
        )
    html = exhibits.figure(
        "rank_profiles",
        study.rank_profiles(ranks),
        f"Stable rank ‖A‖²_F / ‖A‖²₂ of each layer. Stars: the largest. {before}Right: post-activations over the whole "
        "grid, as they are (Eq. 3) and with each unit's mean taken off: ReLU's outputs have a large mean, which holds "
        "the first down.",
        "Stable rank of weights and activations by layer",
    )
    rule = rule_layer(ranks)
    html += exhibits.table("stable_rank", ranks, lambda row: row["layer"] == rule)
    return Section("rank", "Stable rank", html, (sentences.rank_sentence(ranks),))


def sweep_section(exhibits, sweep):
    """PSNR of held-out signals against the freeze boundary; sweep: a Sweep."""
    summary, fits = (shown_at_main_rate(rows, sweep.learning_rate) for rows in (sweep.summary, sweep.fits))
    html, signals = "", "the cohort's own signals" if sweep.own else "held-out signals"
    if any(row.protocol == "freeze" for row in summary):
        html += exhibits.figure(
            sweep.called("psnr_against_tau"),
            study.psnr_against_tau(summary, fits, sweep.rule_layer, sweep.label, sweep.own),
            f"PSNR (unclipped) after {sweep.budget.told} at rate {sweep.learning_rate:g} on {signals}. Layers "
            "0..τ keep the cohort's weights and do not move; the layers beyond and the head start anew. Bars and band: "
            "one sample standard deviation over signals and seeds. Note that the protocol freezes a prefix and "
            "restarts the rest, and STRAINER's recipe does neither.",
            f"{sweep.label}: PSNR against the freeze boundary",
        )
    outputs = {fit: output for fit, output in sweep.outputs.items() if fit[0] in SHOWN_PROTOCOLS}
    if outputs and sweep.target is not None:
        html += exhibits.figure(
            sweep.called("held_out_fits"),
            pictures.held_out_fits(sweep.target, outputs, sweep.own),
            "The first of them, first seed: the fit at every boundary, and the absolute error, averaged over "
            "channels, on one logarithmic scale.",
            f"{'A signal of the cohort' if sweep.own else 'A held-out signal'} and its fits",
        )
    rows = [{key: getattr(row, key) for key in SWEEP_COLUMNS} for row in sweep.summary]
    html += exhibits.table(sweep.called("freeze_sweep"), rows, lambda row: row["is_best"] == 1)
    note = sentences.metrics_note(sweep.lpips, sweep.fits)
    html += page.paragraph(f"{note} {sentences.last_step_sentence(sweep.fits)}")
    title = "Which layers transfer" + {"test": "", "cohort": ": the cohort's own signals"}.get(
        sweep.split, f": {sweep.split}"
    )
    found = () if sweep.own else tuple(sweeps.sweep_sentences(fits, sweep.rule_layer))
    found += sweep.budget.caveat if found else ()
    return Section(sweep.called("freeze_sweep"), title, html, found)


def shown_at_main_rate(rows, learning_rate):
    """The rows at a rate of the protocols that figures and sentences are about."""
    return [row for row in rows if row.learning_rate == learning_rate and row.protocol in SHOWN_PROTOCOLS]


def dictionary_section(exhibits, dictionaries):
    """What the layers encode; dictionaries: a Dictionaries."""
    html = exhibits.figure(
        "top_atoms",
        pictures.atoms(top_atoms(dictionaries), dictionaries.shape),
        f"Activation maps z_a(x) of the {dictionaries.top} atoms of highest mean magnitude at each layer, each scaled "
        f"to its own maximum; framed: {'their mean' if dictionaries.fires else 'the mean of |z|'}.",
        "Maps of the top atoms of each layer",
    )
    html += exhibits.figure(
        "dictionary_statistics",
        study.dictionary_statistics(dictionaries.metrics, dictionaries.noun),
        f"{dictionaries.description}. {FIRING if dictionaries.fires else SIGNED}",
        "Statistics of the dictionaries by layer",
    )
    html += exhibits.table("dictionary", dictionaries.metrics)
    html += page.folded("what the columns are", glossary.told(dictionaries.metrics[0]._fields))
    found = (sentences.dictionary_sentence(dictionaries.metrics),)
    return Section("dictionary", "What the layers encode", html, found)


def top_atoms(dictionaries):
    """{layer: (ids, z, mean magnitudes)} of the atoms that are shown."""
    layers = {}
    for layer, (ids, z) in dictionaries.maps.items():
        magnitudes = {row.atom: row.mean_magnitude for row in dictionaries.atoms[layer]}
        ids = ids[: dictionaries.top]
        layers[layer] = (ids, z[: len(ids)], [magnitudes[int(atom)] for atom in ids])
    return layers


def ablation_section(exhibits, rows, all_atoms, panels):
    """What single atoms do; rows: AblationRows, all_atoms: EffectRows, panels: {layer: arrays of its pictures}."""
    fires, ways = has_numbers([rows], "active_fraction"), list(dict.fromkeys(row.through for row in rows))
    also = f" The table has both that and {TAKEN_FROM[ways[1]]}." if len(ways) > 1 else ""
    html = page.paragraph(
        f"At one layer H is replaced by {TAKEN_FROM[ways[0]]}, and the rest runs as it is (of a method whose atoms "
        f"reach over the field z is with what their kernels make of it).{also} An INR is evaluated point by point, so "
        "where z w is 0 the effect is exactly 0, for every backbone: what spreads over the image is the atom's own "
        "support. " + (ENERGY if fires else SIGNED)
    )
    for layer, arrays in panels.items():
        for role in ("cohort", "test"):
            if f"{role}_target" not in arrays:
                continue
            pictured = pictured_rows(rows, layer, role, len(arrays["atoms"]))
            html += exhibits.figure(
                f"ablation_layer_{layer}_{role}",
                pictures.ablations(layer, arrays, role, pictured),
                f"Layer {layer}, {role} signal {pictured[0].signal}: atoms removed one at a time, those of highest "
                "mean magnitude (top), then some drawn at random.",
                f"Ablations at layer {layer}, {role} signal",
            )
    html += exhibits.table("ablations", rows)
    return Section("ablation", "What single atoms do", html, (sentences.ablation_sentence(all_atoms),))


def pictured_rows(rows, layer, role, n_atoms):
    """The AblationRows of a layer's pictures: of the first signal of a role, atom by atom."""
    return [row for row in rows if (row.layer, row.signal_role) == (layer, role)][:n_atoms]


def signal_line(row):
    """A SignalRow in words, with whom it shows where that is not the image alone."""
    return f"{row.split:<12}{row.name}" + (f"  (subject {row.subject})" if row.subject != row.name else "")


def cohort_section(exhibits, history, signals, picture, external):
    """How well the cohort was fitted.

    history: HistoryRows. signals: SignalRows. picture: png bytes of the reconstructions. external: whether the encoder
    was trained elsewhere, so that there is no curve.
    """
    last = history[-1]
    when = "As it came" if external else f"After {last.step} steps"
    html = page.paragraph(
        f"{when} the cohort's PSNR is {last.psnr_db_mean:.2f} dB on average, "
        f"{last.psnr_db_min:.2f} to {last.psnr_db_max:.2f} dB."
    )
    html += page.picture(
        picture, "Signals of the cohort above the network's reconstructions.", "Cohort reconstructions"
    )
    if not external:
        html += exhibits.figure(
            "training", study.training(history), "PSNR of the cohort along its training.", "Training curve"
        )
    html += page.folded("drawn signals", "\n".join(map(signal_line, signals)))
    usual = spikes.usual([row.psnr_db_mean for row in history])
    found = sentences.spike_sentence("The cohort", last.psnr_db_mean, usual)
    return Section("cohort", "The cohort", html, (found,) if found else (), appendix=True)
