"""The stages that hold decompositions against each other, on one tiny study of every method."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from inr_sae import study
from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.run import decompositions as measured
from inr_sae.run import once
from inr_sae.stages import cohort, decompositions, dictionary
from tests.helpers import changed
from tests.helpers import numbers as numbers_of
from tests.stages import studies

LINEAR = ("neurons", "pca", "lib")


@pytest.fixture(scope="module")
def decomposed(tmp_path_factory):
    return studies.finished(tmp_path_factory, "decomposed_3")


def numbers(rows, key, **keys):
    """A column of the rows that have these values."""
    return [float(row[key]) for row in rows if all(row[name] == str(value) for name, value in keys.items())]


def test_every_method_is_measured_on_every_layer_of_every_backbone(decomposed):
    of, layers = decomposed.config.decompositions, range(3)
    wanted = {(b, str(layer), m) for b in of.backbones for layer in layers for m in of.methods}
    for table in ("kept", "needed"):
        rows = decomposed.rows(f"decompositions/{table}.csv")
        assert {(row["backbone"], row["layer"], row["method"]) for row in rows} == wanted
    graphs = decomposed.rows("decompositions/edges.csv")
    assert {(row["backbone"], row["layer"], row["method"]) for row in graphs} == {w for w in wanted if w[2] in LINEAR}
    rows = decomposed.rows("decompositions/resolution.csv")
    others = {which for which in wanted if which[2] not in LINEAR}
    assert {(row["backbone"], row["layer"], row["method"]) for row in rows} == others
    assert len(decomposed.rows("decompositions/spatial.csv")) == len(of.backbones) * 3 * len(of.shares)


def test_all_directions_are_the_network_and_none_are_its_mean(decomposed):
    rows = decomposed.rows("decompositions/kept.csv")
    for backbone in decomposed.config.decompositions.backbones:
        (of_network,) = set(numbers(rows, "psnr_network_db", backbone=backbone))
        for method in LINEAR:
            for layer in range(3):
                line = numbers(rows, "psnr_db", backbone=backbone, layer=layer, method=method)
                assert line[-1] == pytest.approx(of_network, abs=0.01) and line[0] < of_network - 1
        first = {method: numbers(rows, "psnr_db", backbone=backbone, layer=1, method=method)[0] for method in LINEAR}
        assert max(first.values()) == pytest.approx(min(first.values()), abs=1e-3), "one mean, whatever the basis"


def test_what_is_needed_is_within_the_drop(decomposed):
    kept = decomposed.rows("decompositions/kept.csv")
    for row in decomposed.rows("decompositions/needed.csv"):
        keys = {key: row[key] for key in ("backbone", "layer", "method")}
        enough = numbers(kept, "psnr_network_db", **keys)[0] - float(row["drop_db"])
        along = dict(zip(numbers(kept, "n_kept", **keys), numbers(kept, "psnr_db", **keys)))
        if row["n_needed"]:
            assert all(psnr >= enough for n, psnr in along.items() if n >= float(row["n_needed"]))
        else:
            assert along[max(along)] < enough


def test_pointwise_codes_are_the_same_on_every_grid_and_the_same_grid_is_the_same(decomposed):
    rows = decomposed.rows("decompositions/resolution.csv")
    for method in ("topk", "lifted"):
        assert max(numbers(rows, "codes_change", method=method, grid="double")) < 1e-4
    for method in ("operator", "convolutional"):
        assert max(numbers(rows, "codes_change", method=method, grid="same")) == 0
    assert {(row["height"], row["width"]) for row in rows if row["grid"] == "double"} == {("17", "13")}
    assert {row["codes_change"] for row in rows if row["grid"] == "between"} == {""}, "nothing in common but the ends"


def test_all_coordinates_are_the_network(decomposed):
    for row in decomposed.rows("decompositions/spatial.csv"):
        if row["share"] == "1.0":
            assert row["psnr_db"] == row["psnr_random_db"] == row["psnr_network_db"]


def test_a_history_that_is_lost_is_made_again(decomposed, tmp_path):
    shutil.copytree(decomposed.workdir, tmp_path / "run")
    (tmp_path / "run/decompositions/ffmlp/topk/history.csv").unlink()
    study.run(changed(decomposed.config, stages=("decompositions",)), tmp_path / "run")
    assert numbers_of(tmp_path / "run/decompositions") == numbers_of(decomposed.workdir / "decompositions")


def test_a_backbone_among_several_has_its_own_rate():
    config = studies.decomposed(3)
    config.decompositions.backbones, config.rates.wire = ("siren", "wire"), (1.5e-3, 2e-3)
    found = decompositions.studies(once.declared(config, decompositions.READS))
    assert found["wire"].cohort.learning_rate == 1.5e-3
    assert found["siren"].cohort.learning_rate == config.cohort.learning_rate


def test_recovery_has_every_model_kind_and_optimiser(decomposed):
    rows = decomposed.rows("recovery/recovery.csv")
    keys = ("model", "lifted", "modes", "atoms", "optimizer")
    assert len({tuple(row[key] for key in keys) for row in rows}) == 6 * 2 * 2
    assert len(rows) == 6 * 2 * (1 + 2) * 2, "Adam's rate and SGD's two, after two and four steps"
    diverged = [row for row in rows if float(row["learning_rate"]) > 1e20 and row["step"] == "4"]
    assert diverged and all(float(row["cosine_mean"]) == 0 for row in diverged)


def test_the_claims_are_judged_and_the_page_shows_them(decomposed):
    claims = {row["claim"]: row for row in decomposed.rows("report/claims.csv")}
    assert {row["verdict"] for name, row in claims.items() if name.startswith("lib")} == {"not testable on these data"}
    assert claims["lib_relevance"]["ours"].split(";")[0].endswith("of 4"), "of both backbones, without the last layer"
    page = (decomposed.workdir / "report/index.html").read_text()
    for text in ("Directions kept", "Interactions", "Other resolutions", "Where units count", "Model recovery"):
        assert text in page
    assert "claims of other papers" in page and "TopK SAE" in page


@pytest.mark.parametrize(
    "shape, other, common",
    [((9, 7), (17, 13), 63), ((9, 7), (5, 4), 20), ((9, 7), (9, 7), 63), ((9, 7), (17, 7), 63)],
)
def test_codes_are_compared_at_the_coordinates_in_common(shape, other, common):
    def codes(grid):
        rows, columns = np.meshgrid(*(np.linspace(0, 1, n) for n in grid), indexing="ij")
        return np.stack([rows.ravel() + 1, columns.ravel() + 1], axis=1)

    here, there = measured.in_common(shape, other)
    assert len(here) == len(there) == common
    ours, theirs = codes(shape)[here], codes(other)[there]
    assert measured.changes([(ours, theirs)]) == (pytest.approx(0, abs=1e-12), 0)
    halves = [(ours[:9], theirs[:9] * [1, 0]), (ours[9:], theirs[9:] * [1, 0])]
    assert measured.changes([(-ours, theirs)], fires=False) == (pytest.approx(2), None)
    change, support = measured.changes(halves)
    assert 0.5 < change < 0.9 and support == pytest.approx(0.5)
    assert (change, support) == pytest.approx(measured.changes([(ours, theirs * [1, 0])]))


def test_grids_without_coordinates_in_common_have_no_change():
    assert [len(rows) for rows in measured.in_common((6, 5), (8, 7))] == [0, 0]
    assert measured.changes([]) == (None, None)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"decompositions.methods": ("guess",)}, "decompositions.methods is 'guess'"),
        ({"decompositions.methods": ()}, r"decompositions.methods is \(\); it names at least one"),
        ({"decompositions.backbones": ("guess",)}, "decompositions.backbones is 'guess'"),
        ({"decompositions.shares": (0.5, 1.5)}, "decompositions.shares has 1.5"),
        ({"decompositions.drop_db": 0.0}, "decompositions.drop_db is 0.0"),
        ({"dictionary.operator.modes": -1}, "dictionary.operator.modes is -1"),
        ({"dictionary.lifted.k": 99}, "dictionary.lifted.k = 99 is more than dictionary.lifted.n_atoms = 24"),
        ({"dictionary.lifted.width": 4}, r"dictionary.lifted.width is 4, and the activations are \d+ wide"),
        ({"dictionary.operator.lift": 4}, r"dictionary.operator.lift is 4, and the activations are \d+ wide"),
        ({"recovery.lift": 8}, "recovery.lift = 8 is no more than recovery.points = 8"),
        ({"recovery.rates_sgd": ()}, "recovery.rates_sgd is"),
        ({"recovery.rates_adam": (0.0,)}, "recovery.rates_adam"),
        ({"recovery.active": 5}, "recovery.active = 5 is more than recovery.atoms = 4"),
        ({"recovery.steps": 5}, "recovery.steps = 5 is no multiple"),
        ({"recovery.modes": 5}, "recovery.modes = 5 is more than half"),
    ],
)
def test_what_cannot_be_is_refused_before_the_folder_is_made(changes, words, tmp_path):
    config = studies.decomposed(3)
    config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=words):
        study.run(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("method", ["pca", "operator"])
def test_a_whole_study_runs_with_a_method_that_is_dense_or_reads_fields(method, tmp_path):
    config = studies.single("ffmlp", 3)
    config.stages = ("cohort", "dictionary", "ablation", "explorer", "report")
    config.dictionary.update(dict(method=method, layers=(0, 2)))
    config.dictionary.operator.update(dict(n_atoms=24, k=4, steps=6, log_every=3, batch=40))
    study.run(config, tmp_path / "run")
    store = Store(tmp_path / "run")
    row = dictionary.metrics(config, store)[0]
    assert np.isnan(row.dead_fraction) == (method == "pca")
    encoder = cohort.load(config, store)
    (h,) = encoder.activations([2])
    again = dictionary.load(config, store, 2)
    maps = dictionary.maps(store, 2)
    z = np.asarray(again.encode(h).of(maps["atoms"]))
    np.testing.assert_allclose(z, maps["z"], atol=1e-4 * np.abs(z).max())
    page = (tmp_path / "run/report/explorer/index.html").read_text()
    assert ("fires on (share of pixels)" in page) == (method == "operator")
    report = (tmp_path / "run/report/index.html").read_text()
    assert ("Its codes are signed" in report) == (method == "pca") and "Dead: never fires" in report or method == "pca"


def test_a_method_that_reads_fields_refuses_signals_of_one_pixel(monkeypatch):
    strip = SimpleNamespace(cohort=np.zeros((2, 1, 12, 3), np.float32))
    monkeypatch.setattr(dictionary.drawn, "read", lambda key, config: strip)
    config = studies.single("ffmlp", 3)
    for method in LINEAR:
        config.dictionary.method = method
        dictionary.check(config)
    config.dictionary.method = "operator"
    with pytest.raises(UserError, match="dictionary.method operator reads fields .* 1x12"):
        dictionary.check(config)
