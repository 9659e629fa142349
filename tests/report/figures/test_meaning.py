from inr_sae.report.figures import meaning
from inr_sae.rows.comparisons import MeantRow
from tests.report.builders import FFMLP, SIREN, titles


def rows(condition, layers, fractions):
    return [
        MeantRow(*condition, layer, kind, 10, fraction, 0.05, None)
        for layer in layers
        for kind, fraction in fractions.items()
    ]


def test_bars_are_stacked_and_nothing_comes_last():
    of = {
        SIREN: rows(SIREN, (0, 2), {"nothing": 0.3, "position": 0.5, "tissue": 0.2}),
        FFMLP: rows(FFMLP, (0,), {"position": 0.25, "nothing": 0.75}),
    }
    fig = meaning.shares(of, {SIREN: "one", FFMLP: "other"})
    assert titles(fig)[:2] == ["one", "other"]
    first = [bar for bar in fig.axes[0].patches if bar.get_x() < 0.5]
    assert [(bar.get_y(), bar.get_height()) for bar in first] == [(0, 50), (50, 20), (70, 30)]
    assert [text.get_text() for text in fig.legends[0].get_texts()][-1] == "nothing"
    assert [tick.get_text() for tick in fig.axes[0].get_xticklabels()] == ["0", "2"]
