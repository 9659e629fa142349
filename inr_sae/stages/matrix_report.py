"""The parts of a report on a matrix: claims, boundaries, controls, tuning, encoders.

Each takes (config, store) and returns (sentences of the answer, HTML).
"""

from inr_sae.inr.protocols import cell
from inr_sae.output import findings, matrix_figures, page, tables, transfer_tables
from inr_sae.paper import claims
from inr_sae.stages import encoders, evidence, exhibits, sweep, transfer
from inr_sae.stages.study_report import metrics_note

CLAIM_COLUMNS = ("sentence", "where", "quantity", "published", "ours", "verdict", "rule")


def read(store, name):
    """The rows of a file of transfer/, none if there is no such file."""
    return store.read_csv(f"transfer/{name}.csv") if store.exists(f"transfer/{name}.csv") else []


def claims_part(config, store):
    """The verdicts on the paper's claims; writes report/claims.csv."""
    fits = sweep.of_main_rate(read(store, "fits"), config)
    best, ranks = read(store, "best_tau"), read(store, "ranks")
    measured = evidence.of_matrix(fits, ranks, best, cohort_psnr(config, store))
    sizes = {name: image_size(config, store, name) for name in config.transfer.targets}
    data = evidence.data(config, fits, sizes)
    rows = claims.table(claims.TRANSFER, measured, data)
    store.write_csv("report/claims.csv", rows)
    html = page.paragraph(
        "Each claim in our own words, where the paper makes it, what was measured, and the verdict by the rule "
        "beside it. "
        f"Tested on {data.sets}. Intervals are 95 %, bootstrapped over images."
    )
    if data.shortfalls:
        html += page.paragraph(f"What falls short of the paper's data and budget: {'; '.join(data.shortfalls)}.")
    html += tables.to_html([{key: row[key] for key in CLAIM_COLUMNS} for row in rows], wide=True)
    return findings.matrix_sentences(best, read(store, "agreement"), rows), html


def cohort_psnr(config, store):
    """{(source, backbone, frequency): mean PSNR of the trained cohort}."""
    return {
        (source, own.inr.backbone, sweep.frequency(own)): store.read_csv(f"{encoders.folder(name)}/cohort/history.csv")[
            -1
        ]["psnr_db_mean"]
        for name, (source, own) in encoders.trained(config).items()
    }


def image_size(config, store, name):
    """(height, width) of a set's signals."""
    return transfer.draw(config, store, name).images.shape[1:3]


def boundary_part(config, store):
    """Figure 2, Table 1, the best boundaries and what names them, Tables 3-5."""
    summary, ranks = sweep.of_main_rate(read(store, "summary"), config), read(store, "ranks")
    best = read(store, "best_tau")
    if not best:
        return [], page.paragraph("No fit was frozen, so there is no boundary to compare.")
    of_sources = [row for row in summary if row["source"] != sweep.UNTRAINED]
    html = exhibits.figure(
        store,
        "figure_2",
        matrix_figures.figure_2(of_sources, ranks),
        f"PSNR (unclipped) after {config.fit.steps} steps at rate {config.fit.learning_rate:g} against the freeze "
        "boundary, "
        "and the stable ranks of the source's encoder. Bars: one sample standard deviation over images and "
        "seeds; stars: "
        "the argmax; dotted: STRAINER's recipe. sr(H) is centred; as Eq. 3 has it, it stands in transfer/ranks.csv.",
        "PSNR against the freeze boundary for every source and target, beside the rank profiles",
    )
    html += page.heading("Table 1: STRAINER's recipe and freezing at the layer that the rule picks, PSNR in dB")
    html += exhibits.table(store, "table_1", transfer_tables.table_1(of_sources, best))
    html += page.heading("The best boundary, its lead over the runner-up, and what names it")
    html += exhibits.table(store, "best_tau", best)
    html += exhibits.table(store, "agreement", read(store, "agreement"))
    for number, source in enumerate(config.transfer.sources, 3):
        rows = transfer_tables.freeze_depth(of_sources, ranks, source)
        html += page.heading(f"As Tables 3-5: freeze depth, encoder trained on {source}")
        html += exhibits.table(store, f"freeze_depth_{source}", rows)
    return [], html + page.paragraph(metrics_note(config))


def protocols_part(config, store):
    """The protocols side by side, along the fit, and over rates."""
    every, curves = read(store, "summary"), sweep.of_main_rate(read(store, "curves"), config)
    summary, best = sweep.of_main_rate(every, config), read(store, "best_tau")
    picks = {(r["source"], (r["backbone"], r["frequency"])): r["tau_by_sr_weight"] for r in best}
    pairs = list(dict.fromkeys((row["source"], row["target"]) for row in every if row["source"] != sweep.UNTRAINED))
    own = [pair for pair in pairs if pair[0] == pair[1]] or pairs[:1]
    html, sentences = "", []
    if pairs:
        html += exhibits.figure(
            store,
            "protocols",
            matrix_figures.protocols(
                summary,
                pairs,
                config.fit.protocols,
                lambda name, tau: cell(name, tau, config.inr.n_layers, config.fit.protocols),
            ),
            "The protocols side by side, same seeds, images and budget. freeze: cohort prefix, frozen, new "
            "suffix; warm: "
            "frozen, cohort suffix; thaw: cohort prefix moves, new suffix; random: a prefix that was never "
            "trained, frozen; "
            "full: everything the cohort's, all moves; scratch: all new, all moves. Behind the last layer warm "
            "is freeze "
            "and thaw is full, by definition.",
            "PSNR of every protocol against the boundary",
        )
    if best:
        html += exhibits.figure(
            store,
            "budget",
            matrix_figures.budget(curves, own, lambda source, kind: picks[source, kind]),
            "PSNR along the fit, at the boundary that the stable rank picks: who is ahead early, and who at the end.",
            "PSNR along the fit",
        )
        paired = sweep.of_main_rate(read(store, "paired"), config)
        sentences = findings.protocol_sentences(
            paired, lambda row: picks[row["source"], (row["backbone"], row["frequency"])]
        )
    if len(sweep.rates(config)) > 1:
        for source, target in own:
            html += exhibits.figure(
                store,
                f"rates_{source}_{target}",
                matrix_figures.rates(every, source, target),
                "PSNR after the same number of steps against the test-time learning rate.",
                "PSNR against the test-time rate",
            )
    html += page.paragraph("Every paired difference with its interval stands in transfer/paired.csv.")
    return sentences, html


def tune_part(config, store):
    """The winners of the tuning grid."""
    grid, winners = store.read_csv("tune/grid.csv"), store.read_csv("tune/winners.csv")
    html = exhibits.table(store, "tuned", winners) + exhibits.table(store, "tuning_grid", grid)
    sentences = [
        f"Tuned on {row['n_images']} validation image{'s' * (row['n_images'] != 1)} of {row['target']}, "
        f"{row['regime']} "
        f"{row['backbone']}: {sweep.FREQUENCY.get(row['backbone'], 'frequency')} = "
        f"{tables.shown(row['frequency'])} at rate "
        f"{row['learning_rate']:g}, {row['psnr_db_mean']:.2f} dB"
        + (", at the edge of the grid." if row["at_edge"] else ".")
        for row in winners
    ]
    return sentences, html


def encoders_part(config, store):
    """How well each cohort was fitted, and its ranks."""
    psnr, html = cohort_psnr(config, store), ""
    for name, (source, own) in encoders.trained(config).items():
        folder = encoders.folder(name)
        html += page.picture(
            store.path(f"{folder}/cohort/reconstructions.png").read_bytes(),
            f"{name}: cohort PSNR {psnr[source, own.inr.backbone, sweep.frequency(own)]:.2f} dB after training.",
            f"Signals and reconstructions of {name}",
        )
    ranks = read(store, "ranks")
    return [], html + (exhibits.table(store, "ranks", ranks) if ranks else "")
