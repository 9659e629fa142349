"""From jobs to autoencoders: which train side by side, and their training."""

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.dictionaries.topk import joint, training
from inr_sae.state import Training


def planned(jobs):
    """(Plan, keys of each set, stacks of activations, the jobs' numbers by set) of jobs that train side by side."""
    groups = {}
    for number, job in enumerate(jobs):
        groups.setdefault((job.config["k"], job.config["n_atoms"], job.h.shape), []).append(number)
    stacks, sets = {}, []  # several sets may read one stack
    for (k, n_atoms, _), numbers in groups.items():
        activations = [jobs[number].h for number in numbers]
        place = list(stacks).index(which) if (which := tuple(map(id, activations))) in stacks else len(stacks)
        stacks.setdefault(which, activations)
        sets.append(training.Set(k, n_atoms, place))
    config = jobs[0].config
    for key in ("learning_rate", "batch", "init", "second_bias", "steps", "log_every"):
        if any(job.config[key] != config[key] for job in jobs):
            raise ValueError(f"jobs that train side by side have one {key}")
    return (
        training.Plan(tuple(sets), *(config[key] for key in ("learning_rate", "batch", "init", "second_bias"))),
        [jnp.stack([jobs[number].key for number in numbers]) for numbers in groups.values()],
        tuple(jnp.stack(activations) for activations in stacks.values()),
        list(groups.values()),
    )


def fit(jobs, train):
    """Parameters of each job's autoencoder; all train side by side, in one program."""
    plan, keys, stacks, numbers = planned(jobs)
    order = np.argsort(np.concatenate(numbers))
    with joint.steps_together(plan, stacks) as run:
        state, _ = train(
            training.init_states(plan, keys, stacks),
            Training(
                label="dictionaries",
                total=jobs[0].config["steps"],
                chunk=jobs[0].config["log_every"],
                run=run,
                measure=lambda state, losses: losses.mean(axis=0)[order],
                describe=lambda row: "mse " + " ".join(f"{value:.2g}" for value in row[:5]),
            ),
        )
    params = [None] * len(jobs)
    for of_set, of_jobs in zip(state.params, numbers, strict=True):
        for i, number in enumerate(of_jobs):
            params[number] = jax.tree.map(lambda leaf, i=i: leaf[i], of_set)
    return params
