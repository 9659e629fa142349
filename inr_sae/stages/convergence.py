"""Do two networks learn the same? Units and atoms of pairs of encoders on the same coordinates (arXiv 1511.07543).

Pairs: one cohort from several seeds, two cohorts without a common image, two backbones, a single signal against a
cohort, and two dictionaries of one encoder. Each is held against displaced maps, against untrained networks (units
alone: atoms of an untrained network would take a dictionary of their own), and held-out coordinates.
"""

import itertools
from functools import partial
from typing import NamedTuple

import numpy as np

from inr_sae.atoms import groups
from inr_sae.errors import UserError
from inr_sae.inr import network
from inr_sae.machine import processes
from inr_sae.machine.progress import Progress
from inr_sae.measure import blocks
from inr_sae.report.parts import convergence as parts
from inr_sae.rows.common import Condition
from inr_sae.rows.comparisons import CosinesRow, FromManyRow, GroupsRow, LikenessRow, PartnersRow
from inr_sae.run import checks, comparison, piecemeal
from inr_sae.run.comparison import ATOMS, TRAINED, UNITS, Loaded, strong
from inr_sae.run.once import is_done, run_stage
from inr_sae.stages import cohort, conditions, dictionary

NEEDS, USES = ("conditions",), ()
READS = (*conditions.READS, "convergence")
WRITES = ("convergence",)
TABLES = {
    "one_to_one": PartnersRow,
    "one_to_many": FromManyRow,
    "many_to_many": GroupsRow,
    "likeness": LikenessRow,
    "cosines": CosinesRow,
}


class Network(NamedTuple):
    """An encoder with its dictionaries: which, the config of its study, and where that is."""

    condition: Condition
    config: object
    store: object
    dictionary_seed: int | None = None  # of dictionaries that were trained again, for this stage


def check(config):
    """Refuse what cannot be compared, and a missing scikit-learn."""
    checks.positive(config, "convergence.max_atoms", "convergence.many", "convergence.targets")
    checks.some("convergence.of", config.convergence.of)
    for each in config.convergence.of:
        checks.one_of("convergence.of", each, (UNITS, ATOMS))
    for key in ("seeds", "dictionary_seeds"):
        if len(set(config.convergence[key])) != len(config.convergence[key]):
            raise UserError(f"convergence.{key} is {tuple(config.convergence[key])}; it names none twice")
    if config.external.file and config.convergence.seeds:
        raise UserError(
            "external.file is one encoder, which convergence.seeds would train again; leave one of the two out"
        )
    for condition in conditions.studies(config):
        if condition.seed in config.convergence.seeds:
            raise UserError(f"convergence.seeds has {condition.seed}, the seed of {condition.name}; take another")
    if not pairs_of(config):
        raise UserError(
            "convergence has no two networks to compare; name seeds in convergence.seeds, or more in "
            "conditions.regimes or conditions.backbones"
        )
    with checks.naming("convergence"):
        groups.needed()


def networks(config, store=None):
    """{name: Network}: those of the conditions, further seeds of each cohort, and dictionaries trained again."""
    found = {}
    for condition, own in conditions.studies(config).items():
        sub = store and store.sub(conditions.folder(condition))
        found[condition.name] = Network(condition, own, sub)
        if condition.regime != "cohort":
            continue
        for seed in config.convergence.seeds:
            name = f"{condition.name}-seed_{seed}"
            again = own.copy_and_resolve_references()
            again.seed = seed
            sub_again = store and store.sub(f"convergence/{name}")
            found[name] = Network(condition._replace(seed=seed), again, sub_again)
        for seed in dictionary.further_seeds(config, config.convergence.dictionary_seeds):
            found[f"{condition.name}-dictionary_{seed}"] = Network(condition, own, sub, seed)
    return found


def pairs_of(config):
    """[(kind, name, name of the other)]."""
    known, pairs = networks(config), []
    for backbone in config.conditions.backbones:
        first = f"cohort-{backbone}"
        others = [("encoder seeds", f"{first}-seed_{seed}") for seed in config.convergence.seeds]
        others += [("cohorts", f"second-{backbone}"), ("single", f"single-{backbone}")]
        others += [("dictionary seeds", f"{first}-dictionary_{seed}") for seed in config.convergence.dictionary_seeds]
        pairs += [(kind, first, other) for kind, other in others]
    for one, other in itertools.combinations(config.conditions.backbones, 2):
        pairs.append(("backbones", f"cohort-{one}", f"cohort-{other}"))
    return [pair for pair in pairs if set(pair[1:]) <= known.keys()]


def run(config, store):
    """Writes convergence/<name>/, studies of further seeds, partners/<pair>_layer_<l>.npz, and last the tables."""
    known, found = networks(config, store), []
    for name, each in known.items():
        if each.condition not in conditions.studies(config):
            for stage in (cohort, dictionary):
                run_stage(stage, each.config, each.store)
    loaded, pairs = {}, pairs_of(config)
    with Progress("convergence", len(pairs)) as progress:
        for i, (kind, *names) in enumerate(pairs, 1):
            processes.stop_if_asked()
            part = f"convergence/parts/{'+'.join(names)}"
            whole = all(store.exists(partners_file(names, layer)) for layer in layers_of(known, names))
            make = partial(of_two, config, store, kind, names, known, loaded)
            found.append(piecemeal.tables(store.sub(part), TABLES, make, whole))
            piecemeal.forget(loaded, [names for _, *names in pairs[i:]])
            progress.advance(1, f"{kind}: {' and '.join(names)}")
    piecemeal.write(store, "convergence", found, TABLES)
    store.remove("convergence/parts")


def of_two(config, store, kind, names, known, loaded):
    """{table: rows} of a pair of networks by their names, of which what is not `loaded` yet is."""
    for name in names:
        if name not in loaded:
            loaded[name] = load(store, name, known[name])
    same_grid(names, *(loaded[name] for name in names))
    keys = keys_of(kind, *(known[name] for name in names))
    return compare(config, store, keys, names, [loaded[name] for name in names])


def layers_of(known, names):
    """The layers that have a dictionary in both of two networks."""
    return dictionary.layers_in_both(*(known[name].config for name in names))


def keys_of(kind, one, other):
    """The first columns of a pair's rows."""
    return (kind, *one.condition, *other.condition, other.dictionary_seed)


def load(store, name, which):
    """What is Loaded of a Network; dictionaries of another seed are trained now."""
    own, sub = which.config, which.store
    encoder, layers = cohort.load(own, sub), dictionary.layers(own)
    h = encoder.activations(layers)
    before = cohort.initial(own, encoder.signals.cohort).params["encoder"]
    untrained = network.activations(encoder.backbone, before, encoder.x)
    if which.dictionary_seed is None:
        fitted = [dictionary.load(own, sub, layer) for layer in layers]
    else:
        jobs = dictionary.jobs_of(own, encoder, dictionary.settings(own), which.dictionary_seed)
        fitted = dictionary.fit_jobs(own, store, jobs, f"convergence/{name}")
    by_layer = (dict(zip(layers, each)) for each in (h, [untrained[layer] for layer in layers], fitted))
    return Loaded(*by_layer, encoder.shape)


def same_grid(names, one, other):
    """Raise UserError unless two networks have one grid."""
    if one.shape != other.shape:
        shapes = ["{}x{}".format(*each.shape) for each in (one, other)]
        raise UserError(
            f"{names[0]} was trained on a grid of {shapes[0]} and {names[1]} on one of {shapes[1]} (height x width), "
            "and units are compared at the same coordinates; set signals.size"
        )


def compare(config, store, keys, names, pair):
    """{table: rows} of a pair of Loaded."""
    tables, of, most = {name: [] for name in TABLES}, config.convergence.of, config.convergence.max_atoms
    layers = [layer for layer in pair[0].h if layer in pair[1].h]
    rng = np.random.default_rng(config.seed)
    rows = blocks.folds(*pair[0].shape, 2, rng) == 0
    order = blocks.half_away(*pair[0].shape)
    again = keys[-1] is not None
    for layer in layers:
        kept = {}
        for what in of:
            if what == UNITS and again:
                continue  # of one encoder units are the same
            maps = comparison.cases(what, layer, pair, order, most)
            which = (*keys, layer, layer, what)
            if any(not len(each.numbers) for two in maps.values() for each in two):
                store.log("convergence", names=names, layer=layer, of=what, note="no unit is alive in one of the two")
                continue
            found, partner_rows = comparison.one_to_one(which, maps, rows)
            tables["one_to_one"] += partner_rows
            few = {case: [strong(each, config.convergence.many) for each in two] for case, two in maps.items()}
            tables["one_to_many"] += comparison.one_to_many(which, few, rows, config.convergence.targets)
            tables["many_to_many"] += comparison.many_to_many(which, few)
            kept |= comparison.partners_of(what, maps[TRAINED], found)
        store.write_npz(partners_file(names, layer), **kept)
        if again:
            tables["cosines"] += comparison.cosines(
                (*keys, layer, layer, ATOMS, TRAINED), pair, layer, most, config.seed
            )
    if not again and UNITS in of:
        tables["likeness"] += comparison.likeness(keys, layers, pair, (rows, order))
    return tables


def partners_file(names, layer):
    """Where the partners of a pair of networks are, of one layer."""
    return f"convergence/partners/{'+'.join(names)}_layer_{layer}.npz"


def table(store, name):
    """The rows of one of TABLES of a study's folder."""
    return store.read_rows(f"convergence/{name}.csv", TABLES[name])


def partners_in(store, name, layer):
    """{name of another network: {"numbers", "partner", "best"}} of the atoms of a network: which is the most alike, and
    how much. None where this stage is not done."""
    found, ending = {}, f"_layer_{layer}.npz"
    for file in store.names("convergence/partners") if is_done(store, "convergence") else ():
        pair = file.removesuffix(ending).split("+")
        if not file.endswith(ending) or name not in pair:
            continue
        arrays = store.read_npz(f"convergence/partners/{file}")
        side = ATOMS if name == pair[0] else f"{ATOMS}_back"
        if f"{side}_numbers" in arrays:
            other = pair[1] if name == pair[0] else pair[0]
            found[other] = {key: arrays[f"{side}_{key}"] for key in ("numbers", "partner", "best")}
    return found


def curves(config, store):
    """{(kind, name, other name): {layer: {"units_best", "units_matched", ...}}}, similarities of every pair."""
    found, known = {}, networks(config)
    for kind, *names in pairs_of(config):
        one, other = names
        files = {layer: partners_file(names, layer) for layer in layers_of(known, names)}
        found[kind, one, other] = {layer: store.read_npz(file) for layer, file in files.items() if store.exists(file)}
    return found


def sections(config, store, exhibits):
    """Whether two networks learn the same."""
    return [parts.section(exhibits, {name: table(store, name) for name in TABLES}, curves(config, store))]
