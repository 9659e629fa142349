"""Figures are drawn from arrays without a file, and what they show is told by their text."""

import numpy as np

from inr_sae.output import figures, pictures, style
from inr_sae.output.store import Store


def texts(fig):
    return " ".join(text.get_text() for ax in fig.axes for text in (ax.title, ax.xaxis.label, ax.yaxis.label))


def test_atoms_show_their_number_and_the_mean(rng):
    layers = {
        0: (np.array([7, 3]), rng.uniform(size=(2, 12)), [0.5, 0.25]),
        2: (np.array([1]), rng.uniform(size=(1, 12)), [0.125]),
    }
    fig = pictures.atoms(layers, (3, 4))
    shown = texts(fig)
    assert "#7" in shown and "#1" in shown and "layer 2" in shown
    means = [ax.images[0].get_array() for ax in fig.axes if "mean of" in ax.get_title()]
    np.testing.assert_allclose(means[0], layers[0][1].mean(0).reshape(3, 4))


def test_reconstructions_show_psnr(rng):
    signals = rng.uniform(size=(3, 5, 4, 1)).astype(np.float32)
    shown = texts(pictures.reconstructions(signals, signals + np.float32(0.1), ["a", "b", "c"]))
    assert "20.0 dB" in shown and "b" in shown


def test_curves_take_missing_spread(tmp_path):
    summary = [
        {
            "tau": tau,
            "psnr_db_mean": 20.0,
            "psnr_db_std": float("nan"),
            "backbone": "siren",
            "source": "s",
            "target": "t",
            "n": 1,
        }
        for tau in ("full", 0, 1)
    ]
    fits = [{"tau": row["tau"], "psnr_db": 20.0} for row in summary]
    fig = figures.psnr_against_tau(summary, fits, 1)
    style.save(Store(tmp_path), "a.png", fig)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_drawing_leaves_matplotlibs_settings_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    figures.training([{"step": 1, "psnr_db_min": 1.0, "psnr_db_mean": 2.0, "psnr_db_max": 3.0}])
    assert dict(matplotlib.rcParams) == before
