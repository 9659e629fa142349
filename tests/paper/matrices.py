"""Matrices whose truth is known, with images and fits that scatter about it: the published one, and some without it."""

import itertools

import numpy as np

from inr_sae.measure.boundaries import best_taus
from inr_sae.paper import reference, transfer_evidence
from inr_sae.protocols import different_fits
from tests.matrix_rows import fit_row, rank_rows

SETS = ("celebahq", "kodak", "oasis")
BACKBONES = ("siren", "ffmlp")
TAUS = range(5)
WAYS = different_fits(("full", "freeze", "thaw", "random", "scratch"), TAUS, len(TAUS))
BEFORE_TRAINING = {"siren": (2.0, 63.0, 66.0, 64.0, 66.0), "ffmlp": (89.0, 66.0, 63.0, 67.0, 66.0)}
DATASETS = {name: name for name in SETS} | {"s": "folder", "t": "folder"}
PUBLISHED = {(source, backbone, None): 31.0 for source in SETS for backbone in BACKBONES}  # PSNR of cohorts


def fits(level, rng, n_images=14, sources=SETS, targets=SETS):
    """FitRows about level(source, target, backbone, protocol, tau) in dB: images lie 3 dB apart, and what a way to fit
    does to an image scatters by half a dB."""
    rows, images = [], 3.0 * np.arange(n_images)
    for target, backbone, (protocol, tau) in itertools.product(targets, BACKBONES, WAYS):
        for source in sources[:1] if protocol in ("random", "scratch") else sources:
            values = level(source, target, backbone, protocol, tau) + images - images.mean()
            values = values + rng.normal(0, 0.5, n_images)
            keys = {"source": source, "target": target, "backbone": backbone}
            rows += [fit_row(protocol, tau, f"{target}{i}", 0, value, **keys) for i, value in enumerate(values)]
    return rows


def published_level(source, target, backbone, protocol, tau):
    """Tables 3-5, and the controls as they would be if all that is said of them held."""
    rows = reference.FREEZE_SWEEP[source, target, backbone]
    best = rows[1 + reference.BEST_TAU[backbone]][0]
    if protocol == "freeze":
        return rows[1 + tau][0]
    return {"full": rows[0][0], "scratch": best - 6.0, "thaw": best - 2.0, "random": best - 8.0}[protocol]


def ranks(after, before, centred, sources=SETS):
    """EncoderRankRows from functions of (source, backbone) that give five values."""
    rows = []
    for encoder in itertools.product(sources, BACKBONES):
        rows += rank_rows(after(*encoder), before(*encoder), centred(*encoder), centred(*encoder), *encoder)
    return rows


def published_ranks():
    def column(i):
        return lambda *encoder: [layer[i] for layer in reference.STABLE_RANK[encoder]]

    return ranks(column(0), lambda _, backbone: BEFORE_TRAINING[backbone], column(1))


def random_ranks(rng):
    def values(*_):
        return rng.uniform(20.0, 40.0, len(TAUS))

    before = {backbone: values() for backbone in BACKBONES}
    return ranks(values, lambda _, backbone: before[backbone], values)


def peaked(layer):
    """Five ranks, highest at a layer."""
    return [60.0 if i == layer % len(TAUS) else 30.0 for i in TAUS]


def of_matrix(fit_rows, rank_rows, best, cohorts, datasets=DATASETS):
    """{name of a claim: Measured} of rows as they are."""
    return transfer_evidence.of_matrix(fit_rows, rank_rows, best, cohorts, datasets)


def measured(fit_rows, rank_rows, cohorts=None, datasets=None):
    """{name of a claim: Measured} of a matrix."""
    best = best_taus(fit_rows, rank_rows)
    names = {row.source for row in rank_rows} | {row.target for row in fit_rows}
    datasets = datasets or {name: name for name in names}
    return transfer_evidence.of_matrix(fit_rows, rank_rows, best, cohorts or {}, datasets)


def published(rng, n_images=14):
    """All that the paper has published, and the controls."""
    return measured(fits(published_level, rng, n_images), published_ranks(), PUBLISHED)


def nothing(rng, n_images=8):
    """Neither protocol, boundary, source nor backbone makes a difference, and ranks are drawn at random."""
    return measured(fits(lambda *_: 33.0, rng, n_images), random_ranks(rng))


def behind(rng):
    """Freezing is 1.5 dB behind STRAINER's recipe everywhere."""
    return measured(fits(lambda *way: 35.0 if way[3] == "full" else 33.5, rng), published_ranks())


def level_with_full(rng):
    """Freezing is 1 dB ahead of STRAINER's recipe in every pair."""
    return measured(fits(lambda *way: 35.0 - (way[3] == "full"), rng), published_ranks())


def collapsing(rng):
    """Frozen up to the last layer every pair loses 20 dB, and up to any other none."""
    return measured(fits(lambda *way: 35.0 - 20.0 * (way[4] == TAUS[-1]), rng), published_ranks())


def one_pair(rng):
    """The published numbers of a single source and target."""
    rows = fits(published_level, rng, sources=SETS[:1], targets=SETS[:1])
    return measured(rows, [row for row in published_ranks() if row.source == SETS[0]])


def weights_alone(rng):
    """Of sixteen encoders the weights' stable rank names the best boundary, and the activations' another one."""
    sources, best = "abcdefgh", reference.BEST_TAU

    def level(source, target, backbone, protocol, tau):
        return 40.0 - 3.0 * abs((tau or 0) - best[backbone])

    of_sources = ranks(
        lambda _, backbone: peaked(best[backbone]),
        lambda _, backbone: peaked(best[backbone] + 1),
        lambda _, backbone: peaked(best[backbone] + 2),
        sources,
    )
    return measured(fits(level, rng, sources=sources, targets=SETS[:1]), of_sources)


def initialisations(rng, moves):
    """Sixteen initialisations whose peak of sr(W) training moves by so many layers."""
    sources = "abcdefgh"
    before = {encoder: rng.uniform(30.0, 40.0, len(TAUS)) for encoder in itertools.product(sources, BACKBONES)}
    return measured(
        fits(lambda *_: 33.0, rng, sources=sources, targets=SETS[:1], n_images=2),
        ranks(
            lambda *encoder: peaked(int(np.argmax(before[encoder])) + moves),
            lambda *encoder: before[encoder],
            lambda *encoder: before[encoder],
            sources,
        ),
    )


def cohorts(siren, ffmlp):
    """Cohorts that reached so many dB."""
    return lambda rng: {
        "cohorts_alike": transfer_evidence.cohorts_alike({("s", "siren", 30.0): siren, ("s", "ffmlp", 10.0): ffmlp})
    }
