"""Every cohort encoder of a matrix, and the stable rank of its units: one study of the stages cohort and rank each."""

import re
from typing import NamedTuple

from inr_sae.errors import UserError
from inr_sae.folder.store import parse_cell
from inr_sae.inr import network
from inr_sae.report import sentences
from inr_sae.report.page import Heading
from inr_sae.report.parts import matrix as parts
from inr_sae.rows.common import UNTRAINED
from inr_sae.rows.transfer import EncoderRankRow
from inr_sae.run import checks, drawn, trained
from inr_sae.run.once import run_stage
from inr_sae.stages import cohort, rank

NEEDS, USES = (), ()
READS = ("seed", "sets", "transfer", "rates", "inr", "external", "cohort", "runtime")
WRITES = ("encoders",)
LENT = ("encoders/*/freeze_sweep",)
STUDY = (cohort, rank)


class Encoder(NamedTuple):
    """One encoder of the matrix."""

    source: str  # the set of its cohort, or UNTRAINED
    config: object  # of its own study

    @property
    def kind(self):
        """(backbone, frequency), the first columns of its rows behind the source."""
        return self.config.inr.backbone, trained.frequency(self.config.inr)

    @property
    def name(self):
        """As in celebahq-<backbone>-30."""
        backbone, frequency = self.kind
        return "-".join([self.source, backbone] + ([] if frequency is None else [f"{frequency:.9g}"]))

    @property
    def folder(self):
        """The folder of its study."""
        return f"encoders/{self.name}"


def check(config):
    """Refuse sets, backbones and frequencies that cannot be, and check the study of every encoder."""
    check_names(config)
    if config.external.file:
        raise UserError("external.file is one encoder, and stages has encoders, which are trained; leave one out")
    checks.some("transfer.sources", config.transfer.sources)
    trained.check_several(config, "transfer")
    for name in config.transfer.sources:
        if name not in config.sets:
            raise UserError(f"transfer.sources has {name!r}; config.sets has {', '.join(config.sets) or 'none'}")
    for backbone in config.transfer.backbones:
        key = f"transfer.frequencies.{backbone}"
        values = config.transfer.frequencies[backbone]
        if values:
            checks.some(key, values)
        if values and network.backbone(backbone).FREQUENCY is None:
            raise UserError(f"{key} is {tuple(values)}, and {backbone} has no frequency")
        for value in values:
            checks.positive_value(key, value)
        if len({f"{value:.9g}" for value in values}) < len(values):
            raise UserError(f"{key} is {tuple(values)}; two of these are one to nine digits, as folders are named")
    for encoder in of_cohorts(config):
        drawn.read(f"sets.{encoder.source}", encoder.config.signals)  # first: so that it is said with the set's key
        for stage in STUDY:
            stage.check(encoder.config)


def check_names(config):
    """Raise UserError for a set that no folder can be named after."""
    for name in config.sets:
        if not re.fullmatch(r"[^\W\d][\w-]{0,99}", name) or isinstance(parse_cell(name), float) or name == UNTRAINED:
            raise UserError(
                f"sets has the name {name!r}; folders are named after sets, so it begins with a letter, is no number, "
                f"goes on with letters, digits, _ and -, 100 at most, and is not {UNTRAINED}"
            )


def run(config, store):
    """Writes encoders/<source>-<backbone>-<frequency>/cohort and rank, each done once."""
    for encoder in of_cohorts(config):
        for stage in STUDY:
            run_stage(stage, encoder.config, store.sub(encoder.folder))


def of_cohorts(config):
    """Every cohort Encoder of the matrix."""
    return [Encoder(source, own) for source in config.transfer.sources for own in studies(config, config.sets[source])]


def of_no_cohort(config):
    """The networks that take nothing from a cohort: they are fitted once, whatever the sources."""
    return [Encoder(UNTRAINED, own) for own in studies(config, config.sets[config.transfer.targets[0]])]


def studies(config, signals):
    """A config of one study for each backbone, and each of its frequencies, on a signal set."""
    for backbone in config.transfer.backbones:
        key = network.backbone(backbone).FREQUENCY
        for value in config.transfer.frequencies[backbone] or (None,):
            own = config.copy_and_resolve_references()
            own.inr.backbone = backbone
            trained.take_rates(own)
            if value is not None:
                own.inr[backbone][key] = value
            with own.unlocked():
                own.signals = signals.copy_and_resolve_references()
            yield own


def cohort_psnr(config, store):
    """{(source, backbone, frequency): mean PSNR of the trained cohort}."""
    return {
        (encoder.source, *encoder.kind): cohort.history(store.sub(encoder.folder))[-1].psnr_db_mean
        for encoder in of_cohorts(config)
    }


def sections(config, store, exhibits):
    """How well each cohort was fitted, and its ranks."""
    psnr = cohort_psnr(config, store)
    shown = [
        (encoder.name, psnr[encoder.source, *encoder.kind], cohort.picture(store.sub(encoder.folder)))
        for encoder in of_cohorts(config)
    ]
    return [parts.encoders_section(exhibits, shown, ranks(config, store))]


def ranks(config, store):
    """The EncoderRankRows of all encoders."""
    return [
        EncoderRankRow(encoder.source, *encoder.kind, *row)
        for encoder in of_cohorts(config)
        for row in rank.load(store.sub(encoder.folder))
    ]


def heading(config):
    """The title of a matrix."""
    sources, targets = ", ".join(config.transfer.sources), ", ".join(config.transfer.targets)
    used = dict.fromkeys((*config.transfer.sources, *config.transfer.targets))
    sizes = trained.sizes(encoder.config.inr for encoder in of_cohorts(config))
    return Heading(
        f"Transfer from {sources} to {targets}",
        f"{sizes}; cohorts trained {cohort.length(config)}, seed {config.seed}.",
        sentences.caveats([config.sets[name].dataset for name in used], ""),
    )
