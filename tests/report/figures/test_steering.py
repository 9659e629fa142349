import numpy as np

from inr_sae.report.figures import steering
from inr_sae.rows.comparisons import KeptAtomsRow, SteeringRow
from tests.report.builders import FFMLP, SIREN, labelled, make, titles


def test_doses_go_through_nothing_at_1():
    rows = [
        make(SteeringRow, layer=0, atoms=atoms, n_atoms=n, alpha=alpha, rms_effect=abs(alpha - 1) * n)
        for atoms, n in (("3", 1), ("3+5", 2))
        for alpha in (-2.0, 4.0)
    ]
    fig = steering.doses({(SIREN, 0): rows, (FFMLP, 0): rows, (FFMLP, 1): rows}, {SIREN: "one", FFMLP: "other"})
    assert [title for title in titles(fig) if title] == ["one, layer 0", "other, layer 0", "other, layer 1"]
    drawn = labelled(fig.axes[0])
    assert drawn["#3"].get_xydata().tolist() == [[-2, 3], [1, 0], [4, 3]]
    assert drawn["2 at once"].get_xydata().tolist() == [[-2, 6], [1, 0], [4, 6]]


def test_kept_atoms_stand_beside_all_of_them():
    way = dict(layer=0, signal_role="cohort", through="activations", psnr_all_db=50.0)
    rows = [make(KeptAtomsRow, **way, n_kept=n, psnr_db=10.0 * n) for n in (1, 4)]
    fig = steering.kept({(SIREN, 0): rows}, {SIREN: "one"})
    assert labelled(fig.axes[0])["cohort, activations"].get_xydata().tolist() == [[1, 10], [4, 40]]
    assert any(set(line.get_ydata()) == {50.0} for line in fig.axes[0].get_lines())


def test_a_line_of_pictures_is_on_one_scale():
    before = np.zeros((4, 5, 1))
    after = np.stack([before + 0.5, before + 2.0])
    panel = {"atom": 3, "z": np.ones((4, 5)), "alphas": np.array([0.0, 8.0]), "before": before, "after": after}
    fig = steering.landing({(SIREN, 0): panel, (SIREN, 2): panel})
    line = fig.axes[:4]
    assert [ax.get_title() for ax in line] == ["map", "signal", "α = 0", "α = 8"]
    assert [ax.images[0].get_clim() for ax in line[2:]] == [(0, 2.0)] * 2


def test_below_a_picture_stands_the_change_of_all_pixels_and_channels():
    before = np.zeros((1, 2, 3))
    after = before[None] + np.array([[[3.0, -3.0, 0.0], [0.0, 0.0, 0.0]]])
    panel = {"atom": 3, "z": np.ones((1, 2)), "alphas": np.array([4.0]), "before": before, "after": after}
    assert steering.landing({(SIREN, 0): panel}).axes[2].get_xlabel() == f"{3**0.5:.2g}"
