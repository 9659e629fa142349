"""Encoders whose dictionaries are compared: single-signal and cohort, of every backbone, on the same images (Sec. 4.2).

Each condition is a study of its own in conditions/<regime>-<backbone>/.
"""

from inr_sae.stages.once import run_stage
from inr_sae.stages.sweep import FREQUENCY

PARTS = ("seed", "signals", "inr", "cohort", "single", "conditions", "fit", "metrics", "sae", "ablation")
PARTS += ("runtime.precision",)


def run(config, store):
    """Writes conditions/<name>/, each the study of one condition."""
    for name, own in studies(config).items():
        for stage in own.stages:
            run_stage(stage, own, store.sub(folder(name)))


def folder(name):
    """The folder of a condition's study."""
    return f"conditions/{name}"


def studies(config):
    """{name: config of its own study} of every condition."""
    return {
        f"{regime}-{backbone}": study(config, regime, backbone)
        for regime in config.conditions.regimes
        for backbone in config.conditions.backbones
    }


def study(config, regime, backbone):
    """The config of one condition's study."""
    own = config.copy_and_resolve_references()
    own.inr.backbone = backbone
    own.stages = ("cohort", "rank", "freeze_sweep", "dictionary", "ablation")
    own.fit.update(dict(protocols=("freeze",), taus=config.sae.layers, seeds=1, other_rates=()))
    if regime == "single":
        own.signals.train_on = "first"
        own.ablation.cohort_signals = min(1, config.ablation.cohort_signals)
        own.stages = tuple(stage for stage in own.stages if stage != "freeze_sweep")
        own.cohort.update(dict(steps=config.single.steps, learning_rate=config.single[f"learning_rate_{backbone}"]))
        key = FREQUENCY[backbone]
        own.inr[key] = config.single[key]
    elif regime == "second":
        own.signals.train_on = "validation"
        own.stages = ("cohort", "rank", "dictionary")
    return own


def of_first_cohorts(config, store):
    """As `of`, the conditions that the paper has: without the second cohort."""
    return {name: each for name, each in of(config, store).items() if not name.startswith("second")}


def of(config, store):
    """{name: (config, store)} of the studies that have a dictionary: the conditions, or this study alone."""
    if "conditions" in config.stages:
        return {name: (own, store.sub(folder(name))) for name, own in studies(config).items()}
    regime = "single" if config.signals.train_on == "first" or config.signals.n_cohort == 1 else "cohort"
    return {f"{regime}-{config.inr.backbone}": (config, store)}
