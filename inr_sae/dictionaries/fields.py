"""What the autoencoders share that stand beside the pointwise one: TopK SAEs behind a linear lifting, or with a kernel
for every atom that reaches over the field.

Parameters: {"sae": as in `topk`, of width D}, and {"lift": (d, D), "project": (D, d)} where there is a lifting, and
{"kernels": {"encoder", "decoder"}} of any shape that ends in (n,), and {"constants"}, which do not train. With
v = h lift, u = (v - b_pre) w_enc', z = TopK(ReLU(u + K u + b_enc)) and h_hat = ((z + K z) w_dec + b_pre) project.
K, a function `spread` (kernel, u (N, n)) -> (N, n), acts on every column by itself. Without kernels and lifting this is
the pointwise SAE, by the same functions.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from inr_sae.dictionaries.topk import model
from inr_sae.errors import InputError, argument
from inr_sae.state import Training, TrainState

DEFAULTS = {
    "n_atoms": 1024,
    "k": 32,  # atoms that may fire at a coordinate
    "steps": 2000,
    "learning_rate": 1e-3,
    "batch": 4096,  # coordinates a step, at most
    "log_every": 100,  # steps in one dispatch
}


def check(config):
    """Raise InputError naming the key that cannot be."""
    for key in DEFAULTS:
        if not config[key] > 0:
            raise InputError(f"{argument(key)} is {config[key]}; it must be above 0")
    if config["k"] > config["n_atoms"]:
        raise InputError(
            f"{argument('k')} = {config['k']} is more than {argument('n_atoms')} = {config['n_atoms']}; at most n "
            "atoms can fire"
        )


def check_lift(key, width, d):
    """Raise InputError naming the key of a lifting that has no more numbers than the d that it lifts."""
    if width <= d:
        raise InputError(
            f"{argument(key)} is {width}, and the activations are {d} wide: a lifting needs more; raise it"
        )


def check_grid(shape):
    """Raise InputError for a grid without a second coordinate along an axis."""
    if min(shape) < 2:
        raise InputError(
            f"the grid is {' x '.join(map(str, shape))} pixels, and a field needs at least 2 along each axis; take a "
            "method that reads every coordinate by itself"
        )


def init(key, config, mean, lift=0):
    """Parameters for activations of mean (d,) without kernels; lift: the width behind the lifting, 0 for none.

    The lifting's rows are orthonormal, and the projection is its transpose.
    """
    if not lift:
        return {"sae": model.init(key, config["n_atoms"], mean)}
    square = jax.random.normal(jax.random.fold_in(key, 1), (lift, len(mean)))
    rows = jnp.linalg.qr(square)[0].T[:, :lift]
    sae = model.init(key, config["n_atoms"], mean @ rows)
    return {"sae": sae, "lift": rows, "project": jnp.copy(rows.T)}


def encode(params, h, k, spread):
    """(values (N, k) >= 0, indices (N, k)) of activations h (N, d)."""
    v, sae = h @ params["lift"] if "lift" in params else h, params["sae"]
    if "kernels" not in params:
        return model.encode(sae, v, k)
    u = (v - sae["b_pre"]) @ sae["w_enc"].T
    return lax.top_k(jax.nn.relu(u + spread(params["kernels"]["encoder"], u) + sae["b_enc"]), k)


def decode(params, values, indices, spread):
    """h_hat (N, d) of sparse codes."""
    sae = params["sae"]
    if "kernels" in params:
        dense = jnp.zeros((len(values), len(sae["w_dec"])), values.dtype)
        dense = dense.at[jnp.arange(len(values))[:, None], indices].set(values)
        decoded = (dense + spread(params["kernels"]["decoder"], dense)) @ sae["w_dec"] + sae["b_pre"]
    else:
        decoded = model.decode(sae, values, indices)
    return decoded @ params["project"] if "project" in params else decoded


def directions(params):
    """(n, d): along what each atom adds."""
    w = params["sae"]["w_dec"]
    return w @ params["project"] if "project" in params else w


def remove(params, h, codes, atom, spread):
    """h without the atom's part: its code, and that spread over the field, times its direction."""
    z = codes.of(jnp.asarray(atom)[None]).T
    if "kernels" in params:
        z = z + spread(params["kernels"]["decoder"][..., atom][..., None], z)
    return h - z * directions(params)[atom]


def places(key, shape, counts, every=1):
    """(rows, columns) of a grid, so many of each, `every` apart, from a random first one on and, behind the last, from
    the border again, so that over many draws all come equally often; the whole grid in its order."""
    first = (0, 0) if tuple(counts) == tuple(shape) else jax.random.randint(key, (2,), 0, jnp.array(shape))
    return [(start + every * jnp.arange(n)) % n_all for start, n, n_all in zip(first, counts, shape)]


def at(h, shape, rows, columns):
    """The rows of activations h (N, d) of a grid at some of its rows and columns."""
    return h[(rows[:, None] * shape[1] + columns).ravel()]


def loss(params, h, k, spread):
    """Mean squared error of the reconstruction over coordinates and dimensions."""
    if "kernels" in params:
        h_hat = decode(params, *encode(params, h, k, spread), spread)
    else:
        v = h @ params["lift"] if "lift" in params else h
        h_hat = model.reconstruct(params["sae"], v, k)  # its gradient touches only the atoms that fire
        h_hat = h_hat @ params["project"] if "project" in params else h_hat
    return jnp.mean(jnp.square(h_hat - h))


def with_unit_atoms(params, found=None):
    """The parameters, the decoder's rows brought to unit norm."""
    return params | {"sae": params["sae"] | {"w_dec": model.unit_rows(params["sae"]["w_dec"])}}


class Sampled(NamedTuple):
    """How a method trains: by Adam on what it draws, its own sparsity being its loss's affair."""

    draw: object  # (key, h as it came, shape, config, constants) -> (h (B, d) of a step, its spread)
    init: object  # (key, config, h) -> params; those under "constants" do not train
    # (params, h, config, spread) -> (mse, what `after` is to know)
    loss: object = lambda params, h, config, spread: (loss(params, h, config["k"], spread), None)
    after: object = with_unit_atoms  # (params after a step, that) -> params, as with a threshold that no gradient moves


def step(optimiser, state, h, config, spread, constants, sampled):
    """(state, mse) after one step on activations h (B, d), as a Sampled says."""

    def of(params):
        return sampled.loss(params | constants, h, config, spread)

    (mse, found), grads = jax.value_and_grad(of, has_aux=True)(state.params)
    updates, opt_state = optimiser.update(grads, state.opt_state, state.params)
    params = sampled.after(optax.apply_updates(state.params, updates), found)
    return state.replace(params=params, opt_state=opt_state, step=state.step + 1), mse


def fit(jobs, train, sampled):
    """The parameters of each Job, all trained side by side in one program, on one device."""
    optimisers = [optax.adam(job.config["learning_rate"]) for job in jobs]
    started = [sampled.init(job.key, job.config, jnp.asarray(job.h)) for job in jobs]
    constants = [{"constants": params.pop("constants")} if "constants" in params else {} for params in started]
    state = TrainState(
        params=started,
        opt_state=[optimiser.init(params) for optimiser, params in zip(optimisers, started)],
        step=jnp.int32(0),
        key=[jax.random.fold_in(job.key, 2) for job in jobs],
    )
    activations = [jnp.asarray(job.h) for job in jobs]

    def one(number, job, state, h):
        """A step of one job; the state is of it alone."""
        key = jax.random.fold_in(state.key, state.step)
        drawn, spread = sampled.draw(key, h, job.shape, job.config, constants[number].get("constants"))
        return step(optimisers[number], state, drawn, job.config, spread, constants[number], sampled)

    def several(n, state, activations):
        def body(state, _):
            parts = [
                one(i, job, TrainState(params, opt, state.step, key), h)
                for i, (job, params, opt, key, h) in enumerate(
                    zip(jobs, state.params, state.opt_state, state.key, activations)
                )
            ]
            after, losses = zip(*parts)
            trees = [[getattr(each, name) for each in after] for name in ("params", "opt_state")]
            return state.replace(params=trees[0], opt_state=trees[1], step=state.step + 1), jnp.stack(losses)

        return lax.scan(body, state, None, length=n)

    compiled = jax.jit(several, static_argnums=0)
    state, _ = train(
        state,
        Training(
            label="dictionaries",
            total=jobs[0].config["steps"],
            chunk=jobs[0].config["log_every"],
            run=lambda n, state: compiled(n, state, activations),
            measure=lambda state, losses: np.asarray(losses).mean(axis=0),
            describe=lambda row: "mse " + " ".join(f"{value:.2g}" for value in row[:5]),
        ),
    )
    return [params | of_job for params, of_job in zip(state.params, constants, strict=True)]
