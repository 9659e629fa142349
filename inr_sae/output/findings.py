"""What a run found, as sentences made from the rows of its tables: what was measured, not what a paper says."""

import numpy as np


def rank_sentence(ranks):
    """Which layer the rule picks, by how much, and whether that peak is more than the layer's shape."""
    order = sorted(ranks, key=lambda row: -row["sr_weight"])
    first, second = order[0], order[1] if len(order) > 1 else None
    ahead = f", ahead of layer {second['layer']} ({second['sr_weight']:.1f})" if second else ""
    return f"The weights' stable rank is highest at layer {first['layer']} ({first['sr_weight']:.1f}){ahead}; " + (
        "what it was before training is not known."
        if first["sr_weight_init"] is None
        else before_training(ranks, first["layer"])
    )


def before_training(ranks, first):
    """Whether the layer `first` was highest before training too."""
    highest = max(ranks, key=lambda row: row["sr_weight_init"])
    if highest["layer"] == first:
        return "it was highest there before training too, so part of the peak may be that layer's shape."
    then = next(row["sr_weight_init"] for row in ranks if row["layer"] == first)
    return (
        f"before training layer {highest['layer']} was highest ({highest['sr_weight_init']:.1f}) and layer {first} "
        f"stood at {then:.1f}."
    )


def paired(fits, tau, other):
    """PSNR differences in dB, tau minus other, over the (image, seed) pairs that both have, as an array."""
    values = {(str(row["tau"]), row["image"], row["seed"]): row["psnr_db"] for row in fits}
    return np.array(
        [
            value - values[(other, *key[1:])]
            for key, value in values.items()
            if key[0] == tau and (other, *key[1:]) in values
        ]
    )


def comparison(fits, tau, other):
    """As in "1.20 dB above (higher in 4 of 4 paired fits)"."""
    difference = paired(fits, tau, other)
    side = "above" if difference.mean() >= 0 else "below"
    higher = int((difference > 0).sum())
    return f"{abs(difference.mean()):.2f} dB {side} (higher in {higher} of {len(difference)} paired fits)"


def sweep_sentences(summary, fits, rule_layer):
    """Which freeze boundary won, by how much over the runner-up, over the rule's layer and over STRAINER's recipe."""
    frozen = sorted((row for row in summary if row["tau"] != "full"), key=lambda row: -row["psnr_db_mean"])
    if not frozen:
        return []
    best = str(frozen[0]["tau"])
    n_images = len({row["image"] for row in fits})
    n_seeds = len({row["seed"] for row in fits})
    text = (
        f"On held-out signals freezing up to layer {best} did best: {frozen[0]['psnr_db_mean']:.2f} dB on average over "
        f"{n_images} signal{'s' * (n_images != 1)} and {n_seeds} seed{'s' * (n_seeds != 1)}"
    )
    if len(frozen) > 1:
        runner_up = str(frozen[1]["tau"])
        text += f", {comparison(fits, best, runner_up)} the runner-up, layer {runner_up}"
    sentences = [text + "."]
    if best == str(rule_layer):
        sentences.append(f"That is the layer that the stable rank picks ({rule_layer}).")
    elif any(str(row["tau"]) == str(rule_layer) for row in frozen):
        sentences.append(
            f"The stable rank picks layer {rule_layer} instead, which is {comparison(fits, str(rule_layer), best)} "
            f"the best one."
        )
    else:
        sentences.append(f"The stable rank picks layer {rule_layer}, which this sweep did not try.")
    if any(row["tau"] == "full" for row in summary):
        sentences.append(
            f"The best freeze boundary is {comparison(fits, best, 'full')} STRAINER's recipe, which freezes nothing "
            f"and keeps every layer's weights."
        )
    return sentences


def dictionary_sentence(metrics):
    """How the atoms look, from the first dictionary's layer to the last."""

    def along(key, scale, form):
        return " → ".join(form.format(scale * row[key]) for row in metrics)

    return (
        f"Dictionaries of layers {', '.join(str(row['layer']) for row in metrics)}: half of the alive atoms are "
        f"active on at most "
        f"{along('active_fraction_median', 100, '{:.2g}')} % of the pixels; {along('dead_fraction', 100, '{:.1f}')} "
        f"% of the atoms never fire; "
        f"R² of the activations {along('r2', 1, '{:.3f}')}."
    )


def ablation_sentence(rows):
    """What removing one atom costs at most, over all atoms, and how much of the effect lies where it is active."""
    costs = []
    for signal in dict.fromkeys(row["signal"] for row in rows):
        worst = max((row for row in rows if row["signal"] == signal), key=lambda row: row["psnr_drop_db"])
        costs.append(
            f"{worst['psnr_drop_db']:.2g} dB on the {worst['signal_role']} signal {signal} "
            f"(atom {worst['atom']} of layer {worst['layer']})"
        )
    inside = np.array([row["effect_inside_fraction"] for row in rows if np.isfinite(row["effect_inside_fraction"])])
    return (
        f"Removing one atom, every one of every dictionary tried in turn, costs up to {' and '.join(costs)}. "
        "The effect can only lie where the removed atom fires (z > 0); "
        f"{100 * np.median(inside):.1f} % of its energy (median; least {100 * inside.min():.1f} %) lies where z > 0.01."
    )


def caveats(config):
    """What a reader must know before quoting the numbers."""
    file = config["external"]["file"]
    found = [f"The encoder was trained elsewhere ({file})."] if file else []
    sets = config["sets"].values() if "encoders" in config["stages"] else [config["signals"]]
    if all(signals["dataset"] == "phantom" for signals in sets):
        found.append(
            "The signals are procedural phantoms: this shows how the study works, and says nothing about photographs "
            "or scans."
        )
    return found


def matrix_sentences(best, agreement, claims):
    """Which boundary won where, how often the weights' stable rank names it, and how the paper's claims fared."""
    sentences = []
    for backbone in dict.fromkeys(row["backbone"] for row in best):
        mine = [row for row in best if row["backbone"] == backbone]
        taus = [row["best_tau"] for row in mine]
        counts = ", ".join(f"{tau} in {taus.count(tau)}" for tau in sorted(set(taus), key=lambda t: -taus.count(t)))
        decided = sum(bool(row.get("decided")) for row in mine)
        rule = next(row for row in agreement if row["backbone"] == backbone and row["rule"] == "sr_weight")
        sentences.append(
            f"{backbone}: the best freeze boundary is {counts} of {len(mine)} pairs of source and target, ahead of the "
            f"runner-up beyond the 95 % interval in {decided}; the weights' stable rank names it in {rule['agrees']}."
        )
    return [*sentences, verdict_sentence(claims)]


def protocol_sentences(paired, rule_of):
    """What the controls say at the rule's boundary, averaged over the pairs: one sentence a backbone.

    paired: rows of paired.csv at one rate. rule_of(row) -> the rule's layer of the row's encoder.
    """
    sentences = []
    for backbone in dict.fromkeys(row["backbone"] for row in paired):
        texts = []
        for other in ("full", "warm", "thaw", "random", "scratch"):
            mine = [
                row
                for row in paired
                if row["backbone"] == backbone
                and {row["protocol"], row["minus"]} == {"freeze", other}
                and row["tau"] == rule_of(row)
            ]
            if mine:
                signs = [1 if row["protocol"] == "freeze" else -1 for row in mine]
                values = [sign * row["difference_db"] for sign, row in zip(signs, mine)]
                ahead = sum(value > 0 for value in values)
                texts.append(f"{np.mean(values):+.1f} dB against {other} (ahead in {ahead} of {len(values)} pairs)")
        if texts:
            sentences.append(
                f"{backbone}, frozen up to the layer that the stable rank picks, mean over pairs of source and target: "
                f"{'; '.join(texts)}."
            )
    return sentences


def verdict_sentence(claims):
    """How the paper's claims fared, in numbers."""
    verdicts = [row["verdict"] for row in claims]
    listed = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in dict.fromkeys(verdicts))
    return f"Of {len(claims)} claims of the paper: {listed}."


def condition_sentences(metrics):
    """What the dictionaries of each condition look like, layer by layer."""

    def along(rows, key, form):
        return ", ".join(form.format(np.nan if row[key] is None else row[key]) for row in rows)

    return [
        f"{condition}, by layer: locality {along(rows, 'locality_median', '{:.2f}')} (1 a disc, 0 pixels at random); "
        f"likeness to a signal {along(rows, 'content_median', '{:.2f}')} against "
        f"{along(rows, 'content_shuffled_median', '{:.2f}')} with displaced signals; dead atoms "
        f"{along([{'x': 100 * row['dead_fraction']} for row in rows], 'x', '{:.1f}')} %."
        for condition, rows in metrics.items()
    ]


def stability_sentences(rows):
    """How alike the maps of matched atoms are, a sentence each pair of dictionaries."""
    sentences = []
    by_map = [row for row in rows if row["by"] == "map"]
    for pair in dict.fromkeys((row["condition"], row["other"], row["other_seed"]) for row in by_map):
        mine = [row for row in by_map if (row["condition"], row["other"], row["other_seed"]) == pair]
        what = f"{pair[0]} from another seed" if pair[2] is not None else f"{pair[0]} and {pair[1]}"
        alike = ", ".join(f"{row['similarity_mean']:.2f}" for row in mine)
        null = ", ".join(f"{row['null_mean']:.2f}" for row in mine)
        sentences.append(
            f"{what}: maps of atoms matched one to one correlate {alike} by layer (displaced by half the "
            f"image: {null})."
        )
    return sentences
