"""The paper's Table 1 and Tables 3-5 from the rows of a matrix: cells as a person reads them."""

NAMES = {"siren": "SIREN", "ffmlp": "FFMLP"}
CELLS = {"psnr_db": "{:.2f} ± {:.2f}", "ssim": "{:.4f} ± {:.4f}", "lpips": "{:.4f} ± {:.4f}"}


def kinds(summary):
    """{(backbone, frequency): name} of the kinds of encoders; the frequency is named only where there are several."""
    every = dict.fromkeys((row["backbone"], row["frequency"]) for row in summary)
    several = {backbone for backbone, _ in every if sum(other == backbone for other, _ in every) > 1}
    return {
        (backbone, frequency): NAMES.get(backbone, backbone)
        + (f" {frequency:g}" if backbone in several and frequency is not None else "")
        for backbone, frequency in every
    }


def cell(row, metric):
    """Mean and standard deviation of a summary row; a dash for what was not measured."""
    if row is None or row[f"{metric}_mean"] is None or row[f"{metric}_mean"] != row[f"{metric}_mean"]:
        return "–"
    std = row[f"{metric}_std"]
    text = CELLS[metric].format(row[f"{metric}_mean"], 0.0 if std is None else std)
    return text if std is not None and std == std else text.partition(" ±")[0]


def find(summary, source, target, kind, protocol, tau):
    """The summary row of one protocol and boundary, None if there is none."""
    for row in summary:
        if (row["source"], row["target"], (row["backbone"], row["frequency"])) == (source, target, kind):
            if row["protocol"] == protocol and (tau is None or str(row["tau"]) == str(tau)):
                return row
    return None


def table_1(summary, best):
    """Rows of Table 1: a pair of source and target each, STRAINER's recipe beside freezing at the rule's layer.

    "W/H" says whether the argmax of sr(W), and of centred sr(H), is the pair's best boundary. The last row is the mean.
    """
    rows, means = [], {}
    for source, target in dict.fromkeys((row["source"], row["target"]) for row in best):
        line = {"source → target": f"{source} → {target}"}
        for kind, name in kinds(best).items():
            mine = [
                row
                for row in best
                if (row["source"], row["target"]) == (source, target) and (row["backbone"], row["frequency"]) == kind
            ]
            row = mine[0]
            marks = "/".join(
                "✓" if row[f"tau_by_{rule}"] == row["best_tau"] else "✗"
                for rule in ("sr_weight", "sr_activation_centred")
            )
            tau = row["tau_by_sr_weight"]
            full = find(summary, source, target, kind, "full", None)
            frozen = find(summary, source, target, kind, "freeze", tau)
            line |= {
                f"{name} W/H": marks,
                f"{name} no freeze": cell(full, "psnr_db"),
                f"{name} frozen to": tau,
                f"{name} PSNR": cell(frozen, "psnr_db"),
            }
            means.setdefault(name, []).append((full, frozen))
        rows.append(line)
    last = {"source → target": "mean"}
    for name, pairs in means.items():
        columns = [mean_of(column) for column in zip(*pairs)]
        last |= {
            f"{name} W/H": "",
            f"{name} no freeze": columns[0],
            f"{name} frozen to": "",
            f"{name} PSNR": columns[1],
        }
    return [*rows, last]


def mean_of(rows):
    """The mean over summary rows of mean PSNR; a dash if one is missing."""
    if any(row is None for row in rows):
        return "–"
    return f"{sum(row['psnr_db_mean'] for row in rows) / len(rows):.2f}"


def freeze_depth(summary, ranks, source):
    """Rows of one of Tables 3-5: a source's targets and boundaries; STRAINER's recipe is the row `*`."""
    mine = [row for row in summary if row["source"] == source and row["protocol"] in ("full", "freeze")]
    taus = dict.fromkeys(["*", *(str(row["tau"]) for row in mine if row["protocol"] == "freeze")])
    rows = []
    for target in dict.fromkeys(row["target"] for row in mine):
        for tau in taus:
            line = {"target": target, "tau": tau}
            for kind, name in kinds(mine).items():
                protocol = ("full", None) if tau == "*" else ("freeze", tau)
                row = find(mine, source, target, kind, *protocol)
                rank = next(
                    (
                        r
                        for r in ranks
                        if (r["source"], (r["backbone"], r["frequency"]), str(r["layer"])) == (source, kind, tau)
                    ),
                    None,
                )
                line |= {
                    f"{name} sr(W)": "" if rank is None else f"{rank['sr_weight']:.2f}",
                    f"{name} sr(H) centred": "" if rank is None else f"{rank['sr_activation_centred']:.2f}",
                }
                line |= {f"{name} {metric}": cell(row, metric) for metric in CELLS}
            rows.append(line)
    return rows
