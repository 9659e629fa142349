"""Every cohort encoder of a matrix, and the stable rank of its layers: one study of the stages cohort and rank each."""

from inr_sae.stages.once import run_stage
from inr_sae.stages.sweep import FREQUENCY, UNTRAINED

PARTS = ("seed", "sets", "transfer", "inr", "cohort", "runtime.precision")


def run(config, store):
    """Writes encoders/<source>-<backbone>-<frequency>/cohort and rank, each done once."""
    for name, (_, own) in trained(config).items():
        for stage in ("cohort", "rank"):
            run_stage(stage, own, store.sub(folder(name)))


def folder(name):
    """The folder of an encoder's own study."""
    return f"encoders/{name}"


def trained(config):
    """{name: (source, config of its own study)} of every cohort encoder of the matrix."""
    return {
        study_name(source, own): (source, own)
        for source in config.transfer.sources
        for own in studies(config, config.sets[source])
    }


def untrained(config):
    """As `trained`, for the networks that take nothing from a cohort: they are fitted once, whatever the sources."""
    return {
        study_name(UNTRAINED, own): (UNTRAINED, own) for own in studies(config, config.sets[config.transfer.targets[0]])
    }


def study_name(source, own):
    """As in celebahq-siren-30."""
    key = FREQUENCY.get(own.inr.backbone)
    return "-".join([source, own.inr.backbone] + ([f"{own.inr[key]:g}"] if key else []))


def studies(config, signals):
    """A config of one study for each backbone, and each omega_0 or sigma of it, on a signal set."""
    for backbone in config.transfer.backbones:
        key = FREQUENCY.get(backbone)
        for value in config.transfer[key] if key else (None,):
            own = config.copy_and_resolve_references()
            own.inr.update({"backbone": backbone} | ({key: value} if key else {}))
            own.signals.update(signals)
            yield own
