"""Networks of several backbones, depths, widths and seeds, each the study of a cohort: where each is best frozen, which
layer each rule names, and how its dictionaries change."""

import itertools
from typing import NamedTuple

from inr_sae.errors import UserError
from inr_sae.inr import network
from inr_sae.measure import spikes
from inr_sae.measure.boundaries import best_taus, gain, highest_layer, rule_layer
from inr_sae.paper import network_rules
from inr_sae.report import sentences
from inr_sae.report.page import Heading
from inr_sae.report.parts import networks as parts
from inr_sae.rows.common import MADE
from inr_sae.rows.transfer import NETWORK_RULES, EncoderRankRow, FitRow, NetworkLayerRow, NetworkRow, RuleRow
from inr_sae.run import checks, summaries, trained
from inr_sae.run.once import run_stage
from inr_sae.signals.load import n_trained
from inr_sae.stages import cohort, dictionary, freeze_sweep, rank

NEEDS, USES = (), ()
READS = tuple(dict.fromkeys((*freeze_sweep.READS, *dictionary.READS, "networks", "rates")))
WRITES = ("networks",)
RANKED, FITTED = (cohort, rank), (freeze_sweep, dictionary)  # stages of a network's study
TABLES = {"networks": NetworkRow, "layers": NetworkLayerRow, "rules": RuleRow}


class Network(NamedTuple):
    """One network: its backbone, n_layers and width as configured, and the seed that it starts from."""

    backbone: str
    n_layers: int
    width: int
    seed: int

    @property
    def folder(self):
        """The folder of its study."""
        return f"networks/{self.backbone}_layers_{self.n_layers}_width_{self.width}_seed_{self.seed}"


def check(config):
    """Refuse networks that cannot be, and check the study of every one."""
    trained.check_several(config, "networks")
    checks.some("networks.seeds", config.networks.seeds)
    if config.external.file:
        raise UserError("external.file is one encoder, and stages has networks, which are trained; leave one out")
    if tuple(config.fit.splits) != ("test",):
        raise UserError(
            f"fit.splits is {tuple(config.fit.splits)}, and networks are held against each other on test signals; "
            "leave it out"
        )
    for key, taus in freeze_sweep.boundaries_of(config).items():
        if taus and len(set(depths(config))) > 1:
            raise UserError(f"{key} names boundaries, and networks.n_layers has several depths; leave it empty")
    for key in ("n_layers", "widths"):
        for value in config.networks[key]:
            checks.positive_value(f"networks.{key}", value)
    refuse_fixed(config)
    for own in studies(config).values():
        for stage in (*RANKED, *FITTED):
            stage.check(own)


def refuse_fixed(config):
    """Raise UserError where several depths or widths are asked of a backbone that heeds neither."""
    for key, values in (("n_layers", depths(config)), ("width", widths(config))):
        for backbone in config.networks.backbones if len(values) > 1 else ():
            sizes = []
            for value in values:
                own = config.inr.copy_and_resolve_references()
                own.update({"backbone": backbone, key: value})
                sizes.append(trained.unit_widths(own))
            if any(size == sizes[0] for size in sizes[1:]):
                name = "n_layers" if key == "n_layers" else "widths"
                raise UserError(
                    f"networks.{name} has several, and {backbone}'s units are the same at each; leave it out"
                )


def depths(config):
    """The numbers of layers."""
    return tuple(config.networks.n_layers) or (config.inr.n_layers,)


def widths(config):
    """The widths."""
    return tuple(config.networks.widths) or (config.inr.width,)


def studies(config):
    """{Network: config of its own study}; a dictionary has as many codes a coordinate as configured, or a quarter of
    the narrowest layer where it has more than half of it."""
    of_all = (config.networks.backbones, depths(config), widths(config), config.networks.seeds)
    return {Network(*each): study(config, Network(*each)) for each in itertools.product(*of_all)}


def study(config, which):
    """The config of one network's study."""
    own = config.copy_and_resolve_references()
    own.seed = which.seed
    own.inr.update(dict(backbone=which.backbone, n_layers=which.n_layers, width=which.width))
    trained.take_rates(own)
    settings, narrowest = own.dictionary[own.dictionary.method], min(trained.unit_widths(own.inr))
    if "k" in settings and settings.k > narrowest // 2:
        settings.k = max(1, narrowest // 4)
    return own


def run(config, store):
    """Writes networks/<network>/, each a study; networks/networks.csv, layers.csv and rules.csv."""
    networks, layers, subjects = [], [], set()
    for which, own in studies(config).items():
        sub = store.sub(which.folder)
        for stage in RANKED:
            run_stage(stage, own, sub)
        own = with_controls(own, sub)
        for stage in FITTED:
            run_stage(stage, own, sub)
        of_network, of_layers = rows_of(which, own, sub)
        networks.append(of_network)
        layers += of_layers
        subjects |= {row.subject for row in freeze_sweep.shown(own, sub, own.fit.splits[0]).fits}
    tried = tuple(config.fit.boundaries.freeze) or tuple(config.fit.taus)
    rules = network_rules.rules(networks, len(subjects), tried, config.signals.dataset not in MADE)
    tables = {"networks": networks, "layers": layers, "rules": rules}
    for name, rows in tables.items():
        store.write_rows(f"networks/{name}.csv", TABLES[name], rows)


def with_controls(own, sub):
    """The config of a study that has its ranks, with controls at one boundary where it names none: that of the rule."""
    own, layer = own.copy_and_resolve_references(), rule_layer(rank.load(sub))
    for name, taus in own.fit.boundaries.items():
        if name != "freeze" and not taus and layer is not None:
            own.fit.boundaries[name] = (layer,)
    return own


def rows_of(which, own, sub):
    """(NetworkRow, [NetworkLayerRow]) of one network's finished study."""
    ranks, fitted = ranks_of(own, sub), freeze_sweep.shown(own, sub, own.fit.splits[0])
    summary = summaries.of_main_rate(fitted.summary, own)
    psnr = {(row.protocol, row.tau): row.psnr_db_mean for row in summary}
    named = {rule: highest_layer(ranks, lambda row, rule=rule: getattr(row, rule)) for rule in NETWORK_RULES}
    best = best_of(own, sub, fitted.fits)
    by_rule, along = named["sr_weight"], [row.psnr_db_mean for row in cohort.history(sub)]
    values = {
        "cohort": along[-1],
        "full": psnr.get(("full", None)),
        "best": psnr[("freeze", best.best_tau)] if best else None,  # a mean as the others are
        "rule": psnr.get(("freeze", by_rule)),
        "scratch": psnr.get(("scratch", None)),
        "random": psnr.get(("random", by_rule)),
    }
    of_network = NetworkRow(
        *which,
        n_units=len(ranks),
        n_boundaries=sum(protocol == "freeze" for protocol, _ in psnr),
        best_tau=best.best_tau if best else None,
        decided=best.decided if best else None,
        **{f"{name}_psnr_db": value for name, value in values.items()},
        cohort_psnr_db_last_5=spikes.usual(along),
        **{f"tau_by_{rule}": layer for rule, layer in named.items()},
    )
    metrics = {row.layer: row for row in dictionary.metrics(own, sub)}
    layers = [
        NetworkLayerRow(
            *(*which, row.layer, width),
            *(getattr(row, rule) for rule in NETWORK_RULES),
            *(row.sr_weight_init, psnr.get(("freeze", row.layer))),
            *(getattr(metrics[row.layer], key) for key in ("n_atoms", "k", "r2", "dead_fraction", "locality_median")),
        )
        for row, width in zip(ranks, trained.unit_widths(own.inr), strict=True)
        if row.layer in metrics
    ]
    return of_network, layers


class Ranks(NamedTuple):
    """A unit's ranks, by the names of the rules."""

    layer: int
    sr_weight: float | None
    sr_share: float | None
    sr_gain: float | None
    sr_activation_centred: float
    sr_weight_init: float | None


def ranks_of(own, sub):
    """[Ranks] of a study; sr_share is over the lesser side of a unit's matrix."""
    backbone, encoder = trained.backbone_of(own.inr), cohort.params_of(sub)["encoder"]
    found = []
    for row, name in zip(rank.load(sub), network.unit_names(encoder), strict=True):
        matrix = backbone.matrix(encoder, name)
        of_shape = None if matrix is None else row.sr_weight / min(matrix.shape)
        found.append(
            Ranks(row.layer, row.sr_weight, of_shape, gain(row), row.sr_activation_centred, row.sr_weight_init)
        )
    return found


def best_of(own, sub, fits):
    """The BestTauRow of a study's frozen fits at the main rate, None without any."""
    kind = own.signals.dataset, own.inr.backbone, trained.frequency(own.inr)
    ranks = [EncoderRankRow(*kind, *row) for row in rank.load(sub)]
    fits = [FitRow(*row) for row in summaries.of_main_rate(fits, own)]
    return next(iter(best_taus(fits, ranks)), None)


def load(store, name):
    """The rows of a table of networks/."""
    return store.read_rows(f"networks/{name}.csv", TABLES[name])


def sections(config, store, exhibits):
    """Where each network is best frozen, whether the rules name it, and how dictionaries change with the width."""
    labels = {name: network.backbone(name).LABEL for name in config.networks.backbones}
    return parts.sections(exhibits, *(load(store, name) for name in TABLES), labels)


def heading(config):
    """The title of a comparison of networks."""
    names = ", ".join(network.backbone(name).LABEL for name in config.networks.backbones)
    shapes = f"{', '.join(map(str, depths(config)))} layers, width {', '.join(map(str, widths(config)))}"
    dataset = config.signals.dataset
    sizes = trained.sizes(own.inr for own in studies(config).values())
    return Heading(
        f"{names} on {dataset}: does the rule hold?",
        f"{shapes} ({sizes}); cohort of {n_trained(config.signals)}, {cohort.length(config)}; "
        f"{len(config.networks.seeds)} initialisation{'s' * (len(config.networks.seeds) > 1)}.",
        sentences.caveats([dataset], ""),
    )
