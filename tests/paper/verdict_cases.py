"""What makes each claim true, and what has nothing of it: functions of a generator that give what is measured."""

import itertools
from functools import cache, partial
from typing import NamedTuple

from inr_sae.paper import dictionary_evidence
from tests.paper import dictionary_rows as rows
from tests.paper import matrices


class Case(NamedTuple):
    """How to make a claim true and untrue: functions of a random generator that give {name of a claim: Measured}."""

    planted: object
    nulls: tuple


# Nothing in it, or too little to say: no claim at all may be reproduced by these.


def white_noise(rng):
    """Untrained dictionaries of white noise of both backbones, of several sizes; no map is like another one beyond its
    null, and no atom costs anything."""
    layers = [rows.ranked(rows.white_noise(seed)) for seed in rows.LAYERS]
    drops = {condition: rows.effects(rng, rng.exponential(0.01, (5, 4))) for condition in (rows.SIREN, rows.FFMLP)}
    return rows.evidence(layers, layers, drops, like_null(rng, layers=rows.LAYERS), sizes_of_noise())


def described_noise(rng):
    """The same as if these dictionaries described what they read; then it is true that hardly an atom is dead, that
    magnitudes are flat, and that no atom has content."""
    layers = [rows.with_columns(rows.white_noise(seed), r2=0.95) for seed in rows.LAYERS]
    return rows.evidence(layers, layers, sizes=[row._replace(r2=0.95) for row in sizes_of_noise()])


@cache
def sizes_of_noise():
    found = []
    for layer, n_atoms in itertools.product((0, 1), (64, 128, 256)):
        row, _ = rows.white_noise(layer, n_atoms)
        columns = {key: value for key, value in row._asdict().items() if key in rows.SizeRow._fields}
        found.append(rows.blank(rows.SizeRow, **rows.SIREN._asdict(), **columns | {"layer": layer}))
    return found


# What single claims are fed.


def like_null(rng, layers=range(5), seeds=0.1):
    """Two cohorts match as their displaced null does, two seeds by more than theirs."""
    found = []
    for layer in layers:
        null = rng.uniform(0.3, 0.8)
        found += [
            rows.match(rows.SIREN, 1, layer, null + seeds, null),
            rows.match(rows.SECOND, None, layer, null, null),
        ]
    return found


def matching(cohorts, seeds=0.2):
    """Two cohorts match by so much more than their null, two seeds by 0.2."""
    matches = [rows.match(rows.SIREN, 1, layer, 0.5 + seeds, 0.5) for layer in rows.LAYERS]
    return matches + [rows.match(rows.SECOND, None, layer, 0.4 + cohorts, 0.4) for layer in rows.LAYERS]


def of_maps(maps, backbone, n_held_out=rows.N_IMAGES, **columns):
    """Every layer of a backbone's encoder draws these maps."""
    layer = rows.with_columns(rows.drawing(maps, n_held_out), **columns)
    return rows.evidence(**{backbone: [layer] * 5})


def of_both(siren, ffmlp):
    return rows.evidence(*([rows.drawing(maps)] * 5 for maps in (siren, ffmlp)))


def of_columns(backbone, layers, encoders=rows.ENCODERS):
    """Layers with these columns."""
    plain = rows.with_columns(rows.white_noise(), r2=0.95, n_atoms=4096, k=32, alive_fraction=1.0)
    return rows.evidence(**{backbone: [rows.with_columns(plain, **columns) for columns in layers]}, encoders=encoders)


def of_each(backbone, **columns):
    return lambda rng: of_columns(backbone, [columns] * 5)


def dying(dead, n_pixels=10**4, **columns):
    encoders = {"ffmlp": dictionary_evidence.Encoder(5, n_pixels)}
    return lambda rng: of_columns("ffmlp", [{"dead_fraction": x, **columns} for x in dead], encoders)


def sparser(active, alive):
    layers = [{"active_fraction_median": a, "alive_fraction": x} for a, x in zip(active, alive, strict=True)]
    return lambda rng: of_columns("ffmlp", layers)


def costing(siren, ffmlp):
    """Drops of the four top atoms a layer, functions of the generator that give (5, 4) dB."""

    def measured(rng):
        layers = [rows.ranked(rows.with_columns(rows.white_noise(), r2=0.95))] * 5
        drops = {rows.SIREN: rows.effects(rng, siren(rng)), rows.FFMLP: rows.effects(rng, ffmlp(rng))}
        return rows.evidence(layers, layers, drops)

    return measured


def sizes(of_arithmetic, alive=(1.0, 0.9, 0.8)):
    """Eight chains of three sizes whose spatial L0 is that share of k / (n * alive)."""

    def measured(rng):
        found = []
        for layer, k in ((layer, k) for layer in range(4) for k in (4, 16)):
            columns = zip((64, 128, 256), of_arithmetic(rng), alive)
            found += [rows.size(n, k, layer, share, of_n) for n, share, of_n in columns]
        return rows.evidence(sizes=found)

    return measured


def drops_up_to(most):
    return lambda rng: rng.uniform(0.0, most, (5, 4))


PUBLISHED, NOTHING = matrices.published, matrices.nothing
OF_TRANSFER = {
    "best_tau_siren": Case(PUBLISHED, (NOTHING, matrices.behind, matrices.one_pair)),
    "best_tau_ffmlp": Case(PUBLISHED, (NOTHING, matrices.behind, matrices.one_pair)),
    "rule_sr_weight": Case(PUBLISHED, (NOTHING,)),
    "rule_beats_shape": Case(
        partial(matrices.initialisations, moves=1),
        (NOTHING, PUBLISHED, partial(matrices.initialisations, moves=0), matrices.weights_alone),
    ),
    "rule_sr_activation": Case(matrices.weights_alone, (NOTHING, matrices.one_pair)),
    "matches_everywhere": Case(matrices.level_with_full, (NOTHING, matrices.behind)),
    "gain_siren": Case(PUBLISHED, (NOTHING, matrices.behind)),
    "gain_ffmlp": Case(PUBLISHED, (NOTHING, matrices.behind)),
    "gain_kodak": Case(PUBLISHED, (NOTHING, matrices.behind)),
    "last_layer_collapses": Case(matrices.collapsing, (NOTHING, matrices.behind)),
    "siren_plateau": Case(PUBLISHED, (NOTHING, matrices.one_pair)),
    "ffmlp_falls": Case(PUBLISHED, (NOTHING, matrices.behind)),
    "levels": Case(PUBLISHED, (NOTHING, matrices.behind)),
    "stable_ranks": Case(PUBLISHED, (NOTHING,)),
    "cohorts_alike": Case(PUBLISHED, (matrices.cohorts(38.0, 30.0), matrices.cohorts(12.0, 12.5))),
    "training_matters": Case(PUBLISHED, (NOTHING, matrices.behind)),
    "freezing_helps": Case(PUBLISHED, (NOTHING, matrices.behind)),
    "better_than_scratch": Case(PUBLISHED, (NOTHING, matrices.behind)),
}
OF_DICTIONARIES = {
    "siren_alive": Case(of_each("siren", dead_fraction=0.01), (of_each("siren", dead_fraction=0.3),)),
    "ffmlp_dies": Case(
        dying([0.0, 0.0, 0.0, 0.3, 0.6]),
        (dying([0.0] * 5), dying([0.6] * 5, n_pixels=60)),  # 60 pixels fire 32 atoms each: a half must be dead
    ),
    "siren_sparse": Case(
        of_each("siren", active_fraction_median=0.01, k=128),
        (of_each("siren", active_fraction_median=0.0075), of_each("siren", active_fraction_median=0.1)),
    ),
    "ffmlp_dense": Case(
        of_each("ffmlp", active_fraction_median=0.4, k=1024, alive_fraction=1.0),
        (
            of_each("ffmlp", active_fraction_median=0.4, k=1600),
            of_each("ffmlp", active_fraction_median=0.01),
        ),
    ),
    "ffmlp_concentrates": Case(
        sparser([0.007, 0.005, 0.003, 0.002, 0.001], [1.0, 1.0, 1.0, 0.8, 0.4]),
        (
            sparser([0.0075] * 5, [1.0] * 5),
            sparser([0.035, 0.02, 0.01, 0.008, 0.0075], [0.2, 0.4, 0.8, 1.0, 1.0]),  # five times as many share k
        ),
    ),
    "siren_local": Case(
        lambda rng: of_both(rows.blobs(rng), rows.scattered(rng)),
        (
            lambda rng: of_both(rows.discs(), rows.scattered(rng)),
            lambda rng: of_both(rows.scattered(rng), rows.scattered(rng)),
            lambda rng: of_both(rows.blobs(rng), rows.blobs(rng)),
        ),
    ),
    "ffmlp_content": Case(
        lambda rng: of_maps(rows.copies(), "ffmlp"),
        (
            lambda rng: of_maps(rows.blobs(rng), "ffmlp"),
            lambda rng: of_maps(rows.scattered(rng), "ffmlp"),
            lambda rng: of_maps(rows.displaced(), "ffmlp"),
        ),
    ),
    "siren_no_content": Case(
        lambda rng: of_maps(rows.blobs(rng), "siren"),
        (
            lambda rng: of_maps(rows.copies(), "siren"),
            lambda rng: of_maps(rows.means(rng), "siren"),
            lambda rng: of_maps(rows.copies(2), "siren"),
        ),
    ),
    "memorised": Case(
        lambda rng: of_maps(rows.copies(), "ffmlp"),
        (
            lambda rng: of_maps(rows.means(rng), "ffmlp"),
            lambda rng: of_maps(rows.means(rng, 2), "ffmlp"),
            lambda rng: of_maps(rows.copies(1), "ffmlp"),
            lambda rng: of_maps(rows.copies(2), "ffmlp"),
            lambda rng: of_maps(rows.blobs(rng), "ffmlp"),
            lambda rng: of_maps(rows.copies(), "ffmlp", n_held_out=2),  # two held-out images are no comparison
        ),
    ),
    "siren_tiling_repeats": Case(
        lambda rng: rows.evidence(matches=matching(cohorts=0.19)),
        (
            lambda rng: rows.evidence(matches=like_null(rng)),
            lambda rng: rows.evidence(matches=like_null(rng, seeds=0.0)),  # nor do two seeds match
            lambda rng: rows.evidence(matches=matching(cohorts=0.1)),
        ),
    ),
    "ffmlp_top_atom": Case(of_each("ffmlp", concentration=7.0), (of_each("ffmlp", concentration=1.2),)),
    "siren_flat": Case(of_each("siren", concentration=1.3), (of_each("siren", concentration=7.0),)),
    "ffmlp_largest_drop": Case(
        costing(drops_up_to(1.0), lambda rng: rng.uniform(8.5, 12.0, (5, 4))),
        (costing(drops_up_to(1.0), drops_up_to(1.0)),),
    ),
    "ffmlp_costs_more": Case(
        costing(drops_up_to(5.0), lambda rng: rng.uniform(8.0, 12.0, (5, 4))),
        (
            costing(*[lambda rng: rng.exponential(3.0, (5, 4))] * 2),
            costing(lambda rng: rng.uniform(8.0, 12.0, (5, 4)), drops_up_to(5.0)),
        ),
    ),
    "l0_falls": Case(
        sizes(lambda rng: (0.9, 0.7, 0.5)),
        (sizes(lambda rng: (1.0, 1.0, 1.0)), sizes(lambda rng: rng.uniform(0.5, 1.0, 3))),
    ),
}
TRUE_OF_NOISE = ("siren_alive", "siren_flat", "siren_no_content")


def fed_with_noise(name, case):
    """A case of dictionaries, with those of white noise among its nulls."""
    noises = (white_noise,) if name in TRUE_OF_NOISE else (white_noise, described_noise)
    return case._replace(nulls=(*case.nulls, *noises))


CASES = OF_TRANSFER | {name: fed_with_noise(name, case) for name, case in OF_DICTIONARIES.items()}


ARITHMETIC = {
    "siren_sparse": of_each("siren", active_fraction_median=0.0075),
    "ffmlp_dense": of_each("ffmlp", active_fraction_median=0.4, k=1600),
    "ffmlp_concentrates": OF_DICTIONARIES["ffmlp_concentrates"].nulls[1],
    "ffmlp_dies": OF_DICTIONARIES["ffmlp_dies"].nulls[1],
    "l0_falls": sizes(lambda rng: (1.0, 1.0, 1.0)),
}
