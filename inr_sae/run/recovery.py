"""Model recovery in one dimension: a known dictionary of functions, learned again by autoencoders that differ in
whether they are lifted and in the modes that their atoms have.

Functions are sampled at n points of a periodic line. An operator's atom is a kernel of some modes that turns a code
into a function: in the orthonormal Fourier basis B (n, q) its coefficients, so that it is the plain SAE on x B; with
all modes B is square. Which known dictionary, and that an atom's code is one number and not a field, is our choice.
"""

import itertools
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from inr_sae.dictionaries import fields
from inr_sae.rows.decompositions import RecoveryRow

ATOMS = ("smooth", "rough")
OPTIMIZERS = ("adam", "sgd")
ENOUGH = 0.9  # cosine of an atom that is recovered


class Model(NamedTuple):
    """What is learned by."""

    name: str  # sae, or operator
    lifted: bool
    modes: int | None  # of the operator's atoms


def models(points, few):
    """Every Model of {sae, operator} x {as it is, lifted} x {all modes, few}; only operators have modes."""
    kinds = [("sae", None), ("operator", points // 2 + 1), ("operator", few)]
    return [Model(name, lifted, modes) for (name, modes), lifted in itertools.product(kinds, (False, True))]


def fourier(points, modes):
    """The orthonormal basis (points, q) of the modes below `modes`: a constant, cosines and sines."""
    x = 2 * np.pi * np.arange(points) / points
    waves = [np.ones(points)]
    for k in range(1, modes):
        waves += [np.cos(k * x)] + ([np.sin(k * x)] if 2 * k < points else [])
    waves = np.stack(waves, axis=1)
    return jnp.asarray(waves / np.linalg.norm(waves, axis=0), jnp.float32)


def known(kind, config, rng):
    """Unit atoms (atoms, points): smooth ones of few modes, rough ones of all alike."""
    atoms, points = config["atoms"], config["points"]
    basis = fourier(points, config["modes"] if kind == "smooth" else points // 2 + 1)
    found = rng.normal(size=(atoms, basis.shape[1])) @ np.asarray(basis).T
    return jnp.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), jnp.float32)


def samples(key, atoms, active, n):
    """(n, points): sums of some of the atoms, drawn without replacement, with weights from 1/2 to 3/2."""
    keys = jax.random.split(key)
    scores = jax.random.uniform(keys[0], (n, len(atoms)))
    chosen = scores >= jnp.sort(scores, axis=1)[:, -active][:, None]
    return jnp.where(chosen, jax.random.uniform(keys[1], chosen.shape, minval=0.5, maxval=1.5), 0.0) @ atoms


def of_model(model, kind, optimizer, config):
    """[RecoveryRow] of every rate and seed along training; of a training that diverged no atom is recovered."""
    seeds = config["seeds"]
    truth = jnp.stack([known(kind, config, np.random.default_rng([seed, ATOMS.index(kind)])) for seed in seeds])
    basis = jnp.eye(config["points"]) if model.modes is None else fourier(config["points"], model.modes)
    keys = jnp.stack([jax.random.key(seed) for seed in seeds])
    numbers = tuple(config[name] for name in ("n_atoms", "active", "lift", "steps", "batch", "log_every"))
    which, rows = (model.name, int(model.lifted), model.modes, kind, optimizer), []
    for rate in config[f"rates_{optimizer}"]:
        cosines = np.nan_to_num(trained(model, optimizer, numbers, rate, keys, truth, basis))
        for seed, along in zip(seeds, cosines):
            for i, best in enumerate(along):
                measured = (float(best.mean()), float((best > ENOUGH).mean()), (i + 1) * config["log_every"])
                rows.append(RecoveryRow(*which, rate, seed, *measured))
    return rows


@partial(jax.jit, static_argnums=(0, 1, 2))
def trained(model, optimizer, numbers, rate, keys, truth, basis):
    """Best cosine of every known atom along training, (seeds, chunks, atoms); nan where it has diverged.

    keys (S,), truth (S, atoms, points), basis (points, q) that samples are read in. numbers: learned atoms, active
    ones, width of a lifting, steps, batch, steps between measurements.
    """
    n_atoms, active, lift, steps, batch, every = numbers
    optimiser = getattr(optax, optimizer)(rate)

    def one(key, atoms):
        key_init, key_mean, key_steps = jax.random.split(key, 3)
        mean = (samples(key_mean, atoms, active, 4 * batch) @ basis).mean(axis=0)
        params = fields.init(key_init, {"n_atoms": n_atoms}, mean, lift if model.lifted else 0)

        def step(state, number):
            params, opt_state = state
            h = samples(jax.random.fold_in(key_steps, number), atoms, active, batch) @ basis
            grads = jax.grad(fields.loss)(params, h, active, None)
            updates, opt_state = optimiser.update(grads, opt_state, params)
            return (fields.with_unit_atoms(optax.apply_updates(params, updates)), opt_state), None

        def chunk(state, first):
            state, _ = lax.scan(step, state, first + jnp.arange(every))
            return state, best_cosines(fields.directions(state[0]) @ basis.T, atoms)

        return lax.scan(chunk, (params, optimiser.init(params)), every * jnp.arange(steps // every))[1]

    return jax.vmap(one)(keys, truth)


def best_cosines(learned, atoms):
    """The largest cosine of each known atom (A, points) with a learned one (n, points), (A,)."""
    norms = jnp.linalg.norm(learned, axis=1, keepdims=True)
    return (atoms @ (learned / jnp.maximum(norms, 1e-12)).T).max(axis=1)
