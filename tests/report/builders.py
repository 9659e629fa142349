"""Rows with the columns that a test is about, and what a figure says."""

from inr_sae.rows.common import Condition
from inr_sae.rows.dictionaries import AtomRow, MetricsRow
from inr_sae.rows.transfer import EncoderRankRow, FitRow, SummaryRow

SIREN, FFMLP = Condition("cohort", "siren", 0), Condition("cohort", "ffmlp", 0)
PAIR = dict(source="s", target="t", backbone="siren", frequency=30.0)


def make(kind, /, **columns):
    """A row of a kind; the other columns are None."""
    return kind(**(dict.fromkeys(kind._fields) | columns))


def sweep(psnr, kind=SummaryRow):
    """(summary rows, FitRows) from {tau, or None for STRAINER's recipe: [PSNR of each seed]}."""
    summary, fits = [], []
    for tau, values in psnr.items():
        key = dict(PAIR, protocol="full" if tau is None else "freeze", tau=tau, learning_rate=1e-4)
        summary.append(make(kind, **key, psnr_db_mean=sum(values) / len(values), n=len(values)))
        fits += [make(FitRow, **key, image="a.png", seed=seed, psnr_db=value) for seed, value in enumerate(values)]
    return summary, fits


def encoder_ranks(weights, **columns):
    """EncoderRankRows of an encoder from sr(W) of its layers."""
    pair = {key: PAIR[key] for key in ("source", "backbone", "frequency")} | columns
    return [
        make(EncoderRankRow, **pair, layer=layer, sr_weight=value, sr_activation=1.0, sr_activation_centred=9.0 - layer)
        for layer, value in enumerate(weights)
    ]


def metrics(depth, **columns):
    """MetricsRows of `depth` layers; r2 is 0.9 less 0.1 a layer."""
    numbers = dict.fromkeys(MetricsRow._fields, 0.5) | dict(n_atoms=32, k=4) | columns
    return [make(MetricsRow, **(numbers | dict(layer=layer, r2=0.9 - 0.1 * layer))) for layer in range(depth)]


def atoms(n, **columns):
    """AtomRows of one layer; the mean magnitude of atom i is i + 1."""
    numbers = dict.fromkeys(AtomRow._fields, 0.25) | columns
    return [make(AtomRow, **(numbers | dict(atom=i, mean_magnitude=i + 1.0))) for i in range(n)]


def texts(fig):
    """Titles and labels of a figure's axes as one text."""
    return " ".join(text.get_text() for ax in fig.axes for text in (ax.title, ax.xaxis.label, ax.yaxis.label))


def titles(fig):
    """The titles of a figure's axes, wherever they stand."""
    return [ax.get_title("left") or ax.get_title() for ax in fig.axes]


def labelled(ax):
    """{label: line} of the lines that a legend would name."""
    return {line.get_label(): line for line in ax.get_lines() if not line.get_label().startswith("_")}


def legend(fig):
    """The entries of a figure's one legend."""
    return [text.get_text() for text in fig.legends[0].get_texts()]
