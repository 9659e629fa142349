"""The verdicts on what arXiv 2605.08281 claims of class signal in weights, from what `class_signal` has measured."""

from inr_sae.paper import claims, weight_claims, weight_evidence
from inr_sae.report.parts import claims as parts
from inr_sae.rows.claims import ClaimRow
from inr_sae.stages import class_signal

NEEDS, USES = ("class_signal",), ()
READS = class_signal.READS
WRITES = ("class_claims", "report/class_claims.csv")
CHEAP = True
STUDY = "the study, which reads MNIST, Fashion-MNIST and CIFAR-10"


def check(config):
    """Nothing that `class_signal` does not ask for."""


def run(config, store):
    """Writes report/class_claims.csv: every claim with what was measured and the verdict."""
    base = class_signal.conditions(config)[0]
    measured = weight_evidence.of_readers(*(class_signal.load(store, name) for name in class_signal.KINDS), base.name)
    differences = {"paper": differences_of(config), "notebook": (), "published": ()}
    data = claims.Data(class_signal.described(config), differences, phantom=False)
    store.write_rows("report/class_claims.csv", ClaimRow, claims.table(weight_claims.WEIGHTS, measured, data))


def differences_of(config):
    """In what data and run differ from the study, as far as its abstract and its parent's code say."""
    weights = config.weights
    return (
        f"{class_signal.described(config)}",
        f"{weights.reader_blocks} blocks of width {weights.reader_width} for 10 with heads of 64",
        f"{weights.inner_steps} inner steps for 6, {weights.steps} steps of {weights.batch} images",
        "diagnostics and interventions are our own, since no definition of the study's could be read",
    )


def sections(config, store, exhibits):
    """The verdicts, before everything else."""
    rows = store.read_rows("report/class_claims.csv", ClaimRow)
    note = "Intervals are 95 %, over seeds, or of a correlation over conditions. The paper here is arXiv 2605.08281."
    differences = {STUDY: differences_of(config)}
    section = parts.claims_section(exhibits, rows, class_signal.described(config), differences, note)
    return [section._replace(first=True)]
