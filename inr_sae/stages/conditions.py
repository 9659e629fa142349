"""Encoders whose dictionaries are compared: single-signal and cohort, of every backbone, on the same images (Sec. 4.2).

Each condition is a study of its own in conditions/<regime>-<backbone>/.
"""

from inr_sae.errors import UserError
from inr_sae.inr import network
from inr_sae.report import sentences
from inr_sae.report.page import Heading
from inr_sae.report.parts import dictionaries as parts
from inr_sae.rows.common import Condition
from inr_sae.run import checks, trained
from inr_sae.run.once import is_done, run_stage
from inr_sae.stages import ablation, cohort, dictionary, freeze_sweep, rank

NEEDS, USES = (), ()
READS = (*ablation.READS, "single", "conditions", "rates")
WRITES = ("conditions",)
LENT = ("conditions/*/stability",)
# What is added to the seed: encoders of different regimes start from different weights, or what they have in common
# could be what they started from. second: a cohort that shares no signal with the first.
REGIMES = {"cohort": 0, "second": 1, "single": 2}
STUDY = (cohort, rank, freeze_sweep, dictionary, ablation)


def check(config):
    """Refuse regimes and backbones that cannot be, and check the study of every condition."""
    checks.positive(config, "single.steps")
    trained.check_several(config, "conditions")
    checks.some("conditions.regimes", config.conditions.regimes)
    for regime in config.conditions.regimes:
        checks.one_of("conditions.regimes", regime, REGIMES)
    if config.signals.train_on != "cohort":
        raise UserError(
            f"signals.train_on is {config.signals.train_on!r}, and conditions.regimes say what each condition is "
            "trained on; leave it out"
        )
    if config.external.file and len(studies(config)) > 1:
        raise UserError(
            "external.file is one encoder, and conditions has several, which are trained; leave it out, or take one "
            "regime and backbone"
        )
    for backbone in config.conditions.backbones if "single" in config.conditions.regimes else ():
        for key, value in config.single[backbone].items():
            checks.positive_value(f"single.{backbone}.{key}", value)
    if set(config.conditions.regimes) == {"second"}:
        raise UserError("conditions.regimes has second alone, and a second cohort needs a first; add cohort")
    if "cohort" in config.conditions.regimes and config.signals.n_test < 1:
        raise UserError(
            "signals.n_test is 0, and atoms of a cohort's encoder are ablated on a held-out signal; raise it"
        )
    least = config.signals.n_cohort  # a cohort of another size differs in more than its signals
    if "second" in config.conditions.regimes and config.signals.n_validation < least:
        raise UserError(
            f"conditions.regimes has second, a cohort of as many validation signals as signals.n_cohort = {least}; "
            f"signals.n_validation is {config.signals.n_validation}, raise it"
        )
    for condition, own in studies(config).items():
        for stage in stages_of(condition):
            stage.check(own)


def run(config, store):
    """Writes conditions/<name>/, each the study of one condition."""
    for condition, own in studies(config).items():
        for stage in stages_of(condition):
            run_stage(stage, own, store.sub(folder(condition)))


def folder(condition):
    """The folder of a condition's study."""
    return f"conditions/{condition.name}"


def studies(config):
    """{Condition: config of its own study}."""
    conditions = (
        condition_of(config, regime, backbone)
        for regime in config.conditions.regimes
        for backbone in config.conditions.backbones
    )
    return {condition: study(config, condition) for condition in conditions}


def condition_of(config, regime, backbone):
    """The Condition of a regime."""
    return Condition(regime, backbone, config.seed + REGIMES[regime])


def called(condition):
    """A Condition for a reader."""
    return f"{condition.regime} {network.backbone(condition.backbone).LABEL}"


def stages_of(condition):
    """The stages of a condition's study: of one signal nothing transfers; a second cohort is there to be compared."""
    left_out = {"single": (freeze_sweep,), "cohort": (), "second": (freeze_sweep, ablation)}[condition.regime]
    return [stage for stage in STUDY if stage not in left_out]


def study(config, condition):
    """The config of one condition's study."""
    own = config.copy_and_resolve_references()
    own.seed, own.inr.backbone = condition.seed, condition.backbone
    own.fit.update(dict(protocols=("freeze",), taus=config.dictionary.layers, splits=("test",)))
    own.fit.update(dict(seeds=1, other_rates=()))
    if condition.regime == "single":
        own.signals.train_on = "first"  # at its own rate
        own.ablation.cohort_signals = min(1, config.ablation.cohort_signals)
        tuned = config.single[condition.backbone]
        own.cohort.update(dict(steps=config.single.steps, learning_rate=tuned.learning_rate))
        key = network.backbone(condition.backbone).FREQUENCY
        if key:
            own.inr[condition.backbone][key] = tuned.frequency
        return own
    trained.take_rates(own)
    if condition.regime == "second":
        own.signals.train_on = "validation"
    return own


def of_study(config, store):
    """{Condition: (config, store)} of the conditions' studies."""
    return {condition: (own, store.sub(folder(condition))) for condition, own in studies(config).items()}


def first_cohorts(config, store):
    """As `of_study`, the conditions that the paper has: without the second cohort."""
    return {which: each for which, each in of_study(config, store).items() if which.regime != "second"}


def with_dictionaries(config, store):
    """{Condition: (config, store)} of what has dictionaries: the paper's conditions, or a study of one encoder."""
    if is_done(store, "conditions"):
        return first_cohorts(config, store)
    regime = "single" if config.signals.train_on == "first" or config.signals.n_cohort == 1 else "cohort"
    return {Condition(regime, config.inr.backbone, config.seed): (config, store)}


def compared(config, store):
    """What the report shows of the paper's conditions, as `report.parts.dictionaries.Compared`."""
    every = first_cohorts(config, store)
    layers = {which: dictionary.layers(own) for which, (own, _) in every.items()}
    effects = {which: ablation.effects(sub) for which, (_, sub) in every.items()}
    ablated = {which: ablation.ablated(sub) for which, (_, sub) in every.items()}
    panels = {
        which: {layer: ablation.panels(sub, layer) for layer in layers[which]} for which, (_, sub) in every.items()
    }
    return parts.Compared(
        metrics={which: dictionary.metrics(own, sub) for which, (own, sub) in every.items()},
        atoms={
            which: {layer: dictionary.atoms(sub, layer) for layer in layers[which]} for which, (_, sub) in every.items()
        },
        effects={role: of_role(effects, role) for role in ("cohort", "test")},
        ablations=ablated,
        panels=panels,
        maps={
            which: {layer: dictionary.maps(sub, layer)["z"] for layer in layers[which]}
            for which, (_, sub) in every.items()
        },
        signals={which: panels[which][layers[which][0]]["cohort_target"] for which in every},
    )


def of_role(effects, role):
    """{Condition: EffectRows of its first signal of a role}, of the conditions that have one, from all of theirs."""
    found = {}
    for which, every in effects.items():
        rows = [row for row in every if row.signal_role == role]
        if rows:
            found[which] = [row for row in rows if row.signal == rows[0].signal]
    return found


def sections(config, store, exhibits):
    """What the conditions' dictionaries look like, side by side."""
    shown = compared(config, store)
    return [
        parts.gallery_section(exhibits, shown),
        parts.diagnostics_section(exhibits, shown),
        parts.ablations_section(exhibits, shown),
    ]


def heading(config):
    """The title of a comparison of dictionaries."""
    every, dataset = studies(config), config.signals.dataset
    sizes = trained.sizes(own.inr for own in every.values())
    return Heading(
        f"What INRs encode: {', '.join(map(called, every))} on {dataset}",
        f"{sizes}; cohort of {config.signals.n_cohort}, {cohort.length(config)}; "
        f"{dictionary.description(config)}; seed {config.seed}.",
        sentences.caveats([dataset], config.external.file),
    )
