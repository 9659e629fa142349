"""How much of a dictionary another seed gives again, and how much another cohort of the same backbone does."""

import jax
import numpy as np

from inr_sae.inr import network
from inr_sae.output.progress import Progress
from inr_sae.sae import match, stats
from inr_sae.stages import cohort, conditions, dictionary

PARTS = (*conditions.PARTS, "stability")


def run(config, store):
    """Writes stability/matches.csv: matched one to one by maps, and, for one encoder's dictionaries, by decoder
    rows."""
    pairs, dictionaries = [], {}
    for name in conditions.studies(config):
        if name.split("-")[0] in config.stability.regimes:
            pairs += [(name, name, seed) for seed in config.stability.seeds]
    for backbone in config.conditions.backbones:
        names = [f"{regime}-{backbone}" for regime in ("cohort", "second", "single")]
        known = [name for name in names if name in conditions.studies(config)]
        pairs += [(known[0], other, None) for other in known[1:] if known[0] == names[0]]
    rows, layers = [], config.sae.layers
    with Progress("stability", len(pairs) * len(layers)) as progress:
        for name, other, seed in pairs:
            for which in ((name, None), (other, seed)):
                if which not in dictionaries:
                    dictionaries[which] = load(config, store, *which)
            for i, layer in enumerate(layers):
                keys = {"condition": name, "other": other, "other_seed": seed, "layer": layer}
                rows += compare(config, dictionaries[name, None], dictionaries[other, seed], i, keys, seed is not None)
                progress.advance(1, f"{name} and {other} layer {layer}: {rows[-1]['similarity_mean']:.2f}")
    store.write_csv("stability/matches.csv", rows)


def load(config, store, name, seed):
    """(activations (L, N, d), SAE parameters of all layers, (height, width)) of a condition's dictionary, trained now
    if it is one of another seed."""
    own, sub = conditions.of(config, store)[name]
    signals = cohort.draw(own.signals, sub)
    params = cohort.trained(own, sub, signals.cohort.shape[-1])
    h = dictionary.activations(own, network.backbone(own.inr.backbone), params, signals)
    if seed is None:
        return h, dictionary.trained_layers(own, sub), signals.cohort.shape[1:3]
    (saes,) = dictionary.fit(own, sub, h, ks=(own.sae.k,), at=f"stability/seed_{seed}", seed=seed)
    return h, saes, signals.cohort.shape[1:3]


def compare(config, ours, theirs, i, keys, same_encoder):
    """Rows of matches.csv of one layer, number i of those that have a dictionary."""
    (h, saes, shape), (other_h, other_saes, _) = ours, theirs
    sae, other = (jax.tree.map(lambda leaf: leaf[i], tree) for tree in (saes, other_saes))
    k, most = config.sae.k, config.stability.max_atoms
    atoms, other_atoms = (alive(config, tree, of, most) for tree, of in ((sae, h[i]), (other, other_h[i])))
    both = (sae, h[i], atoms, other, other_h[i], other_atoms, k)
    maps = match.map_correlations(*both)
    null = match.map_correlations(*both, order=match.displaced(*shape))
    rows = [keys | {"by": "map"} | match.summary(match.one_to_one(maps), match.one_to_one(null))]
    if same_encoder:
        w, v = np.asarray(sae["w_dec"])[atoms], np.asarray(other["w_dec"])[other_atoms]
        random = np.random.default_rng(config.seed).normal(size=v.shape)
        by_rows = match.one_to_one(match.cosines(w, v)), match.one_to_one(match.cosines(w, random))
        rows.append(keys | {"by": "decoder"} | match.summary(*by_rows))
    return rows


def alive(config, sae, h, most):
    """The alive atoms of highest mean magnitude, at most `most`."""
    atoms, _ = stats.measure(sae, h, config.sae.k)
    order = stats.top_atoms(atoms, most)
    return order[atoms.firing_rate[order] > 0]
