"""The sentences that say what fits behind freeze boundaries came to."""

from inr_sae.measure.boundaries import mean_over_subjects, psnr


def by_way(fits):
    """{(protocol, tau): {(image, seed): PSNR in dB}} of FitRows at one rate."""
    return psnr(fits, lambda row: (row.protocol, row.tau))


def paired(fits, first, second):
    """{(image, seed): PSNR difference in dB, first minus second}, each a (protocol, tau), where both were fitted.

    fits: FitRows at one rate.
    """
    values = by_way(fits)
    ours, theirs = values.get(first, {}), values.get(second, {})
    return {key: value - theirs[key] for key, value in ours.items() if key in theirs}


def mean_of(values, fits):
    """The mean of {(image, seed): value} of FitRows, in which every subject counts the same."""
    return mean_over_subjects(values, {row.image: row.subject for row in fits})


def comparison(fits, first, second):
    """As in "1.20 dB above (higher in 4 of 4 paired fits)", or "level (of one fit) with"."""
    difference = paired(fits, first, second)
    mean = mean_of(difference, fits)
    side, higher = "above" if mean >= 0 else "below", sum(each > 0 for each in difference.values())
    count = f"higher in {higher} of {len(difference)} paired fits" if len(difference) > 1 else "of one fit"
    return f"{abs(mean):.2f} dB {side} ({count})" if abs(mean) >= 0.005 else f"level ({count}) with"


def sweep_sentences(fits, rule):
    """Which freeze boundary won, by how much over the runner-up, over the rule's layer and over STRAINER's recipe.

    fits: FitRows at one rate. rule: the layer that the stable rank picks, or None.
    """
    means = {tau: mean_of(values, fits) for (protocol, tau), values in by_way(fits).items() if protocol == "freeze"}
    order = sorted(means, key=lambda tau: -means[tau])
    if not order:
        return []
    best = ("freeze", order[0])
    n_images, n_seeds = len({row.image for row in fits}), len({row.seed for row in fits})
    did = " did best:" if len(order) > 1 else ", the one boundary tried, gave"
    text = (
        f"On held-out signals freezing up to layer {order[0]}{did} {means[order[0]]:.2f} dB on average over {n_images} "
        f"signal{'s' * (n_images != 1)} and {n_seeds} seed{'s' * (n_seeds != 1)}"
    )
    if len(order) > 1:
        text += f", {comparison(fits, best, ('freeze', order[1]))} the runner-up, layer {order[1]}"
    sentences = [text + "."]
    if rule is not None:
        sentences.append(rule_against_best(order, fits, rule))
    if any(row.protocol == "full" for row in fits):
        sentences.append(
            f"Frozen up to layer {order[0]} it is {comparison(fits, best, ('full', None))} STRAINER's recipe, which "
            "freezes nothing and keeps every layer's weights."
        )
    return sentences


def rule_against_best(order, fits, rule):
    """Whether the rule's layer is the best boundary; order: the boundaries of freeze, the best first."""
    best = order[0]
    if best == rule:
        return f"That is the layer that the stable rank picks ({rule})."
    if rule not in order:
        return f"The stable rank picks layer {rule}, which this sweep did not try."
    difference = comparison(fits, ("freeze", rule), ("freeze", best))
    return f"The stable rank picks layer {rule} instead, which is {difference} the best one."
