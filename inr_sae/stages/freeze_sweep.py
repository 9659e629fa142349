"""Stage 3: fit held-out signals behind every freeze boundary, and by STRAINER's recipe (Secs. 3.1, 4.1)."""

from inr_sae.output.progress import Progress
from inr_sae.stages import cohort, rank, sweep

PARTS = (*cohort.PARTS, "fit", "metrics", "ablation.test_signals")


def run(config, store):
    """Writes freeze_sweep/<target>/fits.csv, curves.csv, summary.csv, and the first signal's fits under example/."""
    signals = cohort.draw(config.signals, store)
    target = sweep.Target(config.signals.dataset, signals.test, signals.names.test)
    encoder = cohort.trained(config, store, signals.cohort.shape[-1])["encoder"]
    n_examples = max(1, config.ablation.test_signals)  # the report shows the first one
    n, cost = sweep.work(config, target)
    with Progress(f"freeze sweep {config.inr.backbone}", n, total_cost=cost) as progress:
        rows = sweep.run(config, store, config.signals.dataset, encoder, target, progress, n_examples)
    summary = mark(sweep.summarise(rows), config, rank.rule_layer(store.read_csv("rank/stable_rank.csv")))
    store.write_csv(f"{sweep.folder(target.name)}/summary.csv", summary)


def mark(summary, config, rule_layer):
    """The summary's rows with `is_best`, the freeze boundary of highest mean PSNR at the main rate, and `is_rule`, the
    one that the stable rank picks."""
    frozen = [row for row in sweep.of_main_rate(summary, config) if row["protocol"] == "freeze"]
    best = max(frozen, key=lambda row: row["psnr_db_mean"], default=None)
    return [
        row
        | {
            "is_rule": int(row["protocol"] == "freeze" and str(row["tau"]) == str(rule_layer)),
            "is_best": int(row is best),
        }
        for row in summary
    ]
