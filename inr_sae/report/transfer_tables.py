"""The paper's Table 1 and Tables 3-5 from the rows of a matrix: cells as a person reads them.

A kind is (backbone, frequency), an encoder's sort; labels is {backbone: its name for people}.
"""

from inr_sae.measure.boundaries import Pair, pair_of
from inr_sae.measure.cap import CAP_DB
from inr_sae.rows.common import PSNRS

FORMATS = {"psnr_db": "{:.2f} ± {:.2f}", "ssim": "{:.4f} ± {:.4f}", "lpips": "{:.4f} ± {:.4f}"}
TABLE_1_RULES = ("sr_weight", "sr_activation_centred")  # W and H


def kind_of(row):
    """The (backbone, frequency) of a row."""
    return row.backbone, row.frequency


def kinds(rows, labels):
    """{(backbone, frequency): name} of the rows; the frequency is named only where a backbone has several."""
    every = dict.fromkeys(map(kind_of, rows))
    backbones = [backbone for backbone, _ in every]
    names = {}
    for backbone, frequency in every:
        several = backbones.count(backbone) > 1 and frequency is not None
        names[backbone, frequency] = labels.get(backbone, backbone) + (f" {frequency:g}" if several else "")
    return names


def mean_and_spread(row, metric):
    """Mean and standard deviation of a SummaryRow; a dash for what was not measured, the mean alone of one fit, and ≥
    where every fit is at the cap of PSNR or beyond."""
    mean, std = (None if row is None else getattr(row, f"{metric}_{key}") for key in ("mean", "std"))
    if mean is None or mean != mean:
        return "–"
    alone = std is None or std != std
    text = FORMATS[metric].format(mean, 0.0 if alone else std)
    text = text.partition(" ±")[0] if alone else text
    return f"≥ {text}" if metric in PSNRS and mean > CAP_DB - 0.005 else text


def find(summary, pair, protocol, tau):
    """The SummaryRow of a protocol and boundary (None: without one) of a Pair, None if there is none."""
    rows = (row for row in summary if (row.protocol, row.tau) == (protocol, tau) and pair_of(row) == pair)
    return next(rows, None)


def table_1(summary, best, labels):
    """Rows of Table 1: a pair of source and target each, STRAINER's recipe beside freezing at the rule's layer.

    summary: SummaryRows at one rate, best: BestTauRows. "W/H" says whether the argmax of sr(W), and of centred sr(H),
    is the pair's best boundary. The last row is the mean.
    """
    names = kinds(best, labels)
    found = {pair_of(row): row for row in best}
    rows, pairs = [], {name: [] for name in names.values()}
    for source, target in dict.fromkeys((row.source, row.target) for row in best):
        line = {"source → target": f"{source} → {target}"}
        for kind, name in names.items():
            pair = Pair(source, target, *kind)
            row = found.get(pair)
            tau = None if row is None else row.tau_by_sr_weight
            full = find(summary, pair, "full", None)
            frozen = None if tau is None else find(summary, pair, "freeze", tau)
            texts = marks(row, summary), mean_and_spread(full, "psnr_db"), tau, mean_and_spread(frozen, "psnr_db")
            line |= table_1_columns(name, *texts)
            pairs[name].append((full, frozen))
        rows.append(line)
    last = {"source → target": "mean"}
    for name, columns in pairs.items():
        full, frozen = map(mean_of, zip(*columns))
        last |= table_1_columns(name, "", full, "", frozen)
    return [*rows, last]


def table_1_columns(name, named, full, tau, frozen):
    """The columns of Table 1 of one kind of encoder."""
    return {f"{name} W/H": named, f"{name} no freeze": full, f"{name} frozen to": tau, f"{name} PSNR": frozen}


def marks(best, summary):
    """As in "✓/✗": whether each rule of Table 1 names the best boundary of a BestTauRow; a dash where it names none, or
    one that was not tried by the SummaryRows."""
    texts = []
    for rule in TABLE_1_RULES:
        tau = None if best is None else getattr(best, f"tau_by_{rule}")
        tried = tau is not None and find(summary, pair_of(best), "freeze", tau)
        texts.append(("✓" if tau == best.best_tau else "✗") if tried else "–")
    return "/".join(texts)


def mean_of(rows):
    """The mean over SummaryRows of mean PSNR; a dash if one is missing."""
    if any(row is None for row in rows):
        return "–"
    return f"{sum(row.psnr_db_mean for row in rows) / len(rows):.2f}"


def freeze_depth(summary, ranks, source, labels):
    """Rows of one of Tables 3-5: a source's targets and boundaries; STRAINER's recipe is the row `*`.

    summary: SummaryRows at one rate, ranks: EncoderRankRows.
    """
    shown = [row for row in summary if row.source == source and row.protocol in ("full", "freeze")]
    names = kinds(shown, labels)
    taus = dict.fromkeys([None, *(row.tau for row in shown)])
    by_layer = {(*kind_of(row), row.layer): row for row in ranks if row.source == source}
    rows = []
    for target in dict.fromkeys(row.target for row in shown):
        for tau in taus:
            protocol = "full" if tau is None else "freeze"
            line = {"target": target, "tau": "*" if tau is None else str(tau)}
            for kind, name in names.items():
                line |= rank_columns(name, by_layer.get((*kind, tau)))
                row = find(shown, Pair(source, target, *kind), protocol, tau)
                line |= {f"{name} {metric}": mean_and_spread(row, metric) for metric in FORMATS}
            rows.append(line)
    return rows


def rank_columns(name, rank):
    """The stable ranks of a layer from its EncoderRankRow; empty where there is no layer."""
    if rank is None:
        return {f"{name} sr(W)": "", f"{name} sr(H) centred": ""}
    weight = "–" if rank.sr_weight is None else f"{rank.sr_weight:.2f}"
    return {f"{name} sr(W)": weight, f"{name} sr(H) centred": f"{rank.sr_activation_centred:.2f}"}
