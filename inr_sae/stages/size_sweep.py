"""The (n, k) sweep of App. A.1: how the dictionary's size and sparsity change what it does (Figs. 6, 7)."""

from functools import partial

import jax

from inr_sae.atoms import statistics
from inr_sae.errors import UserError
from inr_sae.report.parts import dictionaries as parts
from inr_sae.rows.dictionaries import SizeRow
from inr_sae.run import checks, piecemeal, trained, training
from inr_sae.stages import cohort, conditions, dictionary

NEEDS, USES = ("conditions",), ()
READS = (*conditions.READS, "size_sweep")
WRITES = ("size_sweep",)
TABLES = {"metrics": SizeRow}


def check(config):
    """Refuse a method without a size and a sparsity, and sizes that cannot be."""
    checks.positive(config, "size_sweep.steps")
    missing = [key for key in ("n_atoms", "k", "steps") if key not in dictionary.settings(config)]
    if missing:
        raise UserError(
            f"stages has size_sweep, and dictionary.method {config.dictionary.method} has no {', '.join(missing)} to "
            "sweep; leave it out of --config.stages"
        )
    checks.some("size_sweep.n_atoms", config.size_sweep.n_atoms)
    checks.some("size_sweep.k", config.size_sweep.k)
    checks.some("size_sweep.regimes", config.size_sweep.regimes)
    for regime in config.size_sweep.regimes:
        checks.one_of("size_sweep.regimes", regime, config.conditions.regimes)
    for n in config.size_sweep.n_atoms:
        if n < min(config.size_sweep.k):
            raise UserError(f"size_sweep.n_atoms has {n}, fewer than every k of size_sweep.k = {config.size_sweep.k}")
        for k in ks_of(config, n):
            with checks.naming("size_sweep"):
                dictionary.method_of(config).check(settings(config, n, k), jax.device_count())
    for own in conditions.studies(config).values():
        dictionary.check_sparsity(own, "size_sweep.k", max(config.size_sweep.k))


def ks_of(config, n_atoms):
    """The k that a dictionary of so many atoms can have."""
    return [k for k in config.size_sweep.k if k <= n_atoms]


def settings(config, n_atoms, k):
    """The method's settings for one size and sparsity."""
    return dictionary.settings(config) | {"n_atoms": n_atoms, "k": k, "steps": config.size_sweep.steps}


def run(config, store):
    """Writes size_sweep/metrics.csv; each condition and n keeps its own checkpoints and metrics.csv, done once."""
    rows = []
    for condition, (own, sub) in conditions.of_study(config, store).items():
        if condition.regime not in config.size_sweep.regimes:
            continue
        for n_atoms in config.size_sweep.n_atoms:
            at = f"size_sweep/{condition.name}/n_{n_atoms}"
            make = partial(of_size, config, store, (own, sub), condition, n_atoms)
            rows += piecemeal.tables(store.sub(at), TABLES, make, training.is_whole(store, at))["metrics"]
    store.write_rows("size_sweep/metrics.csv", SizeRow, rows)


def of_size(config, store, study, condition, n_atoms):
    """{table: rows} of one condition and n: a row for every layer and k, all trained side by side; study: (config,
    store) of the condition."""
    own, encoder, jobs, layers = study[0], cohort.load(*study), [], []
    of_layers = dictionary.jobs_of(own, encoder, {})  # of every k on the same arrays, which are held once
    for k in ks_of(config, n_atoms):
        of_k = settings(config, n_atoms, k)
        jobs += [job._replace(name=f"k_{k}_{job.name}", config=of_k) for job in of_layers]
        layers += dictionary.layers(own)
    fitted = dictionary.fit_jobs(own, store, jobs, f"size_sweep/{condition.name}/n_{n_atoms}")
    targets, rows = trained.flat(encoder.signals.cohort), []
    for layer, job, of_job in zip(layers, jobs, fitted):
        atoms, reconstruction = statistics.measure(of_job, job.h)
        psnr = float(dictionary.mean_psnr(job.behind, reconstruction.h_hat, targets))
        quality = {"r2": reconstruction.r2, "psnr_substituted_db": psnr}
        rows.append(SizeRow(*condition, layer, n_atoms, job.config["k"], **quality, **statistics.summary(atoms)))
    return {"metrics": rows}


def load(store):
    """The SizeRows of a study's folder."""
    return store.read_rows("size_sweep/metrics.csv", SizeRow)


def sections(config, store, exhibits):
    """Size and sparsity."""
    chosen = dictionary.settings(config)
    return [parts.size_section(exhibits, load(store), (chosen["n_atoms"], chosen["k"]), config.size_sweep.steps)]
