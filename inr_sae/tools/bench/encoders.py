"""Rows of training encoders: a cohort's step, test-time fits behind every freeze boundary, batches of them."""

import itertools
import statistics
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from inr_sae.inr import fit, freeze, network
from inr_sae.machine import devices
from inr_sae.measure import image
from inr_sae.signals import phantom
from inr_sae.tools.bench import timing
from inr_sae.tools.bench.problem import RATE, images, problem, settings, step_operations, tile_rows
from inr_sae.tools.bench.timing import STEPS

FIT_STEPS = 500  # of a whole test-time fit
HEAD_STEPS = 50  # in one dispatch, of a head alone: it prepares its matrices once a dispatch


def cohort_rows(sizes, names, backbone):
    """The cohort's step of every backbone, and how that of one grows with pixels and signals."""
    rows = [cohort_row(f"cohort step, {name}", name, sizes) for name in names]
    quarter = sizes._replace(width=sizes.width // 4)
    one, more = sizes._replace(n_signals=1), sizes._replace(n_signals=4 * sizes.n_signals)
    for other in (quarter, one, more):
        label = f"cohort step, {backbone}, M={other.n_signals}, {other.height * other.width} pixels"
        rows.append(cohort_row(label, backbone, other))
    return rows


def cohort_row(label, name, sizes):
    """The step of one cohort."""
    backbone, state, data, x, _ = problem(name, sizes, None)
    measured = timing.timed(partial(fit.steps, backbone, None, RATE, STEPS), state, data, per_call=STEPS)
    return timing.row(label, measured, step_operations(backbone, state.params, len(x), None))


def naive_steps(backbone, tau, n, state, x, targets):
    """Parameters after steps as one writes them first: the whole network forward and backward, updates of frozen units
    thrown away."""
    labels = freeze.labels(state.params, tau)
    adam = optax.adam(RATE, **fit.adam_of(backbone))

    def loss(params):
        outputs = network.outputs(backbone, params, 0, backbone.embed(params["encoder"], x))
        return jnp.mean(jnp.square(outputs - targets))

    def body(carry, _):
        params, opt_state = carry
        updates, opt_state = adam.update(jax.grad(loss)(params), opt_state)
        updates = jax.tree.map(lambda label, u: u * (label == "train"), labels, updates)
        return (optax.apply_updates(params, updates), opt_state), None

    return lax.scan(body, (state.params, adam.init(state.params)), None, length=n)[0][0]


def sweep_rows(sizes, name):
    """The test-time step of a backbone at every tau, and of the whole sweep of one image, beside the naive one."""
    n_units = len(network.backbone(name).unit_names(settings(name, sizes)))
    rows, naive_ms = [], 0.0
    for tau in (None, *range(n_units)):
        backbone, state, data, x, targets = problem(name, sizes._replace(n_signals=1), tau)
        label = f"test-time step, {name}, {'full' if tau is None else f'tau={tau}'}"
        n = HEAD_STEPS if fit.first_moving_unit(tau) == n_units else STEPS
        steps = partial(fit.steps, backbone, tau, RATE, n)
        operations = step_operations(backbone, state.params, len(x), tau)
        rows.append(timing.row(label, timing.timed(steps, state, data, per_call=n, repeats=3), operations))
        naive = partial(naive_steps, backbone, tau, 2)
        seconds, _ = timing.timed(naive, state, x, targets, per_call=2, repeats=3)
        naive_ms += 1e3 * statistics.median(seconds)
    ms = sum(of_tau["ms"] for of_tau in rows)
    whole = {"name": f"sweep of one image, {name}, a step of each tau", "ms": ms, "ms_min": ms, "ms_max": ms}
    return [*rows, whole | {"n_fits": len(rows), "naive_ms": naive_ms, "ratio_to_naive": ms / naive_ms}]


def batch_rows(sizes, name):
    """A step of a test-time fit within a vmapped batch on one device; on an accelerator larger batches fill it."""
    rows = []
    for n_fits in (1, 4) if devices.accelerator_memory() is None else (1, 8, 32, 128):
        backbone, state, data, x = batch(sizes, name, n_fits)
        steps = partial(fit.fit_batch, backbone, 1, RATE, STEPS)
        measured = timing.timed(steps, state, data, per_call=STEPS * n_fits, repeats=3)
        one = jax.tree.map(lambda leaf: leaf[0], state.params)
        label = f"step of a fit, {name}, tau=1, {n_fits} at a time"
        rows.append(timing.row(label, measured, step_operations(backbone, one, len(x), 1)))
        rows[-1]["fits_per_s"] = 1e3 / rows[-1]["ms"] / FIT_STEPS
    return rows


def batch(sizes, name, n_fits):
    """(backbone, states with a leading B, Tiles, coordinates) of B fits with units 0 and 1 frozen."""
    backbone, state, _, x, _ = problem(name, sizes._replace(n_signals=1), 1)
    h = network.prefix(backbone, state.params["encoder"], 1, x)
    targets = images(sizes._replace(n_signals=n_fits)).reshape(n_fits, len(x), -1)
    states = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (n_fits, *leaf.shape)), state)
    return backbone, states, fit.tiles(h, targets, tile_rows(backbone, state.params["encoder"], n_fits)), x


def precision_rows(sizes, names, n_steps=500):
    """PSNR that a cohort of phantoms reaches at each precision of matrix products, and the time of a step."""
    shape = sizes.height, sizes.width
    phantoms = np.stack([phantom.head_slice(np.random.default_rng(i), *shape) for i in range(sizes.n_signals)])
    rows = []
    for name, precision in itertools.product(names, devices.PRECISIONS):
        with jax.default_matmul_precision(precision):
            backbone, state, data, *_ = problem(name, sizes, None, phantoms)
            trained, _ = fit.fit_cohort(backbone, None, RATE, n_steps, state, data)
            psnr = float(image.psnr_from_mse(fit.signal_mse(backbone, trained.params, None, data)).mean())
            steps = partial(fit.steps, backbone, None, RATE, STEPS)
            measured = timing.timed(steps, trained, data, per_call=STEPS, repeats=3)
            rows.append(timing.row(f"cohort step, {name}, precision {precision}", measured, psnr_db=psnr))
    return rows
