"""The parts of a report on a matrix: boundaries, controls, tuning, encoders."""

from typing import NamedTuple

from inr_sae.measure.boundaries import encoder_of
from inr_sae.report import page, sentences, transfer_tables
from inr_sae.report.budget import Budget
from inr_sae.report.figures import matrix as figures
from inr_sae.report.figures import tuning
from inr_sae.report.page import Section
from inr_sae.rows.common import UNTRAINED


class Matrix(NamedTuple):
    """What a matrix of fits measured; a list is empty where there was nothing to measure."""

    ranks: list  # EncoderRankRows
    fits: list  # FitRows, as all that follow at every rate
    curves: list  # MeanCurveRows
    summary: list  # SummaryRows
    best: list  # BestTauRows, at the main rate
    paired: list  # PairedRows
    agreement: list  # AgreementRows
    learning_rate: float  # the main one
    budget: Budget
    n_units: dict  # {backbone: number of its units}
    labels: dict  # {backbone: its name for people}
    lpips: bool  # whether it was measured
    main_rates: dict = {}  # {backbone: its main rate}, of those that have another

    def at_main_rate(self, rows):
        """The rows at the main rate of their backbone."""
        return [row for row in rows if row.learning_rate == self.main_rates.get(row.backbone, self.learning_rate)]

    @property
    def told_rate(self):
        """As a caption has it."""
        rates = {self.labels.get(name, name): f"{rate:g}" for name, rate in self.main_rates.items()}
        if len(set(rates.values())) < 2:
            return f"rate {next(iter(rates.values()), f'{self.learning_rate:g}')}"
        return "rates " + ", ".join(f"{rate} ({name})" for name, rate in rates.items())

    @property
    def picks(self):
        """{(source, backbone, frequency): the layer that the rule picks, None if it picks none}."""
        return {encoder_of(row): row.tau_by_sr_weight for row in self.best}

    @property
    def pairs(self):
        """Every (source, target) of a trained source."""
        trained = (row for row in self.summary if row.source != UNTRAINED)
        return list(dict.fromkeys((row.source, row.target) for row in trained))


def boundary_section(exhibits, matrix):
    """Figure 2, Table 1, the best boundaries and what names them, Tables 3-5."""
    title = "Which layers transfer"
    if not matrix.best:
        return Section("matrix", title, page.paragraph("No fit was frozen, so there is no boundary to compare."))
    summary = [row for row in matrix.at_main_rate(matrix.summary) if row.source != UNTRAINED]
    html = exhibits.figure(
        "figure_2",
        figures.figure_2(summary, matrix.ranks, matrix.labels),
        f"PSNR (unclipped) after {matrix.budget.told} at {matrix.told_rate} against the freeze boundary, "
        "and the stable ranks of the source's encoder. Bars: one sample standard deviation over images and seeds; "
        "stars: the argmax; dotted: STRAINER's recipe. sr(H) is centred; as Eq. 3 has it, it stands beside it in "
        "the table of ranks.",
        "PSNR against the freeze boundary for every source and target, beside the rank profiles",
    )
    html += page.heading("Table 1: STRAINER's recipe and freezing at the layer that the rule picks, PSNR in dB")
    html += exhibits.table("table_1", transfer_tables.table_1(summary, matrix.best, matrix.labels))
    html += page.heading("The best boundary, its lead over the runner-up, and what names it")
    html += exhibits.table("best_tau", matrix.best)
    html += exhibits.table("agreement", matrix.agreement)
    for source in dict.fromkeys(row.source for row in matrix.ranks):
        rows = transfer_tables.freeze_depth(summary, matrix.ranks, source, matrix.labels)
        html += page.heading(f"As Tables 3-5: freeze depth, encoder trained on {source}")
        html += exhibits.table(f"freeze_depth_{source}", rows)
    note = sentences.metrics_note(matrix.lpips, matrix.fits)
    html += page.paragraph(f"{note} {sentences.last_step_sentence(matrix.fits)}")
    found = sentences.matrix_sentences(matrix.best, matrix.agreement, matrix.labels)
    return Section("matrix", title, html, tuple(found))


def protocols_section(exhibits, matrix):
    """The protocols side by side, along the fit, and over rates."""
    within = [pair for pair in matrix.pairs if pair[0] == pair[1]] or matrix.pairs[:1]
    html, found = "", []
    if matrix.pairs:
        html += protocols_figure(exhibits, matrix)
    if matrix.best:
        html += exhibits.figure(
            "budget",
            figures.budget(matrix.at_main_rate(matrix.curves), within, matrix.picks, matrix.labels),
            "PSNR along the fit, at the boundary that the stable rank picks: who is ahead early, and who at the end.",
            "PSNR along the fit",
        )
        found = sentences.protocol_sentences(matrix.at_main_rate(matrix.paired), matrix.picks, matrix.labels)
        found += matrix.budget.caveat if found else ()
    rated = {(row.backbone, row.learning_rate) for row in matrix.summary}
    if len(rated) == len({backbone for backbone, _ in rated}):
        within = []  # nothing to compare
    for source, target in within:
        html += exhibits.figure(
            f"rates_{source}_{target}",
            figures.rates(matrix.summary, source, target, matrix.labels),
            f"PSNR after {matrix.budget.told} against the test-time learning rate.",
            "PSNR against the test-time rate",
        )
    html += page.paragraph("Every difference stands with its interval in the file of paired differences.")
    return Section("protocols", "Why: the controls", html, tuple(found))


def protocols_figure(exhibits, matrix):
    """PSNR of every protocol against the boundary, for every pair of source and target."""
    summary = matrix.at_main_rate(matrix.summary)
    return exhibits.figure(
        "protocols",
        figures.protocols(summary, matrix.pairs, matrix.budget.of_protocol, matrix.n_units, matrix.labels),
        f"The protocols side by side, same seeds and images, after {matrix.budget.told}. freeze: cohort prefix, "
        "frozen, new suffix; warm: frozen, cohort suffix; thaw: cohort prefix moves, new suffix; random: a prefix that "
        "was never trained, frozen; full: everything the cohort's, all moves; scratch: all new, all moves. Behind the "
        "last layer warm is freeze and thaw is full, by definition, where both have as many steps.",
        "PSNR of every protocol against the boundary",
    )


def tune_section(exhibits, grid, winners, frequency_names, untested=()):
    """The winners of the tuning grid; grid: TuneRows, winners: WinnerRows, frequency_names: {backbone: its key},
    untested: names of sets of which no signals were kept apart to test on."""
    html = exhibits.figure(
        "tuning",
        tuning.curves(grid, winners, {name: key or "" for name, key in frequency_names.items()}),
        "Mean PSNR on validation images against the test-time rate, a line a frequency, of cohorts by STRAINER's "
        "recipe and of single signals from scratch; stars: the winners.",
        "Validation PSNR against the rate for every frequency",
    )
    html += exhibits.table("tuned", winners) + exhibits.table("tuning_grid", grid)
    names = {row.backbone: frequency_names.get(row.backbone) or "frequency" for row in winners}
    found = tuple(sentences.tuned_sentence(row, names[row.backbone]) for row in winners)
    if untested:
        found += (
            f"Of {', '.join(untested)} no test signals were kept apart: what is tested there later may have been "
            "tuned on.",
        )
    return Section("tune", "Tuned frequencies and rates", html, found)


def encoders_section(exhibits, encoders, ranks):
    """How well each cohort was fitted, and the ranks of its encoder.

    encoders: [(name, cohort PSNR in dB, png bytes of the reconstructions)]. ranks: EncoderRankRows.
    """
    html = ""
    for name, psnr_db, picture in encoders:
        caption = f"{name}: cohort PSNR {psnr_db:.2f} dB after training."
        html += page.picture(picture, caption, f"Signals and reconstructions of {name}")
    html += exhibits.table("ranks", ranks)
    return Section("encoders", "The encoders", html, appendix=True)
