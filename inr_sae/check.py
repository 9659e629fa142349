"""What a config must satisfy before anything runs."""

from inr_sae.errors import UserError
from inr_sae.inr import network

STAGES = ("cohort", "rank", "freeze_sweep", "dictionary", "ablation", "report")
NEEDS = {
    "rank": ("cohort",),
    "freeze_sweep": ("cohort", "rank"),
    "dictionary": ("cohort",),
    "ablation": ("cohort", "dictionary"),
    "report": ("cohort",),
}
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
    "fit.batch",
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
)


def check(config, n_devices):
    """Raise UserError naming the first key that cannot be: unknown stages, layers out of range, k > n, and the like."""
    for stage in config.stages:
        if stage not in STAGES:
            raise UserError(f"stages names {stage!r}; there are {', '.join(STAGES)}")
        for needed in NEEDS.get(stage, ()):
            if needed not in config.stages:
                raise UserError(f"stages has {stage} without {needed}, which it builds on; add {needed}")
    network.backbone(config.inr.backbone)
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
    if config.sae.k > config.sae.n_atoms:
        raise UserError(
            f"sae.k = {config.sae.k} is more than sae.n_atoms = {config.sae.n_atoms}; at most n atoms can fire"
        )
    if config.sae.batch % n_devices:
        raise UserError(
            f"sae.batch = {config.sae.batch} cannot be shared evenly by {n_devices} devices; make it a multiple"
        )
    if config.ablation.top > 16:
        raise UserError(f"ablation.top is {config.ablation.top}; maps of at most 16 atoms a layer are stored")
    if config.ablation.cohort_signals > config.signals.n_cohort:
        raise UserError(
            f"ablation.cohort_signals = {config.ablation.cohort_signals} is more than signals.n_cohort = "
            f"{config.signals.n_cohort}"
        )
    if "freeze_sweep" in config.stages and config.signals.n_test < 1:
        raise UserError(
            "signals.n_test is 0 and stages has freeze_sweep, which needs held-out signals; raise it, or leave the "
            "stage out"
        )


def check_signals(config, signals):
    """Raise UserError if the signals that were drawn cannot go through the stages."""
    if "freeze_sweep" in config.stages and min(signals.cohort.shape[1:3]) < 11:
        raise UserError("the signals are smaller than SSIM's window of 11x11; set a larger signals.size")
