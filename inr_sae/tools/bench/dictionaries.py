"""Rows of dictionaries: a step of every method's own training, and the ablation of all atoms of a layer."""

import statistics

import jax

from inr_sae import dictionaries
from inr_sae.atoms import ablation
from inr_sae.atoms.statistics import codes_like
from inr_sae.dictionaries import codes
from inr_sae.inr import network
from inr_sae.tools.bench import timing
from inr_sae.tools.bench.problem import problem, scaled
from inr_sae.tools.bench.timing import STEPS

WARM_UP, REPEATS = 2, 5  # the first dispatch compiles, and the second again, for a state that lies on all devices


def config_of(method, scale):
    """A method's defaults, its atoms and its batch scaled; all devices share a batch evenly."""
    config = dict(method.DEFAULTS)
    if "n_atoms" in config:
        config["n_atoms"] = scaled(config["n_atoms"], scale)
    if "batch" in config:
        shares = scaled(config["batch"], scale) // jax.device_count()
        config["batch"] = max(1, shares) * jax.device_count()
    return config


def jobs_of(sizes, backbone):
    """A codes.Job for every unit of a backbone, on random activations of the unit's width, without a config."""
    cohort = problem(backbone, sizes, None)
    widths = network.widths(cohort.backbone, cohort.state.params["encoder"])
    jobs, steps = [], network.steps(cohort.backbone, cohort.state.params)
    for layer, d in enumerate(widths):
        h = jax.random.normal(jax.random.key(layer), (len(cohort.x), d))
        behind = network.behind(cohort.backbone, cohort.state.params, layer)
        shape = sizes.height, sizes.width
        jobs.append(codes.Job(f"layer_{layer}", jax.random.key(100 + layer), h, shape, behind, {}, steps[layer:]))
    return jobs


def dictionary_rows(sizes, backbone, name):
    """What a method's dictionary of one layer takes, with other atoms and without modes, and what those of all layers
    take."""
    method, jobs = dictionaries.method(name), jobs_of(sizes, backbone)
    config = config_of(method, sizes.scale)
    cases = [("", 1, config)]
    for n_atoms in other_numbers_of_atoms(config):
        cases.append((f", n={n_atoms}", 1, config | {"n_atoms": n_atoms}))
    if config.get("modes"):
        cases.append((", modes=0", 1, config | {"modes": 0}))  # the pointwise SAE on the same coordinates
    cases.append((f", {len(jobs)} layers at once", len(jobs), config))
    rows = []
    for label, n_layers, of_case in cases:
        what, seconds = fit_seconds(method, [job._replace(config=of_case) for job in jobs[:n_layers]])
        rows.append(timing.row(f"dictionary {what}, {name}{label}", (seconds, None)))
    return rows


def other_numbers_of_atoms(config):
    """A quarter of a config's atoms, at least 64, and twice as many; none where the config does not say how many."""
    if "n_atoms" not in config:
        return []
    n_atoms = config["n_atoms"]
    return sorted({scaled(n_atoms, 0.25), 2 * n_atoms} - {n_atoms})


def fit_seconds(method, jobs):
    """("step", seconds of a step of each repeat) of a method that trains; ("fit", of its whole fit) of one that does
    not.

    Where the dictionaries train one after another, a step is one of each.
    """
    trainings = []

    def train(state, training):
        n, seconds = min(STEPS, training.chunk), []
        for _ in range(WARM_UP + REPEATS):
            took, (state, _) = timing.stopwatch(lambda state=state: training.run(n, state))
            seconds.append(took / n)
        trainings.append(seconds[WARM_UP:])
        return state, []

    method.fit(jobs, train)
    if trainings:
        return "step", [sum(of_repeat) for of_repeat in zip(*trainings)]
    return "fit", [timing.stopwatch(lambda: method.fit(jobs, train))[0] for _ in range(REPEATS)]


def ablation_rows(sizes, backbone, names):
    """All atoms of the middle layer ablated, beside as many passes of the network behind it.

    Methods of whose atoms only a few act at a coordinate: with any other, an atom costs such a pass.
    """
    rows = []
    for name in names:
        method = dictionaries.method(name)
        if method.POINTWISE:
            fitted, job, target = untrained(method, sizes, backbone)
            if codes_like(fitted, job.h).indices is not None:
                rows.append(ablation_row(name, fitted, job, target))
    return rows


def untrained(method, sizes, backbone):
    """(Dictionary without a step of training, its Job, target (N, C)) of one signal's middle layer."""
    fit_of_one = problem(backbone, sizes._replace(n_signals=1), None)
    params = fit_of_one.state.params
    layer = network.n_units(params["encoder"]) // 2
    h = network.prefix(fit_of_one.backbone, params["encoder"], layer, fit_of_one.x)
    behind, shape = network.behind(fit_of_one.backbone, params, layer), (sizes.height, sizes.width)
    config, steps = config_of(method, sizes.scale), network.steps(fit_of_one.backbone, params)[layer:]
    job = codes.Job(f"layer_{layer}", jax.random.key(0), h, shape, behind, config, steps)
    (fitted,) = codes.fit(method, [job], lambda state, training: (state, []))
    return fitted, job, fit_of_one.targets[0]


def ablation_row(name, fitted, job, target):
    """The ablation of every atom of one dictionary."""
    one, _ = timing.timed(job.behind, job.h)
    n_atoms = len(fitted.directions())
    ablation.ablate_all(job.behind, fitted, job.h, target)  # compiles
    seconds, _ = timing.stopwatch(lambda: ablation.ablate_all(job.behind, fitted, job.h, target))
    passes = n_atoms * statistics.median(one)
    label = f"ablation of all {n_atoms} atoms of a layer, {name}"
    return timing.row(label, ([seconds], None), ratio_to_passes=seconds / passes, passes_ms=1e3 * passes)
