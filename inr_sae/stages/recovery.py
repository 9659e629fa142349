"""Model recovery: which autoencoders learn a known dictionary of functions again, and how soon."""

from inr_sae.errors import UserError
from inr_sae.machine import processes
from inr_sae.machine.progress import Progress
from inr_sae.report.page import Heading
from inr_sae.report.parts import decompositions as parts
from inr_sae.rows.decompositions import RecoveryRow
from inr_sae.run import checks, recovery

NEEDS, USES = (), ()
READS = ("recovery",)
WRITES = ("recovery",)


def check(config):
    """Refuse sizes that cannot be."""
    own = config.recovery
    several = ("seeds", *(f"rates_{name}" for name in recovery.OPTIMIZERS))
    checks.positive(config, *(f"recovery.{key}" for key in own if key not in several))
    for key in several:
        checks.some(f"recovery.{key}", own[key])
    for key in several[1:]:
        for rate in own[key]:
            checks.rate(f"recovery.{key}", rate)
    for less, more in (("active", "atoms"), ("active", "n_atoms"), ("log_every", "steps")):
        if own[less] > own[more]:
            raise UserError(f"recovery.{less} = {own[less]} is more than recovery.{more} = {own[more]}")
    if own.steps % own.log_every:
        raise UserError(f"recovery.steps = {own.steps} is no multiple of recovery.log_every = {own.log_every}")
    if own.lift <= own.points:
        raise UserError(
            f"recovery.lift = {own.lift} is no more than recovery.points = {own.points}, and a lifting needs more"
        )
    if 2 * own.modes > own.points:
        raise UserError(
            f"recovery.modes = {own.modes} is more than half of recovery.points = {own.points}; few modes are fewer "
            "than there are"
        )


def run(config, store):
    """Writes recovery/recovery.csv: every model, kind of atoms, optimiser, rate and seed, along training."""
    settings, rows = config.recovery.to_dict(), []
    models = recovery.models(settings["points"], settings["modes"])
    with Progress("recovery", len(models) * len(recovery.ATOMS) * len(recovery.OPTIMIZERS)) as progress:
        for optimizer in recovery.OPTIMIZERS:
            for kind in recovery.ATOMS:
                for i, model in enumerate(models):
                    file = f"recovery/parts/{optimizer}_{kind}_{i}.csv"
                    if not store.exists(file):
                        processes.stop_if_asked()
                        store.write_rows(file, RecoveryRow, recovery.of_model(model, kind, optimizer, settings))
                    rows += store.read_rows(file, RecoveryRow)
                    progress.advance(1, f"{model.name} {kind} {optimizer}: {rows[-1].above_0_9_fraction:.2f}")
    store.write_rows("recovery/recovery.csv", RecoveryRow, rows)
    store.remove("recovery/parts")


def load(store):
    """The RecoveryRows of a study's folder."""
    return store.read_rows("recovery/recovery.csv", RecoveryRow)


def sections(config, store, exhibits):
    """What recovers when."""
    return [parts.recovery_section(exhibits, load(store))]


def heading(config):
    """The title of a study of nothing but this."""
    own = config.recovery
    return Heading(
        "Model recovery: which autoencoders learn a known dictionary again",
        f"{own.atoms} functions at {own.points} points, {own.active} a sample; {own.steps} steps of {own.batch} "
        "samples.",
    )
