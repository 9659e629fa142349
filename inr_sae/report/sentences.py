"""What a run found, as sentences made from its rows: what was measured, not what a paper says."""

import numpy as np

from inr_sae.measure.boundaries import encoder_of
from inr_sae.measure.cap import CAP_DB, n_beyond
from inr_sae.measure.spikes import LAST_LOGGED, SPIKE_DB
from inr_sae.protocols import PROTOCOLS
from inr_sae.report.conditions import condition_names, matched_conditions, pairs
from inr_sae.rows.common import MADE


def rank_sentence(ranks):
    """Which layer the rule picks, by how much, and whether that peak is more than the layer's shape."""
    order = sorted((row for row in ranks if row.sr_weight is not None), key=lambda row: -row.sr_weight)
    if not order:
        return "No layer has a matrix whose stable rank speaks for it, so the rule picks none."
    first = order[0]
    digits = 2 if len(order) > 1 and first.sr_weight - order[1].sr_weight < 0.1 else 1
    highest, *others = (f"{row.sr_weight:.{digits}f}" for row in order)
    ahead = ""
    if others:
        ahead = f", {'level with' if others[0] == highest else 'ahead of'} layer {order[1].layer} ({others[0]})"
    before = "what it was before training is not known."
    if first.sr_weight_init is not None:
        before = before_training(ranks, first)
    return f"The weights' stable rank is highest at layer {first.layer} ({highest}){ahead}; {before}"


def before_training(ranks, first):
    """Whether the layer of the RankRow `first` was highest before training too."""
    known = [row for row in ranks if row.sr_weight_init is not None]
    highest = max(known, key=lambda row: row.sr_weight_init)
    if highest.layer == first.layer:
        return "it was highest there before training too, so part of the peak may be that layer's shape."
    return (
        f"before training layer {highest.layer} was highest ({highest.sr_weight_init:.1f}) and layer {first.layer} "
        f"stood at {first.sr_weight_init:.1f}."
    )


def spike_sentence(cohort, last_db, usual_db):
    """That a cohort ended in a spike below where its training stood (`spikes.usual`); empty where it did not."""
    if last_db is None or usual_db is None or usual_db - last_db <= SPIKE_DB:
        return ""
    return (
        f"{cohort} ended in a spike: {last_db:.1f} dB, where the median of the last {LAST_LOGGED} points along its "
        f"training is {usual_db:.1f} dB. All else is of those weights; a lower rate of the cohort's spikes less."
    )


def last_step_sentence(fits):
    """How often a fit's last step lies more than SPIKE_DB from the median of its last 50, by protocol.

    Adam at a constant rate spikes. Empty where no fit has that median.
    """
    counts = {}
    for row in fits:
        if row.psnr_db is not None and row.psnr_db_last_50 is not None:
            far, n = counts.get(row.protocol, (0, 0))
            counts[row.protocol] = far + (abs(row.psnr_db - row.psnr_db_last_50) > SPIKE_DB), n + 1
    if not counts:
        return ""
    shares = ", ".join(f"{far} of {n} ({protocol})" for protocol, (far, n) in counts.items())
    return (
        f"A fit's last step lies more than {SPIKE_DB:g} dB from the median PSNR of its last 50 steps in {shares} fits: "
        "Adam at a constant rate spikes, and a fit of few steps still rises."
    )


def listed(rows, key, form, scale=1.0, between=", "):
    """A column layer by layer, each number in a form, as in "0.98, 0.45"; a dash for None and nan."""
    values = [getattr(row, key) for row in rows]
    return between.join("–" if value is None or value != value else form.format(scale * value) for value in values)


def layers_told(layers):
    """As in "layers 0, 2, 4"; each once."""
    named = list(dict.fromkeys(layers))
    return f"layer{'s' * (len(named) != 1)} {', '.join(map(str, named))}"


def dictionary_sentence(metrics):
    """How the atoms look, from the first dictionary's layer to the last; metrics: MetricsRows by layer."""
    active = listed(metrics, "active_fraction_median", "{:.3g}", 100, " → ")
    dead = listed(metrics, "dead_fraction", "{:.1f}", 100, " → ")
    text = f"Dictionaries of {layers_told(row.layer for row in metrics)}: "
    if active.strip("– →"):  # signed codes do not fire
        text += f"half of the alive atoms are active on at most {active} % of the pixels; {dead} % of the atoms never "
        text += "fire; "
    return text + f"R² of the activations {listed(metrics, 'r2', '{:.3f}', between=' → ')}."


def ablation_sentence(effects):
    """What removing one atom costs at most, and how much of the effect lies where it is active; effects: EffectRows."""
    costs = []
    for signal in dict.fromkeys(row.signal for row in effects):
        of_signal = [row for row in effects if row.signal == signal]
        worst = max(of_signal, key=lambda row: row.psnr_drop_db)
        costs.append(
            f"{max(worst.psnr_drop_db, 0):.2g} dB on the {worst.signal_role} signal {signal} "
            f"({layers_told(sorted(row.layer for row in of_signal))}; most by atom {worst.atom} of layer {worst.layer})"
        )
    inside = np.array([row.effect_inside_fraction for row in effects], np.float64)  # None becomes nan
    inside = inside[np.isfinite(inside)]
    text = f"Removing one atom, every one of a dictionary tried in turn, costs up to {' and '.join(costs)}."
    if inside.size:
        text += (
            f" {100 * np.median(inside):.1f} % of the effect's energy (median; least {100 * inside.min():.1f} %) lies "
            "where the removed atom's own code is active, |z| > 0.01."
        )
    return text


def caveats(datasets, external_file):
    """What a reader must know before quoting the numbers.

    datasets: of all signals. external_file: where an encoder came from, "" if it was trained here.
    """
    found = [f"The encoder was trained elsewhere ({external_file})."] if external_file else []
    if "noise" in datasets:
        found.append("Noise among the signals shows nothing but itself: it asks whether an encoder needs images.")
    if "phantom" in datasets and all(dataset in MADE for dataset in datasets):
        others = " and noise" if "noise" in datasets else ""
        found.append(
            f"The signals are procedural phantoms{others}: this shows how the study works, and says nothing about "
            "photographs or scans."
        )
    return found


def metrics_note(lpips, fits):
    """How the metrics of a table are defined; lpips: whether it was measured. fits: FitRows that are in it."""
    measured = "LPIPS: AlexNet, clipped output; grey signals are repeated to three channels."
    return (
        "SSIM: Gaussian window of 11, sigma 1.5, on output clipped to [0, 1]. PSNR: range 1; the clipped one clips "
        f"the output first. {measured if lpips else 'LPIPS was not measured.'}{cap_note(fits)}"
    )


def cap_note(fits):
    """What means count of the FitRows whose PSNR is beyond the cap; nothing where there are none."""
    beyond = n_beyond(fits)
    if not beyond:
        return ""
    return (
        f" {beyond} of {len(fits)} fits are beyond {CAP_DB:.2f} dB, the rounding of an 8-bit image: in means, "
        "deviations and differences each counts as that."
    )


def matrix_sentences(best, agreement, labels):
    """Which boundary won where, and how often the weights' stable rank names it: one sentence a backbone.

    best: BestTauRows. agreement: AgreementRows. labels: {backbone: what people call it}.
    """
    sentences = []
    for backbone in dict.fromkeys(row.backbone for row in best):
        rows = [row for row in best if row.backbone == backbone and row.runner_up_tau is not None]
        if not rows:
            sentences.append(f"{labels[backbone]}: at one boundary none is the best.")
            continue
        taus = [row.best_tau for row in rows]
        counts = ", ".join(f"{tau} in {taus.count(tau)}" for tau in sorted(set(taus), key=lambda t: -taus.count(t)))
        text = (
            f"{labels[backbone]}: the best freeze boundary is {counts} of {len(rows)} pairs of encoder and target, "
            f"ahead of the runner-up beyond the 95 % interval in {sum(bool(row.decided) for row in rows)}"
        )
        named = [row for row in agreement if (row.backbone, row.rule) == (backbone, "sr_weight") and row.of]
        text += "".join(f"; the weights' stable rank names it in {row.agrees}" for row in named)
        text += "".join(f" of the {row.of} where it names one that was tried" for row in named if row.of < len(rows))
        sentences.append(text + ".")
    return sentences


def protocol_sentences(differences, picks, labels):
    """What the controls say at the rule's boundary, averaged over the pairs: one sentence a backbone.

    differences: PairedRows at one rate. picks: {(source, backbone, frequency): the layer that the rule picks or None}.
    labels: as of `matrix_sentences`.
    """
    sentences = []
    at_rule = [row for row in differences if row.tau == picks.get(encoder_of(row))]
    for backbone in dict.fromkeys(row.backbone for row in differences):
        texts = []
        for other in (name for name in PROTOCOLS if name != "freeze"):
            values = freeze_minus(other, [row for row in at_rule if row.backbone == backbone])
            if values:
                ahead = sum(value > 0 for value in values)
                texts.append(f"{np.mean(values):+.1f} dB against {other} (ahead in {ahead} of {len(values)} pairs)")
        if texts:
            sentences.append(
                f"{labels[backbone]}, frozen up to the layer that the stable rank picks, mean over pairs of encoder "
                f"and target: {'; '.join(texts)}."
            )
    return sentences


def freeze_minus(other, differences):
    """The differences in dB of freeze minus another protocol, from the PairedRows that have these two."""
    rows = [row for row in differences if {row.protocol, row.minus} == {"freeze", other}]
    return [row.difference_db if row.protocol == "freeze" else -row.difference_db for row in rows]


def tuned_sentence(winner, frequency_name):
    """The best point of a regime's grid; winner: a WinnerRow."""
    frequency = "" if winner.frequency is None else f"{frequency_name} = {winner.frequency:.4g} "
    return (
        f"Tuned on {winner.n_images} validation image{'s' * (winner.n_images != 1)} of {winner.target}, "
        f"{winner.regime} {winner.backbone}: {frequency}at rate {winner.learning_rate:g}, "
        f"{winner.psnr_db_mean:.2f} dB{', at the edge of the grid' if winner.at_edge else ''}."
    )


def verdict_sentence(claims):
    """How the claims fared, in numbers, those that the paper makes, those that its argument needs, and those of other
    papers apart; claims: ClaimRows."""
    groups = {
        "claims of the paper": [],
        "that its argument needs and it does not make": [],
        "claims of other papers": [],
    }
    made, needed, others = groups.values()
    for row in claims:
        (made if row.by_paper else others if elsewhere(row) else needed).append(row.verdict)
    texts = [f"of {len(found)} {what}: {verdict_counts(found)}" for what, found in groups.items() if found]
    return "O" + "; ".join(texts)[1:] + "."


def elsewhere(claim):
    """Whether a ClaimRow is another paper's: that is then where."""
    return claim.where.startswith("arXiv")


def verdict_counts(verdicts):
    """As in "2 reproduced, 1 partly"."""
    return ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in dict.fromkeys(verdicts)) or "none"


def condition_sentences(metrics):
    """What the dictionaries of each condition look like, layer by layer; metrics: {Condition: MetricsRows}."""
    names = condition_names(metrics)
    return [
        f"{names[condition]}, {layers_told(row.layer for row in rows)}: "
        f"locality {listed(rows, 'locality_median', '{:.2f}')} (1 a disc, 0 pixels at random); "
        f"likeness to a signal {listed(rows, 'content_median', '{:.2f}')} against "
        f"{listed(rows, 'content_shuffled_median', '{:.2f}')} with displaced signals{dead_atoms(rows)}."
        for condition, rows in metrics.items()
    ]


def dead_atoms(rows):
    """The share of dead atoms by layer; nothing where codes are signed, and no atom fires."""
    dead = listed(rows, "dead_fraction", "{:.1f}", 100)
    return f"; dead atoms {dead} %" if dead.strip("–, ") else ""


def stability_sentences(matches):
    """How alike the maps of matched atoms are, a sentence each pair of dictionaries; matches: MatchRows."""
    names = condition_names(matched_conditions(matches))
    sentences = []
    for (first, other, seed), rows in pairs([row for row in matches if row.by == "map"]).items():
        what = f"{names[first]} and {names[other]}" if seed is None else f"{names[first]} from another seed"
        sentences.append(
            f"{what}, {layers_told(row.layer for row in rows)}: maps of atoms matched one to one correlate "
            f"{listed(rows, 'similarity_mean', '{:.2f}')} (displaced by half the image: "
            f"{listed(rows, 'null_mean', '{:.2f}')})."
        )
    return sentences
