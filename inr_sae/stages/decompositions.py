"""Decompositions held against each other: how many directions and interactions each needs, and which of them still hold
at another resolution; and where on the image a layer's units count.

Every backbone has a cohort of its own, a study in decompositions/<backbone>/.
"""

from functools import partial

import jax.numpy as jnp
import numpy as np

from inr_sae import dictionaries
from inr_sae.errors import UserError
from inr_sae.machine import processes
from inr_sae.machine.progress import Progress
from inr_sae.report import sentences
from inr_sae.report.page import Heading
from inr_sae.report.parts import decompositions as parts
from inr_sae.rows.decompositions import EdgeRow, KeptRow, NeededRow, ResolutionRow, SpatialRow
from inr_sae.run import checks, piecemeal, trained, training
from inr_sae.run import decompositions as measured
from inr_sae.run.once import run_stage
from inr_sae.signals.load import n_trained
from inr_sae.stages import cohort, dictionary

NEEDS, USES = (), ()
READS = (*dictionary.READS, "decompositions", "rates")
WRITES = ("decompositions",)
TABLES = {"kept": KeptRow, "needed": NeededRow, "edges": EdgeRow, "resolution": ResolutionRow, "spatial": SpatialRow}


def check(config):
    """Refuse backbones, methods and shares that cannot be, and check every cohort and every method's settings."""
    own = config.decompositions
    trained.check_several(config, "decompositions")
    checks.some("decompositions.methods", own.methods)
    checks.some("decompositions.shares", own.shares)
    checks.positive(config, "decompositions.drop_db", "decompositions.coordinates")
    for method in own.methods:
        checks.one_of("decompositions.methods", method, dictionaries.method_names())
    for share in own.shares:
        if not 0 < share <= 1:
            raise UserError(f"decompositions.shares has {share}; it is above 0, and at most 1")
    for of_backbone in studies(config).values():
        cohort.check(of_backbone)
        for method in own.methods:
            dictionary.check(of_method(of_backbone, method))


def folder(backbone):
    """The folder of a backbone's study."""
    return f"decompositions/{backbone}"


def studies(config):
    """{backbone: config of its study}."""
    found = {}
    for backbone in config.decompositions.backbones:
        found[backbone] = config.copy_and_resolve_references()
        found[backbone].inr.backbone = backbone
        trained.take_rates(found[backbone])
    return found


def of_method(config, method):
    """The config with another dictionary method."""
    own = config.copy_and_resolve_references()
    own.dictionary.method = method
    return own


def run(config, store):
    """Writes decompositions/<backbone>/, and kept.csv, needed.csv, edges.csv, resolution.csv and spatial.csv."""
    every = []
    for backbone, own in studies(config).items():
        sub = store.sub(folder(backbone))
        run_stage(cohort, own, sub)
        whole = all(training.is_whole(sub, method) for method in config.decompositions.methods)
        every.append(piecemeal.tables(sub, TABLES, partial(of_backbone, own, sub, backbone), whole))
        sub.remove("parts")
    piecemeal.write(store, "decompositions", every, TABLES)


def of_backbone(config, store, backbone):
    """{table: rows} of one backbone's encoder; those of every method are kept in parts/ until all are there."""
    encoder, layers, methods = cohort.load(config, store), dictionary.layers(config), config.decompositions.methods
    activations, found = encoder.activations(layers), []
    rng = np.random.default_rng(config.seed)
    at = rng.choice(len(encoder.x), min(config.decompositions.coordinates, len(encoder.x)), replace=False)
    with Progress(store.label(f"decompositions {backbone}"), len(methods) + 1) as progress:
        for method in methods:
            make = partial(of_dictionaries, of_method(config, method), store, encoder, activations, at)
            whole = training.is_whole(store, method)
            found.append(piecemeal.tables(store.sub(f"parts/{method}"), TABLES, make, whole))
            progress.advance(1, method)
        make = partial(of_units, config, encoder, activations, rng)
        found.append(piecemeal.tables(store.sub("parts/units"), TABLES, make))
        progress.advance(1, "units")
    return piecemeal.joined(found, TABLES)


def of_dictionaries(config, store, encoder, activations, at):
    """{table: rows} of the dictionaries of all layers by the config's method; at (n,): where edges are measured."""
    layers, method, found = dictionary.layers(config), config.dictionary.method, {name: [] for name in TABLES}
    jobs = dictionary.jobs_of(config, encoder, dictionary.settings(config))
    fitted = dictionary.fit_jobs(config, store, jobs, method)
    for place, (layer, h, of_layer) in enumerate(zip(layers, activations, fitted)):
        processes.stop_if_asked()
        named = (config.inr.backbone, layer, method)
        rows, needed = measured.kept_rows(encoder, (layer, h, of_layer), named, config.decompositions.drop_db)
        found["kept"] += rows
        found["needed"].append(needed)
        if of_layer.method.LINEAR:  # such codes have a graph between layers
            later = next_basis(encoder, layers, fitted, place)
            found["edges"] += edges_of(config, encoder, (layer, h, of_layer.params, later), at, named)
        else:
            found["resolution"] += measured.resolution_rows(encoder, (layer, h, of_layer), named)
    return found


def of_units(config, encoder, activations, rng):
    """{table: rows} of where on the image the units of every layer count."""
    found, shares = {name: [] for name in TABLES}, config.decompositions.shares
    for layer, h in zip(dictionary.layers(config), activations):
        processes.stop_if_asked()
        found["spatial"] += measured.spatial_rows(encoder, layer, h, shares, config.inr.backbone, rng)
    return found


def next_basis(encoder, layers, fitted, place):
    """The parameters of the basis that follows a layer's; None for the outputs, and () where it has no dictionary."""
    if layers[place] + 1 == encoder.n_units:
        return None
    if layers[place] + 1 not in layers:
        return ()
    return fitted[layers.index(layers[place] + 1)].params


def edges_of(config, encoder, of_layers, at, named):
    """[EdgeRow], or none where the next layer has no dictionary."""
    if of_layers[-1] == ():
        return []
    return [measured.edge_row(encoder, of_layers, jnp.asarray(at), config.decompositions.drop_db, named)]


def signals(config, store):
    """{backbone: the Signals of its cohort}."""
    return {backbone: cohort.draw(own, store.sub(folder(backbone))) for backbone, own in studies(config).items()}


def load(store, name):
    """The rows of one of TABLES of a study's folder."""
    return store.read_rows(f"decompositions/{name}.csv", TABLES[name])


def labels(config):
    """{method or backbone: what people call it}."""
    of_methods = {name: dictionaries.method(name).LABEL for name in config.decompositions.methods}
    return of_methods | {name: trained.backbone_of(own.inr).LABEL for name, own in studies(config).items()}


def sections(config, store, exhibits):
    """The methods side by side."""
    tables = {name: load(store, name) for name in TABLES}
    return parts.sections(exhibits, tables, labels(config))


def heading(config):
    """The title of a comparison of methods."""
    every = studies(config)
    names = ", ".join(trained.backbone_of(own.inr).LABEL for own in every.values())
    sizes = trained.sizes(own.inr for own in every.values())
    return Heading(
        f"Decompositions of {names} on {config.signals.dataset}",
        f"{sizes}; cohort of {n_trained(config.signals)}, {cohort.length(config)}, seed {config.seed}.",
        sentences.caveats([config.signals.dataset], config.external.file),
    )
