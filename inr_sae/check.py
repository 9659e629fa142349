"""What a config must satisfy before anything runs."""

import re

from inr_sae.errors import UserError
from inr_sae.inr import network, protocols
from inr_sae.measure import lpips
from inr_sae.output.store import parse_cell
from inr_sae.runtime import PRECISIONS
from inr_sae.signals.load import n_trained
from inr_sae.signals.split import SPLITS

STAGES = (
    *("cohort", "rank", "freeze_sweep", "dictionary", "ablation"),  # one encoder
    *("encoders", "transfer", "tune"),  # a matrix of sources and targets
    *("conditions", "size_sweep", "stability"),  # dictionaries of several encoders
    *("explorer", "report"),
)
NEEDS = {
    "rank": ("cohort",),
    "freeze_sweep": ("cohort", "rank"),
    "dictionary": ("cohort",),
    "ablation": ("cohort", "dictionary"),
    "transfer": ("encoders",),
    "tune": ("transfer",),
    "size_sweep": ("conditions",),
    "stability": ("conditions",),
}
REGIMES = ("single", "cohort", "second")  # of conditions; second: a cohort that shares no signal with the first
POSITIVE = (
    "inr.width",
    "inr.n_layers",
    "inr.n_fourier",
    "inr.omega_0",
    "inr.sigma",
    "cohort.steps",
    "cohort.learning_rate",
    "cohort.log_every",
    "fit.steps",
    "fit.learning_rate",
    "fit.seeds",
    "fit.log_every",
    "sae.n_atoms",
    "sae.k",
    "sae.steps",
    "sae.learning_rate",
    "sae.batch",
    "sae.log_every",
    "ablation.top",
    "ablation.cohort_signals",
    "report.top",
    "single.steps",
    "single.omega_0",
    "single.sigma",
    "size_sweep.steps",
    "stability.max_atoms",
    "explorer.atoms",
    "explorer.tile",
    "explorer.side",
    "explorer.per_pixel",
    "explorer.effects",
    "explorer.quality",
    "runtime.keep",
)


def check(config, n_devices):
    """Raise UserError naming the first key that cannot be: unknown stages, layers out of range, k > n, and the like."""
    for stage in config.stages:
        if stage not in STAGES:
            raise UserError(f"stages names {stage!r}; there are {', '.join(STAGES)}")
        for needed in NEEDS.get(stage, ()):
            if needed not in config.stages:
                raise UserError(f"stages has {stage} without {needed}, which it builds on; add {needed}")
    if "explorer" in config.stages and "conditions" not in config.stages and "ablation" not in config.stages:
        raise UserError("stages has explorer without ablation, or conditions, whose dictionaries it shows; add one")
    if "report" in config.stages and len(config.stages) == 1:
        raise UserError("stages has report alone; there is nothing to report of")
    for backbone in (config.inr.backbone, *config.transfer.backbones):
        network.backbone(backbone)
    for key in POSITIVE:
        group, name = key.split(".")
        if not config[group][name] > 0:
            raise UserError(f"{key} is {config[group][name]}; it must be above 0")
    layers = range(config.inr.n_layers)
    for key, values in (("fit.taus", config.fit.taus), ("sae.layers", config.sae.layers)):
        for value in values:
            if value not in layers or isinstance(value, bool):
                raise UserError(f"{key} has {value!r}; layers are 0..{config.inr.n_layers - 1}")
        if len(set(values)) != len(values) or not values:
            raise UserError(f"{key} is {tuple(values)}; it names at least one layer, and none twice")
    if config.runtime.precision not in PRECISIONS:
        raise UserError(f"runtime.precision is {config.runtime.precision!r}; it is one of {', '.join(PRECISIONS)}")
    check_fits(config)
    if "encoders" in config.stages:
        check_matrix(config)
    if "conditions" in config.stages:
        check_conditions(config)
    if config.sae.k > config.sae.n_atoms:
        raise UserError(
            f"sae.k = {config.sae.k} is more than sae.n_atoms = {config.sae.n_atoms}; at most n atoms can fire"
        )
    if "explorer" in config.stages and config.sae.n_atoms > 2**16:
        raise UserError(
            f"sae.n_atoms is {config.sae.n_atoms}; the explorer's codes are two bytes, of at most {2**16} atoms"
        )
    if config.sae.batch % n_devices:
        raise UserError(
            f"sae.batch = {config.sae.batch} cannot be shared evenly by {n_devices} devices; make it a multiple"
        )
    if config.ablation.top > 16:
        raise UserError(f"ablation.top is {config.ablation.top}; maps of at most 16 atoms a layer are stored")
    for key, most in (("random", config.sae.n_atoms), ("test_signals", max(1, config.signals.n_test))):
        if not 0 <= config.ablation[key] <= most:
            raise UserError(f"ablation.{key} is {config.ablation[key]}; it is from 0 to {most}")
    if config.ablation.cohort_signals > n_trained(config.signals):
        raise UserError(
            f"ablation.cohort_signals = {config.ablation.cohort_signals} is more than signals.n_cohort = "
            f"{n_trained(config.signals)}"
        )
    if "freeze_sweep" in config.stages and config.signals.n_test < 1:
        raise UserError(
            "signals.n_test is 0 and stages has freeze_sweep, which needs held-out signals; raise it, or leave the "
            "stage out"
        )


def check_fits(config):
    """Raise UserError naming what is wrong with the test-time fits or their metrics."""
    if not config.fit.protocols:
        raise UserError(f"fit.protocols is empty; there are {', '.join(protocols.PROTOCOLS)}")
    for name in config.fit.protocols:
        protocols.protocol(name)
    for rate in config.fit.other_rates:
        if not rate > 0:
            raise UserError(f"fit.other_rates has {rate}; a rate is above 0")
    if config.fit.batch < 0:
        raise UserError(f"fit.batch is {config.fit.batch}; it is a number of fits, or 0 for as many as memory allows")
    if config.external.heads not in ("fit", "file"):
        raise UserError(f"external.heads is {config.external.heads!r}; it is fit or file")
    if config.external.file and {"encoders", "conditions"} & set(config.stages):
        raise UserError(
            "external.file is one encoder, and stages has several trained; leave encoders and conditions out"
        )
    if config.metrics.lpips:
        lpips.network(config.metrics.lpips_weights)


def check_matrix(config):
    """Raise UserError naming what is wrong with the axes of a matrix."""
    for name in config.sets:
        if not re.fullmatch(r"[^\W\d][\w-]{0,99}", name) or isinstance(parse_cell(name), float):
            raise UserError(
                f"sets has the name {name!r}; folders are named after sets, so it begins with a letter, is no number, "
                "and goes on with letters, digits, _ and -, 100 at most"
            )
    for key in ("sources", "targets"):
        names = config.transfer[key]
        if not names or len(set(names)) != len(names):
            raise UserError(f"transfer.{key} is {tuple(names)}; it names at least one signal set, and none twice")
        for name in names:
            if name not in config.sets:
                raise UserError(f"transfer.{key} has {name!r}; config.sets has {', '.join(config.sets) or 'none'}")
    if config.transfer.split not in SPLITS[1:]:
        raise UserError(f"transfer.split is {config.transfer.split!r}; it is one of {', '.join(SPLITS[1:])}")
    for key in ("backbones", "omega_0", "sigma"):
        values = config.transfer[key]
        if not values or len(set(values)) != len(values):
            raise UserError(f"transfer.{key} is {tuple(values)}; it names at least one, and none twice")
        if key != "backbones" and min(values) <= 0:
            raise UserError(f"transfer.{key} is {tuple(values)}; each is above 0")
    if "transfer" not in config.stages and "report" in config.stages:
        raise UserError("stages has report and encoders without transfer, which it reports of; add transfer")
    if "tune" in config.stages and not {"full", "scratch"} & set(config.fit.protocols):
        raise UserError("stages has tune, which judges by the protocols full and scratch; add one to fit.protocols")
    disjoint = not set(config.transfer.sources) & set(config.transfer.targets)
    if "tune" in config.stages and "scratch" not in config.fit.protocols and disjoint:
        raise UserError("stages has tune, and no set is both in transfer.sources and transfer.targets")
    for name in config.transfer.targets:
        n = f"n_{config.transfer.split}"
        if config.sets[name][n] < 1:
            raise UserError(f"sets.{name}.{n} is {config.sets[name][n]}; there would be nothing to fit")


def check_conditions(config):
    """Raise UserError naming what is wrong with the conditions whose dictionaries are compared."""
    for backbone in config.conditions.backbones:
        network.backbone(backbone)
        if "single" in config.conditions.regimes and f"learning_rate_{backbone}" not in config.single:
            raise UserError(f"conditions.regimes has single, and single.learning_rate_{backbone} is not there")
    regimes = config.conditions.regimes
    for key, known in (("conditions", REGIMES), ("size_sweep", regimes), ("stability", regimes)):
        for regime in config[key].regimes if key == "conditions" or key in config.stages else ():
            if regime not in known:
                raise UserError(f"{key}.regimes has {regime!r}; there are {', '.join(known)}")
        if not config[key].regimes:
            raise UserError(f"{key}.regimes is empty; there are {', '.join(known)}")
    if set(regimes) == {"second"}:
        raise UserError("conditions.regimes has second alone, and a second cohort needs a first; add cohort")
    if "cohort" in regimes and config.signals.n_test < 1:
        raise UserError(
            "signals.n_test is 0, and atoms of a cohort's encoder are ablated on a held-out signal; raise it"
        )
    if "size_sweep" in config.stages and not (config.size_sweep.n_atoms and config.size_sweep.k):
        raise UserError("size_sweep.n_atoms and size_sweep.k each name at least one")
    if "second" in config.conditions.regimes and config.signals.n_validation < 1:
        raise UserError("conditions.regimes has second, a cohort of the validation signals; raise signals.n_validation")
    if not config.conditions.backbones:
        raise UserError("conditions.backbones names at least one")
    for n in config.size_sweep.n_atoms:
        if n < min(config.size_sweep.k):
            raise UserError(f"size_sweep.n_atoms has {n}, fewer than every k of size_sweep.k = {config.size_sweep.k}")


def signal_sets(config):
    """{the key in the config: its signal set} of every set of signals that the stages read."""
    if "encoders" in config.stages:
        names = dict.fromkeys((*config.transfer.sources, *config.transfer.targets))
        return {f"sets.{name}": config.sets[name] for name in names}
    return {"signals": config.signals}


def check_signals(config, key, signals):
    """Raise UserError if the signals that were drawn for a set cannot go through the stages."""
    if {"freeze_sweep", "transfer", "conditions"} & set(config.stages) and min(signals.cohort.shape[1:3]) < 11:
        raise UserError(f"the signals are smaller than SSIM's window of 11x11; set a larger {key}.size")
