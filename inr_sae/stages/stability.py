"""How much of a dictionary another seed gives again, and how much another cohort of the same backbone does."""

from typing import NamedTuple

import numpy as np

from inr_sae.atoms import matching, statistics
from inr_sae.errors import UserError
from inr_sae.machine import processes
from inr_sae.machine.progress import Progress
from inr_sae.measure import blocks
from inr_sae.report.parts import dictionaries as parts
from inr_sae.rows.dictionaries import MatchRow
from inr_sae.run import checks, piecemeal
from inr_sae.stages import cohort, conditions, dictionary

NEEDS, USES = ("conditions",), ()
READS = (*conditions.READS, "stability")
WRITES = ("stability", "conditions/*/stability")


class Dictionaries(NamedTuple):
    """Those of all layers of one encoder, and what they read."""

    h: list  # (N, d) each
    fitted: list
    shape: tuple  # (height, width)


def check(config):
    """Refuse regimes that have no dictionaries."""
    checks.positive(config, "stability.max_atoms")
    checks.some("stability.regimes", config.stability.regimes)
    for regime in config.stability.regimes:
        checks.one_of("stability.regimes", regime, config.conditions.regimes)
    if not pairs_of(config):
        raise UserError(
            f"stability.seeds is empty, or {config.dictionary.method} draws nothing, and conditions.regimes has no two "
            "regimes whose dictionaries could be matched; name a seed, another method or another regime"
        )


def pairs_of(config):
    """[(Condition, other Condition, seed)]: a condition with itself from another seed, or (None) with another one."""
    pairs = []
    for condition in conditions.studies(config):
        if condition.regime in config.stability.regimes:
            seeds = dictionary.further_seeds(config, config.stability.seeds)
            pairs += [(condition, condition, seed) for seed in seeds]
    for backbone in config.conditions.backbones:
        first, *others = (
            conditions.condition_of(config, regime, backbone) for regime in ("cohort", "second", "single")
        )
        known = conditions.studies(config)
        pairs += [(first, other, None) for other in others if first in known and other in known]
    return pairs


def run(config, store):
    """Writes stability/matches.csv: matched one to one by maps, and, for one encoder's dictionaries, by decoder
    rows."""
    pairs = {pair: layers_of(config, *pair[:2]) for pair in pairs_of(config)}
    known, rows, two = {}, [], [((condition, None), (other, seed)) for condition, other, seed in pairs]
    with Progress("stability", sum(map(len, pairs.values()))) as progress:
        for number, ((condition, other, seed), layers) in enumerate(pairs.items()):
            for which in two[number]:
                if which not in known:
                    known[which] = load(config, store, *which)
            for i, layer in enumerate(layers):
                processes.stop_if_asked()
                keys = (*condition, *other, seed, layer)
                note = f"{condition.name} and {other.name} layer {layer}"
                found = compare(config, known[condition, None], known[other, seed], i, keys)
                if not found:
                    store.log("no atom alive", stage="stability", of=note, seed=seed)
                rows += found
                progress.advance(1, f"{note}: {found[-1].similarity_mean:.2f}" if found else "")
            piecemeal.forget(known, two[number + 1 :])
    store.write_rows("stability/matches.csv", MatchRow, rows)


def layers_of(config, condition, other):
    """The layers that have a dictionary in both of two conditions, which are of one backbone."""
    studies = conditions.studies(config)
    return dictionary.layers_in_both(studies[condition], studies[other])


def load(config, store, condition, seed):
    """The Dictionaries of a condition, trained now if they are those of another seed."""
    own, sub = conditions.of_study(config, store)[condition]
    encoder = cohort.load(own, sub)
    h, layers = encoder.activations(dictionary.layers(own)), dictionary.layers(own)
    if seed is None:
        return Dictionaries(h, [dictionary.load(own, sub, layer) for layer in layers], encoder.shape)
    jobs = dictionary.jobs_of(own, encoder, dictionary.settings(own), seed)
    return Dictionaries(h, dictionary.fit_jobs(own, sub, jobs, f"stability/seed_{seed}"), encoder.shape)


def compare(config, ours, theirs, i, keys):
    """MatchRows of the layer number i of two encoders' Dictionaries; none where either has no atom alive.

    keys: the first columns of the rows.
    """
    one, other = (reading(config, each, i) for each in (ours, theirs))
    if not len(one.atoms) or not len(other.atoms):
        return []
    maps = matching.map_correlations(one, other)
    null = matching.map_correlations(one, other, order=blocks.half_away(*ours.shape))
    rows = [row_of(keys, "map", maps, null)]
    if keys[-2] is not None:  # two dictionaries of one encoder's activations
        w, v = (np.asarray(each.dictionary.directions())[each.atoms] for each in (one, other))
        random = np.random.default_rng(config.seed).normal(size=v.shape)
        signed = matching.signed(one[:2], other[:2])
        rows.append(row_of(keys, "decoder", *(matching.cosines(w, other_w, signed) for other_w in (v, random))))
    return rows


def row_of(keys, by, similarity, null):
    """The MatchRow of similarities (A, B) and of those by chance, matched one to one."""
    summary = matching.summary(matching.one_to_one(similarity), matching.one_to_one(null))
    return MatchRow(*keys, by, **summary)


def reading(config, of_encoder, i):
    """The Reading of layer number i: its alive atoms of highest mean magnitude."""
    of_layer, h = of_encoder.fitted[i], of_encoder.h[i]
    atoms, _ = statistics.measure(of_layer, h)
    order = statistics.top_atoms(atoms, config.stability.max_atoms)
    return matching.Reading(of_layer, h, order[atoms.alive[order]])


def matches(store):
    """The MatchRows of a study's folder."""
    return store.read_rows("stability/matches.csv", MatchRow)


def sections(config, store, exhibits):
    """What comes again."""
    return [parts.stability_section(exhibits, matches(store))]
